import Ledger
import Postgres

/// The ledger as plain SQL finds it, without any of the program's own reading.
struct Books: Sendable {
    /// One row of `bursar.account_records`, with what `bursar.journal` says of its transaction.
    struct Record: Sendable {
        let account: String
        let seq: Int64
        let kind: String
        let transaction: String?
        let reference: String?
        let side: String?
        let amount: Int64
        let debits: Int64
        let credits: Int64
        let status: String?
        let minimum: Int64?
    }

    struct Transaction: Sendable {
        let id: String
        let reference: String
        let kind: String
        let reverses: String?
    }

    struct Account: Sendable {
        let code: String
        let isDebitNormal: Bool
        let status: String
        let minimum: Int64?
        let debits: Int64
        let credits: Int64
        let version: Int64
    }

    private(set) var records: [Record] = []
    private(set) var transactions: [Transaction] = []
    private(set) var accounts: [Account] = []

    init(reading connection: Connection) async throws {
        for row in try await connection.query(Self.selectRecords) {
            records.append(
                Record(
                    account: try row.decode(0), seq: try row.decode(1), kind: try row.decode(2),
                    transaction: try row.decodeOptional(3), reference: try row.decodeOptional(4),
                    side: try row.decodeOptional(5), amount: try row.decode(6), debits: try row.decode(7),
                    credits: try row.decode(8), status: try row.decodeOptional(9),
                    minimum: try row.decodeOptional(10)))
        }
        for row in try await connection.query(Self.selectTransactions) {
            transactions.append(
                Transaction(
                    id: try row.decode(0), reference: try row.decode(1), kind: try row.decode(2),
                    reverses: try row.decodeOptional(3)))
        }
        for row in try await connection.query(Self.selectAccounts) {
            accounts.append(
                Account(
                    code: try row.decode(0), isDebitNormal: try row.decode(1), status: try row.decode(2),
                    minimum: try row.decodeOptional(3), debits: try row.decode(4), credits: try row.decode(5),
                    version: try row.decode(6)))
        }
    }

    private static let selectRecords = Statement(
        name: "check_records",
        sql: """
            SELECT a.code, r.seq, r.kind, r.transaction_id::text, coalesce(r.reference, j.reference), r.side,
                coalesce(r.amount, 0), r.debits, r.credits, r.status, r.minimum
            FROM bursar.account_records r
            JOIN bursar.accounts a ON a.id = r.account_id
            LEFT JOIN bursar.journal j ON j.id = r.transaction_id
            ORDER BY a.code, r.seq
            """)

    private static let selectTransactions = Statement(
        name: "check_transactions",
        sql: "SELECT id::text, reference, kind, reverses::text FROM bursar.journal")

    private static let selectAccounts = Statement(
        name: "check_accounts",
        sql: """
            SELECT code, class IN ('asset', 'expense'), status, minimum, debits, credits, version
            FROM bursar.accounts
            """)
}
