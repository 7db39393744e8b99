import Ledger
import Postgres

/// Rankings of accounts: lists by what changes with each posting, for which there can be no index, or a rough one.
extension LedgerQueries {
    /// A part of the accounts by balance or by activity: `limit` of those that were looked at, at most
    /// ``maximumPage``. Parts are put together by ``AccountRanking``.
    ///
    /// The first part is all of the ranking where an index finds the accounts that the filter holds for, or where the
    /// greatest balances or the newest transactions name enough of them. A part of a few accounts comes before others
    /// that take longer, so that something is to be seen soon. What is in none of these is found in all accounts, some
    /// ten thousands at a time. An account that is posted to while they are read may be missing, or be as it was before.
    ///
    /// - Parameter place: where the part before says that the search goes on; nil for the first part.
    public func ranking(
        _ filter: AccountFilter, _ sort: AccountSort, from place: RankingPlace?, limit: Int
    ) async throws(PostgresError) -> RankingPart {
        if filter.problem != nil { return RankingPart(listings: [], continuesAt: nil) }
        let search = RankingSearch(
            filter: filter, limit: Self.clamped(limit), statements: RankingStatements.of(sort))
        switch place {
        case .block(let block): return try await look(search, fromBlock: block)
        case .code(let code): return try await look(search, behind: code)
        case .magnitudes: return try await lookAtTheEnd(search, further: true)
        case nil: break
        }
        if let found = try await foundByIndex(search) {
            return RankingPart(listings: found, continuesAt: nil)
        }
        switch (sort.order, sort.isDescending) {
        case (.activity, true): return try await recentlyActive(search)
        case (.activity, false): return try await ranking(filter, sort, from: firstPlace, limit: limit)
        default: return try await lookAtTheEnd(search, further: false)
        }
    }

    /// All parts of a ranking, put together: at most `limit` accounts. Where no index serves it takes as long as reading
    /// all accounts does, part by part.
    public func wholeRanking(
        _ filter: AccountFilter, _ sort: AccountSort, limit: Int
    ) async throws(PostgresError) -> AccountRanking {
        var whole = AccountRanking(sort, limit: limit)
        repeat {
            whole.add(
                try await ranking(
                    filter, sort, from: whole.continuesAt, limit: AccountRanking.partLimit(limit)))
        } while whole.continuesAt != nil
        return whole
    }

    // MARK: By indexes

    /// What the filter holds for, where an index finds that and not much else.
    private func foundByIndex(_ search: RankingSearch) async throws(PostgresError) -> [AccountListing]? {
        let filter = search.filter
        let words = try await indexedWords(filter)
        let status = Self.narrowStatus(filter)
        if words.isEmpty, status == nil {
            guard search.statements.sort.order == .activity, try await isFoundByMagnitude(filter) else {
                return nil
            }
        }
        let looked = status == nil ? bounds.ranked : bounds.accounts
        let bound = Int64(words.isEmpty ? looked : Self.maximumFound)
        let query = Query(
            search.statements.find,
            Self.patterns(words) + [.optional(status), .value(bound + 1)] + search.parameters
                + FilterSQL.magnitudes(filter))
        guard let rows = try await withIndexes(query),
            let found = try rows.first?.decode(0, as: Int64.self), found <= bound
        else { return nil }
        return try rows.foundListings()
    }

    private func isFoundByMagnitude(_ filter: AccountFilter) async throws(PostgresError) -> Bool {
        if filter.currency == nil, filter.accountClass == nil, filter.balances.isEmpty { return false }
        let rows = try await execute(
            RankingStatements.countByMagnitude,
            [
                .optional(filter.currency), .optional(filter.accountClass?.rawValue),
                .value(Int64(bounds.ranked) + 1),
            ] + FilterSQL.magnitudes(filter))
        return try rows.first?.decode(0, as: Int64.self) ?? 0 <= Int64(bounds.ranked)
    }

    /// Looks at the accounts of the greatest or of the least magnitudes: a few first, so that there is an answer soon also
    /// where the disk has to be asked for each; then at more, of which those are kept that no other comes before.
    private func lookAtTheEnd(_ search: RankingSearch, further: Bool) async throws(PostgresError)
        -> RankingPart
    {
        guard let end = search.statements.end else { throw .undecodable("no order by magnitudes") }
        let bound = further ? bounds.accounts : bounds.ranked
        let rows = try await execute(
            end, [.value(Int64(bound))] + search.parameters + FilterSQL.magnitudes(search.filter))
        let found = try rows.foundListings()
        guard let next = try rows.first?.decodeOptional(0, as: Int64.self) else {
            return RankingPart(listings: found, continuesAt: nil)
        }
        // The balance of a row that was not looked at is at most this far beyond its magnitude.
        let certain = found.prefix { listing in
            let magnitude = Magnitude.of(listing.account.ledger)
            return search.statements.sort.isDescending
                ? magnitude > Int(next) + Magnitude.tolerance : magnitude < Int(next) - Magnitude.tolerance
        }
        if further || certain.count == search.limit { return try await beginning(search, Array(certain)) }
        return RankingPart(listings: found, continuesAt: .magnitudes)
    }

