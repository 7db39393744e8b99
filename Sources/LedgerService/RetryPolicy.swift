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

    public init(
        maximumAttempts: Int = 100, deadline: Duration = .seconds(30), firstWait: Duration = .milliseconds(2),
        longestWait: Duration = .seconds(1)
    ) {
        self.maximumAttempts = max(1, maximumAttempts)
        self.deadline = deadline
        self.firstWait = firstWait
        self.longestWait = longestWait
    }

    /// The wait before the next attempt: exponential with full jitter, which spreads the losers of one race
    /// over the whole interval instead of sending them into the next together. The first retry of a lost race
    /// is immediate, since the race is over.
    /// - Parameters:
    ///   - attempt: the attempt that failed, from 1.
    ///   - random: 64 random bits.
    public func wait(after kind: StoreFailure.Kind, attempt: Int, random: UInt64) -> Duration {
        if attempt == 1, kind == .lostRace || kind == .referenceTaken { return .zero }
        // Twenty doublings take any first wait past any longest one.
        let ceiling = min(firstWait * (1 << min(max(attempt - 1, 0), 20)), longestWait)
        return ceiling * (Double(random >> 11) / Double(1 << 53))
    }
}
