import Ledger
import Postgres

/// Lists of accounts.
extension LedgerQueries {
    /// Where a page of accounts begins.
    public enum Start: Sendable, Hashable {
        case first
        case after(AccountKey)
        /// The page that ends just before this account, still in the order of the list.
        case before(AccountKey)
        /// The page that ends with the last account, still in the order of the list.
        case last

        var key: AccountKey? {
            switch self {
            case .after(let key), .before(let key): key
            case .first, .last: nil
            }
        }

        /// Whether the page is looked for against the order of the list.
        var isBackward: Bool {
            switch self {
            case .before, .last: true
            case .first, .after: false
            }
        }
    }

    /// One page of a list by code or by name; what is ordered otherwise is a ``ranking(_:_:from:limit:)``.
    ///
    /// A page costs the same wherever it is. A filter that few accounts meet may end the question before the page is
    /// full: see ``AccountPage/continuesAt``.
    public func accounts(
        _ filter: AccountFilter, sort: AccountSort, from start: Start, limit: Int
    ) async throws(PostgresError) -> AccountPage {
        if filter.problem != nil { return AccountPage(listings: [], continuesAt: nil, isComplete: true) }
        precondition(!sort.isRanking, "rankings have no pages")
        let way = AccountWalk(
            order: sort.order, isDescending: sort.isDescending != start.isBackward, key: start.key)
        let limit = Self.clamped(limit)
        let words = try await indexedWords(filter)
        var page: AccountPage?
        if !words.isEmpty {
            // A common word fills the page from the first accounts on the way, or soon after; the index would find
            // too many.
            let quick = try await look(filter, way, limit: limit, bound: min(1000, bounds.accounts))
            if quick.listings.count == limit || quick.isComplete {
                page = quick
            } else if quick.listings.count * 8 < limit {
                page = try await accountsByWords(words, filter, way, limit: limit)
            }
        }
        let found: AccountPage
        if let page {
            found = page
        } else {
            found = try await look(filter, way, limit: limit, bound: bounds.accounts)
        }
        guard start.isBackward else { return found }
        return AccountPage(
            listings: found.listings.reversed(), continuesAt: found.continuesAt, isComplete: found.isComplete)
    }

    /// The accounts with these codes, in no particular order; unknown ones are left out.
    public func accounts(codes: [AccountCode]) async throws(PostgresError) -> [AccountListing] {
        let rows = try await execute(Self.selectAccountsByCode, [.array(codes.map(\.text))])
        return try rows.map { row throws(PostgresError) in try row.listing() }
    }

    /// Accounts that somebody may mean who has typed this much of a code or of a name, at most `limit`: first those whose
    /// codes begin with it, then those in which its words are found, each in the order of codes.
    public func completions(of text: String, limit: Int) async throws(PostgresError) -> [AccountListing] {
        let limit = Self.clamped(limit)
        var listings: [AccountListing] = []
        if try await search.facts(self).sortsByBytes {
            let rows = try await execute(
                Self.selectAccountsByBeginning,
                [.value(text), .value(text + "\u{10FFFF}"), .value(Int64(limit))])
            listings = try rows.map { row throws(PostgresError) in try row.listing() }
        }
        if listings.count == limit { return listings }
        let page = try await accounts(
            AccountFilter(words: text), sort: AccountSort(.code), from: .first, limit: limit)
        let known = Set(listings.map(\.account.code))
        listings += page.listings.filter { !known.contains($0.account.code) }
        return Array(listings.prefix(limit))
    }

    /// Looks at accounts on the way one after the other, at most `bound` of them.
    private func look(
        _ filter: AccountFilter, _ way: AccountWalk, limit: Int, bound: Int
    ) async throws(PostgresError) -> AccountPage {
        let bound = max(bound, limit + 1)
        let place = [
            Parameter.optional(way.key?.code.text), .optional(way.key?.name),
            .optional(Self.narrowStatus(filter)),
        ]
        let rows = try await execute(
            way.statement,
            place + [.value(Int64(bound)), .value(Int64(limit) + 1)] + FilterSQL.parameters(filter))
        let listings = try rows.map { row throws(PostgresError) in try row.listing() }
        if listings.count > limit {
            return AccountPage(
                listings: Array(listings.prefix(limit)), continuesAt: nil, isComplete: false)
        }
        if filter.holdsForAll(ofStatus: Self.narrowStatus(filter)) {
            return AccountPage(listings: listings, continuesAt: nil, isComplete: true)
        }
        let stop = try await execute(way.stopStatement, place + [.value(Int64(bound) - 1)])
        guard let row = stop.first else {
            return AccountPage(listings: listings, continuesAt: nil, isComplete: true)
        }
        // An account that was opened in between moves the place where the look ended; what was found behind it
        // must not be found again.
        let ended = AccountKey(code: AccountCode(stored: try row.decode(0)), name: try row.decode(1))
        let last = listings.last.map { AccountKey($0.account) }
        let end = last.map { way.isOrdered(ended, $0) ? $0 : ended } ?? ended
        return AccountPage(
            listings: listings, continuesAt: listings.count == limit ? nil : end, isComplete: false)
    }

