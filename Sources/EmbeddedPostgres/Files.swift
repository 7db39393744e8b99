import Glibc

/// Files and directories by their paths, with errors in plain words. Links are never followed at the last
/// step.
enum Files {
    enum Sort: Equatable {
        case file, directory, link, other
    }

    struct Facts {
        let sort: Sort
        let owner: uid_t
        let group: gid_t
        let permissions: mode_t
        let bytes: Int
        let blocks: Int
        /// Device and inode: the same for two paths to the same thing.
        let identity: Identity
    }

    struct Identity: Equatable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    static func facts(_ record: stat) -> Facts {
        let sort: Sort =
            switch record.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .link
            default: .other
            }
        return Facts(
            sort: sort, owner: record.st_uid, group: record.st_gid, permissions: record.st_mode & 0o7777,
            bytes: Int(record.st_size), blocks: Int(record.st_blocks),
            identity: Identity(device: UInt64(record.st_dev), inode: UInt64(record.st_ino)))
    }

    /// What is at the path; nil when there is nothing, also because something above it is no directory.
    static func look(_ path: String, following: Bool = false) throws(EmbeddedServerError) -> Facts? {
        var record = stat()
        let status = following ? stat(path, &record) : lstat(path, &record)
        if status == 0 { return facts(record) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw EmbeddedServerError(system: errno, doing: "look at \(path)")
    }

    /// The names in a directory, without `.` and `..`, in no order.
    static func names(in path: String) throws(EmbeddedServerError) -> [String] {
        guard let stream = opendir(path) else {
            throw EmbeddedServerError(system: errno, doing: "read the directory \(path)")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Makes a directory that only its owner may enter; false when something of that name is there already.
    @discardableResult
    static func makeDirectory(_ path: String, owner: SystemUser?) throws(EmbeddedServerError) -> Bool {
        guard mkdir(path, 0o700) == 0 else {
            if errno == EEXIST { return false }
            throw EmbeddedServerError(system: errno, doing: "make the directory \(path)")
        }
        try give(path, to: owner)
        return true
    }

    /// Makes the directories above a path; they are left to the file mode mask, as `mkdir -p` does.
    static func makeParents(of path: String) throws(EmbeddedServerError) {
        var made = ""
        for part in path.split(separator: "/").dropLast() {
            made += "/" + part
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else {
                // A read-only or forbidden ancestor says EROFS or EACCES also for a directory that exists.
                let number = errno
                if try look(made, following: true)?.sort == .directory { continue }
                throw EmbeddedServerError(system: number, doing: "make the directory \(made)")
            }
        }
    }

    static func give(_ path: String, to owner: SystemUser?) throws(EmbeddedServerError) {
        guard let owner else { return }
        guard lchown(path, owner.uid, owner.gid) == 0 else {
            throw EmbeddedServerError(system: errno, doing: "give \(path) to the user \(owner.name)")
        }
    }

    /// The content of a file, its last `limit` bytes at the most; nil when it is not there or cannot be read.
    static func read(_ path: String, last limit: Int = 65_536) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        // Files of /proc have no size and cannot be read from their end.
        lseek(descriptor, max(0, Int(size) - limit), SEEK_SET)
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while content.count < limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            content += buffer.prefix(count)
        }
        return String(decoding: content, as: UTF8.self)
    }

    /// Puts a file in the place of another, whole or not at all.
    static func replace(
        _ path: String, with content: String, owner: SystemUser?
    ) throws(EmbeddedServerError) {
        let draft = path + ".new"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw EmbeddedServerError(system: errno, doing: "write \(path)") }
        var failure: Int32 = 0
        var rest = Array(content.utf8)[...]
        while !rest.isEmpty && failure == 0 {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { failure = errno }
        }
        if failure == 0, let owner, fchown(descriptor, owner.uid, owner.gid) != 0 { failure = errno }
        if failure == 0, fsync(descriptor) != 0 { failure = errno }
        if close(descriptor) != 0, failure == 0 { failure = errno }
        if failure == 0, rename(draft, path) != 0 { failure = errno }
        guard failure == 0 else {
            unlink(draft)
            throw EmbeddedServerError(system: failure, doing: "write \(path)")
        }
    }

    /// Makes what was renamed in a directory last through a power cut.
    static func synchronize(directory path: String) throws(EmbeddedServerError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw EmbeddedServerError(system: errno, doing: "open \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw EmbeddedServerError(system: errno, doing: "save \(path)") }
    }

    /// Deletes a file, or a directory with all in it; links themselves and not what they point to.
    static func remove(_ path: String) throws(EmbeddedServerError) {
        guard let found = try look(path) else { return }
        guard found.sort == .directory else {
            guard unlink(path) == 0 || errno == ENOENT else {
                throw EmbeddedServerError(system: errno, doing: "delete \(path)")
            }
            return
        }
        for name in try names(in: path) { try remove(path + "/" + name) }
        guard rmdir(path) == 0 || errno == ENOENT else {
            throw EmbeddedServerError(system: errno, doing: "delete \(path)")
        }
    }

    /// Bytes that a directory takes on the disk. What vanishes or cannot be read meanwhile counts nothing: a
    /// running server makes and deletes files all the time.
    static func bytesOnDisk(_ path: String) -> Int {
        guard let found = try? look(path) else { return 0 }
        var bytes = found.blocks * 512
        if found.sort == .directory, let names = try? names(in: path) {
            for name in names { bytes += bytesOnDisk(path + "/" + name) }
        }
        return bytes
    }

    /// Bytes that an ordinary user may still write on the file system of a path; nil when it cannot be told.
    static func bytesFree(at path: String) -> Int? {
        var figures = statvfs()
        guard statvfs(path, &figures) == 0 else { return nil }
        return Int(clamping: figures.f_bavail) * Int(clamping: figures.f_frsize)
    }

    /// An absolute path without doubled or trailing slashes; links are left as they are.
    static func absolute(_ path: String) throws(EmbeddedServerError) -> String {
        var whole = path
        if !path.hasPrefix("/") {
            guard let here = getcwd(nil, 0) else {
                throw EmbeddedServerError(system: errno, doing: "tell the current directory")
            }
            whole = String(cString: here) + "/" + path
            free(here)
        }
        let parts = whole.split(separator: "/").filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }
}
