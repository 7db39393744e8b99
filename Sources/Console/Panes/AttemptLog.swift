import DequeModule
import Ledger
import LedgerService

/// The attempts of the latest operations that were handed to the screen, and the totals of all. Bounded: old operations
/// leave it, and stay in the totals.
struct AttemptLog: Sendable {
    /// The most operations that are kept with their attempts.
    static let maximumOperations = AttemptSample.Limits.screen.operations
    /// The most lines that are kept of one operation; it may be tried a hundred times.
    static let maximumLines = 60

    private var groups: [Reference: OperationAttempts] = [:]
    /// In the order in which they began, the newest last.
    private var order: Deque<Reference> = []
    private(set) var totals = AttemptTotals()
    /// Operations that came between those of the log, and are in the totals alone.
    private(set) var leftOut = 0

    var count: Int { order.count }

    /// By age: 0 is the operation that began last.
    subscript(index: Int) -> OperationAttempts? {
        order.indices.contains(index) ? groups[order[order.count - 1 - index]] : nil
    }

    subscript(reference: Reference) -> OperationAttempts? { groups[reference] }

    /// By age, as for the subscript.
    func index(of reference: Reference) -> Int? {
        groups[reference] == nil ? nil : order.lastIndex(of: reference).map { order.count - 1 - $0 }
    }

    /// Which share of the latest operations the log has, such as `1 of 40 shown`; nil when it has all of them.
    var sampledText: String? {
        guard leftOut > 0, count > 0 else { return nil }
        let all = count + leftOut
        let ratio = (all + count / 2) / count
        return ratio > 1 ? "1 of \(Wording.count(ratio)) shown" : "\(count * 100 / all) of 100 shown"
    }

    mutating func add(_ batch: AttemptBatch) {
        totals = batch.totals
        for event in batch.events { add(event) }
        guard let newest = order.last else { return }
        groups[newest]?.leftOutBefore += batch.leftOut
        leftOut += batch.leftOut
    }

    /// An operation whose outcome was not known turned out to be on the books.
    mutating func find(_ receipt: Receipt, at now: Timestamp) {
        groups[receipt.reference]?.find(receipt, at: now)
    }

    private mutating func add(_ event: AttemptEvent) {
        let reference = event.operation.reference
        if groups[reference] == nil {
            groups[reference] = OperationAttempts(event.operation, at: event.began)
            order.append(reference)
            if order.count > Self.maximumOperations, let oldest = order.popFirst() {
                leftOut -= groups.removeValue(forKey: oldest)?.leftOutBefore ?? 0
            }
        }
        groups[reference]?.add(event)
    }
}

/// One operation with its attempts, as the pane shows it.
struct OperationAttempts: Sendable {
    private(set) var operation: OperationSummary
    /// What a filter's words are looked for in, in lower case.
    private(set) var searchText: String
    /// Sent once more, it begins anew.
    private(set) var began: Timestamp
    private(set) var lines: Deque<Line> = []
    /// Lines that were dropped, since there are too many, or that the screen was not handed.
    private(set) var hidden = 0
    /// Operations that came before it and after the one before it in the log, and are not shown.
    fileprivate(set) var leftOutBefore = 0
    private(set) var conflicts = 0
    private(set) var attempt = 0
    private(set) var state = State.running

    enum State: Sendable, Equatable {
        case running
        case waiting(Duration)
        case unknown
        case posted(Receipt, elapsed: Duration)
        case alreadyPosted(elapsed: Duration)
        case refused(Refusal)
        case failed(Failure)
        case gaveUp(Failure)
        case cancelled
    }

    /// One attempt, or one finding about it.
    struct Line: Sendable, Equatable {
        let attempt: Int
        /// When the attempt began, or the finding was made.
        let at: Timestamp
        var result: Result
        /// The wait after it.
        var wait: Duration?

        enum Result: Sendable, Equatable {
            case running
            case posted(Duration)
            case conflict(Conflict, Duration)
            /// Accounts that were different from what the attempt before had read.
            case reread([BalanceChange])
            case note(String, good: Bool?)
        }
    }

    init(_ operation: OperationSummary, at: Timestamp) {
        self.operation = operation
        searchText = Self.searchText(of: operation)
        began = at
    }

    private static func searchText(of operation: OperationSummary) -> String {
        let accounts = operation.accounts.map(\.text)
        let parts = [operation.kind, operation.amount ?? "", operation.actor, operation.reference.text]
        return (parts + accounts).joined(separator: " ").lowercased()
    }

