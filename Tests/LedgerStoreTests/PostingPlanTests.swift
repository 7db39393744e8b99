import Ledger
import Postgres
import TestSupport
import Testing

@testable import LedgerStore

/// Every statement locks accounts in the order of their ids, or two of them wait for each other until the server gives
/// one up, a second later.
@Suite struct PostingPlanTests {
    @Test func accountsAreMetInTheOrderOfTheirIdsAndNotAsTheyLieOnTheDisk() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open((0..<10).map { "a\($0)" }, balance: "1.00")
        try await ledger.tamper("ANALYZE bursar.accounts")
        let connection = try await SessionSetup.writer.open(
            try ledger.database.settings(), .postgresql, timeout: .seconds(60))
        try await connection.run(script: "SET plan_cache_mode = force_generic_plan")
        let statements = PostingStatements.all.filter { $0.kind != .openings }.map(\.statement)
        for statement in statements + [LedgerStore.lockAccounts] {
            let parameters = statement.sql.matches(of: /\$(\d+)::/).compactMap { Int($0.1) }.max() ?? 0
            let nulls = Array(repeating: "NULL", count: parameters).joined(separator: ", ")
            try await connection.run(script: "PREPARE \(statement.name) AS \(statement.sql)")
            let plan = try await connection.query(
                Statement(
                    name: "explain \(statement.name)",
                    sql: "EXPLAIN (COSTS OFF) EXECUTE \(statement.name)(\(nulls))")
            ).map { row throws(PostgresError) in try row.decode(0, as: String.self) }
            let text = plan.joined(separator: "\n")
            #expect(plan.contains { $0.contains("Index Scan") && $0.contains("accounts") }, "\(text)")
            #expect(!plan.contains { $0.contains("Bitmap") || $0.contains("Seq Scan") }, "\(text)")
        }
        await connection.close()
    }

    /// Left to itself, the server plans what has arrays for parameters anew each time, for longer than executing it takes.
    @Test func sessionsThatPostPlanEachStatementOnce() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "1.00")
        let connection = try await SessionSetup.writer.open(
            try ledger.database.settings(), .postgresql, timeout: .seconds(60))
        for _ in 0..<8 {
            _ = try await connection.query(
                LedgerStore.selectAccounts, [.array(["a", "b"]), .array([String]())])
        }
        let rows = try await connection.query(
            Statement(
                name: "plans",
                sql: """
                    SELECT generic_plans, custom_plans FROM pg_prepared_statements
                    WHERE statement LIKE 'WITH named%'
                    """))
        let plans = try rows.map { row throws(PostgresError) in
            (once: try row.decode(0, as: Int64.self), anew: try row.decode(1, as: Int64.self))
        }
        await connection.close()
        #expect(plans.count == 1)
        #expect(plans.allSatisfy { $0.once == 8 && $0.anew == 0 }, "\(plans)")
    }
}
