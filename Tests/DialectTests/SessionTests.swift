import FaultProxy
import LedgerService
import Postgres
import TestSupport
import Testing

@testable import LedgerStore

/// What the dialects send when sessions begin and when the schema is made, as the server has it afterwards.
@Suite(.timeLimit(.minutes(5))) struct SessionTests {
    private static let servers: [ForeignServer] = [.postgresql, .cockroach, .cockroachNow, .yugabyte]

    private static let settings = Statement(
        name: "settings",
        sql: """
            SELECT name || ' ' || setting FROM pg_settings WHERE name IN ('default_transaction_isolation',
                'default_transaction_read_only', 'statement_timeout', 'enable_seqscan', 'enable_mergejoin', 'jit',
                'plan_cache_mode', 'transaction_isolation', 'transaction_read_only') ORDER BY name
            """)

    private func settings(of pool: ConnectionPool) async throws -> [String] {
        try await pool.withConnection { connection async throws(PostgresError) -> [String] in
            var lines: [String] = []
            for row in try await connection.query(Self.settings) { lines.append(try row.decode(0)) }
            return lines
        }
    }

    @Test(arguments: servers) func theDialectIsKnownByWhatTheServerSays(_ server: ForeignServer) async throws
    {
        try await ForeignLedger.use(server) { ledger in
            #expect(ledger.store.dialect == server.dialect)
            try await ledger.store.requireSchema()
        }
    }

    @Test(arguments: servers) func aWriterIsSerializable(_ server: ForeignServer) async throws {
        try await ForeignLedger.use(server) { ledger in
            let plain = server.dialect == .cockroachdb
            let found = try await settings(of: ledger.store.writers)
            for line in [
                "default_transaction_isolation serializable", "default_transaction_read_only off",
                "statement_timeout 120000", "transaction_isolation serializable",
                "enable_seqscan \(plain ? "on" : "off")", "enable_mergejoin \(plain ? "on" : "off")",
            ] { #expect(found.contains(line), "\(line) in \(found)") }
            #expect(plain || found.contains("jit off"))
        }
    }

    @Test(arguments: servers) func aReaderCannotWriteAndTakesNoLocks(_ server: ForeignServer) async throws {
        try await ForeignLedger.use(server) { ledger in
            let found = try await settings(of: ledger.store.readers)
            for line in [
                "default_transaction_isolation read committed", "default_transaction_read_only on",
                "transaction_isolation read committed", "transaction_read_only on",
                "plan_cache_mode force_custom_plan", "enable_seqscan on",
            ] { #expect(found.contains(line), "\(line) in \(found)") }
            #expect(server.dialect == .cockroachdb || found.contains("jit off"))
        }
    }

    @Test(arguments: servers) func aSnapshotHoldsForAllItsReads(_ server: ForeignServer) async throws {
        try await ForeignLedger.use(server) { ledger in
            let report = try await Verifier(store: ledger.store).run()
            #expect(report.problems.isEmpty)
            let level = Statement(
                name: "level", sql: "SELECT current_setting('transaction_isolation')")
            let found = try await ledger.store.readers.withConnection {
                connection async throws(PostgresError) -> String? in
                try await connection.run(script: server.dialect.beginSnapshot)
                let level = try await connection.query(level).first?.decode(0, as: String.self)
                try await connection.run(script: "ROLLBACK")
                return level
            }
            #expect(found == (server.dialect == .cockroachdb ? "serializable" : "repeatable read"))
        }
    }

    @Test func aYugabyteDBFromBeforeItsVersion2025IsRefusedWithASentence() async throws {
        let database = try await TestDatabase.make(template: .ledger)
        let (proxy, settings) = try await ForeignLedger.proxy(before: database, as: .oldYugabyte)
        let error = await #expect(throws: StoreError.yugabyteTooOld(version: 110_002)) {
            let store = try await LedgerStore.open(settings, writers: 1, readers: 1)
            await store.close()
        }
        await proxy.stop()
        #expect(error?.message.contains("2025.1 or later") == true)
    }

    /// A long verification of books that the server keeps for a while only.
    @Test(arguments: [
        Case(.yugabyte, .yugabyteSnapshotTooOld), Case(.cockroach, .cockroachBelowGarbageCollection),
    ])
    func aVerificationThatIsTooOldSaysSo(_ row: Case) async throws {
        try await ForeignLedger.use(row.server) { ledger in
            await ledger.script(.answer(row.form), to: "selectjournalids", times: 100)
            let error = await #expect(throws: PostgresError.self) {
                _ = try await Verifier(store: ledger.store).run()
            }
            let failure = try StoreFailure(#require(error), writing: false, dialect: row.server.dialect)
            #expect(failure.kind == .overloaded)
            #expect(failure.cause.contains("took so long"))
        }
    }
}
