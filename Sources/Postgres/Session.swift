import CLibPQ
import Synchronization

/// One libpq connection and the round trip that is under way on it.
///
/// Sendable though unchecked: the thread that connects makes it and hands it over; from `attach` on all of it
/// is touched by the event loop's thread alone, save for what is atomic, and the constants.
final class Session: EventLoopWatcher, @unchecked Sendable {
    typealias Completion = CheckedContinuation<Result<[Rows], PostgresError>, Never>

    /// After a cancel request the server has this long to confirm it, then the connection is dropped.
    static let grace = Duration.seconds(1)

    /// A class because it is looked at and changed with every message, and a copy would count twenty references.
    private final class Running {
        let id: UInt64
        var request: Request
        /// How the transaction ends that was left open; nil when that has been sent.
        var closing: Closing?
        /// It was rolled back because nobody wanted it any more.
        var isWithdrawn = false
        let completion: Completion
        var exchange = Exchange(steps: [], statements: [])
        /// Entries that become valid when the server confirms them, by index of the query.
        var preparing: [Int: PreparedStatements.Entry] = [:]
        var deadline: Deadline
        var cancelReason: CancelReason?
        /// A cancel request is on its way, and could still hit whatever the connection runs when it arrives.
        var isCancelUnderWay = false
        var outcome: Result<[Rows], PostgresError>?
        /// The number of warnings before it was sent, when a further one puts a success in doubt.
        var warningsBefore: UInt64?
        /// No transaction was open when it was sent.
        var startedIdle = false
        var isRepeated = false

        init(
            id: UInt64, request: Request, closing: Closing?, completion: Completion, deadline: Deadline,
            warningsBefore: UInt64?
        ) {
            self.id = id
            self.request = request
            self.closing = closing
            self.completion = completion
            self.deadline = deadline
            self.warningsBefore = warningsBefore
        }
    }

    let loop: EventLoop
    let serverVersion: Int
    let backendPID: Int32
    private let conditionStorage = Atomic<UInt8>(Condition.idle.rawValue)
    private let retirementStorage = Atomic<UInt8>(Retirement.none.rawValue)
    private let connection: OpaquePointer
    private let notices: NoticeLog
    private let redactor: Redactor
    private let canceller: Canceller?
    private var token: UInt64?
    private var descriptor: Int32 = -1
    private var isWriting = false
    private let keepsStatementsStorage = Atomic<Bool>(true)
    private var prepared = PreparedStatements(tag: .random(in: .min ... .max))
    private var running: Running?
    private var causeOfDeath: PostgresError?

    var condition: Condition { Condition(rawValue: conditionStorage.load(ordering: .acquiring)) ?? .dead }

    var retirement: Retirement {
        Retirement(rawValue: retirementStorage.load(ordering: .acquiring)) ?? .server
    }

    /// Whether statements are prepared and kept.
    var keepsStatements: Bool {
        get { keepsStatementsStorage.load(ordering: .acquiring) }
        set { keepsStatementsStorage.store(newValue, ordering: .releasing) }
    }

    /// Takes over a connection that is established and non-blocking.
    init(_ connection: OpaquePointer, notices: NoticeLog, redactor: Redactor, loop: EventLoop) {
        self.connection = connection
        self.notices = notices
        self.redactor = redactor
        self.loop = loop
        serverVersion = Int(PQserverVersion(connection))
        backendPID = PQbackendPID(connection)
        canceller = Canceller(connection)
    }

    deinit {
        // Only a session that never was attached, or that died, gets here: nobody else uses the connection.
        if condition != .dead { PQfinish(connection) }
    }

    // MARK: Life

    /// Begins to watch the socket. Returns false, and is dead, when the system has no room for another one.
    func attach() -> Bool {
        descriptor = PQsocket(connection)
        token = loop.watch(descriptor, self)
        if token != nil, PQenterPipelineMode(connection) == 1 { return true }
        die(PostgresError(kind: .connectionLost, message: "the socket cannot be watched"))
        return false
    }