    /// The page by way of the index on words; nil where it finds too many to sort.
    private func accountsByWords(
        _ words: [String], _ filter: AccountFilter, _ way: AccountWalk, limit: Int
    ) async throws(PostgresError) -> AccountPage? {
        let place = [Parameter.optional(way.key?.code.text), .optional(way.key?.name)]
        let query = Query(
            way.wordStatement,
            place + Self.patterns(words) + [.value(Int64(Self.maximumFound) + 1), .value(Int64(limit) + 1)]
                + FilterSQL.parameters(filter))
        guard let rows = try await withIndexes(query) else { return nil }
        guard let found = try rows.first?.decode(0, as: Int64.self), found <= Self.maximumFound else {
            return nil
        }
        let listings = try rows.foundListings()
        return AccountPage(
            listings: Array(listings.prefix(limit)), continuesAt: nil, isComplete: listings.count <= limit)
    }

    /// The most accounts that are found by words and then sorted.
    static let maximumFound = 2000

    /// Executes a query that must go through an index; nil when it takes long all the same. Its estimate of how
    /// many accounts have a word is rough, and may make the planner read all of them instead.
    func withIndexes(_ query: Query) async throws(PostgresError) -> Rows? {
        do throws(PostgresError) {
            let answers = try await execute(
                [Self.scans("off"), query, Self.scans("on")], timeout: .seconds(1))
            guard answers.count == 3 else { throw .undecodable("no answer to \(query.statement.name)") }
            return answers[1]
        } catch {
            if error.kind == .deadlineExceeded { return nil }
            throw error
        }
    }

    /// Whether the planner may read all of a table, until the end of the transaction.
    private static func scans(_ value: String) -> Query {
        Query(Statement(name: "scans_\(value)", sql: "SELECT set_config('enable_seqscan', '\(value)', true)"))
    }

    func indexedWords(_ filter: AccountFilter) async throws(PostgresError) -> [String] {
        let all = SearchAbility.indexed(filter.words, knowsAllLetters: true)
        if all.isEmpty { return [] }
        let facts = try await search.facts(self)
        if !facts.hasWordIndex { return [] }
        return SearchAbility.indexed(filter.words, knowsAllLetters: facts.knowsAllLetters)
    }

    /// Parameters of ``FilterSQL/holdsWords(from:)``.
    static func patterns(_ words: [String]) -> [Parameter] {
        (0..<SearchAbility.maximumWords).map { index in
            .optional(index < words.count ? FilterSQL.pattern(words[index]) : nil)
        }
    }

    /// A status that few accounts have, and that has an index.
    static func narrowStatus(_ filter: AccountFilter) -> String? {
        filter.status == .open ? nil : filter.status?.rawValue
    }

    private static let selectAccountsByBeginning = Statement(
        name: "select_accounts_by_beginning",
        sql: """
            SELECT \(listingColumns) FROM bursar.accounts AS a
            WHERE a.code >= $1::text AND a.code < $2::text ORDER BY a.code LIMIT $3::bigint
            """)

    private static let selectAccountsByCode = Statement(
        name: "select_accounts_by_code",
        sql: """
            SELECT \(listingColumns)
            FROM bursar.accounts AS a WHERE a.code = ANY ($1::text[])
            """)
}

extension AccountFilter {
    /// Whether every account of this status, or of any when it is nil, meets it.
    func holdsForAll(ofStatus status: String?) -> Bool {
        var rest = self
        if status == self.status?.rawValue { rest.status = nil }
        return rest.isEmpty
    }
}

