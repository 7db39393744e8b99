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
        for (statement, parameters) in [
            (PostingStatements.postEntries, 31), (PostingStatements.postReversals, 32),
            (PostingStatements.changeAccounts, 27), (LedgerStore.lockAccounts, 1),
        ] {
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
}
