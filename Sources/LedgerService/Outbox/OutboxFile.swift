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
    private var log: OutboxLog<Descriptor>
    let damagedLines: Int

    /// The longest file that is read or written.
    static let maximumBytes = 64 << 20
    /// Ends the name of a file that a program of before was about to put in the place of another one, or had put there
    /// when the machine failed.
    static let freshSuffix = ".new"

    var path: String { log.disk.path }
    var ledger: String { log.ledger }
    var entries: [Reference: OutboxEntry] { log.entries }

    /// Makes a file that is not there yet, and locks it.
    init(creating path: String, ledger: String) throws(OutboxError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(path) }
        let disk = Descriptor(descriptor, path)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .system(path) }
        log = try OutboxLog(ledger, on: disk)
        damagedLines = 0
    }

    /// Opens what another program has left behind.
    /// - Returns: nil while that program lives.
    init?(adopting path: String) throws(OutboxError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(path)
        }
        let disk = Descriptor(descriptor, path)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
        let bytes = try disk.readAll()
        let contents = OutboxContents(bytes: bytes)
        log = OutboxLog(contents, length: bytes.count, on: disk)
        damagedLines = contents.damagedLines
    }

    /// Whether nothing is lost with it.
    var isSpent: Bool { entries.isEmpty && damagedLines == 0 }

    func keep(_ new: [OutboxEntry], strikingOff told: [Reference] = []) throws(OutboxError) {
        try log.keep(new, strikingOff: told)
    }

    func strikeOff(_ references: [Reference]) throws(OutboxError) { try log.strikeOff(references) }

    /// Takes the file away; nothing may be open in it.
    func remove() { unlink(path) }
}

/// An open file.
private final class Descriptor: OutboxDisk {
    let path: String
    private let number: Int32

    init(_ number: Int32, _ path: String) {
        self.number = number
        self.path = path
    }

    deinit { close(number) }

    func readAll() throws(OutboxError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(number, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw .system(path) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= OutboxFile.maximumBytes else {
                throw OutboxError(path, "it is longer than any outbox")
            }
        }
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(OutboxError) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                pwrite(number, $0.baseAddress, $0.count, off_t(offset + written))
            }
            if count < 0, errno != EINTR { throw .system(path) }
            written += max(count, 0)
        }
    }

    func synchronise() throws(OutboxError) {
        while fdatasync(number) != 0 {
            if errno != EINTR { throw .system(path) }
        }
    }

    func cutOff(at offset: Int) { _ = ftruncate(number, off_t(offset)) }
}