    /// Looks at the accounts of the newest transactions and account changes.
    private func recentlyActive(_ search: RankingSearch) async throws(PostgresError) -> RankingPart {
        // Without a filter a few transactions name enough accounts.
        let bound = search.filter.isEmpty ? search.limit + 100 : bounds.touched
        let rows = try await execute(
            RankingStatements.recentlyActive, [.value(Int64(bound))] + search.parameters)
        return try await beginning(search, rows.map { row throws(PostgresError) in try row.listing() })
    }

    /// A part with these accounts, that come before all others.
    private func beginning(
        _ search: RankingSearch, _ listings: [AccountListing]
    ) async throws(PostgresError) -> RankingPart {
        RankingPart(
            listings: listings, continuesAt: listings.count == search.limit ? nil : try await firstPlace)
    }

    // MARK: Among all accounts

    private var firstPlace: RankingPlace {
        get async throws(PostgresError) { try await search.facts(self).readsBlocks ? .block(0) : .code(nil) }
    }

    /// Looks at the accounts as they lie in the table, which is several times as fast as in any order.
    private func look(_ search: RankingSearch, fromBlock first: Int64) async throws(PostgresError)
        -> RankingPart
    {
        let end = first + Int64(bounds.blocks)
        let place: [Parameter] = [.value("(\(first),0)"), .value("(\(end),0)")]
        let answers = try await execute(
            [
                Query(search.statements.blocks, place + search.parameters),
                Query(RankingStatements.countBlocks),
            ], timeout: nil)
        guard answers.count == 2, let row = answers[1].first else {
            throw .undecodable("no number of blocks")
        }
        return RankingPart(
            listings: try answers[0].map { row throws(PostgresError) in try row.listing() },
            continuesAt: end < (try row.decode(0, as: Int64.self)) ? .block(end) : nil)
    }

    /// Looks at the accounts in the order of their codes.
    private func look(
        _ search: RankingSearch, behind code: AccountCode?
    ) async throws(PostgresError) -> RankingPart {
        let bound = Int64(bounds.accounts)
        let answers = try await execute(
            [
                Query(search.statements.codes, [.optional(code?.text), .value(bound)] + search.parameters),
                Query(RankingStatements.endOfCodes, [.optional(code?.text), .value(bound - 1)]),
            ], timeout: nil)
        guard answers.count == 2 else { throw .undecodable("no end of the codes") }
        return RankingPart(
            listings: try answers[0].map { row throws(PostgresError) in try row.listing() },
            continuesAt: try answers[1].first.map { row throws(PostgresError) in
                .code(AccountCode(stored: try row.decode(0)))
            })
    }
}

private struct RankingSearch {
    let filter: AccountFilter
    let limit: Int
    let statements: RankingStatements

    /// Of what all statements end with: the limit and the filter.
    var parameters: [Parameter] { [.value(Int64(limit))] + FilterSQL.parameters(filter) }
}

extension Rows {
    /// Decodes what follows a first column, which stands alone where nothing was found.
    func foundListings() throws(PostgresError) -> [AccountListing] {
        var listings: [AccountListing] = []
        for row in self where try row.decodeOptional(1, as: Identifier.self) != nil {
            listings.append(try row.listing(from: 1))
        }
        return listings
    }
}

/// The statements of one order of a ranking and its direction.
struct RankingStatements {
    let sort: AccountSort
    /// All that an index finds, with how many accounts those are before the filter.
    let find: Statement
    /// By balance those of the greatest or least magnitudes, each with the magnitude at which the look ended.
    let end: Statement?
    /// Those of some blocks of the table.
    let blocks: Statement
    /// Those behind a code.
    let codes: Statement

    static func of(_ sort: AccountSort) -> RankingStatements {
        switch (sort.order, sort.isDescending) {
        case (.activity, true): mostActive
        case (.activity, false): leastActive
        case (_, true): greatest
        case (_, false): least
        }
    }

