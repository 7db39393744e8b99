import DequeModule
import Ledger

/// The totals of all operations, and some operations event by event: as many as somebody can look at. Pure.
///
/// Which operations those are is decided when they begin, so that each has all its events or none. Those that meet with
/// trouble are rarer than those that are posted, and are preferred. An operation that was left out may come in with its
/// first trouble, or with its end at the first attempt, since all that it had before is that it began.
public struct AttemptSample: Sendable {
    public struct Limits: Sendable {
        /// Operations that are handed out in a second while there are more, on average.
        public let operationsASecond: Int
        /// The most operations that wait to be taken; then the oldest of them are left out.
        public let operations: Int

        public init(operationsASecond: Int, operations: Int) {
            self.operationsASecond = operationsASecond
            self.operations = operations
        }

        /// For a screen that is drawn thirty times a second: ten new lines in each frame are more than can be read, and as
        /// many as a pane has. It lists two thousand operations, so that more need not wait for it.
        public static let screen = Limits(operationsASecond: 300, operations: 2000)

        /// For somebody who follows a few operations and leaves nothing out.
        public static let everything = Limits(operationsASecond: .max, operations: 100_000)
    }

    /// An operation that is handed out, with what was not taken yet.
    private struct Mail {
        let reference: Reference
        var events: Deque<AttemptEvent> = []
        var isOver = false
    }

    private let limits: Limits
    private var totals = AttemptTotals()
    /// The latest operations that are handed out, the newest last; those that were taken too, since more may come.
    private var mails: Deque<Mail> = []
    /// The number of the first of them, counted from the first of all, and each one's number.
    private var first = 0
    private var numbers: [Reference: Int] = [:]
    /// No mail before this number waits to be taken.
    private var firstWaiting = 0
    /// Operations that the listener asked for.
    private var followed: Set<Reference> = []
    private var leftOut = 0
    private var latest: Timestamp?
    private var budget: Budget

    /// The most events of an operation that wait to be taken; then its oldest go.
    static let maximumEvents = 200
    /// The most operations that are asked for at a time.
    static let maximumFollowed = 1000

    public init(_ limits: Limits = .screen) {
        self.limits = limits
        budget = Budget(operationsASecond: limits.operationsASecond)
    }

    public mutating func add(_ events: [AttemptEvent]) {
        for event in events { add(event) }
    }

    /// Asks for every event of an operation.
    public mutating func follow(_ reference: Reference) {
        // Those that never began must not fill it for good.
        if followed.count >= Self.maximumFollowed { followed = [] }
        followed.insert(reference)
    }

    /// All that came since the last time. The events of an operation follow each other in their order.
    public mutating func take() -> AttemptBatch {
        var events: [AttemptEvent] = []
        for index in max(firstWaiting - first, 0)..<mails.count where !mails[index].events.isEmpty {
            events += mails[index].events
            mails[index].events = []
        }
        firstWaiting = first + mails.count
        defer { leftOut = 0 }
        return AttemptBatch(events: events, totals: totals, leftOut: leftOut, latest: latest)
    }

    /// Events that wait to be taken.
    var waiting: Int { mails.reduce(0) { $0 + $1.events.count } }

    private mutating func add(_ event: AttemptEvent) {
        totals.add(event)
        latest = max(latest ?? event.at, event.at)
        let reference = event.operation.reference
        if let number = numbers[reference] ?? begin(event) {
            mails[number - first].events.append(event)
            if mails[number - first].events.count > Self.maximumEvents {
                mails[number - first].events.removeFirst()
            }
            mails[number - first].isOver = event.isFinal
            firstWaiting = min(firstWaiting, number)
        } else if event.isFinal {
            leftOut += 1
        }
        if event.isFinal, !followed.isEmpty { followed.remove(reference) }
    }

    /// - Returns: the operation's number, if it is to be handed out.
    private mutating func begin(_ event: AttemptEvent) -> Int? {
        let reference = event.operation.reference
        guard followed.contains(reference) || budget.pay(for: event) else { return nil }
        let number = first + mails.count
        numbers[reference] = number
        mails.append(Mail(reference: reference))
        if mails.count > limits.operations { dropOldest() }
        return number
    }

    private mutating func dropOldest() {
        let oldest = mails.removeFirst()
        numbers[oldest.reference] = nil
        first += 1
        // One that is not over is counted at its end.
        if oldest.isOver, !oldest.events.isEmpty { leftOut += 1 }
    }
}

/// What came since a listener last took it.
public struct AttemptBatch: Sendable {
    /// Of the operations that are handed out.
    public let events: [AttemptEvent]
    /// Of all operations since the listener began.
    public let totals: AttemptTotals
    /// Operations that ended since the last batch and are in the totals alone.
    public let leftOut: Int
    /// When the last event happened, handed out or not; nil before the first.
    public let latest: Timestamp?
}

/// How many operations may be handed out now: so many a second on average, and those of two seconds at once after a
/// quiet time. Half of that is for operations in trouble.
private struct Budget: Sendable {
    /// Microseconds; an operation costs its share of a second.
    private var credit: Int64 = mostCredit
    private let cost: Int64
    private var paidUntil: Timestamp?

    private static let mostCredit: Int64 = 2_000_000
    private static let reserve: Int64 = 1_000_000

    init(operationsASecond: Int) { cost = 1_000_000 / Int64(max(operationsASecond, 1)) }

    mutating func pay(for event: AttemptEvent) -> Bool {
        let needed: Int64
        switch event.phase {
        case .started where event.attempt <= 1: needed = cost + Self.reserve
        // It began before the listener did, or in a moment when too many began.
        case .posted where event.attempt <= 1, .alreadyPosted where event.attempt <= 1:
            needed = cost + Self.reserve
        case .conflicted where event.attempt <= 1: needed = cost
        // How an operation ended badly is worth knowing, also when its attempts were left out.
        case .unknown, .refused, .failed, .gaveUp, .cancelled: needed = cost
        default: return false
        }
        if let paidUntil {
            let time = max(event.at.microseconds - paidUntil.microseconds, 0)
            credit = min(credit + min(time, Self.mostCredit), Self.mostCredit)
        }
        paidUntil = event.at
        guard credit >= needed else { return false }
        credit -= cost
        return true
    }
}