    func parameterStatus(_ name: String) -> String? {
        guard condition != .dead, let value = PQparameterStatus(connection, name) else { return nil }
        return String(cString: value)
    }

    func takeNotices() -> [Notice] { notices.take() }

    /// Ends the session. What is in flight fails with `connectionLost`.
    func close() {
        die(PostgresError(kind: .connectionLost, message: "the connection was closed"))
    }

    private func die(_ cause: PostgresError) {
        guard condition != .dead else { return }
        conditionStorage.store(Condition.dead.rawValue, ordering: .releasing)
        causeOfDeath = cause
        if let token { loop.unwatch(token: token, descriptor: descriptor) }
        token = nil
        PQfinish(connection)
        guard let running else { return }
        self.running = nil
        // Whatever the cause, an answer that cannot be read leaves the outcome unknown; but that of a transaction whose
        // commit was not sent.
        let isUncommitted = running.closing != nil || running.isWithdrawn
        let error = running.exchange.lost(
            cause.with(kind: isUncommitted ? .lostBeforeCommit : .connectionLost))
        running.completion.resume(returning: told(running.outcome ?? .failure(error), of: running))
    }

    // MARK: A round trip

    /// Sends a request and resumes `completion` with the outcome. Nothing else may be running.
    ///
    /// `heedsWarnings` makes a success during which the server warned a failure of kind `unconfirmed`. With a
    /// `closing` the round trip goes on until ``conclude(id:commits:)`` says how it ends.
    func begin(
        _ request: Request, id: UInt64, deadline: Deadline, heedsWarnings: Bool = false,
        closing: Closing? = nil, completion: Completion
    ) {
        precondition(running == nil, "one round trip at a time")
        if condition == .dead {
            let closed = PostgresError(kind: .connectionLost, message: "the connection is closed")
            return completion.resume(returning: .failure(causeOfDeath ?? closed))
        }
        if let error = defect(of: request, prepared: &prepared) {
            return completion.resume(returning: .failure(error))
        }
        running = Running(
            id: id, request: request, closing: closing, completion: completion, deadline: deadline,
            warningsBefore: heedsWarnings ? notices.warnings : nil)
        loop.expect(deadline)
        send(request)
    }

    /// Sends the end of a round trip that was begun with a `closing`, without waiting for the answers so far: a
    /// transaction that has failed is rolled back by its COMMIT too. Too late is no error.
    func conclude(id: UInt64, commits: Bool) {
        guard let running, running.id == id, let closing = running.closing,
            case .queries(let queries) = running.request
        else { return }
        let query = commits ? closing.commit : closing.rollback
        running.closing = nil
        running.isWithdrawn = !commits
        running.request = .queries(queries + [query])
        var sender = PipelineSender(connection: connection, keepsStatements: keepsStatements)
        sender.send([query], from: queries.count, prepared: &prepared)
        running.preparing.merge(sender.preparing) { $1 }
        running.exchange.close(with: sender.steps, statement: query.statement.name)
        guard !sender.hasFailed, flush() else { return broken() }
        drain()
    }

    /// Asks the server to cancel the round trip with this id, or whichever runs if nil. Too late is no error.
    func cancel(id: UInt64?, reason: CancelReason) {
        guard let running, id == nil || running.id == id, running.cancelReason == nil,
            running.outcome == nil
        else { return }
        conclude(id: running.id, commits: false)
        let grace = Deadline.after(Self.grace)
        running.cancelReason = reason
        running.deadline = grace
        loop.expect(grace)
        let id = running.id
        let isSent = canceller?.send { [loop] in
            loop.perform { self.cancelPassedOn(id: id) }
        }
        running.isCancelUnderWay = isSent ?? false
    }

    private func cancelPassedOn(id: UInt64) {
        guard running?.id == id else { return }
        running?.isCancelUnderWay = false
        if running?.outcome != nil { finish() }
    }

