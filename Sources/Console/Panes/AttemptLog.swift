import DequeModule
import Histogram
import Ledger
import LedgerService

/// The attempts of the latest operations, and the totals of all. Bounded: old operations leave it, and stay in the
/// totals.
struct AttemptLog: Sendable {
    /// The most operations that are kept with their attempts.
    static let maximumOperations = 2000
    /// The most lines that are kept of one operation; it may be tried a hundred times.
    static let maximumLines = 60

    private var groups: [Reference: OperationAttempts] = [:]
    /// In the order in which they began, the newest last.
    private var order: Deque<Reference> = []
    private(set) var totals = AttemptTotals()

    var count: Int { order.count }

    /// By age: 0 is the operation that began last.
    subscript(index: Int) -> OperationAttempts? {
        order.indices.contains(index) ? groups[order[order.count - 1 - index]] : nil
    }

    subscript(reference: Reference) -> OperationAttempts? { groups[reference] }

    mutating func add(_ event: AttemptEvent) {
        let reference = event.operation.reference
        if groups[reference] == nil {
            groups[reference] = OperationAttempts(event.operation, at: event.at)
            order.append(reference)
            if order.count > Self.maximumOperations, let oldest = order.popFirst() { groups[oldest] = nil }
        }
        let wasOver = groups[reference]?.isOver ?? false
        groups[reference]?.add(event)
        totals.add(event, wasOver: wasOver, retried: (groups[reference]?.conflicts ?? 0) > 0)
    }
}

/// One operation with its attempts, as the pane shows it.
struct OperationAttempts: Sendable {
    let operation: OperationSummary
    let began: Timestamp
    private(set) var lines: Deque<Line> = []
    /// Lines that were dropped, since there are too many.
    private(set) var hidden = 0
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
        var result: Result
        /// The wait after it.
        var wait: Duration?

        enum Result: Sendable, Equatable {
            case running
            case posted(Duration)
            case conflict(Conflict, Duration)
            case note(String, good: Bool?)
        }
    }

    init(_ operation: OperationSummary, at: Timestamp) {
        self.operation = operation
        began = at
    }

    var isOver: Bool {
        switch state {
        case .running, .waiting, .unknown: false
        default: true
        }
    }

    mutating func add(_ event: AttemptEvent) {
        attempt = max(attempt, event.attempt)
        switch event.phase {
        case .started:
            state = .running
            append(Line(attempt: event.attempt, result: .running))
        case .conflicted(let conflict, let time):
            conflicts += 1
            conclude(event.attempt, .conflict(conflict, time))
        case .waiting(let wait):
            state = .waiting(wait)
            if !lines.isEmpty { lines[lines.count - 1].wait = wait }
        case .posted(let receipt, let time, let elapsed):
            state = .posted(receipt, elapsed: elapsed)
            conclude(event.attempt, .posted(time))
        case .alreadyPosted(_, let elapsed):
            state = .alreadyPosted(elapsed: elapsed)
            conclude(event.attempt, .note("was posted already; nothing was written now", good: true))
        case .refused(let refusal, _):
            state = .refused(refusal)
            conclude(event.attempt, .note("refused: \(refusal.message)", good: false))
        case .failed(let failure, _):
            state = .failed(failure)
            conclude(event.attempt, .note(Self.text(failure), good: false))
        case .gaveUp(let failure, _):
            state = .gaveUp(failure)
            append(Line(attempt: event.attempt, result: .note("gave up: " + Self.text(failure), good: false)))
        case .unknown(let failure):
            state = .unknown
            conclude(event.attempt, .note(Self.text(failure) + "; its outcome is looked up", good: nil))
        case .resolved(let posted):
            append(
                Line(
                    attempt: event.attempt,
                    result: .note(
                        posted ? "found on the books" : "not on the books; it is tried again", good: posted)))
        case .cancelled:
            state = .cancelled
            conclude(event.attempt, .note("stopped; nothing was written", good: nil))
        }
    }

    private static func text(_ failure: Failure) -> String {
        [failure.sqlState, failure.message].compactMap { $0 }.joined(separator: " ")
    }

    /// Puts the result into the line of the attempt that is running, or into a line of its own.
    private mutating func conclude(_ attempt: Int, _ result: Line.Result) {
        if let last = lines.last, last.attempt == attempt, last.result == .running {
            lines[lines.count - 1].result = result
        } else {
            append(Line(attempt: attempt, result: result))
        }
    }

    private mutating func append(_ line: Line) {
        lines.append(line)
        if lines.count > AttemptLog.maximumLines {
            lines.removeFirst()
            hidden += 1
        }
    }
}

