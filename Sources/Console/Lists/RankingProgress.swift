import Ledger

/// When the ranking of a list was made, and how far the next one is.
///
/// A ranking is made of parts, of which each takes one question. The first one is shown as it comes to be; those after
/// it take the place of the one before when they are whole.
struct RankingProgress: Sendable {
    /// The one that is being made.
    private var making: (ranking: AccountRanking, beganAt: Timestamp, answeredAt: Timestamp)?
    /// When the last one was whole, and how long it took; nil when one is to be made now.
    private var made: (at: Timestamp, took: Duration)?
    /// Whether one has been whole.
    private(set) var isWhole = false
    /// How many accounts it has at most.
    private var limit = AccountsPane.page

    /// Where the next question goes on.
    var place: RankingPlace? { making?.ranking.continuesAt }

    /// How many accounts it is asked for.
    var partLimit: Int { AccountRanking.partLimit(limit) }

    var madeAt: Timestamp? { made?.at }

    /// Whether a question is to be asked. All accounts may be read for a ranking, so that takes no more than a twentieth
    /// of the time.
    func isDue(now: Timestamp, interval: Duration) -> Bool {
        if making != nil { return true }
        return made.map { now.is(max(interval, $0.took * 20), after: $0.at) } ?? true
    }

    /// Another ranking is to be made now.
    mutating func hurry() { made = nil }

    /// The ranking is to have as many accounts as one may have.
    mutating func lengthen() {
        guard isWhole, limit < AccountsPane.ranking else { return }
        limit = AccountsPane.ranking
        making = nil
        made = nil
    }

    /// - Parameter askedAt: when the question was asked whose answer the part is.
    /// - Returns: what is to be shown, and when the first of it was read; nil when that is what was shown before.
    mutating func take(
        _ part: RankingPart, of sort: AccountSort, askedAt: Timestamp, now: Timestamp
    ) -> (ranking: AccountRanking, readAt: Timestamp)? {
        var (ranking, beganAt, answeredAt) =
            making ?? (AccountRanking(sort, limit: limit), askedAt, now)
        ranking.add(part)
        if ranking.continuesAt == nil {
            making = nil
            isWhole = true
            made = (now, .microseconds(max(0, now.microseconds - beganAt.microseconds)))
        } else {
            making = (ranking, beganAt, answeredAt)
            if isWhole { return nil }
        }
        return (ranking, answeredAt)
    }

    /// The question that was asked then was not answered. The first ranking begins anew as soon as questions are asked
    /// again, a later one after a while, since there is one to be seen.
    mutating func fail(askedAt: Timestamp, now: Timestamp) {
        let beganAt = making?.beganAt ?? askedAt
        making = nil
        guard isWhole else { return }
        made = (now, .microseconds(max(0, now.microseconds - beganAt.microseconds)))
    }
}
