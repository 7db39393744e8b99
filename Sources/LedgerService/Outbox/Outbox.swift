import Dispatch
import Glibc
import Ledger
import Synchronization

/// What this program and those before it have sent and nobody has been told the outcome of: on the disk before it
/// can be on the books, struck off when somebody was told.
///
/// Each program has a file of its own in one private directory, and holds a lock on it while it lives. What a killed
/// program leaves behind is a file that nobody holds: the next program on the same ledger takes it over.
public actor Outbox {
    private let directory: String
    /// Which ledger it is, as people tell them apart, without anything secret and without the user: what is left behind
    /// on one ledger is not looked for on another.
    private let ledger: String
    private var own: OutboxFile?
    private var left: [OutboxFile] = []
    private nonisolated let told = Mutex(Told())

    private struct Told {
        var references: [Reference] = []
        /// Whether ``strikeOffTold()`` is going to be called.
        var isExpected = false
    }

    private let executor = QueueExecutor(label: "bursar.outbox")

    /// Files are written and waited for, which must not hold up the threads that everything else runs on.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The most operations of this program whose outcome nobody has been told.
    public static let limit = 20_000

    public init(directory: String, ledger: String) {
        self.directory = directory
        self.ledger = ledger
    }

    // MARK: Sending

    /// Keeps operations that are being sent: when this returns, they are on the disk.
    package func keep(_ entries: [OutboxEntry]) throws(OutboxError) {
        var told = takeTold()
        for file in left { try file.strikeOff(told) }
        let file = try ownFile()
        if file.entries.count + entries.count > Self.limit {
            try file.strikeOff(told)
            told = []
            if file.entries.count + entries.count > Self.limit {
                throw OutboxError(file.path, "more than \(Self.limit) operations wait for their outcomes")
            }
        }
        try file.keep(entries, strikingOff: told)
    }

    /// Takes operations off whose outcome somebody has been told.
    func strikeOff(_ references: [Reference]) throws(OutboxError) {
        for file in left + (own.map { [$0] } ?? []) { try file.strikeOff(references) }
    }

    /// Notes that somebody has been told these outcomes. They are struck off with the next operations that are kept, or
    /// by ``strikeOffTold()``.
    /// - Returns: whether the latter is to be called, in a moment.
    package nonisolated func noteTold(_ references: [Reference]) -> Bool {
        told.withLock { told in
            told.references += references
            defer { told.isExpected = true }
            return !told.isExpected
        }
    }

    /// Takes all operations off that ``noteTold(_:)`` was told of.
    func strikeOffTold() throws(OutboxError) {
        told.withLock { $0.isExpected = false }
        let references = takeTold()
        if !references.isEmpty { try strikeOff(references) }
    }

    private func takeTold() -> [Reference] {
        told.withLock { told in
            defer { told.references = [] }
            return told.references
        }
    }

    /// Gives up the files: those with nothing open in them are taken away, the others are the next program's.
    public func close() {
        // Those that cannot be struck off are asked about once more, and nothing worse.
        try? strikeOffTold()
        for file in left + (own.map { [$0] } ?? []) where file.isSpent { file.remove() }
        own = nil
        left = []
    }

    private func ownFile() throws(OutboxError) -> OutboxFile {
        if let own { return own }
        let lock = try DirectoryLock(directory)
        defer { lock.release() }
        let name = "\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36)).outbox"
        let file = try OutboxFile(creating: "\(directory)/\(name)", ledger: ledger)
        try lock.synchronise()
        own = file
        return file
    }

    // MARK: What was left behind

    /// What other programs, which are no more, have left open on this ledger. It is this program's from now on.
    public func takeOver() throws(OutboxError) -> [OutboxEntry] {
        guard access(directory, F_OK) == 0 else { return [] }
        let lock = try DirectoryLock(directory)
        defer { lock.release() }
        for path in try lock.files() {
            guard let file = try OutboxFile(adopting: path) else { continue }
            if file.isSpent {
                file.remove()
            } else if file.ledger == ledger {
                left.append(file)
            }
        }
        let entries = left.reduce(into: [Reference: OutboxEntry]()) { $0.merge($1.entries) { $1 } }
        return entries.values.sorted {
            ($0.begunAt, $0.operation.reference.text) < ($1.begunAt, $1.operation.reference.text)
        }
    }

    /// What killed programs have left open: on this ledger, and on others by their names. Nothing is taken over.
    public func survey() throws(OutboxError) -> Survey {
        var survey = Survey()
        guard access(directory, F_OK) == 0 else { return survey }
        let lock = try DirectoryLock(directory)
        defer { lock.release() }
        for path in try lock.files() {
            guard let file = try OutboxFile(adopting: path) else { continue }
            if file.damagedLines > 0 { survey.damaged.append(path) }
            if file.entries.isEmpty { continue }
            if file.ledger == ledger {
                survey.here += file.entries.count
            } else {
                survey.elsewhere[file.ledger, default: 0] += file.entries.count
            }
        }
        return survey
    }

    public struct Survey: Sendable, Equatable {
        public var here = 0
        /// By the name of the ledger.
        public var elsewhere: [String: Int] = [:]
        /// Files with lines that cannot be read, such as after a fault of the disk.
        public var damaged: [String] = []
    }

}

/// The directory of the outboxes, for one program at a time: files are made and taken over under this lock, so that none
/// is taken for left behind before its maker has locked it.
private struct DirectoryLock {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws(OutboxError) {
        self.path = path
        try Self.make(path)
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .system(path) }
        do throws(OutboxError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .system(path) }
            guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
                throw OutboxError(path, "others than its owner may use it")
            }
            while flock(descriptor, LOCK_EX) != 0 {
                if errno != EINTR { throw .system(path) }
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func make(_ path: String) throws(OutboxError) {
        if access(path, F_OK) == 0 { return }
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let parent = slash > path.startIndex ? String(path[..<slash]) : path.hasPrefix("/") ? "/" : "."
        try make(parent)
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw .system(path) }
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(parent) }
        defer { close(descriptor) }
        try synchronise(descriptor, parent)
    }

    func release() { close(descriptor) }

    /// Makes a new file's name last.
    func synchronise() throws(OutboxError) { try Self.synchronise(descriptor, path) }

    private static func synchronise(_ descriptor: Int32, _ path: String) throws(OutboxError) {
        while fsync(descriptor) != 0 {
            if errno != EINTR { throw .system(path) }
        }
    }

    /// The outboxes in it.
    func files() throws(OutboxError) -> [String] {
        guard let entries = opendir(path) else { throw .system(path) }
        defer { closedir(entries) }
        var files: [String] = []
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".outbox") { files.append("\(path)/\(name)") }
            if name.hasSuffix(".outbox" + OutboxFile.freshSuffix),
                isAbandoned("\(path)/\(name.dropLast(OutboxFile.freshSuffix.count))")
            {
                files.append("\(path)/\(name)")
            }
        }
        return files.sorted()
    }

    /// Whether nobody is about to put another file in the place of this outbox.
    private func isAbandoned(_ path: String) -> Bool {
        let file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        defer { if file >= 0 { close(file) } }
        return file < 0 || flock(file, LOCK_EX | LOCK_NB) == 0
    }
}

/// Runs an actor on a queue of its own.
private final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}
