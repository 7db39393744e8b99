import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// What each role may do is held by the database itself.
@Suite(.serialized) struct RoleTests {
    @Test func rolesAreMadeTwiceWithoutComplaintAndSayWhatTheyMayDo() async throws {
        let ledger = try await TestLedger.make()
        #expect(try await ledger.store.makeRoles() == nil)
        #expect(try await ledger.store.makeRoles() == nil)
        #expect(try await ledger.store.accessLevel() == .owner)
        for (role, level) in [
            ("bursar_viewer", AccessLevel.viewer), ("bursar_operator", .operator),
            ("bursar_supervisor", .supervisor),
        ] {
            let store = try await store(of: ledger, as: role)
            #expect(try await store.accessLevel() == level)
            await store.close()
        }
    }

    @Test func aViewerReadsAndIsRefusedEveryWrite() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        _ = try await ledger.store.makeRoles()
        let store = try await store(of: ledger, as: "bursar_viewer")
        let service = LedgerService(store: store)
        #expect(try await store.queries.accounts(codes: [AccountCode("a")]).count == 1)
        let outcome = await service.perform(try ledger.operation(ledger.transfer("a", "b", "1.00")))
        guard case .refused(.notPermitted) = outcome.result else {
            Issue.record("a viewer's transfer ended as \(outcome.result)")
            return
        }
        await store.close()
    }

    @Test func anOperatorPostsButCannotFreezeNorRewriteHistory() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        _ = try await ledger.store.makeRoles()
        let store = try await store(of: ledger, as: "bursar_operator")
        let service = LedgerService(store: store)
        let transfer = try ledger.operation(ledger.transfer("a", "b", "1.00"))
        let posted = await service.perform(transfer)
        #expect(posted.receipt != nil)
        // Sent again, it is told as posted once the server has confirmed that it would outlive it.
        guard case .alreadyPosted = await service.perform(transfer).result else {
            Issue.record("an operator's transfer was not found on the books")
            return
        }
        let frozen = await service.perform(
            try ledger.operation(
                .accountChange(account: AccountCode("a"), change: .freeze(nil), reason: "test")))
        guard case .refused(.notPermitted) = frozen.result else {
            Issue.record("an operator's freeze ended as \(frozen.result)")
            return
        }
        await store.close()
        for statement in [
            "UPDATE bursar.account_records SET amount = 1", "DELETE FROM bursar.account_records",
            "UPDATE bursar.journal SET narrative = 'x'", "DELETE FROM bursar.journal",
            "UPDATE bursar.accounts SET minimum = NULL", "DELETE FROM bursar.accounts",
            "TRUNCATE bursar.journal",
        ] {
            let connection = try await ledger.database.connect()
            try await connection.run(script: "SET ROLE bursar_operator")
            let error = await #expect(throws: PostgresError.self) {
                try await connection.run(script: statement)
            }
            #expect(error?.sqlState == .insufficientPrivilege, "\(statement)")
            await connection.close()
        }
    }

    private func store(of ledger: TestLedger, as role: String) async throws -> LedgerStore {
        try await LedgerStore.open(
            ConnectionSettings(
                ledger.database.connectionString, overrides: ["options": "-c role=\(role)"]),
            writers: 2, readers: 2)
    }
}
