import Histogram
import Ledger
import LedgerService

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

/// Which accounts and which causes conflicts come from, and how many attempts operations take. Bounded.
struct ConflictTally: Sendable {
    /// Conflicts of operations with this account. An operation has one or more; where the server names the account,
    /// it alone is counted.
    private(set) var byAccount: [String: Int] = [:]
    /// By SQLSTATE and cause, without the names of accounts.
    private(set) var byCause: [String: Int] = [:]
    /// Operations that took so many attempts, by ``attemptBounds``.
    private(set) var byAttempts = Array(repeating: 0, count: attemptBounds.count)

    /// The most attempts that each count is for.
    static let attemptBounds = [1, 2, 3, 4, 8, 16, Int.max]
    static let attemptLabels = ["1", "2", "3", "4", "5-8", "9-16", "17+"]

    /// The most accounts and causes that are counted; then the rarest is forgotten for a new one.
    private static let maximumKeys = 500

    mutating func add(_ event: AttemptEvent) {
        if case .conflicted(let conflict, _) = event.phase {
            let accounts = conflict.account.map { [$0.text] } ?? event.operation.accounts.map(\.text)
            for account in accounts { Self.count(account, in: &byAccount) }
            let named = conflict.account.map { "account \($0)" }
            let cause = named.map { conflict.cause.replacing($0, with: "the account") } ?? conflict.cause
            Self.count("\(conflict.sqlState) \(cause)", in: &byCause)
        }
        if event.isFinal, event.attempt > 0 {
            byAttempts[Self.attemptBounds.firstIndex { event.attempt <= $0 } ?? 0] += 1
        }
    }

    private static func count(_ key: String, in counts: inout [String: Int]) {
        if counts[key] == nil, counts.count >= maximumKeys,
            let rarest = counts.min(by: { $0.value < $1.value })
        {
            counts[rarest.key] = nil
        }
        counts[key, default: 0] += 1
    }

    /// The most frequent ones, the most frequent first.
    static func most(_ counts: [String: Int], _ limit: Int) -> [(key: String, count: Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(limit).map { ($0.key, $0.value) }
    }
}
