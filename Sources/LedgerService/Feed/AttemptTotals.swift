import Histogram
import Ledger

/// What became of all operations since somebody began to listen, counted event by event. Of bounded size.
///
/// An operation that is sent again under its reference has one more end, which is counted too.
public struct AttemptTotals: Sendable {
    public private(set) var posted = 0
    public private(set) var alreadyPosted = 0
    public private(set) var refused = 0
    public private(set) var failed = 0
    public private(set) var gaveUp = 0
    public private(set) var cancelled = 0
    public private(set) var attempts = 0
    public private(set) var conflicts = 0
    /// Operations that were posted at a later attempt than the first: after a conflict, or after an answer got lost.
    public private(set) var retried = 0
    public private(set) var tally = ConflictTally()
    /// Of posted operations, from the call to the answer, in microseconds.
    private var latencies = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: maximumLatency, numberOfSignificantValueDigits: .two
    )
    private var seconds = SecondCounts()

    /// An hour: no deadline is longer.
    private static let maximumLatency: UInt64 = 3_600_000_000

    public init() {}

    mutating func add(_ event: AttemptEvent) {
        tally.add(event)
        switch event.phase {
        case .started: attempts += 1
        case .conflicted(let conflict, _) where conflict.isOutage: break
        case .conflicted:
            conflicts += 1
            seconds.count(at: event.at, conflict: true)
        case .posted(_, _, let elapsed):
            posted += 1
            if event.attempt > 1 { retried += 1 }
            seconds.count(at: event.at, conflict: false)
            let microseconds = UInt64(clamping: Int64(elapsed / .microseconds(1)))
            latencies.record(min(max(microseconds, 1), Self.maximumLatency))
        case .alreadyPosted: alreadyPosted += 1
        case .refused: refused += 1
        case .failed: failed += 1
        case .gaveUp: gaveUp += 1
        case .cancelled: cancelled += 1
        case .reread, .waiting, .unknown, .resolved: break
        }
    }

    /// Conflicts for each hundred attempts, rounded.
    public var conflictPercent: Int { attempts == 0 ? 0 : (conflicts * 100 + attempts / 2) / attempts }

    /// Nil before anything was posted.
    /// - Parameter percentile: from 0 to 100.
    public func latency(percentile: Double) -> Duration? {
        latencies.totalCount == 0
            ? nil : .microseconds(Int64(clamping: latencies.valueAtPercentile(percentile)))
    }

    /// Posted operations in each of the last whole seconds, oldest first.
    public func postedEachSecond(now: Timestamp, seconds count: Int) -> [Int64] {
        seconds.values(now: now, count: count).map { Int64($0.posted) }
    }

    /// Posted operations and conflicts a second, over the last five whole seconds.
    public func rates(now: Timestamp) -> (posted: Double, conflicts: Double) {
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
