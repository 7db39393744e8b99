import Ledger
import Postgres

/// The questions that screens and commands ask. Lists page by key: a page costs the same wherever it is, and
/// however large the ledger.
public struct LedgerQueries: Sendable {
    typealias Execute = @Sendable (Statement, [Parameter]) async throws(PostgresError) -> Rows

    let execute: Execute

    init(execute: @escaping Execute) { self.execute = execute }

    /// The most rows that one page may have.
    public static let maximumPage = 10_000

    static func bounded(_ limit: Int) -> Parameter { .value(Int64(min(max(limit, 0), maximumPage))) }
}

// MARK: - Accounts

extension LedgerQueries {
    /// Where a page of accounts, ordered by code, begins.
    public enum Start: Sendable, Hashable {
        case first
        case after(AccountCode)
        /// The page that ends just before this code, still in ascending order.
        case before(AccountCode)
        /// The page that ends with the last account, still in ascending order.
        case last
    }

    public func accounts(
        _ filter: AccountFilter, from start: Start, limit: Int
    ) async throws(PostgresError) -> [AccountListing] {
        let (statement, key, reversed): (Statement, String?, Bool) =
            switch start {
            case .first: (Self.selectAccountsAfter, "", false)
            case .after(let code): (Self.selectAccountsAfter, code.text, false)
            case .before(let code): (Self.selectAccountsBefore, code.text, true)
            case .last: (Self.selectLastAccounts, nil, true)
            }
        let rows = try await execute(
            statement, [.optional(key)] + Self.parameters(filter) + [Self.bounded(limit)])
        var listings: [AccountListing] = []
        for row in rows {
            listings.append(AccountListing(account: try row.account(), lastBookedAt: try row.decode(12)))
        }
        return reversed ? listings.reversed() : listings
    }

    /// The accounts with these codes, in no particular order; unknown ones are left out.
    public func accounts(codes: [AccountCode]) async throws(PostgresError) -> [AccountListing] {
        let rows = try await execute(Self.selectAccountsByCode, [.array(codes.map(\.text))])
        var listings: [AccountListing] = []
        for row in rows {
            listings.append(AccountListing(account: try row.account(), lastBookedAt: try row.decode(12)))
        }
        return listings
    }

    /// How many accounts there are for a filter, counted up to `bound`.
    public func countAccounts(_ filter: AccountFilter, bound: Int = 10_000) async throws(PostgresError)
        -> BoundedCount
    {
        let rows = try await execute(
            Self.countAccounts, Self.parameters(filter) + [.value(Int64(bound) + 1)])
        let count = Int(try rows.first?.decode(0, as: Int64.self) ?? 0)
        return BoundedCount(count: min(count, bound), isBounded: count > bound)
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

    private static func parameters(_ filter: AccountFilter) -> [Parameter] {
        [
            .array(filter.words.map(likePattern)), .optional(filter.status?.rawValue),
            .optional(filter.currency), .optional(filter.accountClass?.rawValue),
        ]
    }

    /// A pattern that matches the word anywhere, whatever characters it has.
    private static func likePattern(_ word: String) -> String {
        var pattern = "%"
        for character in word {
            if character == "%" || character == "_" || character == "\\" { pattern.append("\\") }
            pattern.append(character)
        }
        return pattern + "%"
    }

    private static func filterCondition(from first: Int) -> String {
        """
        (a.code || ' ' || a.name) ILIKE ALL ($\(first)::text[])
            AND ($\(first + 1)::text IS NULL OR a.status = $\(first + 1)::text)
            AND ($\(first + 2)::text IS NULL OR a.currency = $\(first + 2)::text)
            AND ($\(first + 3)::text IS NULL OR a.class = $\(first + 3)::text)
        """
    }

    private static func selectAccountsPage(
        _ name: String, where condition: String, _ order: String
    ) -> Statement {
        Statement(
            name: name,
            sql: """
                SELECT \(accountColumns), r.booked_at
                FROM bursar.accounts AS a
                JOIN bursar.account_records AS r ON r.account_id = a.id AND r.seq = a.version
                WHERE \(condition) AND \(filterCondition(from: 2))
                ORDER BY a.code \(order)
                LIMIT $6::bigint
                """)
    }

    private static let selectAccountsAfter = selectAccountsPage(
        "select_accounts_after", where: "a.code > $1::text", "ASC")
    private static let selectAccountsBefore = selectAccountsPage(
        "select_accounts_before", where: "a.code < $1::text", "DESC")
    /// The parameter has no part in it, and stands here to have the same ones for all three.
    private static let selectLastAccounts = selectAccountsPage(
        "select_last_accounts", where: "$1::text IS NULL", "DESC")

    private static let selectAccountsByCode = Statement(
        name: "select_accounts_by_code",
        sql: """
            SELECT \(accountColumns), r.booked_at
            FROM bursar.accounts AS a
            JOIN bursar.account_records AS r ON r.account_id = a.id AND r.seq = a.version
            WHERE a.code = ANY ($1::text[])
            """)

    private static let countAccounts = Statement(
        name: "count_accounts",
        sql: """
            SELECT count(*) FROM (
                SELECT 1 FROM bursar.accounts AS a WHERE \(filterCondition(from: 1)) LIMIT $5::bigint
            ) AS matches
            """)

    private static let selectTrialBalance = Statement(
        name: "select_trial_balance",
        sql: """
            SELECT currency, sum(debits)::bigint, sum(credits)::bigint
            FROM bursar.accounts GROUP BY currency ORDER BY currency
            """)
}

// MARK: - Histories

extension LedgerQueries {
    /// Records of one account, newest first, from number `newestSeq` down.
    public func history(
        of account: Identifier, newestSeq: Int64, limit: Int
    ) async throws(PostgresError) -> [HistoryLine] {
        let rows = try await execute(
            Self.selectHistory, [.value(account), .value(newestSeq), Self.bounded(limit)])
        return try rows.map { row throws(PostgresError) in try row.historyLine() }
    }

