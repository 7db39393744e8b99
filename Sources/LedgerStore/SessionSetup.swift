import Postgres

/// Makes sessions ready for what they are lent for, and finds out whose they are.
///
/// Between the program and the server may stand a pooler that lends a server's session for one transaction only
/// (PgBouncer with `pool_mode = transaction`). What is set in such a session is lost to us, and found by the next
/// program that it is lent to; what is prepared in it is gone. The number of the server's process tells: the one
/// that we were given when we connected is the pooler's invention, and not that of the process that answers. Then
/// nothing is set and nothing is kept, and each transaction says what it needs by itself.
enum SessionSetup {
    case writer, reader

    /// Opens a session, and closes it again when it is not one for this purpose.
    func open(
        _ settings: ConnectionSettings, _ dialect: Dialect, timeout: Duration
    ) async throws(PostgresError) -> Connection {
        let connection = try await Connection.connect(settings, timeout: timeout)
        do throws(PostgresError) {
            switch (dialect, self) {
            case (.cockroachdb, .writer):
                try await connection.run(
                    script: """
                        SET default_transaction_isolation = 'serializable';
                        SET statement_timeout = '\(Self.longestStatement)';
                        SET idle_in_transaction_session_timeout = '\(Self.longestPause)';
                        """, timeout: timeout)
            case (.cockroachdb, .reader):
                // Not every version has the last setting, and one that is not there cannot be set.
                try await connection.run(
                    script: """
                        SET default_transaction_isolation = 'read committed';
                        SET default_transaction_read_only = on;
                        SELECT set_config(name, 'force_custom_plan', false) FROM pg_settings
                            WHERE name = 'plan_cache_mode';
                        """, timeout: timeout)
            case (.postgresql, _), (.yugabytedb, _): try await prepare(connection, timeout: timeout)
            }
        } catch {
            await connection.close()
            throw error
        }
        return connection
    }

    private func prepare(_ connection: Connection, timeout: Duration) async throws(PostgresError) {
        // Not before it is known whose session it is.
        await connection.keepStatements(false)
        let statement = self == .writer ? Self.prepareWriter : Self.prepareReader
        let row = try await connection.query(statement, [.value(connection.backendPID)], timeout: timeout)
            .first
        guard let row else { throw .undecodable("no answer to \(statement.name)") }
        let isOurs = try row.decode(0, as: Bool.self)
        if self == .writer, let reason = try Self.reasonNotToWrite(row) {
            throw PostgresError(kind: .cannotConnect, sqlState: .readOnlyTransaction, message: reason)
        }
        await connection.keepStatements(isOurs)
    }

    private static func reasonNotToWrite(_ row: Row) throws(PostgresError) -> String? {
        if try row.decode(1, as: Bool.self) { return "the server is a standby and takes no writes" }
        return try row.decode(2, as: Bool.self)
            ? "the sessions of this role are read only: its default_transaction_read_only is on" : nil
    }

    /// A sequential scan takes a predicate lock on the whole table, and the planner likes one on small tables;
    /// a merge join may read a whole index for the order. Either would make writers of different accounts
    /// cancel each other. A bitmap scan finds rows in the order in which they lie on the disk; every statement must
    /// lock accounts in the order of their ids, or two wait for each other. With `enable_seqscan` off, a plan that has to
    /// scan all the same seems so costly that the server would compile it first, for about a second. Warnings must come
    /// through: see `Connection.commit`. What is read to decide has arrays for parameters, which the planner would plan
    /// anew each time: longer than executing it takes, and for no other plan. A program that is stopped before its commit
    /// does not hold up the others for longer than the last setting says.
    private static let writerSettings = [
        "enable_seqscan": "off", "enable_mergejoin": "off", "enable_bitmapscan": "off", "jit": "off",
        "plan_cache_mode": "force_generic_plan", "client_min_messages": "warning",
        "statement_timeout": longestStatement, "idle_in_transaction_session_timeout": longestPause,
    ]
    private static let longestPause = "2s"
    private static let longestStatement = "\(Dialect.longestStatement.components.seconds)s"

    private static let prepareWriter = Statement(
        name: "prepare_writer",
        sql: """
            SELECT pg_backend_pid() = $1::int4, pg_is_in_recovery(),
                current_setting('default_transaction_read_only') = 'on',
                CASE WHEN pg_backend_pid() = $1::int4 THEN
                    \(set(writerSettings.merging(["default_transaction_isolation": "serializable"]) { $1 }))
                END
            """)

    /// Nothing can be written through a reader's session, and it takes no predicate locks, so that watching the
    /// ledger never makes a writer retry.
    ///
    /// One statement serves a list for all filters and places: planned for its parameters, it loses the
    /// conditions that do not apply and finds the index that does. Planned once for all of them, it would read
    /// and sort all accounts.
    private static let prepareReader = Statement(
        name: "prepare_reader",
        sql: """
            SELECT pg_backend_pid() = $1::int4,
                CASE WHEN pg_backend_pid() = $1::int4 THEN
                    \(set([
                        "default_transaction_isolation": "read committed",
                        "default_transaction_read_only": "on", "plan_cache_mode": "force_custom_plan",
                        "jit": "off",
                    ]))
                END
            """)

    /// What a writer's session is set to, for one transaction.
    static let prepareTransaction = Statement(
        name: "prepare_transaction", sql: "SELECT \(set(writerSettings, isLocal: true))")

    private static func set(_ settings: [String: String], isLocal: Bool = false) -> String {
        settings.sorted { $0.key < $1.key }
            .map { "set_config('\($0.key)', '\($0.value)', \(isLocal))" }.joined(separator: " || ")
    }
}

extension Connection {
    /// A transaction that writes, in one round trip and at SERIALIZABLE whatever stands between.
    ///
    /// In a session of our own, and when there is nothing to wait for, the statements are a transaction by themselves,
    /// and of the level that the session is set to.
    ///
    /// - Parameter isWanted: what the commit waits for; nil when it waits for nothing.
    func write(
        _ queries: [Query], timeout: Duration?, when isWanted: (@Sendable () async -> Bool)? = nil
    ) async throws(PostgresError) -> [Rows] {
        if keepsStatements, isWanted == nil { return try await commit(queries, timeout: timeout) }
        let begun = beginning + queries
        guard let isWanted else { return try await commit(begun + [Self.closing.commit], timeout: timeout) }
        return try await commit(begun, closing: Self.closing, when: isWanted, timeout: timeout)
    }

    /// Begins a transaction that writes, and leaves it open.
    func begin(_ queries: [Query], timeout: Duration?) async throws(PostgresError) -> [Rows] {
        try await pipeline(beginning + queries, timeout: timeout)
    }

    /// Ends what ``begin(_:timeout:)`` began.
    func end(_ queries: [Query], timeout: Duration?) async throws(PostgresError) -> [Rows] {
        try await commit(queries + [Self.closing.commit], timeout: timeout)
    }

    private var beginning: [Query] {
        [Query(Self.beginWrite)] + (keepsStatements ? [] : [Query(SessionSetup.prepareTransaction)])
    }

    static let commitWrite = Statement(name: "commit", sql: "COMMIT")

    private static let closing = Closing(
        commit: Query(commitWrite), rollback: Query(Statement(name: "rollback", sql: "ROLLBACK")))

    /// Not to be had from an implicit transaction; NOT DEFERRABLE because a role's default may be otherwise.
    static let beginWrite = Statement(
        name: "begin_write", sql: "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE NOT DEFERRABLE")
}
