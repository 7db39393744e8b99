import Console
import Glibc
import Interchange
import Ledger
import LedgerService
import Synchronization

/// Where a command prints: results on stdout, everything else on stderr.
///
/// With `--json` nothing but JSON comes on stdout. Progress is drawn on stderr, and only on a terminal.
///
/// Every line that is meant for people is made fit for a terminal here, whatever it was put together from: nothing of
/// it steers the terminal, begins another line, or is longer than ``SafeText`` looks at. JSON escapes by itself.
struct Output: Sendable {
    let isJSON: Bool
    let isQuiet: Bool
    let hasColor: Bool
    /// Whether somebody watches stderr, on a terminal that can draw over a line.
    let isWatched: Bool

    init(_ options: CommonOptions, color: Bool) {
        isJSON = options.json
        isQuiet = options.quiet
        hasColor = color && isatty(STDOUT_FILENO) == 1
        let terminal = getenv("TERM").map { String(cString: $0) } ?? ""
        isWatched =
            isatty(STDERR_FILENO) == 1 && !options.quiet && !terminal.isEmpty && terminal != "dumb"
    }

    /// What standard output came to, which all commands of a program share.
    private struct Fate {
        /// Of the first write that failed; zero when none did.
        var code: Int32 = 0
        /// Whether the outcome of an operation was to be told.
        var hasOutcome = false
    }

    private static let fate = Mutex(Fate())

    /// Says that not all of the result could be written.
    /// - Returns: the status to exit with. That of an operation stays: it says what became of it. A reader that has seen
    ///   enough is nobody's mistake.
    static func completed(_ status: ExitStatus) -> ExitStatus {
        let fate = fate.withLock { $0 }
        guard fate.code != 0, fate.code != EPIPE else { return status }
        let text = "the output cannot be written: \(FileError(code: fate.code).message)"
        let more = fate.hasOutcome ? "; the exit status says what became of the operation" : ""
        print("bursar: \(text)\(more)", to: STDERR_FILENO)
        return status == .done && !fate.hasOutcome ? .unsound : status
    }

    /// One line of the result.
    func line(_ text: String) { Self.print(text, to: STDOUT_FILENO) }

    /// Several lines of the result.
    func lines(_ texts: [String]) {
        Self.write(texts.map { SafeText.printable($0) + "\n" }.joined(), to: STDOUT_FILENO)
    }

    /// Bytes of the result, in a format that escapes by itself.
    func bytes(_ bytes: [UInt8]) throws(CommandError) {
        guard Self.write(bytes, to: STDOUT_FILENO) else {
            throw CommandError("the output cannot be written: \(FileError(code: errno).message)", .unsound)
        }
    }

    func json(_ value: JSONValue) { Self.write(value.text + "\n", to: STDOUT_FILENO) }

    /// Something worth knowing that is not the result.
    func note(_ text: String) {
        if isQuiet { return }
        endProgress()
        Self.print(text, to: STDERR_FILENO)
    }

    /// Draws the state of long work over the one before.
    func progress(_ text: String) {
        if isWatched { Self.write("\r\u{1b}[K\(SafeText.printable(text))", to: STDERR_FILENO) }
    }

    func endProgress() {
        if isWatched { Self.write("\r\u{1b}[K", to: STDERR_FILENO) }
    }

    /// What stopped the command.
    func failure(_ error: CommandError) {
        endProgress()
        if isJSON {
            json(.failure(error))
        } else {
            let word = error.refusal == nil ? "" : "refused: "
            Self.print("bursar: \(word)\(error.message)", to: STDERR_FILENO)
        }
    }

    /// Something that somebody should look at, said also with `--quiet`.
    func warning(_ text: String) {
        endProgress()
        Self.print("bursar: \(text)", to: STDERR_FILENO)
    }

    /// How a command is used, with what was typed wrong, in several lines.
    static func errorPage(_ text: String) {
        for line in text.split(separator: "\n") { print(String(line), to: STDERR_FILENO) }
    }

    private static func print(_ line: String, to descriptor: Int32) {
        write(SafeText.printable(line) + "\n", to: descriptor)
    }