    /// Records of all accounts in the order of account id and number, after this place.
    public func records(
        after place: (account: Identifier, seq: Int64), limit: Int
    ) async throws(PostgresError) -> [HistoryLine] {
        let rows = try await execute(
            Self.selectRecords, [.value(place.account), .value(place.seq), Self.bounded(limit)])
        return try rows.map { row throws(PostgresError) in try row.historyLine() }
    }

    /// Accounts in the order of their ids, after this one.
    public func accounts(after id: Identifier, limit: Int) async throws(PostgresError) -> [Account] {
        let rows = try await execute(Self.selectAccountsByID, [.value(id), Self.bounded(limit)])
        return try rows.map { row throws(PostgresError) in try row.account() }
    }

    static let recordColumns = """
        r.account_id, r.seq, r.kind, r.transaction_id, r.side, r.amount, r.debits, r.credits, r.held, \
        r.booked_at, r.hash, r.name, r.status, r.minimum, r.reference, r.fingerprint, r.actor, r.reason
        """

    private static let selectHistory = Statement(
        name: "select_history",
        sql: """
            SELECT \(recordColumns), \(journalColumns)
            FROM bursar.account_records AS r LEFT JOIN bursar.journal AS j ON j.id = r.transaction_id
            WHERE r.account_id = $1::uuid AND r.seq <= $2::bigint
            ORDER BY r.seq DESC LIMIT $3::bigint
            """)

    private static let selectRecords = Statement(
        name: "select_records",
        sql: """
            SELECT \(recordColumns), \(journalColumns)
            FROM bursar.account_records AS r LEFT JOIN bursar.journal AS j ON j.id = r.transaction_id
            WHERE (r.account_id, r.seq) > ($1::uuid, $2::bigint)
            ORDER BY r.account_id, r.seq LIMIT $3::bigint
            """)

    private static let selectAccountsByID = Statement(
        name: "select_accounts_by_id",
        sql: """
            SELECT \(accountColumns) FROM bursar.accounts AS a WHERE a.id > $1::uuid
            ORDER BY a.id LIMIT $2::bigint
            """)
}

extension Row {
    /// Decodes ``LedgerQueries/recordColumns`` followed by ``LedgerQueries/journalColumns``.
    func historyLine() throws(PostgresError) -> HistoryLine {
        let record = AccountRecord(
            accountID: try decode(0), seq: try decode(1), content: try recordContent(), debits: try decode(6),
            credits: try decode(7), held: try decode(8), bookedAt: try decode(9), hash: try decode(10))
        let transaction =
            try decodeOptional(18, as: Identifier.self) == nil ? nil : journalTransaction(from: 18)
        return HistoryLine(record: record, transaction: transaction)
    }

    private func recordContent() throws(PostgresError) -> AccountRecord.Content {
        let kind = try decode(2, as: String.self)
        if kind == "entry" {
            return .entry(transaction: try decode(3), side: try decodeCase(4), amount: try decode(5))
        }
        let change: AccountRecord.Change.Kind =
            switch kind {
            case "opened": .opened(name: try decode(11), minimum: try decodeOptional(13))
            case "renamed": .renamed(name: try decode(11))
            case "status": .status(try decodeCase(12))
            case "minimum": .minimum(try decodeOptional(13))
            default: throw .undecodable("record kind “\(kind.prefix(40))”")
            }
        return .change(
            AccountRecord.Change(
                kind: change, reference: Reference(stored: try decode(14)), fingerprint: try decode(15),
                actor: try decode(16), reason: try decodeOptional(17) ?? ""))
    }
}