    private func send(_ request: Request) {
        running?.startedIdle = PQtransactionStatus(connection) == PQTRANS_IDLE
        let isSent =
            switch request {
            case .queries(let queries): send(queries)
            case .script(let text): send(script: text)
            }
        guard isSent, flush() else { return broken() }
    }

    private func send(script: String) -> Bool {
        running?.exchange = Exchange(steps: [.script], statements: [])
        // The simple protocol and pipeline mode exclude each other; both changes are local to libpq.
        return PQexitPipelineMode(connection) == 1 && PQsendQuery(connection, script) == 1
    }

    private func send(_ queries: [Query]) -> Bool {
        var sender = PipelineSender(connection: connection, keepsStatements: keepsStatements)
        // Between transactions only: in a failed one nothing but ROLLBACK is allowed, and in a new one the
        // statement would take the snapshot before SET TRANSACTION can be said.
        if running?.startedIdle == true { sender.discard(prepared.takeDiscarded()) }
        sender.send(queries, prepared: &prepared)
        running?.preparing = sender.preparing
        let isOpen = running?.closing != nil
        running?.exchange = Exchange(
            steps: sender.steps, statements: queries.map(\.statement.name), isOpen: isOpen)
        return !sender.hasFailed
    }

    private func flush() -> Bool {
        let pending = PQflush(connection)
        guard pending >= 0 else { return false }
        if isWriting != (pending > 0), let token {
            isWriting = pending > 0
            loop.setWriting(isWriting, token: token, descriptor: descriptor)
        }
        return true
    }

    // MARK: Events

    var wakeAt: Deadline { running?.deadline ?? .never }

    func deadlinePassed(now: Deadline) {
        guard let running else { return }
        if running.cancelReason == nil {
            return cancel(id: running.id, reason: .deadline)
        }
        // No confirmation within the grace: whether the statement took effect is unknown. When there is an
        // outcome already, it stands, and only the connection goes: the late cancel could hit the next statement.
        die(PostgresError(kind: .connectionLost, message: "the server did not answer in time"))
    }

    func descriptorReady() {
        let isReadable = PQconsumeInput(connection) == 1
        if isWriting, !flush() { return broken() }
        drain()
        guard condition != .dead else { return }
        if !isReadable || PQstatus(connection) == CONNECTION_BAD { broken() }
    }

    private func drain() {
        while let running, running.outcome == nil, running.exchange.step != nil, PQisBusy(connection) == 0 {
            step(answer(PQgetResult(connection)))
            if condition == .dead { return }
        }
        guard running?.exchange.step == nil else { return }
        // Between round trips only notices, parameter changes and notifications come; parsing handles the
        // first two, the last are not used and must not pile up.
        _ = PQisBusy(connection)
        while let notification = PQnotifies(connection) { PQfreemem(notification) }
    }

    /// The connection is of no more use: say so with the best reason there is.
    private func broken() {
        let text = PQerrorMessage(connection).map { redactor.line(String(cString: $0)) } ?? ""
        let message = text.isEmpty ? "the server closed the connection" : text
        die(notices.lastWords ?? PostgresError(kind: .connectionLost, message: message))
    }

