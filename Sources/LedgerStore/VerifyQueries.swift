import Ledger
import Postgres

/// What `verify` asks about transactions. Each question looks at one page of the journal, so that neither side
/// needs more memory on a large ledger than on a small one.
extension LedgerQueries {
    /// One page of the journal, checked.
    public struct JournalCheck: Sendable {
        /// The last transaction looked at; nil when there was none left.
        public let last: Identifier?
        public let count: Int
        public let problems: [LedgerProblem]
    }

    /// Checks transactions in the order of their ids, after this one: that they have entries, balance in each
    /// currency, and reverse what is there and no more of it than there is.
    public func checkJournal(after id: Identifier, limit: Int) async throws(PostgresError) -> JournalCheck {
        let page = try await execute(Self.selectJournalIDs, [.value(id), Self.bounded(limit)])
        guard let last = try page.last?.decode(0, as: Identifier.self) else {
            return JournalCheck(last: nil, count: 0, problems: [])
        }
        let range: [Parameter] = [.value(id), .value(last)]
        var problems: [LedgerProblem] = []
        for row in try await execute(Self.selectUnbalanced, range) {
            let currency = try row.decodeOptional(1, as: String.self)
            problems.append(
                LedgerProblem(
                    reference: Reference(stored: try row.decode(0)),
                    message: currency.map { "debits and credits differ in \($0)" } ?? "it has no entries"))
        }
        for row in try await execute(Self.selectBadReversals, range) {
            problems.append(
                LedgerProblem(
                    reference: Reference(stored: try row.decode(0)),
                    message: try row.decode(1, as: Bool.self)
                        ? "more of the transaction that it reverses was reversed than there is"
                        : "the transaction that it reverses is missing"))
        }
        return JournalCheck(last: last, count: page.count, problems: problems)
    }

    /// References that name more than one operation, at most `limit` of them.
    public func repeatedReferences(limit: Int) async throws(PostgresError) -> [LedgerProblem] {
        try await execute(Self.selectRepeatedReferences, [Self.bounded(limit)])
            .map { row throws(PostgresError) in
                LedgerProblem(
                    reference: Reference(stored: try row.decode(0)),
                    message: "the reference names more than one operation")
            }
    }

    /// How many records and transactions there are, roughly, for a progress bar: as many as the server's statistics had
    /// for a block, in the blocks that there are now. 0 where it has none.
    public func estimatedRows() async throws(PostgresError) -> (records: Int64, transactions: Int64) {
        guard dialect == .postgresql, let row = try await execute(Self.estimateRows, []).first else {
            return (0, 0)
        }
        return (try row.decode(0), try row.decode(1))
    }

    private static let selectJournalIDs = Statement(
        name: "select_journal_ids",
        sql: "SELECT id FROM bursar.journal WHERE id > $1::uuid ORDER BY id LIMIT $2::bigint")

    /// Each transaction's entries are looked up by themselves, in a form that leaves the planner no choice: where the tables
    /// were never analysed, it would read all records for each page.
    static let selectUnbalanced = Statement(
        name: "select_unbalanced",
        sql: """
            SELECT j.reference, s.currency
            FROM bursar.journal AS j
            LEFT JOIN LATERAL (
                SELECT e.currency,
                    sum(CASE e.side WHEN 'debit' THEN e.amount WHEN 'credit' THEN -e.amount END) AS units
                FROM (
                    SELECT r.side, r.amount,
                        (SELECT a.currency FROM bursar.accounts AS a WHERE a.id = r.account_id) AS currency
                    FROM bursar.account_records AS r WHERE r.transaction_id = j.id
                ) AS e
                GROUP BY e.currency
            ) AS s ON true
            WHERE j.id > $1::uuid AND j.id <= $2::uuid AND coalesce(s.units, 1) <> 0
            """)

    static let selectBadReversals = Statement(
        name: "select_bad_reversals",
        sql: """
            SELECT j.reference, o.id IS NOT NULL
            FROM bursar.journal AS j
            LEFT JOIN LATERAL (
                SELECT p.id FROM bursar.journal AS p WHERE p.id = j.reverses LIMIT 1
            ) AS o ON true
            WHERE j.id > $1::uuid AND j.id <= $2::uuid AND j.reverses IS NOT NULL
                AND (o.id IS NULL OR (
                    SELECT sum((
                        SELECT sum(r.amount) FROM bursar.account_records AS r
                        WHERE r.transaction_id = v.id AND r.side = 'debit'
                    )) FROM bursar.journal AS v WHERE v.reverses = o.id
                ) > (
                    SELECT sum(r.amount) FROM bursar.account_records AS r
                    WHERE r.transaction_id = o.id AND r.side = 'debit'
                ))
            """)

    private static let selectRepeatedReferences = Statement(
        name: "select_repeated_references",
        sql: """
            SELECT reference FROM (
                SELECT reference FROM bursar.journal
                UNION ALL
                SELECT reference FROM bursar.account_records WHERE reference IS NOT NULL
            ) AS operations
            GROUP BY reference HAVING count(*) > 1 ORDER BY reference LIMIT $1::bigint
            """)

    private static let estimateRows = Statement(
        name: "estimate_rows",
        sql: """
            WITH tables AS (
                SELECT c.relname,
                    CASE WHEN c.relpages > 0 AND c.reltuples > 0 THEN c.reltuples / c.relpages
                        * (pg_relation_size(c.oid) / current_setting('block_size')::bigint) ELSE 0 END AS number
                FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                WHERE n.nspname = 'bursar' AND c.relname IN ('account_records', 'journal')
            )
            SELECT coalesce(max(number) FILTER (WHERE relname = 'account_records'), 0)::bigint,
                coalesce(max(number) FILTER (WHERE relname = 'journal'), 0)::bigint
            FROM tables
            """)
}