    static var all: [Statement] {
        [mostActive, leastActive, greatest, least].flatMap {
            [$0.find, $0.blocks, $0.codes] + ($0.end.map { [$0] } ?? [])
        }
            + [countByMagnitude, recentlyActive, countBlocks, endOfCodes]
    }

    private static let greatest = RankingStatements(AccountSort(.balance), named: "greatest")
    private static let least = RankingStatements(AccountSort(.balance, isDescending: false), named: "least")
    private static let mostActive = RankingStatements(AccountSort(.activity), named: "most_active")
    private static let leastActive = RankingStatements(
        AccountSort(.activity, isDescending: false), named: "least_active")

    private init(_ sort: AccountSort, named name: String) {
        self.sort = sort
        let direction = sort.isDescending ? "DESC" : "ASC"
        let rank = sort.order == .balance ? FilterSQL.ledgerNumber : "a.booked_at"
        let order = "\(rank) \(direction), a.code"
        /// What the filter holds for among the accounts of `source`; the limit is parameter `number`, before the filter.
        func best(of source: String, limit number: Int) -> String {
            """
            SELECT * FROM \(source) AS a WHERE \(FilterSQL.accountCondition(from: number + 1))
            ORDER BY \(order) LIMIT $\(number)::bigint
            """
        }
        /// What an index of currencies and classes finds, whose parameters are those of a filter from `number` on.
        func isIndexed(_ number: Int) -> String {
            """
            ($\(number + 2)::text IS NULL OR a.currency = $\(number + 2)::text)
                AND ($\(number + 3)::text IS NULL OR a.class = $\(number + 3)::text)
                AND \(FilterSQL.hasMagnitude(from: number + FilterSQL.accountParameterCount))
            """
        }
        find = Statement(
            name: "find_\(name)",
            sql: """
                WITH found AS MATERIALIZED (
                    SELECT * FROM bursar.accounts AS a
                    WHERE \(FilterSQL.holdsWords(from: 1)) AND ($4::text IS NULL OR a.status = $4::text)
                        AND \(isIndexed(7))
                    LIMIT $5::bigint
                )
                SELECT n.found, \(listingColumns) FROM (SELECT count(*) AS found FROM found) AS n
                LEFT JOIN (\(best(of: "found", limit: 6))) AS a ON true
                ORDER BY \(order)
                """)
        let beyond = sort.isDescending ? ">" : "<"
        let beforeAll = sort.isDescending ? "-32768" : "32767"
        end =
            sort.order == .activity
            ? nil
            : Statement(
                name: "list_\(name)",
                sql: """
                    WITH next AS MATERIALIZED (
                        SELECT a.magnitude FROM bursar.accounts AS a WHERE \(isIndexed(3))
                        ORDER BY a.magnitude \(direction) OFFSET $1::bigint LIMIT 1
                    ), looked AS MATERIALIZED (
                        SELECT * FROM bursar.accounts AS a
                        WHERE a.magnitude \(beyond) coalesce((SELECT magnitude FROM next), \(beforeAll)) AND \(isIndexed(3))
                        ORDER BY a.magnitude \(direction) LIMIT $1::bigint
                    )
                    SELECT n.magnitude, \(listingColumns)
                    FROM (SELECT (SELECT magnitude::bigint FROM next) AS magnitude) AS n
                    LEFT JOIN (\(best(of: "looked", limit: 2))) AS a ON true
                    ORDER BY \(order)
                    """)
        blocks = Statement(
            name: "list_\(name)_of_blocks",
            sql: """
                SELECT \(listingColumns) FROM (
                    \(best(of: "(SELECT * FROM bursar.accounts AS a WHERE a.ctid >= $1::tid AND a.ctid < $2::tid)", limit: 3))
                ) AS a
                ORDER BY \(order)
                """)
        codes = Statement(
            name: "list_\(name)_of_codes",
            sql: """
                SELECT \(listingColumns) FROM (
                    \(best(
                        of: """
                            (SELECT * FROM bursar.accounts AS a WHERE $1::text IS NULL OR a.code > $1::text
                            ORDER BY a.code LIMIT $2::bigint)
                            """, limit: 3))
                ) AS a
                ORDER BY \(order)
                """)
    }

    static let endOfCodes = Statement(
        name: "end_of_codes",
        sql: """
            SELECT a.code FROM bursar.accounts AS a WHERE $1::text IS NULL OR a.code > $1::text
            ORDER BY a.code OFFSET $2::bigint LIMIT 1
            """)

    static let countBlocks = Statement(
        name: "count_blocks",
        sql: "SELECT pg_relation_size('bursar.accounts') / current_setting('block_size')::bigint")

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
}
