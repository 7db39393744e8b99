import Glibc
import Ledger

/// Why an outbox cannot be used, as the system says it.
public struct OutboxError: Error, Sendable, Hashable {
    public let path: String
    public let why: String

    /// What is wrong and what to do about it.
    public var message: String {
        "the outbox \(path) cannot be used (\(why)); make it a directory that only you may read and write, with room "
            + "on its disk, or name another one in the settings"
    }

    init(_ path: String, _ why: String) {
        self.path = path
        self.why = why
    }

    static func system(_ path: String) -> OutboxError { OutboxError(path, String(cString: strerror(errno))) }
}

/// The outbox of one program, locked for as long as the program lives: the lock goes with the process, however it
/// ends, and that is how others know.
final class OutboxFile {
    let path: String
    let ledger: String
    private(set) var entries: [Reference: OutboxEntry]
    let damagedLines: Int
    private var descriptor: Int32
    /// Where the last line ends. Behind it a file of a busy program has zeros, which no line has.
    private var length: Int
    /// Where the zeros end.
    private var allocated: Int

    /// The longest file that is read or written.
    static let maximumBytes = 64 << 20
    /// A file that is shorter is left to grow.
    private static let worthRewriting = allocation
    /// A file with open entries is written anew when it is longer than so many of them take.
    private static let bytesPerEntry = 4096
    /// From this length on a file grows ahead of its lines by a piece at a time: where a line takes the place of zeros,
    /// nothing but itself has to be put on the disk, which takes two thirds of the time.
    private static let busyLength = 1 << 16
    private static let allocation = 1 << 20

    /// Makes a file that is not there yet, and locks it.
    init(creating path: String, ledger: String) throws(OutboxError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .system(path) }
        self.path = path
        self.ledger = ledger
        entries = [:]
        damagedLines = 0
        length = 0
        allocated = 0
        try write([.ledger(ledger)])
    }

    /// Opens what another program has left behind.
    /// - Returns: nil while that program lives.
    init?(adopting path: String) throws(OutboxError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(path)
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        let bytes: [UInt8]
        do throws(OutboxError) {
            bytes = try Self.readAll(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        let contents = OutboxContents(bytes: bytes)
        self.descriptor = descriptor
        self.path = path
        ledger = contents.ledger
        entries = contents.entries
        damagedLines = contents.damagedLines
        length = (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        allocated = bytes.count
    }

    deinit { close(descriptor) }

    /// Whether nothing is lost with it.
    var isSpent: Bool { entries.isEmpty && damagedLines == 0 }

    private static func readAll(_ descriptor: Int32, _ path: String) throws(OutboxError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw .system(path) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > maximumBytes { throw OutboxError(path, "it is longer than any outbox") }
        }
    }

    // MARK: Writing

    /// Adds entries, and waits until they are on the disk. Others are struck off with the same write.
    func keep(_ new: [OutboxEntry], strikingOff told: [Reference] = []) throws(OutboxError) {
        let open = takeOff(told)
        try write(open.map { .struckOff($0) } + new.map { .entry($0) })
        for entry in new { entries[entry.operation.reference] = entry }
        if try rewriteIfLong() { return }
        while fdatasync(descriptor) != 0 {
            if errno != EINTR { throw .system(path) }
        }
    }

    /// Not synchronised: an entry that comes back after a crash of the machine is asked about once more.
    func strikeOff(_ references: [Reference]) throws(OutboxError) {
        let open = takeOff(references)
        if open.isEmpty { return }
        try write(open.map { .struckOff($0) })
        _ = try rewriteIfLong()
    }

    /// - Returns: those of them that were open.
    private func takeOff(_ references: [Reference]) -> [Reference] {
        references.filter { entries.removeValue(forKey: $0) != nil }
    }

    /// Takes the file away; nothing may be open in it.
    func remove() { unlink(path) }

    private func write(_ lines: [OutboxLine]) throws(OutboxError) {
        let bytes = Self.bytes(of: lines)
        let end = length + bytes.count
        guard end <= Self.maximumBytes else {
            throw OutboxError(path, "too many operations wait for their outcomes")
        }
        do throws(OutboxError) {
            if end > allocated, length > Self.busyLength { try allocate(to: end) }
            try Self.write(bytes, to: descriptor, at: length, path)
        } catch {
            // Half a line would run into the next one.
            ftruncate(descriptor, off_t(length))
            allocated = length
            throw error
        }
        length = end
        allocated = max(allocated, end)
    }

    private func allocate(to end: Int) throws(OutboxError) {
        let new = (end / Self.allocation + 1) * Self.allocation
        try Self.write([UInt8](repeating: 0, count: new - allocated), to: descriptor, at: allocated, path)
        allocated = new
    }

    /// Puts a file with nothing but what is open in the place of one that has grown long, and waits until it is on the
    /// disk. Whoever looks meanwhile finds either, locked.
    /// - Returns: whether it was long.
    private func rewriteIfLong() throws(OutboxError) -> Bool {
        let bound = min(Self.worthRewriting + entries.count * Self.bytesPerEntry, Self.maximumBytes / 2)
        if length <= bound { return false }
        let fresh = path + Self.freshSuffix
        let copy = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard copy >= 0 else { throw .system(fresh) }
        let lines = [.ledger(ledger)] + entries.values.map { OutboxLine.entry($0) }
        let bytes = Self.bytes(of: lines)
        let zeros = [UInt8](repeating: 0, count: max(0, Self.allocation - bytes.count))
        do throws(OutboxError) {
            guard flock(copy, LOCK_EX | LOCK_NB) == 0 else { throw .system(fresh) }
            try Self.write(bytes + zeros, to: copy, at: 0, fresh)
            guard fsync(copy) == 0, rename(fresh, path) == 0 else { throw .system(fresh) }
        } catch {
            close(copy)
            unlink(fresh)
            throw error
        }
        close(descriptor)
        descriptor = copy
        length = bytes.count
        allocated = bytes.count + zeros.count
        return true
    }

    /// Room for most lines.
    private static let usualBytes = 320

    /// Ends the name of a file that is about to take another's place.
    static let freshSuffix = ".new"

    private static func bytes(of lines: [OutboxLine]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.count * usualBytes)
        for line in lines { line.append(to: &bytes) }
        return bytes
    }

    private static func write(
        _ bytes: [UInt8], to descriptor: Int32, at offset: Int, _ path: String
    ) throws(OutboxError) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset + written))
            }
            if count < 0, errno != EINTR { throw .system(path) }
            written += max(count, 0)
        }
    }
}
