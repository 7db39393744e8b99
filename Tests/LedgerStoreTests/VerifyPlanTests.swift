import Ledger
import Postgres
import TestSupport
import Testing

@testable import LedgerStore

/// A check of the whole ledger must not become quadratic where the server knows nothing of the tables, as after crashes
/// that lost the counters which start its analysing.
@Suite struct VerifyPlanTests {
    @Test func eachPageLooksUpItsEntriesAlsoInTablesThatWereNeverAnalysed() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "1.00")
        try await ledger.tamper(
            """
            ALTER TABLE bursar.journal SET (autovacuum_enabled = off);
            ALTER TABLE bursar.account_records SET (autovacuum_enabled = off);
            INSERT INTO bursar.journal (id, reference, fingerprint, kind, narrative, actor, booked_at, value_date)
            SELECT lpad(to_hex(n), 32, '0')::uuid, 'r' || n, '', 'transfer', '', 'x', now(), now()
            FROM generate_series(1, 20000) AS n;
            INSERT INTO bursar.account_records (account_id, seq, kind, transaction_id, side, amount, debits, credits,
                held, booked_at, hash)
            SELECT lpad(to_hex(s), 32, '0')::uuid, n, 'entry', lpad(to_hex(n), 32, '0')::uuid,
                CASE s WHEN 1 THEN 'debit' ELSE 'credit' END, 1, 0, 0, 0, now(), decode(repeat('00', 32), 'hex')
            FROM generate_series(1, 20000) AS n, generate_series(1, 2) AS s;
            """)
        let page = ("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-0000000007d0")
        let connection = try await ledger.database.connect()
        for statement in [LedgerQueries.selectUnbalanced, LedgerQueries.selectBadReversals] {
            let sql = statement.sql.replacing("$1", with: "'\(page.0)'").replacing("$2", with: "'\(page.1)'")
            let plan = try await connection.query(
                Statement(name: "explain \(statement.name)", sql: "EXPLAIN (COSTS OFF) \(sql)")
            ).map { row throws(PostgresError) in try row.decode(0, as: String.self) }
            #expect(!plan.isEmpty)
            for line in plan where line.contains("Seq Scan") {
                #expect(line.contains("accounts"), "\(statement.name):\n\(plan.joined(separator: "\n"))")
            }
        }
        await connection.close()
    }
}
