import Glibc
import Interchange
import Ledger
import Synchronization

/// The file that heads of chains are written to while they are checked. It has its name only once it is whole and
/// the ledger was found sound.
final class HeadsFile: Sendable {
    private struct State {
        var writer = HeadsWriter()
        var buffer: [UInt8] = []
    }

    private static let bufferSize = 65_536

    let path: String
    private let draft: String
    /// -1 for standard output.
    private let descriptor: Int32
    private let state = Mutex(State())

    /// - Parameter path: of a file that must not exist yet; `-` for standard output.
    init(path: String, moment: Timestamp) throws(CommandError) {
        self.path = path
        draft = "\(path).part.\(getpid())"
        if path == "-" {
            descriptor = STDOUT_FILENO
        } else {
            if access(path, F_OK) == 0 { throw Self.error(path, "it exists already; give another name") }
            descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if descriptor < 0 { throw Self.error(path, FileError(code: errno).message) }
        }
        state.withLock { $0.buffer = $0.writer.header(moment: moment) }
    }

    func keep(_ head: AccountHead) throws(CommandError) {
        try state.withLock { state throws(CommandError) in
            state.buffer += state.writer.line(head)
            if state.buffer.count >= Self.bufferSize { try flush(&state) }
        }
    }

    /// Ends the file and gives it its name.
    func finish() throws(CommandError) -> WrittenHeads {
        try state.withLock { state throws(CommandError) in
            let (bytes, digest) = state.writer.end()
            state.buffer += bytes
            try flush(&state)
            if path != "-" {
                guard fsync(descriptor) == 0, link(draft, path) == 0 else {
                    throw Self.error(path, FileError(code: errno).message)
                }
                unlink(draft)
            }
            return WrittenHeads(path: path, count: state.writer.count, digest: digest)
        }
    }

    deinit {
        guard path != "-" else { return }
        close(descriptor)
        unlink(draft)
    }

    private func flush(_ state: inout State) throws(CommandError) {
        var rest = state.buffer[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { throw Self.error(path, FileError(code: errno).message) }
            rest = rest.dropFirst(max(count, 0))
        }
        state.buffer.removeAll(keepingCapacity: true)
    }

    private static func error(_ path: String, _ what: String) -> CommandError {
        CommandError("the heads were not written to \(path): \(what)", .usage)
    }
}

/// Heads that were kept in a file, read one after the other.
final class KeptHeads: Sendable {
    /// When they were kept, as the file says.
    let moment: String
    private let reader: Mutex<HeadsReader>

    /// Reads the file to its end first, so that a damaged one is told from a ledger that was tampered with.
    /// - Throws: ``ImportError``.
    init(path: String) throws(ImportError) {
        var check = try HeadsReader(try FileBytes(path: path))
        while try check.next() != nil {}
        moment = check.moment
        reader = Mutex(try HeadsReader(try FileBytes(path: path)))
    }

    func next() throws -> AccountHead? {
        try reader.withLock { reader throws(ImportError) in try reader.next() }
    }
}
