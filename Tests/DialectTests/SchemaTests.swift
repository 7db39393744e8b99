import FaultProxy
import Postgres
import TestSupport
import Testing

@testable import LedgerStore

/// Making the schema where each change of it is committed by itself.
@Suite(.timeLimit(.minutes(5))) struct SchemaTests {
    private static let servers: [ForeignServer] = [.cockroach, .yugabyte]

    /// Columns, indexes and constraints, but for the index on words, which PostgreSQL alone has.
    private func shape(of database: TestDatabase) async throws -> [String] {
        let statement = Statement(
            name: "shape",
            sql: """
                SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
                FROM information_schema.columns WHERE table_schema = 'bursar'
                UNION ALL
                SELECT indexdef FROM pg_indexes WHERE schemaname = 'bursar' AND indexname <> 'accounts_words_idx'
                UNION ALL
                SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                WHERE connamespace = 'bursar'::regnamespace
                ORDER BY 1
                """)
        let connection = try await database.connect()
        var lines: [String] = []
        for row in try await connection.query(statement) { lines.append(try row.decode(0)) }
        await connection.close()
        return lines
    }

    private func shapeWithoutDomains() async throws -> [String] {
        let ledger = try await TestLedger.make()
        try await EarlierSchema.restore(5, in: ledger)
        return try await shape(of: ledger.database)
    }

    private func use(
        _ server: ForeignServer, _ body: (TestDatabase, FaultProxy, LedgerStore) async throws -> Void
    ) async throws {
        let database = try await TestDatabase.make()
        let (proxy, settings) = try await ForeignLedger.proxy(before: database, as: server)
        do {
            let store = try await LedgerStore.open(settings, writers: 2, readers: 1)
            try await body(database, proxy, store)
            await store.close()
        } catch {
            await proxy.stop()
            throw error
        }
        await proxy.stop()
    }

    @Test(arguments: servers) func theSchemaIsTheSameStatementByStatement(_ server: ForeignServer)
        async throws
    {
        let expected = try await shapeWithoutDomains()
        try await use(server) { database, _, store in
            #expect(try await store.migrate() == [1, 2, 3, 4, 5, 6])
            try await store.requireSchema()
            #expect(try await store.migrate() == [])
            #expect(try await shape(of: database) == expected)
        }
    }

    @Test(arguments: servers) func anInterruptedStepIsFinishedByTheNextTry(_ server: ForeignServer)
        async throws
    {
        let expected = try await shapeWithoutDomains()
        try await use(server) { (database, proxy, store) async throws in
            // A statement of the first step and one of the third get lost, each once.
            await proxy.setScript(
                FaultScript(
                    rules: [
                        FaultRule(
                            when: .statement(containing: "bursar.account_records ("), fault: .cutBeforeServer,
                            times: 1),
                        FaultRule(
                            when: .statement(containing: "SET DEFAULT"),
                            fault: .cutAfterServer(awaitingAnswer: true), times: 1),
                    ] + server.rules))
            await #expect(throws: PostgresError.self) { try await store.migrate() }
            #expect(try await store.schemaVersion() == nil)
            await #expect(throws: PostgresError.self) { try await store.migrate() }
            #expect(try await store.schemaVersion() == 2)
            #expect(try await store.migrate() == [3, 4, 5, 6])
            #expect(try await shape(of: database) == expected)
        }
    }

    /// A second program in the way, as the two tell it.
    @Test(arguments: [
        Case(.cockroach, .cockroachRetrySerializable), Case(.yugabyte, .yugabyteCatalogVersion),
        Case(.yugabyte, ErrorForm("XX000", "Catalog Version Mismatch: A DDL occurred")),
    ])
    func aStepThatSomebodyGotInTheWayOfIsTriedAgain(_ row: Case) async throws {
        try await use(row.server) { _, proxy, store in
            await proxy.setScript(
                FaultScript(
                    rules: [
                        FaultRule(
                            when: .statement(containing: "CREATE "), fault: .answer(row.form), times: 5),
                        FaultRule(
                            when: .statement(containing: "INSERT INTO bursar.migrations"),
                            fault: .answer(row.form), times: 2),
                    ] + row.server.rules))
            #expect(try await store.migrate() == [1, 2, 3, 4, 5, 6])
            try await store.requireSchema()
        }
    }

    @Test(arguments: servers) func twoProgramsMayMakeItTogether(_ server: ForeignServer) async throws {
        try await use(server) { _, _, store in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 { group.addTask { try await store.migrate() } }
                try await group.waitForAll()
            }
            try await store.requireSchema()
        }
    }

    /// Told apart by the constraint alone: the table's name is not sent by all.
    @Test func eachStatementOfAStepStandsByItself() {
        let migrations = Schema.migrations(for: .cockroachdb)
        let statements = migrations.flatMap(\.statements)
        #expect(statements.count == migrations.map { $0.script.split(separator: ";\n").count }.reduce(0, +))
        for statement in statements {
            let words = statement.trimmed
            let repeatable = [
                "IF NOT EXISTS", "DROP COLUMN IF EXISTS", " SET DEFAULT ", " SET NOT NULL",
                "WHERE a.listed_seq IS NULL",
            ]
            #expect(repeatable.contains { words.contains($0) }, "cannot be repeated: \(words)")
        }
    }
}

extension String {
    fileprivate var trimmed: Substring { drop { $0.isWhitespace } }
}
