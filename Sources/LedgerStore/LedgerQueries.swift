import Ledger
import Postgres

/// The questions that screens and commands ask. Lists page by key: a page costs the same wherever it is, and
/// however large the ledger. A question that looks for something looks at a bounded number of rows, and says where
/// it stopped.
public struct LedgerQueries: Sendable {
    /// Sends statements in one round trip; the time bounds all of it.
    typealias Execute = @Sendable ([Query], Duration?) async throws(PostgresError) -> [Rows]

    let dialect: Dialect
    let search: SearchAbility
    /// How many rows a question looks at.
    public var bounds = Bounds()
    private let run: Execute

    init(dialect: Dialect, search: SearchAbility, run: @escaping Execute) {
        self.dialect = dialect
        self.search = search
        self.run = run
    }

    /// How many rows one question looks at until it says where it stopped: with these, no question of a list takes
    /// longer than a tenth of a second where a million accounts lie all over the disk (`bursar-bench queries`).
    public struct Bounds: Sendable, Hashable {
        public var accounts = 10_000
        public var transactions = 5_000
        /// Transactions that an index finds by their references or their account. They lie all over the journal, and each
        /// may be a page to be read from disk.
        public var found = 1_000
        public var records = 5_000
        /// Accounts that a ranking looks at first; if it is not whole then, it looks at as many as other lists do.
        public var ranked = 4_000
        /// Blocks of the table of accounts, with some seven accounts in each.
        public var blocks = 2_000
        /// Transactions, and account changes, whose accounts are looked up.
        public var touched = 1_000

        public init() {}
    }

    /// The most rows that one page may have.
    public static let maximumPage = 10_000

    static func clamped(_ limit: Int) -> Int { min(max(limit, 0), maximumPage) }

    static func bounded(_ limit: Int) -> Parameter { .value(Int64(clamped(limit))) }

    func execute(
        _ statement: Statement, _ parameters: [Parameter], timeout: Duration? = nil
    ) async throws(PostgresError) -> Rows {
        guard let rows = try await run([Query(statement, parameters)], timeout).first else {
            throw .undecodable("no answer to \(statement.name)")
        }
        return rows
    }

    func execute(_ queries: [Query], timeout: Duration?) async throws(PostgresError) -> [Rows] {
        try await run(queries, timeout)
    }
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
    public func accounts(after id: Identifier, limit: Int) async throws(PostgresError) -> [AccountListing] {
        let rows = try await execute(Self.selectAccountsByID, [.value(id), Self.bounded(limit)])
        return try rows.map { row throws(PostgresError) in try row.listing() }
    }

    static let recordColumns = """
        r.account_id, r.seq, r.kind, r.transaction_id, r.side, r.amount, r.debits, r.credits, r.held, \
        r.booked_at, r.hash, r.name, r.status, r.minimum, r.reference, r.fingerprint, r.actor, r.reason, \
        r.db_user, r.address, r.program
        """

    static let selectHistory = Statement(
        name: "select_history",
        sql: """
            SELECT \(recordColumns), \(journalColumns)
            FROM bursar.account_records AS r LEFT JOIN bursar.journal AS j ON j.id = r.transaction_id
            WHERE r.account_id = $1::uuid AND r.seq <= $2::bigint
            ORDER BY r.seq DESC LIMIT $3::bigint
            """)

    static let selectRecords = Statement(
        name: "select_records",
        sql: """
            SELECT \(recordColumns), \(journalColumns)
            FROM bursar.account_records AS r LEFT JOIN bursar.journal AS j ON j.id = r.transaction_id
            WHERE (r.account_id, r.seq) > ($1::uuid, $2::bigint)
            ORDER BY r.account_id, r.seq LIMIT $3::bigint
            """)

    static let selectAccountsByID = Statement(
        name: "select_accounts_by_id",
        sql: """
            SELECT \(listingColumns)
            FROM (
                SELECT * FROM bursar.accounts AS a WHERE a.id > $1::uuid ORDER BY a.id LIMIT $2::bigint
            ) AS a
            ORDER BY a.id
            """)
}

extension Row {
    /// Decodes ``LedgerQueries/recordColumns`` followed by ``LedgerQueries/journalColumns``.
    func historyLine() throws(PostgresError) -> HistoryLine {
        let record = AccountRecord(
            accountID: try decode(0), seq: try decode(1), content: try recordContent(), debits: try decode(6),
            credits: try decode(7), held: try decode(8), bookedAt: try decode(9), hash: try decode(10),
            origin: try origin(from: 18))
        let transaction =
            try decodeOptional(21, as: Identifier.self) == nil ? nil : journalTransaction(from: 21)
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
