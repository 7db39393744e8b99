import Ledger
import LedgerService

/// What the header says of the whole ledger: the trial balance, and how many accounts there are.
///
/// Adding up all accounts costs more the more there are, so it is asked for rarely.
struct BooksCheck: Sendable {
    private(set) var trialBalance: [TrialBalance]?
    /// Whether the last check of the whole ledger found problems.
    private(set) var isFoundUnsound = false
    /// How many accounts ``countedFilter`` matches, and how many there are.
    private var matching: BoundedCount?
    private(set) var total: BoundedCount?
    private var countedFilter: AccountFilter?
    private var balance = Poll()
    private var count = Poll()
    /// The filter that is being counted.
    private var counting: AccountFilter?
    /// How many accounts were listed when they were last counted again since they were more than the count.
    private var overtakenAt = 0

    private static let interval = Duration.seconds(30)

    /// Asks again now.
    mutating func reload() {
        balance.retry()
        count.retry()
    }

    /// When the trial balance was read.
    var loadedAt: Timestamp? { balance.answeredAt }

    /// - Parameters:
    ///   - listed: how many accounts the filter has been found to match at least.
    ///   - isPart: whether not all accounts are seen, so that they do not add up.
    mutating func nextQuestions(
        filter: AccountFilter, listed: Int, isPart: Bool, now: Timestamp, counter: inout RequestCounter
    ) -> [(RequestID, Question)] {
        var questions: [(RequestID, Question)] = []
        if !isPart, let id = balance.begin(&counter, now: now) { questions.append((id, .trialBalance)) }
        if filter != countedFilter, count.request == nil, total != nil { count.hurry() }
        if let matching, filter == countedFilter, !matching.isBounded, matching.count < listed,
            overtakenAt != listed, count.request == nil
        {
            overtakenAt = listed
            count.hurry()
        }
        if let id = count.begin(&counter, now: now) {
            // All accounts first, then those of the filter.
            let wanted = total == nil ? AccountFilter() : filter
            counting = wanted
            questions.append((id, .accountCount(wanted)))
        }
        return questions
    }

    mutating func take(_ id: RequestID, _ answer: Answer, now: Timestamp) -> Bool {
        switch answer {
        case .trialBalance(let lines):
            guard balance.end(id, now: now, interval: Self.interval) else { return false }
            trialBalance = lines
        case .accountCount(let answer):
            guard count.end(id, now: now, interval: Self.interval), let counting else { return false }
            if counting == AccountFilter() { total = answer }
            matching = answer
            countedFilter = counting
        default: return false
        }
        return true
    }

    mutating func take(_ report: VerificationReport) { isFoundUnsound = !report.isSound }

    /// - Returns: whether it was the count of another filter than this one, which nobody waits for any more.
    mutating func drop(_ id: RequestID, filter: AccountFilter) -> Bool {
        guard count.request == id, counting != filter, total != nil else { return false }
        return count.drop(id)
    }

    mutating func fail(_ id: RequestID, now: Timestamp) -> Bool {
        balance.fail(id, now: now) || count.fail(id, now: now)
    }

    /// How many accounts this filter matches; nil while that is not known.
    func matching(filter: AccountFilter) -> BoundedCount? { countedFilter == filter ? matching : nil }
}
