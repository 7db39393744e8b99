import Ledger

/// What the header says of the whole ledger: the trial balance, and how many accounts there are.
///
/// Adding up all accounts costs more the more there are, so it is asked for rarely, and never more often than a
/// twentieth of the time that it takes.
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

    private struct Poll: Sendable {
        var request: RequestID?
        var asked: Timestamp?
        var due: Timestamp?

        /// - Returns: whether it is time to ask.
        mutating func begin(_ id: @autoclosure () -> RequestID, now: Timestamp) -> RequestID? {
            guard request == nil, due.map({ now >= $0 }) ?? true else { return nil }
            let id = id()
            request = id
            asked = now
            return id
        }

        mutating func end(now: Timestamp) {
            let took = max(0, now.microseconds - (asked ?? now).microseconds)
            request = nil
            due = now.advanced(by: max(.seconds(30), .microseconds(took) * 20))
        }
    }

    mutating func nextEffects(filter: AccountFilter, now: Timestamp, counter: inout RequestCounter)
        -> [ConsoleEffect]
    {
        var effects: [ConsoleEffect] = []
        if let id = balance.begin(counter.next(), now: now) { effects.append(.loadTrialBalance(id)) }
        if filter != countedFilter, count.request == nil, total != nil { count.due = nil }
        if let id = count.begin(counter.next(), now: now) {
            // All accounts first, then those of the filter.
            let wanted = total == nil ? AccountFilter() : filter
            counting = wanted
            effects.append(.countAccounts(id, wanted))
        }
        return effects
    }

    mutating func load(_ id: RequestID, _ lines: [TrialBalance], now: Timestamp) -> Bool {
        guard balance.request == id else { return false }
        trialBalance = lines
        balance.end(now: now)
        return true
    }

    mutating func load(_ id: RequestID, _ answer: BoundedCount, now: Timestamp) -> Bool {
        guard count.request == id, let counting else { return false }
        if counting == AccountFilter() { total = answer }
        matching = answer
        countedFilter = counting
        count.end(now: now)
        return true
    }

    mutating func fail(_ id: RequestID, now: Timestamp) -> Bool {
        if balance.request == id {
            balance.end(now: now)
        } else if count.request == id {
            count.end(now: now)
        } else {
            return false
        }
        return true
    }

    /// The counts, where those of this filter are known.
    func counts(filter: AccountFilter) -> (matching: BoundedCount, total: BoundedCount)? {
        guard let matching, let total, countedFilter == filter else { return nil }
        return (matching, total)
    }
}