/// A way through the accounts, from a place in one direction.
struct AccountWalk {
    let order: AccountOrder
    let isDescending: Bool
    let key: AccountKey?

    /// Whether the first of these places comes before the second on the way.
    func isOrdered(_ first: AccountKey, _ second: AccountKey) -> Bool {
        AccountSort(order, isDescending: isDescending).isOrdered(first, second)
    }

    var statement: Statement { isByName ? Self.byName[side].list : Self.byCode[side].list }
    var stopStatement: Statement { isByName ? Self.byName[side].stop : Self.byCode[side].stop }
    var wordStatement: Statement { isByName ? Self.byName[side].words : Self.byCode[side].words }

    private var isByName: Bool { order == .name }
    private var side: Int { isDescending ? 1 : 0 }

    static var allStatements: [Statement] { (byCode + byName).flatMap { [$0.list, $0.stop, $0.words] } }

    private typealias Statements = (list: Statement, stop: Statement, words: Statement)

    private static let byCode = [
        statements("code", columns: ["a.code"], descending: false),
        statements("code", columns: ["a.code"], descending: true),
    ]
    private static let byName = [
        statements("name", columns: ["a.name", "a.code"], descending: false),
        statements("name", columns: ["a.name", "a.code"], descending: true),
    ]

    /// Parameters of all three: code and name of the place, then what each needs.
    private static func statements(_ name: String, columns: [String], descending: Bool) -> Statements {
        let direction = descending ? "DESC" : "ASC"
        let order = columns.map { "\($0) \(direction)" }.joined(separator: ", ")
        let key = columns.map { $0 == "a.code" ? "$1::text" : "$2::text" }.joined(separator: ", ")
        let beyond = """
            ($1::text IS NULL OR $2::text IS NULL OR (\(columns.joined(separator: ", "))) \
            \(descending ? "<" : ">") (\(key)))
            """
        let suffix = "\(name)_\(descending ? "down" : "up")"
        let look = "\(beyond) AND ($3::text IS NULL OR a.status = $3::text)"
        return (
            Statement(
                name: "list_accounts_by_\(suffix)",
                sql: """
                    SELECT \(listingColumns)
                    FROM (
                        SELECT * FROM (
                            SELECT * FROM bursar.accounts AS a WHERE \(look)
                            ORDER BY \(order) LIMIT $4::bigint
                        ) AS a
                        WHERE \(FilterSQL.accountCondition(from: 6))
                        ORDER BY \(order) LIMIT $5::bigint
                    ) AS a
                    ORDER BY \(order)
                    """),
            // The accounts skipped here were looked at just before, at most as many as the bound.
            Statement(
                name: "end_of_accounts_by_\(suffix)",
                sql: """
                    SELECT a.code, a.name FROM bursar.accounts AS a
                    WHERE a.code = (
                        SELECT a.code FROM bursar.accounts AS a WHERE \(look)
                        ORDER BY \(order) OFFSET $4::bigint LIMIT 1
                    )
                    """),
            Statement(
                name: "find_accounts_by_\(suffix)",
                sql: """
                    WITH found AS MATERIALIZED (
                        SELECT * FROM bursar.accounts AS a
                        WHERE \(FilterSQL.holdsWords(from: 3))
                        LIMIT $6::bigint
                    )
                    SELECT n.found, p.* FROM (SELECT count(*) AS found FROM found) AS n
                    LEFT JOIN (
                        SELECT \(listingColumns) FROM (
                            SELECT * FROM found AS a
                            WHERE \(beyond) AND \(FilterSQL.accountCondition(from: 8))
                            ORDER BY \(order) LIMIT $7::bigint
                        ) AS a
                    ) AS p ON true
                    ORDER BY \(order.replacing("a.", with: "p."))
                    """)
        )
    }
}

extension String {
    fileprivate func replacing(_ prefix: String, with other: String) -> String {
        split(separator: " ", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(prefix) ? other + $0.dropFirst(prefix.count) : String($0) }
            .joined(separator: " ")
    }
}

extension Row {
    /// Decodes ``listingColumns``, from column `first` on.
    func listing(from first: Int = 0) throws(PostgresError) -> AccountListing {
        AccountListing(
            account: try account(from: first), lastBookedAt: try decode(first + 12),
            magnitude: Int(try decode(first + 13, as: Int64.self)))
    }
}
