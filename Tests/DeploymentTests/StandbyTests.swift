import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// A standby as the server: it is read, and written to as soon as it is promoted.
@Suite(.serialized, .timeLimit(.minutes(3))) struct StandbyTests {
    @Test func isReadAndTakesWritesFromTheMomentOfItsPromotionOn() async throws {
        let pair = try await ReplicatedPair.start()
        let before = try await TestLedger.on(pair.primary.connectionString())
        try await before.open(["a"], balance: "10.00")
        await before.store.close()

        let ledger = try await TestLedger.on(pair.standby.connectionString(), makesSchema: false)
        try await pair.wait(
            for: "SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()", on: pair.standby)
        #expect(try await ledger.store.isStandby())
        #expect(try await ledger.account("a")?.available.description == "10.00")
        #expect(try await ledger.problems().isEmpty)
        let facts = try await ledger.store.serverFacts { 0 }
        #expect(facts.warnings.contains { $0.contains("is a standby") })
        let error = await #expect(throws: PostgresError.self) { try await ledger.store.requireWritable() }
        #expect(error?.sqlState == .readOnlyTransaction)
        #expect(error?.message == "the server is a standby and takes no writes")

        // Sent too early, an operation waits, and is posted by the server that the standby becomes.
        let operation = try ledger.operation(ledger.deposit("a", "1.00"))
        let events = ledger.service.feed.everyEvent()
        let posting = Task { await ledger.service.perform(operation) }
        for await event in events {
            if case .conflicted(let conflict, _) = event.phase {
                #expect(conflict.sqlState == "25006")
                #expect(conflict.cause == "the server is a standby and takes no writes")
                break
            }
        }
        try await pair.failOver()
        #expect(await posting.value.word == "posted")
        #expect(try await ledger.store.isStandby() == false)
        #expect(try await ledger.account("a")?.available.description == "11.00")
        await ledger.store.close()
        await pair.destroy()
    }

    @Test func sessionsThatTheRoleMakesReadOnlyAreNotTakenForAStandby() async throws {
        let server = try await PrivateServer.shared
        let database = try await server.makeDatabase()
        try await server.run("ALTER DATABASE \(database) SET default_transaction_read_only = on")
        let store = try await LedgerStore.open(
            ConnectionSettings(server.connectionString(database: database)), writers: 1)
        let error = await #expect(throws: PostgresError.self) { try await store.requireWritable() }
        #expect(error?.sqlState == .readOnlyTransaction)
        #expect(error?.message.contains("default_transaction_read_only") == true)
        await store.close()
    }
}
