import Ledger
import Postgres

/// Lists by what changes with each posting, for which there can be no index, or a rough one; counts and totals.
extension LedgerQueries {
    func accountsByBalance(
        _ filter: AccountFilter, _ sort: AccountSort, limit: Int
    ) async throws(PostgresError) -> AccountPage {
        try await ranked(
            sort.isDescending ? Self.greatestBalances : Self.leastBalances, filter, limit: limit)
    }

    /// By activity, latest first: whoever is in the newest transactions and account changes. Only when those do
    /// not fill the page are all accounts sorted; where that takes too long, the page has what was found.
    func accountsByActivity(
        _ filter: AccountFilter, _ sort: AccountSort, limit: Int
    ) async throws(PostgresError) -> AccountPage {
        guard sort.isDescending else { return try await ranked(Self.leastActive, filter, limit: limit) }
        if try await isFoundByIndex(filter) {
            return try await ranked(Self.mostActive, filter, limit: limit)
        }
        let limit = min(Self.clamped(limit), Self.maximumRanked)
        // Without a filter a few transactions name enough accounts.
        let bound = filter.isEmpty ? limit + 100 : bounds.transactions
        let rows = try await execute(
            Self.recentlyActive,
            [.value(Int64(bound)), .value(Int64(limit) + 1)] + FilterSQL.parameters(filter),
            timeout: Self.longQuestion)
        let recent = try rows.map { row throws(PostgresError) in try row.listing() }
        let page = AccountPage(listings: Array(recent.prefix(limit)), continuesAt: nil, isComplete: false)
        if recent.count > limit { return page }
        do throws(PostgresError) {
            return try await ranked(Self.mostActive, filter, limit: limit)
        } catch {
            if error.kind == .deadlineExceeded { return page }
            throw error
        }
    }

    private func ranked(
        _ statement: Statement, _ filter: AccountFilter, limit: Int
    ) async throws(PostgresError) -> AccountPage {
        let limit = min(Self.clamped(limit), Self.maximumRanked)
        let words = try await indexedWords(filter)
        let query = Query(
            statement,
            Self.patterns(words) + [.value(Int64(limit) + 1)] + FilterSQL.parameters(filter)
                + FilterSQL.magnitudes(filter))
        // The planner takes any word for one that the index finds, and reads all of the index for one that it does not.
        let rows =
            !filter.words.isEmpty && words.isEmpty
            ? try await execute(query, without: .bitmapScan, timeout: Self.longQuestion)
            : try await execute(statement, query.parameters, timeout: Self.longQuestion)
        let listings = try rows.map { row throws(PostgresError) in try row.listing() }
        return AccountPage(
            listings: Array(listings.prefix(limit)), continuesAt: nil, isComplete: listings.count <= limit)
    }

    /// Whether an index finds what the filter holds for, and not many others.
    private func isFoundByIndex(_ filter: AccountFilter) async throws(PostgresError) -> Bool {
        if filter.isEmpty { return false }
        if Self.narrowStatus(filter) != nil { return true }
        if try await !indexedWords(filter).isEmpty { return true }
        let rows = try await execute(
            Self.countByMagnitude,
            [
                .optional(filter.currency), .optional(filter.accountClass?.rawValue),
                .value(Self.maximumSorted + 1),
            ]
                + FilterSQL.magnitudes(filter))
        return try rows.first?.decode(0, as: Int64.self) ?? 0 <= Self.maximumSorted
    }

    /// The most accounts that are looked up all over the disk and sorted while somebody waits: some 30 ms.
    private static let maximumSorted: Int64 = 20_000

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
    /// What a row `a` must meet: three words, then after the limit the filter and its magnitudes.
    private static let rankedCondition = """
        \(FilterSQL.holdsWords(from: 1)) AND \(FilterSQL.accountCondition(from: 5))
            AND \(FilterSQL.hasMagnitude(from: 5 + FilterSQL.accountParameterCount))
        """

