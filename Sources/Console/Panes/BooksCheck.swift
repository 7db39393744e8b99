import Ledger

/// What the header says of the whole ledger: the trial balance, and how many accounts there are.
///
/// Adding up all accounts costs more the more there are, so it is asked for rarely.
struct BooksCheck: Sendable {
    private(set) var trialBalance: [TrialBalance]?
    /// How many accounts the filter matches, and how many there are.
    private(set) var matching: BoundedCount?
    private(set) var total: BoundedCount?
    private var countedFilter: AccountFilter?
    private var balance = Poll()
    private var count = Poll()
    /// The filter that is being counted.
    private var counting: AccountFilter?

    private static let interval = Duration.seconds(30)

    /// Asks again now.
    mutating func reload() {
        balance.hurry()
        count.hurry()
    }

    /// - Parameter isPart: whether not all accounts are seen, so that they do not add up.
    mutating func nextQuestions(
        filter: AccountFilter, isPart: Bool, now: Timestamp, counter: inout RequestCounter
    ) -> [(RequestID, Question)] {
        var questions: [(RequestID, Question)] = []
        if !isPart, let id = balance.begin(&counter, now: now) { questions.append((id, .trialBalance)) }
        if filter != countedFilter, count.request == nil, total != nil { count.hurry() }
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

    mutating func fail(_ id: RequestID, now: Timestamp) -> Bool {
        balance.fail(id, now: now) || count.fail(id, now: now)
    }

    /// The counts, where those of this filter are known.
    func counts(filter: AccountFilter) -> (matching: BoundedCount, total: BoundedCount)? {
        guard let matching, let total, countedFilter == filter else { return nil }
        return (matching, total)
    }
}
