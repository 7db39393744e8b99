import CLibPQ

/// One session with a PostgreSQL server.
///
/// Calls from several tasks are served one at a time, in the order in which they came. No call blocks a thread
/// of Swift's cooperative pool, not even when the server hangs: a deadline or a cancelled task asks the server to
/// cancel, gives it a second, then drops the connection with `connectionLost`.
public actor Connection {
    private static let loop = EventLoop.shared

    public nonisolated var unownedExecutor: UnownedSerialExecutor { Self.loop.asUnownedSerialExecutor() }

    /// The executor that connections run on. A task that does little between its statements saves two switches
    /// of thread for each of them when it prefers this executor (`withTaskExecutorPreference`); one that
    /// computes for long would hold up all connections.
    public static var taskExecutor: any TaskExecutor { loop.tasks }

    /// `PQserverVersion`: 150018 is 15.18.
    public nonisolated let serverVersion: Int
    /// The process id of the session at the server.
    public nonisolated let backendPID: Int32

    private nonisolated let session: Session
    private nonisolated let turn = Turnstile(permits: 1)
    private var lastRequest: UInt64 = 0

    private init(_ session: Session) {
        self.session = session
        serverVersion = session.serverVersion
        backendPID = session.backendPID
    }

    isolated deinit { session.close() }

    /// Connects within `timeout`, which covers name lookup, all hosts of the settings, and authentication.
    ///
    /// Throws `cannotConnect`, or `cancelled` when the task is.
    public static func connect(
        _ settings: ConnectionSettings, timeout: Duration
    ) async throws(PostgresError) -> Connection {
        Connection(try await Connector.open(settings, timeout: timeout, loop: loop))
    }

    /// What the server reports of a setting such as `server_version` or `TimeZone`.
    public func parameterStatus(_ name: String) -> String? {
        session.parameterStatus(name)
    }

    /// The newest notices since the last call, 64 at the most.
    public func takeNotices() -> [Notice] {
        session.takeNotices()
    }

    /// Executes one statement in one round trip, in which it is also prepared if it is new to the connection.
    ///
    /// `timeout` covers the wait for the connection and for the server.
    public func query(
        _ statement: Statement, _ parameters: [Parameter] = [], timeout: Duration? = nil
    ) async throws(PostgresError) -> Rows {
        let answers = try await perform(.queries([Query(statement, parameters)]), timeout: timeout)
        guard let rows = answers.first else { throw .violation("no answer", statement: statement.name) }
        return rows
    }

    /// Executes statements in one round trip, and, unless they control the transaction themselves, in one
    /// implicit transaction: the first error fails all.
    ///
    /// A statement that the server has lost (`DISCARD ALL`, a pooler) is prepared anew unseen when it is the
    /// first; a later one fails the call with 26000, nothing of its transaction is kept, and the next call
    /// prepares it.
    public func pipeline(
        _ queries: [Query], timeout: Duration? = nil
    ) async throws(PostgresError) -> [Rows] {
        if queries.isEmpty { return [] }
        return try await perform(.queries(queries), timeout: timeout)
    }

    /// As ``pipeline(_:timeout:)``, for what is to be on the books when this returns.
    ///
    /// A server that waits for standbys, and is made to stop waiting (by a cancel request, or because it shuts
    /// down), has committed by itself: it warns, and then reports success. Any warning is thrown as `unconfirmed`:
    /// its wording is in the server's language, and a caller that has to look again loses little.
    public func commit(
        _ queries: [Query], timeout: Duration? = nil
    ) async throws(PostgresError) -> [Rows] {
        if queries.isEmpty { return [] }
        return try await perform(.queries(queries), timeout: timeout, heedsWarnings: true)
    }

    /// As ``commit(_:timeout:)``, for a transaction that is to be committed only if something else succeeds, which
    /// goes on at the same time.
    ///
    /// `queries`, which begin a transaction, are sent at once; the end of it when `isWanted` answers, without
    /// waiting for what the server says of them. The transaction keeps its locks until then: the session should have
    /// an `idle_in_transaction_session_timeout`. When it is not wanted, or the deadline passes or the task is
    /// cancelled before the answer, it is rolled back for certain, and `cancelled`, `deadlineExceeded` or, when the
    /// connection broke before its commit was sent, `lostBeforeCommit` is thrown.
    public func commit(
        _ queries: [Query], closing: Closing, when isWanted: @escaping @Sendable () async -> Bool,
        timeout: Duration? = nil
    ) async throws(PostgresError) -> [Rows] {
        try await perform(
            .queries(queries), timeout: timeout, heedsWarnings: true,
            held: Held(closing: closing, isWanted: isWanted))
    }

    private struct Held {
        let closing: Closing
        let isWanted: @Sendable () async -> Bool
    }

    /// Whether statements are prepared once and kept at the server, which they are from the beginning.
    ///
    /// Behind a pooler that lends a session for one transaction only, what was prepared before stands in another
    /// session. With false each statement is sent as it is, every time.
    public func keepStatements(_ keeps: Bool) {
        session.keepsStatements = keeps
    }

    /// What ``keepStatements(_:)`` said last.
    public nonisolated var keepsStatements: Bool { session.keepsStatements }

    /// Executes a text of several statements with the simple protocol, in one implicit transaction unless it
    /// controls the transaction itself. Rows that it returns are dropped.
    public func run(script: String, timeout: Duration? = nil) async throws(PostgresError) {
        _ = try await perform(.script(script), timeout: timeout)
    }

    /// Asks the server to cancel what runs; that call then throws `cancelled`. Returns at once.
    public nonisolated func cancel() {
        let session = session
        session.loop.perform { session.cancel(id: nil, reason: .request) }
    }

    /// Whether the session stands, as far as is known: a server that goes away is noticed without asking it.
    public var isUsable: Bool { condition != .dead }

    /// The same and more, without waiting for the connection's turn.
    nonisolated var condition: Session.Condition { session.condition }

    /// Whether the server has said that it is not, or soon will not be, the one to write to: see
    /// `Session.retirement`.
    nonisolated var retirement: Session.Retirement { session.retirement }

    /// Ends the session. A call in flight fails with `connectionLost`, and so do those that wait.
    public func close() async {
        turn.close()
        session.close()
    }

    private func perform(
        _ request: Request, timeout: Duration?, heedsWarnings: Bool = false, held: Held? = nil
    ) async throws(PostgresError) -> [Rows] {
        let deadline = Deadline.after(timeout)
        switch await turn.enter(deadline: deadline) {
        case .granted: break
        case .timedOut: throw PostgresError(kind: .deadlineExceeded, message: "the connection was busy")
        case .cancelled: throw PostgresError(kind: .cancelled, message: "cancelled before it was sent")
        case .closed: throw PostgresError(kind: .connectionLost, message: "the connection was closed")
        }
        defer { turn.leave() }
        if deadline != .never, deadline <= .now {
            throw PostgresError(kind: .deadlineExceeded, message: "the deadline passed before it was sent")
        }
        lastRequest += 1
        let id = lastRequest
        let outcome = await withTaskCancellationHandler {
            if Task.isCancelled {
                return Result<[Rows], PostgresError>.failure(
                    PostgresError(kind: .cancelled, message: "cancelled before it was sent"))
            }
            return await withCheckedContinuation {
                session.begin(
                    request, id: id, deadline: deadline, heedsWarnings: heedsWarnings,
                    closing: held?.closing, completion: $0)
                if let isWanted = held?.isWanted { conclude(id, when: isWanted) }
            }
        } onCancel: { [session] in
            session.loop.perform { session.cancel(id: id, reason: .request) }
        }
        return try outcome.get()
    }

    private func conclude(_ id: UInt64, when isWanted: @escaping @Sendable () async -> Bool) {
        Task(executorPreference: Self.taskExecutor) { [session] in
            let isWanted = await isWanted()
            session.loop.perform { session.conclude(id: id, commits: isWanted) }
        }
    }
}
