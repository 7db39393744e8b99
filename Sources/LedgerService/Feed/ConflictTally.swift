import Ledger

/// Which accounts and which causes conflicts come from, and how many attempts operations take. Bounded.
public struct ConflictTally: Sendable {
    /// Conflicts of operations with this account. An operation has one or more; where the server names the account,
    /// it alone is counted.
    public private(set) var byAccount: [String: Int] = [:]
    /// By SQLSTATE and cause, without the names of accounts.
    public private(set) var byCause: [String: Int] = [:]
    /// Operations that took so many attempts, by ``attemptBounds``.
    public private(set) var byAttempts = Array(repeating: 0, count: attemptBounds.count)

    /// The most attempts that each count of ``byAttempts`` is for.
    public static let attemptBounds = [1, 2, 3, 4, 8, 16, Int.max]
    public static let attemptLabels = ["1", "2", "3", "4", "5-8", "9-16", "17+"]

    /// The most accounts and causes that are counted; then the rarest is forgotten for a new one.
    private static let maximumKeys = 500

    mutating func add(_ event: AttemptEvent) {
        if case .conflicted(let conflict, _) = event.phase, !conflict.isOutage {
            let accounts = conflict.account.map { [$0.text] } ?? event.operation.accounts.map(\.text)
            for account in accounts { Self.count(account, in: &byAccount) }
            let named = conflict.account.map { "account \($0)" }
            let cause = named.map { conflict.cause.replacing($0, with: "the account") } ?? conflict.cause
            Self.count(
                conflict.sqlState.isEmpty ? cause : "\(conflict.sqlState) \(cause)", in: &byCause)
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
    public static func most(_ counts: [String: Int], _ limit: Int) -> [(key: String, count: Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(limit).map { ($0.key, $0.value) }
    }
}