    private func answer(_ result: OpaquePointer?) -> Exchange.Answer {
        guard let result else { return .end }
        let status = PQresultStatus(result)
        switch status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            if status != PGRES_TUPLES_OK, case .prepare = running?.exchange.step {
                PQclear(result)
                return .completed
            }
            return .rows(Rows(result: ResultHandle(result, statement: running?.exchange.statementName)))
        case PGRES_FATAL_ERROR:
            defer { PQclear(result) }
            return failure(result)
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
            return .skipped
        case PGRES_PIPELINE_SYNC:
            PQclear(result)
            return .synced
        default:
            PQclear(result)
            return .unexpected("an answer of an unsupported kind (\(status.rawValue)), such as COPY")
        }
    }

    private func failure(_ result: OpaquePointer) -> Exchange.Answer {
        let message = ServerMessage(result, redactor: redactor)
        if message.error.sqlState == nil {
            // libpq made this one up: the connection broke, or what came cannot be parsed.
            return .failed(notices.lastWords ?? message.error, .sessionEnds)
        }
        retire(after: message.error.sqlState)
        return .failed(message.error, message.consequence)
    }

    private func retire(after sqlState: SQLState?) {
        let reason: Retirement
        switch sqlState {
        case .readOnlyTransaction: reason = .server
        case .adminShutdown, .crashShutdown, .cannotConnectNow: reason = .connection
        default: return
        }
        retirementStorage.store(max(reason.rawValue, retirement.rawValue), ordering: .releasing)
    }

    private func step(_ answer: Exchange.Answer) {
        switch running?.exchange.receive(answer) {
        case .wait, nil:
            break
        case .prepared(let index):
            guard let running, case .queries(let queries) = running.request,
                let entry = running.preparing[index]
            else { return }
            prepared.keep(entry, for: queries[index].statement)
        case .finished(let outcome):
            running?.outcome = outcome
            finish()
        case .broken(let error):
            die(error)
        }
    }

    /// The outcome is there: hands it over, unless a cancel request is still under way, or the statement is to
    /// be prepared anew.
    private func finish() {
        guard let running, let outcome = running.outcome, !running.isCancelUnderWay else { return }
        if case .script = running.request, PQenterPipelineMode(connection) != 1 { return broken() }
        let isIdle = PQtransactionStatus(connection) == PQTRANS_IDLE
        if let failure = running.exchange.failure, failure.isStale {
            let canRepeat = forgetStale(failure, of: running)
            if canRepeat && isIdle { return repeatOnce() }
        }
        conditionStorage.store(
            (isIdle ? Condition.idle : .inTransaction).rawValue, ordering: .releasing)
        self.running = nil
        running.completion.resume(returning: told(outcome, of: running))
    }

    /// The outcome in the terms of who asked.
    private func told(
        _ outcome: Result<[Rows], PostgresError>, of running: Running
    ) -> Result<[Rows], PostgresError> {
        switch outcome {
        case .success where running.isWithdrawn:
            return .failure(
                PostgresError(
                    kind: running.cancelReason?.kind ?? .cancelled, message: "rolled back before its commit"))
        case .success:
            guard let before = running.warningsBefore, notices.warnings > before else { return outcome }
            return .failure(
                PostgresError(
                    kind: .unconfirmed, message: notices.lastWarning ?? "the server warned",
                    statement: running.exchange.lastStatementName))
        case .failure(let error):
            guard let reason = running.cancelReason, error.sqlState == .queryCanceled else { return outcome }
            return .failure(error.with(kind: reason.kind))
        }
    }

    /// Forgets the statement that turned out to be stale. Returns whether the round trip may be sent again.
    ///
    /// It may when nothing at all was executed: the very first query failed, when it was parsed or bound; no
    /// transaction was open before, so none was spoilt; and the server has ended the round trip. With a query
    /// before it this is not certain: it may have been a COMMIT.
    private func forgetStale(_ failure: Exchange.Failure, of running: Running) -> Bool {
        guard case .queries(let queries) = running.request else { return false }
        let index: Int
        switch failure.step {
        case .prepare(let query), .execute(let query): index = query
        case .discard, .sync, .script: return false
        }
        if failure.error.sqlState == .invalidStatementName {
            // Whatever took this one (DISCARD ALL, another server behind a pooler) took them all, and the next
            // one that is missing might not be repeatable.
            prepared.forgetAll()
        } else {
            prepared.forget(
                queries[index].statement.name, isAtServer: failure.error.sqlState == .featureNotSupported)
        }
        return index == 0 && running.startedIdle && !running.isRepeated && running.cancelReason == nil
    }

    private func repeatOnce() {
        guard let running else { return }
        running.isRepeated = true
        running.outcome = nil
        // A COMMIT after a BEGIN that failed warns, and means nothing.
        if running.warningsBefore != nil { running.warningsBefore = notices.warnings }
        send(running.request)
    }
}