    @discardableResult
    private static func write(_ text: String, to descriptor: Int32) -> Bool {
        write(Array(text.utf8), to: descriptor)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                let code = errno
                if descriptor == STDOUT_FILENO { fate.withLock { if $0.code == 0 { $0.code = code } } }
                errno = code
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

// MARK: - Outcomes

extension Output {
    /// Shows each attempt on stderr while `body` runs, if somebody watches.
    func showingAttempts<Result: Sendable>(
        of feed: AttemptFeed, _ body: @Sendable () async -> Result
    ) async -> Result {
        guard isWatched else { return await body() }
        let mailbox = feed.listen(.everything)
        let watcher = Task {
            for await _ in mailbox.arrivals {
                for event in mailbox.take().events { attempt(event) }
            }
        }
        let result = await body()
        watcher.cancel()
        endProgress()
        return result
    }

    /// One step of an operation, where it is more than the plain way to the end.
    private func attempt(_ event: AttemptEvent) {
        if let text = AttemptText.line(event) { note("  \(text)") }
    }

    /// What became of an operation.
    func outcome(_ outcome: OperationOutcome, of operation: Ledger.Operation) {
        endProgress()
        Self.fate.withLock { $0.hasOutcome = true }
        if isJSON { return json(.outcome(OutcomeFacts(outcome))) }
        switch outcome.result {
        case .posted(let receipt): self.receipt(receipt, "posted", outcome)
        case .alreadyPosted(let receipt): self.receipt(receipt, "already posted", outcome)
        case .refused(let refusal): warning("refused: \(refusal.message)")
        case .failed(let failure): warning("failed: \(failure.message)")
        case .unknown(let failure): warning("outcome unknown: \(failure.message)")
        case .gaveUp(let failure): warning("not posted: \(failure.message)")
        case .cancelled: warning("not posted: stopped; nothing was written, and it is safe to run it again")
        }
    }

    private func receipt(_ receipt: Receipt, _ word: String, _ outcome: OperationOutcome) {
        let tries = Money.counted(outcome.attempts, "attempt")
        let milliseconds = Money.text(
            Int64(outcome.elapsed.milliseconds * 10), digits: 1, grouping: false)
        line("\(word): \(receipt.kind) \(receipt.reference)  (\(tries), \(milliseconds) ms)")
        lines(entries(of: receipt))
    }

    /// The entries of a receipt, one a line.
    func entries(of receipt: Receipt) -> [String] {
        Table.lines(receipt.lines.map(Self.columns), alignment: Self.receiptAlignment)
    }

    private static let receiptAlignment: [Table.Alignment] = [
        .left, .left, .right, .left, .right, .right, .right,
    ]

    private static func columns(_ line: Receipt.Line) -> [String] {
        [
            "  \(line.account)", line.side?.rawValue ?? "", line.amount?.grouped ?? "",
            line.ledger.currency.code, "ledger \(line.ledger.grouped)",
            "available \(line.available.grouped)", "#\(line.seq)",
        ]
    }
}

extension JSONValue {
    static func failure(_ error: CommandError) -> JSONValue {
        if let refusal = error.refusal {
            return .object([
                ("outcome", .string("refused")), ("refusal", .string(refusal.name)),
                ("message", .string(refusal.message)), ("facts", .facts(refusal)),
            ])
        }
        return .object([
            ("outcome", .string("failed")), ("message", .string(error.message)),
            ("sqlstate", error.sqlState.map(JSONValue.string) ?? .null),
        ])
    }
}

extension OutcomeFacts {
    init(_ outcome: OperationOutcome) {
        self.init(
            name: .posted, reference: outcome.reference, receipt: outcome.receipt,
            attempts: outcome.attempts,
            conflicts: outcome.conflicts.map {
                Conflict(attempt: $0.attempt, sqlState: $0.sqlState, cause: $0.cause)
            },
            elapsedMilliseconds: outcome.elapsed.milliseconds)
        switch outcome.result {
        case .posted: name = .posted
        case .alreadyPosted: name = .alreadyPosted
        case .refused(let refusal):
            name = .refused
            self.refusal = refusal
        case .failed(let failure): set(.failed, failure)
        case .unknown(let failure): set(.unknown, failure)
        case .gaveUp(let failure): set(.gaveUp, failure)
        case .cancelled:
            name = .cancelled
            message = "stopped; nothing was written, and it is safe to run it again"
        }
    }

    private mutating func set(_ name: Name, _ failure: Failure) {
        self.name = name
        message = failure.message
        sqlState = failure.sqlState
    }
}