    private mutating func end(_ receipt: Receipt, elapsed: Duration) {
        state = .posted(receipt, elapsed: elapsed)
        guard operation.accounts.isEmpty else { return }
        operation.take(receipt)
        searchText = Self.searchText(of: operation)
    }

    var isOver: Bool {
        switch state {
        case .running, .waiting, .unknown: false
        default: true
        }
    }

    mutating func add(_ event: AttemptEvent) {
        if isOver, event.attempt == 1, case .started = event.phase { beginAnew(at: event.began) }
        attempt = max(attempt, event.attempt)
        noteMissing(event)
        let at = lines.isEmpty ? event.began : event.at
        switch event.phase {
        case .started:
            state = .running
            append(Line(attempt: event.attempt, at: at, result: .running))
        case .conflicted(let conflict, let time):
            conclude(event.attempt, at, .conflict(conflict, time))
        case .waiting(let wait):
            state = .waiting(wait)
            if !lines.isEmpty { lines[lines.count - 1].wait = wait }
        case .posted(let receipt, let time, let elapsed):
            end(receipt, elapsed: elapsed)
            conclude(event.attempt, at, .posted(time))
        case .alreadyPosted(_, let elapsed):
            state = .alreadyPosted(elapsed: elapsed)
            conclude(event.attempt, at, .note("was posted already; nothing was written now", good: true))
        case .refused(let refusal, _):
            state = .refused(refusal)
            conclude(event.attempt, at, .note("refused: \(refusal.message)", good: false))
        case .failed(let failure, _):
            state = .failed(failure)
            conclude(event.attempt, at, .note(Self.text(failure), good: false))
        case .gaveUp(let failure, _):
            state = .gaveUp(failure)
            append(
                Line(
                    attempt: event.attempt, at: at,
                    result: .note("gave up: " + Self.text(failure), good: false)))
        case .unknown(let failure):
            state = .unknown
            conclude(event.attempt, at, .note(Self.text(failure) + "; its outcome is looked up", good: nil))
        case .resolved(let posted):
            let finding = posted ? "found on the books" : "not on the books; it is tried again"
            find(event.attempt, at, .note(finding, good: posted ? true : nil))
        case .reread(let changes): find(event.attempt, at, .reread(changes))
        case .cancelled:
            state = .cancelled
            conclude(event.attempt, at, .note("stopped; nothing was written", good: nil))
        }
    }

    fileprivate mutating func find(_ receipt: Receipt, at now: Timestamp) {
        guard state == .unknown else { return }
        end(receipt, elapsed: .microseconds(max(0, now.microseconds - began.microseconds)))
        append(Line(attempt: attempt, at: now, result: .note("found on the books", good: true)))
    }

    /// What came of sending it before, such as that somebody stopped it, is no part of what comes now.
    private mutating func beginAnew(at moment: Timestamp) {
        began = moment
        lines = []
        (hidden, conflicts, attempt) = (0, 0, 0)
    }

    /// Counts conflicts, and as hidden those whose events were left out.
    private mutating func noteMissing(_ event: AttemptEvent) {
        var known = conflicts
        if case .conflicted(let conflict, _) = event.phase, !conflict.isOutage { known += 1 }
        conflicts = max(known, event.conflicts)
        hidden += conflicts - known
    }

    private static func text(_ failure: Failure) -> String {
        [failure.sqlState, failure.message].compactMap { $0 }.joined(separator: " ")
    }

    /// Puts the result into the line of the attempt that is running, or into a line of its own.
    private mutating func conclude(_ attempt: Int, _ at: Timestamp, _ result: Line.Result) {
        if let last = lines.last, last.attempt == attempt, last.result == .running {
            lines[lines.count - 1].result = result
        } else {
            append(Line(attempt: attempt, at: at, result: result))
        }
    }

    /// What an attempt that is under way found when it read stands before the attempt itself, whose result is still
    /// to come, and with its time: reading is what it began with.
    private mutating func find(_ attempt: Int, _ at: Timestamp, _ finding: Line.Result) {
        guard let last = lines.last, last.attempt == attempt, last.result == .running else {
            return append(Line(attempt: attempt, at: at, result: finding))
        }
        lines.removeLast()
        append(Line(attempt: attempt, at: last.at, result: finding))
        append(last)
    }

    private mutating func append(_ line: Line) {
        lines.append(line)
        if lines.count > AttemptLog.maximumLines {
            lines.removeFirst()
            hidden += 1
        }
    }
}
