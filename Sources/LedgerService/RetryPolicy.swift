import LedgerStore

/// How often and how long an operation is tried, and how long it waits between two attempts.
public struct RetryPolicy: Sendable, Equatable {
    /// The most attempts, at least 1.
    public var maximumAttempts: Int
    /// From the call to the answer, at least for giving up; an answer that was lost is looked for as long.
    public var deadline: Duration
    /// The first ceiling of a wait; it doubles with every attempt.
    public var firstWait: Duration
    /// No wait is longer.
    public var longestWait: Duration
    /// An operation that has lost so many races locks its accounts before it is decided.
    public var racesBeforeLocking: Int
    /// The longest wait before an attempt that locks; the shortest is half of it. Such an attempt mostly wins, and whoever
    /// won before loses by it; in between that one posts from what it remembers, in one round trip each. Shorter turns
    /// cost rate, longer ones make some operations wait for longer: `config/speed.md` has the figures. The wait is over when
    /// another group of the same program has posted.
    ///
    /// A program that has not posted one group after the other for twice as long has had no turn, and does not wait for one
    /// until it has lost ``hurriedAttempts``: beside those who post all the time it would wait each time.
    public var lockingWait: Duration

    /// How many attempts are made without waiting for a turn: also one that locks may lose to a write that is under way.
    static let hurriedAttempts = 20

    public init(
        maximumAttempts: Int = 100, deadline: Duration = .seconds(30), firstWait: Duration = .milliseconds(2),
        longestWait: Duration = .seconds(1), racesBeforeLocking: Int = 2,
        lockingWait: Duration = .milliseconds(512)
    ) {
        self.maximumAttempts = max(1, maximumAttempts)
        self.deadline = deadline
        self.firstWait = firstWait
        self.longestWait = longestWait
        self.racesBeforeLocking = racesBeforeLocking
        self.lockingWait = lockingWait
    }

    /// The wait before the next attempt: exponential with full jitter, which spreads the losers of one race
    /// over the whole interval instead of sending them into the next together. The first retry of a lost race
    /// is immediate, since the race is over. Who is going to lock and has had a turn waits at least half of its longest
    /// wait, so that the winner's turn has a length.
    /// - Parameters:
    ///   - attempt: the attempt that failed, from 1.
    ///   - isLocking: whether the next attempt locks the accounts.
    ///   - hadTurn: whether the program has lately posted one group after the other.
    ///   - random: 64 random bits.
    public func wait(
        after kind: StoreFailure.Kind, attempt: Int, isLocking: Bool = false, hadTurn: Bool = true,
        random: UInt64
    ) -> Duration {
        if attempt == 1, kind == .lostRace || kind == .referenceTaken { return .zero }
        let share = Double(random >> 11) / Double(1 << 53)
        if isLocking, kind.isRace {
            return hadTurn || attempt > Self.hurriedAttempts ? lockingWait * ((1 + share) / 2) : .zero
        }
        // Twenty doublings take any first wait past any longest one.
        return min(firstWait * (1 << min(max(attempt - 1, 0), 20)), longestWait) * share
    }
}
