import Ledger
import Postgres

/// How many accounts there are, and what they add up to.
extension LedgerQueries {
    /// How many accounts there are for a filter: counted up to `bound`, among a bounded number of accounts.
    public func countAccounts(_ filter: AccountFilter, bound: Int = 10_000) async throws(PostgresError)
        -> BoundedCount
    {
        if filter.problem != nil { return BoundedCount(count: 0, isBounded: false) }
        let words = try await indexedWords(filter)
        if !words.isEmpty, let count = try await countByWords(words, filter) {
            return BoundedCount(count: min(count, bound), isBounded: count > bound)
        }
        let status = Self.narrowStatus(filter)
        // Where each account counts there is no need to look at more of them than are counted.
        let look = filter.holdsForAll(ofStatus: status) ? bound : max(bound, bounds.accounts)
        let rows = try await execute(
            Self.countAccounts,
            [.optional(status), .value(Int64(look) + 1)] + FilterSQL.parameters(filter))
        guard let row = rows.first else { return BoundedCount(count: 0, isBounded: false) }
        let looked = try row.decode(0, as: Int64.self)
        let count = Int(try row.decode(1, as: Int64.self))
        return BoundedCount(count: min(count, bound), isBounded: looked > look || count > bound)
    }

    private func countByWords(_ words: [String], _ filter: AccountFilter) async throws(PostgresError) -> Int?
    {
        let query = Query(
            Self.countByWords,
            Self.patterns(words) + [.value(Int64(Self.maximumFound) + 1)] + FilterSQL.parameters(filter))
        guard let row = try await withIndexes(query)?.first,
            try row.decode(0, as: Int64.self) <= Self.maximumFound
        else { return nil }
        return Int(try row.decode(1, as: Int64.self))
    }

    /// Debits and credits of all accounts, for each currency.
    public func trialBalance() async throws(PostgresError) -> [TrialBalance] {
        var lines: [TrialBalance] = []
        for row in try await execute(Self.selectTrialBalance, []) {
            let currency = try row.decodeCurrency(0)
            lines.append(
                TrialBalance(
                    debits: Money(units: try row.decode(1), currency: currency),
                    credits: Money(units: try row.decode(2), currency: currency)))
        }
        return lines
    }

    /// Debits and credits of all accounts, for each class and currency, in the order of the classes. Reads all
    /// accounts, so ask rarely.
    public func trialBalanceByClass() async throws(PostgresError) -> [TrialBalanceLine] {
        var lines: [TrialBalanceLine] = []
        for row in try await execute(Self.selectTrialBalanceByClass, []) {
            let currency = try row.decodeCurrency(1)
            lines.append(
                TrialBalanceLine(
                    accountClass: try row.decodeCase(0), accounts: try row.decode(2),
                    debits: Money(units: try row.decode(3), currency: currency),
                    credits: Money(units: try row.decode(4), currency: currency)))
        }
        return AccountClass.allCases.flatMap { accountClass in
            lines.filter { $0.accountClass == accountClass }
        }
    }
}

// MARK: - Statements

extension LedgerQueries {
    static let countAccounts = Statement(
        name: "count_accounts",
        sql: """
            SELECT count(*), coalesce(sum(CASE WHEN \(FilterSQL.accountCondition(from: 3)) THEN 1 ELSE 0 END), 0)
                ::bigint
            FROM (
                SELECT * FROM bursar.accounts AS a WHERE $1::text IS NULL OR a.status = $1::text
                LIMIT $2::bigint
            ) AS a
            """)

    static let countByWords = Statement(
        name: "count_accounts_by_words",
        sql: """
            SELECT count(*), coalesce(sum(CASE WHEN \(FilterSQL.accountCondition(from: 5)) THEN 1 ELSE 0 END), 0)
                ::bigint
            FROM (
                SELECT * FROM bursar.accounts AS a
                WHERE \(FilterSQL.holdsWords(from: 1))
                LIMIT $4::bigint
            ) AS a
            """)

    static let selectTrialBalance = Statement(
        name: "select_trial_balance",
        sql: """
            SELECT currency, sum(debits)::bigint, sum(credits)::bigint
            FROM bursar.accounts GROUP BY currency ORDER BY currency
            """)

    static let selectTrialBalanceByClass = Statement(
        name: "select_trial_balance_by_class",
        sql: """
            SELECT class, currency, count(*), sum(debits)::bigint, sum(credits)::bigint
            FROM bursar.accounts GROUP BY class, currency ORDER BY class, currency
            """)
}
