import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// PgBouncer before the server, for real. Its sessions are few and lent in turn, so that what one client leaves in
/// a session meets the next.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PoolerTests {
    @Test(arguments: [Pooler.Mode.transaction, .session])
    func postsSerializablyUnderContention(mode: Pooler.Mode) async throws {
        let server = try await PrivateServer.shared
        let database = try await server.makeDatabase()
        let pooler = try await Pooler.start(before: server, mode: mode, sessions: mode == .session ? 12 : 3)
        let ledger = try await TestLedger.on(pooler.connectionString(database: database))
        let codes = (0..<4).map { "p\($0)" }
        try await ledger.open(codes, balance: "1000.00")
        try await recordIsolation(server, database)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for teller in 0..<4 {
                group.addTask {
                    for round in 0..<15 {
                        let outcome = await ledger.service.perform(
                            try ledger.operation(
                                ledger.transfer(codes[teller], codes[(teller + 1 + round % 3) % 4], "1.00")))
                        #expect(outcome.word == "posted", "\(outcome)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await isolations(server, database) == ["serializable"])
        // Lists, histories, and the one reading that takes more than a round trip.
        #expect(try await ledger.store.queries.accounts(codes: [AccountCode("p0")]).count == 1)
        #expect(try await ledger.problems().isEmpty)
        await ledger.store.close()
        // What our sessions were set to has not been left to those that the pooler lends them to next.
        let next = try await Connection.connect(
            ConnectionSettings(pooler.connectionString(database: database)), timeout: .seconds(20))
        for _ in 0..<6 {
            let row = try await next.query(Self.left).first
            #expect(try row?.decode(0, as: String.self) == "read committed off on off 0")
        }
        await next.close()
    }

    private static let left = Statement(
        name: "left",
        sql: """
            SELECT concat_ws(' ', current_setting('default_transaction_isolation'),
                current_setting('default_transaction_read_only'), current_setting('enable_seqscan'),
                current_setting('jit_dump_bitcode'), (SELECT count(*) FROM pg_prepared_statements
                    WHERE name NOT LIKE 'left%'))
            """)

    @Test func aPoolerThatLendsSessionsForStatementsIsRefusedAtTheStart() async throws {
        let server = try await PrivateServer.shared
        let pooler = try await Pooler.start(before: server, mode: .statement)
        let error = await #expect(throws: StoreError.self) {
            _ = try await LedgerStore.open(ConnectionSettings(pooler.connectionString()), writers: 1)
        }
        #expect(error == .noTransactions)
    }

    @Test func anAnswerThatThePoolerLosesIsLookedUp() async throws {
        let server = try await PrivateServer.shared
        let database = try await server.makeDatabase()
        let pooler = try await Pooler.start(before: server, mode: .transaction)
        let ledger = try await TestLedger.on(pooler.connectionString(database: database))
        try await ledger.open(["a"], balance: "10.00")
        let observer = try await server.connect(database: database)
        try await observer.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let operation = try ledger.operation(ledger.deposit("a", "1.00"))
        let posting = Task { await ledger.service.perform(operation) }
        let blocked = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        try await observer.wait(for: "SELECT count(*) > 0 \(blocked)")
        _ = try await observer.query(
            Statement(name: "end", sql: "SELECT pg_terminate_backend(pid) \(blocked)"))
        try await observer.run(script: "COMMIT")
        #expect(await posting.value.word == "posted")
        #expect(try await ledger.account("a")?.available.description == "11.00")
        await observer.close()
        await ledger.store.close()
    }
}
