import Glibc

/// Why a file could not be used, as the system says it.
struct FileError: Error {
    let code: Int32

    var message: String { String(cString: strerror(code)) }
}

/// All bytes of a small file.
/// - Throws: ``FileError``; with EFBIG when it is longer than `limit`.
func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw FileError(code: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0 { throw FileError(code: errno) }
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
        if bytes.count > limit { throw FileError(code: EFBIG) }
    }
}

/// Makes a directory and those above it, for this user alone.
func makeDirectories(_ path: String) throws(FileError) {
    if path.isEmpty || path == "/" || access(path, F_OK) == 0 { return }
    if let slash = path.lastIndex(of: "/") { try makeDirectories(String(path[..<slash])) }
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw FileError(code: errno) }
}

/// Writes a file that must not exist yet, for this user alone. What was written of it is taken away when the rest
/// cannot be.
/// - Throws: ``FileError``; with EEXIST when there is a file of this name.
func writeNewFile(_ path: String, _ bytes: [UInt8]) throws(FileError) {
    var file = try NewFile(path)
    try file.append(bytes)
    file.keep()
}

/// A file that did not exist before, for this user alone. It is taken away again unless it is kept.
struct NewFile: ~Copyable {
    private let path: String
    private let descriptor: Int32
    private var isKept = false

    /// - Throws: ``FileError``; with EEXIST when there is a file of this name.
    init(_ path: String) throws(FileError) {
        let opened = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if opened < 0 { throw FileError(code: errno) }
        // Only now: what is thrown once all of it is set ends in `deinit`, which would take away the file of another.
        descriptor = opened
        self.path = path
    }

    deinit {
        close(descriptor)
        if !isKept { unlink(path) }
    }

    func append(_ bytes: [UInt8]) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { throw FileError(code: errno) }
            written += max(count, 0)
        }
    }

    mutating func keep() { isKept = true }
}

/// Puts a file in the place of the one of this name, so that there is always a whole one.
func replaceFile(_ path: String, _ bytes: [UInt8]) throws(FileError) {
    let fresh = "\(path).\(getpid())"
    unlink(fresh)
    try writeNewFile(fresh, bytes)
    if rename(fresh, path) != 0 {
        let error = FileError(code: errno)
        unlink(fresh)
        throw error
    }
}

/// Opens a file of this name, made when it is missing, and waits until nobody else has it locked. The lock goes with
/// the descriptor, also when the program is killed.
func lockFile(_ path: String) throws(FileError) -> Int32 {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw FileError(code: errno) }
    while flock(descriptor, LOCK_EX) != 0 {
        guard errno == EINTR else {
            let error = FileError(code: errno)
            close(descriptor)
            throw error
        }
    }
    return descriptor
}