/// What became of all operations so far.
struct AttemptTotals: Sendable {
    private(set) var posted = 0
    private(set) var conflicts = 0
    private(set) var attempts = 0
    /// Operations that were posted after one conflict or more.
    private(set) var retried = 0
    private(set) var gaveUp = 0
    private(set) var refused = 0
    private(set) var failed = 0
    /// Of posted operations, from the call to the answer, in microseconds.
    private var latencies = Histogram<UInt32>(
        lowestDiscernibleValue: 1, highestTrackableValue: maximumLatency, numberOfSignificantValueDigits: .two
    )
    private var seconds = SecondCounts()

    /// An hour: no deadline is longer.
    private static let maximumLatency: UInt64 = 3_600_000_000

    mutating func add(_ event: AttemptEvent, wasOver: Bool, retried hadConflicts: Bool) {
        if case .conflicted = event.phase {
            conflicts += 1
            seconds.count(at: event.at, conflict: true)
        }
        if case .started = event.phase { attempts += 1 }
        // An operation that is sent again under its reference has one more end; what counts is the first.
        guard !wasOver else { return }
        switch event.phase {
        case .posted(_, _, let elapsed):
            posted += 1
            if hadConflicts { retried += 1 }
            seconds.count(at: event.at, conflict: false)
            let microseconds = UInt64(clamping: Int64(elapsed / .microseconds(1)))
            latencies.record(min(max(microseconds, 1), Self.maximumLatency))
        case .alreadyPosted: posted += 1
        case .refused: refused += 1
        case .gaveUp: gaveUp += 1
        case .failed: failed += 1
        default: break
        }
    }

    /// Conflicts for each hundred attempts, rounded.
    var conflictPercent: Int { attempts == 0 ? 0 : (conflicts * 100 + attempts / 2) / attempts }

    /// Nil before anything was posted.
    func latency(percentile: Double) -> Duration? {
        latencies.totalCount == 0
            ? nil : .microseconds(Int64(clamping: latencies.valueAtPercentile(percentile)))
    }

    /// Posted operations in each of the last whole seconds, oldest first.
    func postedEachSecond(now: Timestamp, seconds count: Int) -> [Int64] {
        seconds.values(now: now, count: count).map { Int64($0.posted) }
    }

    /// Posted operations and conflicts a second, over the last five whole seconds.
    func rates(now: Timestamp) -> (posted: Double, conflicts: Double) {
        let window = seconds.values(now: now, count: 5)
        let sums = window.reduce((0, 0)) { ($0.0 + $1.posted, $0.1 + $1.conflicts) }
        return (Double(sums.0) / Double(window.count), Double(sums.1) / Double(window.count))
    }
}

/// Counts for each of the last sixty seconds.
private struct SecondCounts: Sendable {
    private var slots = Array(repeating: Slot(), count: 64)

    struct Slot: Sendable {
        var second: Int64 = -1
        var posted = 0
        var conflicts = 0
    }

    mutating func count(at moment: Timestamp, conflict: Bool) {
        let second = Self.second(moment)
        let index = Int(second & 63)
        // A late event of a second that has left the window counts in the totals alone.
        if slots[index].second > second { return }
        if slots[index].second != second { slots[index] = Slot(second: second) }
        if conflict { slots[index].conflicts += 1 } else { slots[index].posted += 1 }
    }

    /// The seconds before the current one, which is not over yet; oldest first.
    func values(now: Timestamp, count: Int) -> [Slot] {
        let current = Self.second(now)
        return (1...min(max(count, 1), 60)).reversed().map { back in
            let second = current - Int64(back)
            let slot = slots[Int(second & 63)]
            return slot.second == second ? slot : Slot(second: second)
        }
    }

    private static func second(_ moment: Timestamp) -> Int64 { max(0, moment.microseconds) / 1_000_000 }
}
