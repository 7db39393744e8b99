import Ledger
import Postgres

/// The ledger in its database: all the SQL there is.
///
/// It reads what an operation needs to be decided, writes decisions, and answers the questions of screens and
/// commands. It neither decides nor retries: errors come out as the database gave them.
public struct LedgerStore: Sendable {
    public let dialect: Dialect
    /// Sessions that read and write at SERIALIZABLE.
    let writers: ConnectionPool
    /// Sessions that cannot write.
    let readers: ConnectionPool
    let search = SearchAbility()
    let origin: SessionOrigin

    /// - Parameters:
    ///   - writers: the most sessions that post at a time.
    ///   - readers: the most sessions that look at a time.
    ///   - connectTimeout: for opening one session.
    /// - Throws: when the server cannot be reached; ``StoreError`` when it is not one for this program. The
    ///   schema is not looked at: see ``schemaVersion()``.
    public static func open(
        _ settings: ConnectionSettings, writers: Int, readers: Int = 4,
        connectTimeout: Duration = .seconds(10)
    ) async throws -> LedgerStore {
        let first = try await Connection.connect(settings, timeout: connectTimeout)
        let dialect: Dialect
        do {
            dialect = try await Self.dialect(of: first)
        } catch {
            await first.close()
            throw error
        }
        await first.close()
        let origin = SessionOrigin(program: settings["application_name"] ?? "")
        return LedgerStore(
            dialect: dialect,
            writers: pool(writers, settings, setup: dialect.writerSetup, timeout: connectTimeout) {
                connection async throws(PostgresError) in
                try await origin.ask(connection, timeout: connectTimeout)
            },
            readers: pool(readers, settings, setup: dialect.readerSetup, timeout: connectTimeout),
            origin: origin)
    }

    private static func dialect(of connection: Connection) async throws -> Dialect {
        let version =
            try await connection.query(Self.selectVersion)
            .first?.decode(0, as: String.self) ?? ""
        let dialect = Dialect(version: version)
        if dialect == .postgresql, connection.serverVersion < Dialect.oldestServer {
            throw StoreError.serverTooOld(version: connection.serverVersion)
        }
        return dialect
    }

    private static func pool(
        _ size: Int, _ settings: ConnectionSettings, setup: String, timeout: Duration,
        begin: @escaping @Sendable (Connection) async throws(PostgresError) -> Void = { _ in }
    ) -> ConnectionPool {
        ConnectionPool(size: size) { () async throws(PostgresError) -> Connection in
            let connection = try await Connection.connect(settings, timeout: timeout)
            do throws(PostgresError) {
                try await connection.run(script: setup, timeout: timeout)
                try await begin(connection)
            } catch {
                await connection.close()
                throw error
            }
            return connection
        }
    }

    public func close() async {
        await writers.close()
        await readers.close()
    }

    /// Answers the questions of screens and commands, each in a short transaction of its own.
    public var queries: LedgerQueries {
        LedgerQueries(dialect: dialect, search: search) {
            [readers] (queries, timeout) async throws(PostgresError) -> [Rows] in
            try await readers.withConnection(timeout: timeout) {
                connection async throws(PostgresError) -> [Rows] in
                try await connection.pipeline(queries, timeout: timeout)
            }
        }
    }

    /// Answers questions about the books as of one moment, however long it takes.
    public func withSnapshot<Result: Sendable>(
        _ body: @Sendable (LedgerQueries) async throws -> Result
    ) async throws -> Result {
        let (dialect, search) = (dialect, search)
        // The pool passes only database errors through, and the body may throw others.
        let outcome = try await readers.withConnection {
            connection async throws(PostgresError) -> Swift.Result<Result, any Error> in
            try await connection.run(script: dialect.beginSnapshot)
            let queries = LedgerQueries(dialect: dialect, search: search) {
                (queries, timeout) async throws(PostgresError) -> [Rows] in
                try await connection.pipeline(queries, timeout: timeout)
            }
            let outcome: Swift.Result<Result, any Error>
            do {
                outcome = .success(try await body(queries))
            } catch {
                outcome = .failure(error)
            }
            // Nothing was written, so it is all the same whether this succeeds; a broken session is dropped.
            if await connection.isUsable { try? await connection.run(script: "ROLLBACK") }
            return outcome
        }
        return try outcome.get()
    }

    /// Writes decisions of one kind, made one after the other, as one statement: all or nothing.
    ///
    /// - Throws: ``PostgresError``. What each SQLSTATE means is for the caller to say: after a lost connection
    ///   the decisions may be on the books.
    public func write(_ decisions: [Decision], kind: WriteKind, timeout: Duration? = nil)
        async throws(PostgresError)
    {
        let query = Query(writing: decisions, kind: kind)
        _ = try await writers.withConnection(timeout: timeout) {
            connection async throws(PostgresError) -> Rows in
            do throws(PostgresError) {
                return try await connection.query(query.statement, query.parameters, timeout: timeout)
            } catch {
                // Another user or address than the decision says: the next one is to be made with this session's.
                if error.saysOtherOrigin { try? await origin.ask(connection, timeout: timeout) }
                throw error
            }
        }
    }

    static let selectVersion = Statement(name: "select_version", sql: "SELECT version()")
}

/// What is wrong with the server, or with the schema in it.
public enum StoreError: Error, Sendable, Equatable {
    /// As `PQserverVersion` gives it, such as 90600.
    case serverTooOld(version: Int)
    /// There is no schema `bursar` in this database, or it was left half-made.
    case schemaMissing
    /// The schema is older than this program; `bursar init` upgrades it.
    case schemaOutdated(found: Int, wanted: Int)
    /// The schema was made by a newer program.
    case schemaTooNew(found: Int, wanted: Int)

    /// What is wrong and what to do about it.
    public var message: String {
        switch self {
        case .serverTooOld(let version):
            "the server is PostgreSQL \(version / 10000)\(version < 100_000 ? ".\(version / 100 % 100)" : ""), "
                + "Bursar needs \(Dialect.oldestServer / 10000) or later; upgrade it or connect to another"
        case .schemaMissing: "this database holds no ledger yet; `bursar init` makes one in it"
        case .schemaOutdated(let found, let wanted):
            "the ledger's schema is version \(found), this program works with \(wanted); run `bursar init`"
        case .schemaTooNew(let found, let wanted):
            "the ledger's schema is version \(found), this program knows up to \(wanted); install a newer Bursar"
        }
    }
}
