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
    /// A session that asks nothing but whether the server answers, while all others may wait for it.
    let pulse: ConnectionPool
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
            // A pooler may lend the server's session to somebody else next, who has no use for what we prepare.
            await first.keepStatements(false)
            dialect = try await Self.dialect(of: first)
            try await Self.requireUTF8(first)
            try await Self.requireTransactions(first)
        } catch {
            await first.close()
            throw error
        }
        await first.close()
        let origin = SessionOrigin(program: settings["application_name"] ?? "")
        return LedgerStore(
            dialect: dialect,
            writers: pool(writers, settings, dialect, .writer, timeout: connectTimeout) {
                connection async throws(PostgresError) in
                try await origin.ask(connection, timeout: connectTimeout)
            },
            readers: pool(readers, settings, dialect, .reader, timeout: connectTimeout),
            pulse: pool(1, settings, dialect, .reader, timeout: min(connectTimeout, answerTime)),
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
        if dialect == .yugabytedb, connection.serverVersion < Dialect.oldestServer {
            throw StoreError.yugabyteTooOld(version: connection.serverVersion)
        }
        return dialect
    }

    /// Another encoding has no place for most names, and one that is none (SQL_ASCII) takes bytes that are no text.
    private static func requireUTF8(_ connection: Connection) async throws {
        let encoding = await connection.parameterStatus("server_encoding")
        if let encoding, encoding != "UTF8" { throw StoreError.encoding(encoding) }
    }

    /// A pooler that lends a session for each statement closes the connection of those who begin a transaction.
    private static func requireTransactions(_ connection: Connection) async throws {
        do throws(PostgresError) {
            _ = try await connection.query(beginLookUp)
            _ = try await connection.query(endRead)
        } catch {
            guard error.sqlState == .protocolViolation else { throw error }
            throw StoreError.noTransactions
        }
    }

    private static func pool(
        _ size: Int, _ settings: ConnectionSettings, _ dialect: Dialect, _ setup: SessionSetup,
        timeout: Duration,
        begin: @escaping @Sendable (Connection) async throws(PostgresError) -> Void = { _ in }
    ) -> ConnectionPool {
        ConnectionPool(size: size) { () async throws(PostgresError) -> Connection in
            let connection = try await setup.open(settings, dialect, timeout: timeout)
            do throws(PostgresError) {
                try await begin(connection)
            } catch {
                await connection.close()
                throw error
            }
            return connection
        }
    }

    /// Who this program's writers are to the database; nil before the first of them.
    public var currentOrigin: Origin? { origin.current }

    /// SQL for the ``Magnitude`` of the ledger balance of a row `a` of accounts, for those who fill the table without
    /// posting.
    public static var magnitudeSQL: String { FilterSQL.magnitude }

    /// The executor of all connections: see ``Connection/taskExecutor``.
    public static var executor: any TaskExecutor { Connection.taskExecutor }

    public func close() async {
        await writers.close()
        await readers.close()
        await pulse.close()
    }

    /// Answers the questions of screens and commands, each in a short transaction of its own, for as long as somebody
    /// waits for the answer.
    public var queries: LedgerQueries { queries(within: nil) }

    /// The same, where nobody is there to stop waiting: a question that has no answer within this time fails.
    public func queries(within limit: Duration?) -> LedgerQueries {
        LedgerQueries(dialect: dialect, search: search) {
            [readers] (queries, timeout) async throws(PostgresError) -> [Rows] in
            let timeout = timeout ?? limit
            return try await readers.withConnection(timeout: timeout) {
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

    /// Writes decisions as one statement: all or nothing.
    ///
    /// - Parameter isWanted: what has to be waited for before they may be on the books, and goes on at the same time:
    ///   nothing is if it answers no, and `cancelled` is thrown. Nil when there is nothing to wait for.
    /// - Throws: ``PostgresError``. What each SQLSTATE means is for the caller to say: after a lost connection
    ///   the decisions may be on the books.
    public func write(
        _ writing: Writing, timeout: Duration? = nil, when isWanted: (@Sendable () async -> Bool)? = nil
    ) async throws(PostgresError) {
        var isWanted = isWanted
        if !dialect.holdsCommits, let awaited = isWanted {
            guard await awaited() else {
                throw PostgresError(kind: .cancelled, message: "not sent, since it is not wanted")
            }
            isWanted = nil
        }
        let commitsWhen = isWanted
        _ = try await writers.withConnection(timeout: timeout) {
            connection async throws(PostgresError) -> [Rows] in
            do throws(PostgresError) {
                return try await connection.write([writing.query], timeout: timeout, when: commitsWhen)
            } catch {
                await reviseOrigin(after: error, connection, timeout: timeout)
                throw error
            }
        }
    }

    /// Locks these accounts, has them decided upon, and writes the decisions, all in one transaction: nobody else
    /// changes the accounts in between, so that whoever has the locks does not lose the race.
    ///
    /// It takes two round trips, during which others wait for the accounts.
    /// - Parameters:
    ///   - timeout: for all of it.
    ///   - decide: is given the accounts as they are, without those that the role may not post to, and returns the
    ///     decisions and what else is to be returned; nothing is written when there are no decisions.
    /// - Throws: ``PostgresError``, as ``write(_:timeout:when:)`` does; `lostBeforeCommit` when the connection broke
    ///   before there was anything to write.
    public func write<Result: Sendable>(
        locking accounts: [Identifier], kind: WriteKind, timeout: Duration,
        deciding decide: @Sendable ([Account]) -> ([Decision], Result)
    ) async throws(PostgresError) -> Result {
        let end = ContinuousClock.now + timeout
        return try await writers.withConnection(timeout: timeout) {
            connection async throws(PostgresError) -> Result in
            let locked = try await lock(accounts, connection, until: end)
            let (decisions, result) = decide(locked)
            let writes = decisions.isEmpty ? [] : [Writing(decisions, kind: kind).query]
            do throws(PostgresError) {
                _ = try await connection.end(writes, timeout: try Self.timeLeft(until: end))
            } catch {
                await reviseOrigin(after: error, connection, timeout: timeout)
                throw error
            }
            return result
        }
    }

    private func lock(
        _ accounts: [Identifier], _ connection: Connection, until end: ContinuousClock.Instant
    ) async throws(PostgresError) -> [Account] {
        let rows: [Rows]
        do throws(PostgresError) {
            let query = Query(Self.lockAccounts, [.array(accounts)])
            rows = try await connection.begin([query], timeout: try Self.timeLeft(until: end))
        } catch {
            throw error.kind == .connectionLost ? error.with(kind: .lostBeforeCommit) : error
        }
        guard let last = rows.last else { throw .undecodable("no answer to \(Self.lockAccounts.name)") }
        return try last.map { row throws(PostgresError) in try row.account() }
    }

    private static func timeLeft(until end: ContinuousClock.Instant) throws(PostgresError) -> Duration {
        let left = end - .now
        guard left > .zero else {
            throw PostgresError(kind: .deadlineExceeded, message: "the deadline passed before it was sent")
        }
        return left
    }

    /// Another user or address than the decision says: the next one is to be made with this session's.
    private func reviseOrigin(
        after error: PostgresError, _ connection: Connection, timeout: Duration?
    ) async {
        guard error.saysOtherOrigin else { return }
        // In a transaction that has failed nothing can be asked.
        try? await connection.run(script: "ROLLBACK")
        try? await origin.ask(connection, timeout: timeout)
    }

    /// In the order in which the posting statement meets them, so that the two cannot deadlock.
    static let lockAccounts = Statement(
        name: "lock_accounts",
        sql:
            "SELECT \(accountColumns) FROM bursar.accounts AS a WHERE a.id = ANY ($1::uuid[]) ORDER BY a.id FOR UPDATE"
    )

    /// Returns when everything that can be read from the server now would outlive it.
    ///
    /// Where commits wait for a standby, what is on the books is not always on the standby's too: a server that was
    /// made to stop waiting, or that crashed and started again, shows transactions that it alone has. A commit that
    /// is waited for comes after all of them.
    ///
    /// - Throws: `unconfirmed` and others when it is not known to be so.
    public func confirm(timeout: Duration? = nil) async throws(PostgresError) {
        guard dialect.confirmsCommits else { return }
        _ = try await writers.withConnection(timeout: timeout) {
            connection async throws(PostgresError) -> [Rows] in
            try await connection.write([Query(Self.markLog)], timeout: timeout)
        }
    }

    /// Writes to the server's log and nowhere else: what writes nothing is not waited for.
    private static let markLog = Statement(
        name: "mark_log", sql: "SELECT pg_logical_emit_message(true, 'bursar', '') IS NULL")

    /// - Throws: `cannotConnect` with 25006 where nothing can be written: the server is a standby, or the role's
    ///   sessions are read only.
    public func requireWritable() async throws(PostgresError) {
        try await writers.withConnection { _ async throws(PostgresError) in }
    }

    /// Whether a connection for questions was lost while nobody asked any: the server may be gone. It is not asked.
    public var hasLostConnection: Bool { readers.hasLostConnection }

    /// Returns when the server has answered, whatever else it is asked at the same time.
    /// - Throws: when it takes longer than ``answerTime`` for the connection or for the answer.
    public func requireAnswer() async throws(PostgresError) {
        _ = try await pulse.withConnection(timeout: Self.answerTime) {
            connection async throws(PostgresError) -> Rows in
            try await connection.query(Self.selectVersion, timeout: Self.answerTime)
        }
    }

    /// A server that takes longer for the least of questions counts as one that does not answer.
    private static let answerTime = Duration.seconds(4)

    /// Whether the server is a standby, which takes no writes. It is none any more once it is promoted.
    public func isStandby() async throws(PostgresError) -> Bool {
        guard dialect == .postgresql else { return false }
        return try await readers.withConnection { connection async throws(PostgresError) -> Bool in
            try await connection.query(Self.selectStandby).first?.decode(0, as: Bool.self) ?? false
        }
    }

    private static let selectStandby = Statement(
        name: "select_standby", sql: "SELECT pg_is_in_recovery()")

    static let selectVersion = Statement(name: "select_version", sql: "SELECT version()")
}

/// What is wrong with the server, or with the schema in it.
public enum StoreError: Error, Sendable, Equatable {
    /// As `PQserverVersion` gives it, such as 90600.
    case serverTooOld(version: Int)
    /// The database's text is not in UTF-8.
    case encoding(String)
    /// Something between us and the server lends sessions for one statement only.
    case noTransactions
    /// There is no schema `bursar` in this database, or it was left half-made.
    case schemaMissing
    /// The schema is older than this program; `bursar init` upgrades it.
    case schemaOutdated(found: Int, wanted: Int)
    /// The schema was made by a newer program.
    case schemaTooNew(found: Int, wanted: Int)
    /// A view or a rule of somebody else's looks at columns that an upgrade gives other types, as the server says it.
    case columnsInUse(by: String)
    /// A YugabyteDB that is made from this PostgreSQL, as `PQserverVersion` gives it, such as 110002.
    case yugabyteTooOld(version: Int)

    /// What is wrong and what to do about it.
    public var message: String {
        switch self {
        case .serverTooOld(let version):
            "the server is PostgreSQL \(version / 10000)\(version < 100_000 ? ".\(version / 100 % 100)" : ""), "
                + "Bursar needs \(Dialect.oldestServer / 10000) or later; upgrade it or connect to another"
        case .encoding(let name):
            "the database's encoding is \(name), and most names cannot be written in it; make one for the ledger "
                + "with `createdb --encoding=UTF8 --template=template0`"
        case .noTransactions:
            "the pooler before the server lends sessions for single statements; set its pool_mode to transaction "
                + "or session, or connect to the server itself"
        case .schemaMissing: "this database holds no ledger yet; `bursar init` makes one in it"
        case .schemaOutdated(let found, let wanted):
            "the ledger's schema is version \(found), this program works with \(wanted); run `bursar init`"
        case .schemaTooNew(let found, let wanted):
            "the ledger's schema is version \(found), this program knows up to \(wanted); install a newer Bursar"
        case .columnsInUse(let user):
            "the ledger cannot be upgraded while something of your own looks at its columns: \(user); nothing was "
                + "changed. Drop it, run `bursar init` again, and make it anew"
        case .yugabyteTooOld(let version):
            "the server is a YugabyteDB made from PostgreSQL \(version / 10000), Bursar needs 2025.1 or later, which "
                + "is made from PostgreSQL 15; upgrade it or connect to another"
        }
    }
}
