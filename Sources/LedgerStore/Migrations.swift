import Postgres

extension LedgerStore {
    /// The version of the schema in the database; nil when there is none.
    public func schemaVersion() async throws -> Int? {
        do throws(PostgresError) {
            return try await readers.withConnection { connection async throws(PostgresError) -> Int? in
                try await Self.schemaVersion(on: connection)
            }
        } catch {
            if error.sqlState == .undefinedTable || error.sqlState == .invalidSchemaName { return nil }
            throw error
        }
    }

    /// - Throws: ``StoreError`` unless the schema is the one that this program works with.
    public func requireSchema() async throws {
        let wanted = Int(Schema.version)
        guard let found = try await schemaVersion(), found > 0 else { throw StoreError.schemaMissing }
        if found < wanted { throw StoreError.schemaOutdated(found: found, wanted: wanted) }
        if found > wanted { throw StoreError.schemaTooNew(found: found, wanted: wanted) }
    }

    /// Brings the schema up to date: makes it where there is none, does nothing where it is current.
    ///
    /// Safe when several programs do it together: each step claims its number in `bursar.migrations` first and
    /// does its work in the same transaction, so the second waits, finds the number taken, and goes on. Where a step
    /// cannot be one transaction, all of them do it, and the number comes last.
    /// - Returns: the numbers of the steps that this call applied.
    @discardableResult
    public func migrate() async throws -> [Int] {
        let dialect = dialect
        return try await writers.withConnection {
            connection async throws(PostgresError) -> Result<[Int], StoreError> in
            if let setup = dialect.migrationSetup { try await connection.run(script: setup) }
            try await Self.repeated(Self.createMigrations, on: connection)
            var applied: [Int] = []
            let found = try await Self.schemaVersion(on: connection) ?? 0
            if found > Int(Schema.version) {
                return .failure(.schemaTooNew(found: found, wanted: Int(Schema.version)))
            }
            for migration in Schema.migrations(for: dialect) where Int(migration.number) > found {
                do throws(PostgresError) {
                    let isNew =
                        dialect.migratesInOneTransaction
                        ? try await Self.apply(migration, on: connection, dialect)
                        : try await Self.applySingly(migration, on: connection)
                    if isNew { applied.append(Int(migration.number)) }
                } catch {
                    guard migration.makesDomains, error.sqlState == .featureNotSupported else { throw error }
                    return .failure(.columnsInUse(by: error.detail ?? error.message))
                }
            }
            if let script = dialect.wordIndex { await Self.makeWordIndex(script, on: connection) }
            return .success(applied)
        }.get()
    }

    private static func schemaVersion(on connection: Connection) async throws(PostgresError) -> Int? {
        let rows = try await connection.query(selectSchemaVersion)
        return try rows.first?.decodeOptional(0, as: Int64.self).map(Int.init)
    }

    /// How often a step is tried again that another program got in the way of.
    private static let migrationAttempts = 10

    /// Runs a script that leaves alone what is there already, again when another program got in its way.
    private static func repeated(_ script: String, on connection: Connection) async throws(PostgresError) {
        // IF NOT EXISTS looks before it leaps: two programs that look together both leap, and one of them is
        // told that the catalogue entry exists (23505, 42701, 42710, 42P06, 42P07) or that it changed meanwhile
        // (XX000).
        for attempt in 1...migrationAttempts {
            do throws(PostgresError) {
                try await connection.run(script: script)
                return
            } catch {
                let raced: [SQLState] = [
                    "23505", "42701", "42710", "42P06", "42P07", "XX000", "40001", "40P01",
                ]
                guard let state = error.sqlState, raced.contains(state), attempt < migrationAttempts else {
                    throw error
                }
            }
        }
    }

    /// - Returns: whether this call did it; false when another program had done it.
    private static func apply(
        _ migration: Schema.Migration, on connection: Connection, _ dialect: Dialect
    ) async throws(PostgresError) -> Bool {
        for attempt in 1...migrationAttempts {
            do throws(PostgresError) {
                try await connection.run(
                    script: """
                        BEGIN;
                        SET LOCAL statement_timeout = 0;
                        INSERT INTO bursar.migrations (number) VALUES (\(migration.number));
                        """)
                // Policies and views that look at a column keep it from being given another type.
                let confined =
                    migration.makesDomains
                    ? try await roles(on: connection, dialect).filter { $0.confinedAs == $0.name } : []
                try await connection.run(
                    script: """
                        \(confined.map { Confinement.dropScript(for: $0.name) }.joined(separator: "\n"))
                        \(migration.script)
                        \(confined.compactMap { $0.confinement?.script(for: $0.name) }.joined(separator: "\n"))
                        COMMIT;
                        """)
                return true
            } catch {
                if await connection.isUsable { try await connection.run(script: "ROLLBACK") }
                switch error.sqlState {
                case .uniqueViolation where error.violatedConstraint == "migrations_pkey": return false
                case .serializationFailure, .deadlockDetected:
                    if attempt == migrationAttempts { throw error }
                default: throw error
                }
            }
        }
        return false
    }

    /// Applies a step where each change of the schema is committed by itself. What was interrupted half-way is
    /// finished by the next `bursar init`, because the number is written last.
    private static func applySingly(
        _ migration: Schema.Migration, on connection: Connection
    ) async throws(PostgresError) -> Bool {
        try await connection.run(script: "SET statement_timeout = 0")
        for statement in migration.statements { try await repeated(statement, on: connection) }
        try await repeated(
            "INSERT INTO bursar.migrations (number) VALUES (\(migration.number)) ON CONFLICT (number) DO NOTHING",
            on: connection)
        try await connection.run(script: Dialect.statementTimeout)
        return true
    }

    /// Makes the index that finds words, where the server lets us: the ledger is the same without it, and a
    /// search for a rare word goes on in several questions instead.
    private static func makeWordIndex(_ script: String, on connection: Connection) async {
        do throws(PostgresError) {
            // Asked before: making it again would do nothing, but lock the table for a moment.
            let exists = try await connection.query(selectWordIndex).first?.decode(0, as: Bool.self)
            if exists != true { try await connection.run(script: script) }
        } catch {
            // The extension is not installed, or this role may not create it. The next `bursar init` tries again.
            if await connection.isUsable { try? await connection.run(script: "ROLLBACK") }
        }
    }

    private static let selectWordIndex = Statement(
        name: "select_word_index", sql: "SELECT to_regclass('bursar.accounts_words_idx') IS NOT NULL")

    private static let createMigrations = """
        CREATE SCHEMA IF NOT EXISTS bursar;
        CREATE TABLE IF NOT EXISTS bursar.migrations (
            number integer CONSTRAINT migrations_pkey PRIMARY KEY,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
        """

    private static let selectSchemaVersion = Statement(
        name: "select_schema_version", sql: "SELECT max(number)::bigint FROM bursar.migrations")
}