    /// Goes through the index of magnitudes until there are enough accounts, and then on for as long as one may come that
    /// belongs before the last of them: the rows of both may be away from their balances.
    private static func byBalance(_ name: String, descending: Bool) -> Statement {
        let (order, end, upTo, within, beyond) =
            descending ? ("DESC", "min", "<=", ">=", "-") : ("ASC", "max", ">=", "<=", "+")
        let reach = 2 * Magnitude.tolerance
        return Statement(
            name: name,
            sql: """
                WITH first AS MATERIALIZED (
                    SELECT * FROM bursar.accounts AS a WHERE \(rankedCondition)
                    ORDER BY a.magnitude \(order) LIMIT $4::bigint
                ), last AS MATERIALIZED (
                    SELECT \(end)(magnitude) AS magnitude FROM first HAVING count(*) = $4::bigint
                )
                SELECT \(listingColumns)
                FROM (
                    SELECT * FROM first AS a WHERE NOT EXISTS (SELECT 1 FROM last AS l WHERE l.magnitude = a.magnitude)
                    UNION ALL
                    SELECT * FROM bursar.accounts AS a
                    WHERE a.magnitude \(upTo) (SELECT magnitude FROM last)
                        AND a.magnitude \(within) (SELECT magnitude FROM last) \(beyond) \(reach)
                        AND \(rankedCondition)
                ) AS a
                ORDER BY \(FilterSQL.ledgerNumber) \(order), a.code LIMIT $4::bigint
                """)
    }

    static let greatestBalances = byBalance("list_greatest_balances", descending: true)
    static let leastBalances = byBalance("list_least_balances", descending: false)

    private static func byActivity(_ name: String, _ direction: String) -> Statement {
        Statement(
            name: name,
            sql: """
                SELECT \(listingColumns)
                FROM (
                    SELECT * FROM bursar.accounts AS a WHERE \(rankedCondition)
                    ORDER BY a.booked_at \(direction), a.code LIMIT $4::bigint
                ) AS a
                ORDER BY a.booked_at \(direction), a.code
                """)
    }

    static let mostActive = byActivity("list_most_active", "DESC")
    static let leastActive = byActivity("list_least_active", "ASC")

    /// An account that is in none of the rows looked at was last active before the later of the two moments at
    /// which these end, so that the order is certain for all that were active since.
    ///
    /// Each account is looked up by itself, in a form that leaves the planner no choice: it would read all accounts.
    static let recentlyActive = Statement(
        name: "list_recently_active",
        sql: """
            WITH posted AS MATERIALIZED (
                SELECT id, booked_at FROM bursar.journal ORDER BY id DESC LIMIT $1::bigint
            ), changed AS MATERIALIZED (
                SELECT account_id, booked_at FROM bursar.account_records WHERE transaction_id IS NULL
                ORDER BY booked_at DESC LIMIT $1::bigint
            ), horizon AS (
                SELECT greatest(
                    (SELECT min(booked_at) FROM posted HAVING count(*) = $1::bigint),
                    (SELECT min(booked_at) FROM changed HAVING count(*) = $1::bigint)) AS since
            ), touched AS MATERIALIZED (
                SELECT r.account_id FROM posted AS p
                JOIN bursar.account_records AS r ON r.transaction_id = p.id
                UNION
                SELECT account_id FROM changed
            )
            SELECT \(listingColumns)
            FROM touched AS t
            CROSS JOIN horizon AS h
            CROSS JOIN LATERAL (SELECT * FROM bursar.accounts WHERE id = t.account_id LIMIT 1) AS a
            WHERE (h.since IS NULL OR a.booked_at >= h.since)
                AND \(FilterSQL.accountCondition(from: 3))
            ORDER BY a.booked_at DESC, a.code LIMIT $2::bigint
            """)

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

    /// How many accounts the index of magnitudes finds, which knows currencies and classes too.
    static let countByMagnitude = Statement(
        name: "count_accounts_by_magnitude",
        sql: """
            SELECT count(*) FROM (
                SELECT FROM bursar.accounts AS a
                WHERE ($1::text IS NULL OR a.currency = $1::text) AND ($2::text IS NULL OR a.class = $2::text)
                    AND \(FilterSQL.hasMagnitude(from: 4))
                LIMIT $3::bigint
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
