import CLibPQ
import Glibc
import Synchronization

/// Opens one connection, on a thread of its own.
///
/// `PQconnectPoll` does not wait for sockets, but it does for name servers, password files, Kerberos and the
/// arithmetic of TLS; none of that may hold up the event loop. The caller is released at its deadline whatever
/// the thread is stuck in; a session that comes too late is closed.
///
/// Sendable though unchecked: the constants are never changed, and what changes is in `state`, which has a lock.
final class Connector: @unchecked Sendable {
    private typealias Outcome = Result<Session, PostgresError>

    private struct State {
        var continuation: CheckedContinuation<Outcome, Never>?
        var outcome: Outcome?
    }

    /// The oldest server that is understood: YugabyteDB calls itself 11.2, CockroachDB 13.
    static let oldestServer: Int32 = 110_000

    /// Threads that connect, in the whole process. One that is stuck in a name server's silence outlives its
    /// caller, and those who try again must not pile up more and more of them.
    static let limit = 256
    private static let underWay = Atomic<Int>(0)

    private let settings: ConnectionSettings
    private let deadline: Deadline
    private let loop: EventLoop
    private let redactor: Redactor
    private let passwordFileProblem: String?
    private let state = Locked(State())
    private let timer: EventLoop.TimerID
    /// Readable when the caller no longer waits.
    private let abandoned: Int32

    private init(_ settings: ConnectionSettings, deadline: Deadline, loop: EventLoop) {
        self.settings = settings
        self.deadline = deadline
        self.loop = loop
        redactor = settings.redactor
        passwordFileProblem = PasswordFile.problem(settings)
        timer = loop.makeTimer()
        abandoned = clibpq_eventfd()
    }

    deinit { Glibc.close(abandoned) }

    /// Connects and hands over a session that the loop watches already.
    static func open(
        _ settings: ConnectionSettings, timeout: Duration, loop: EventLoop
    ) async throws(PostgresError) -> Session {
        let connector = Connector(settings, deadline: .after(timeout), loop: loop)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { connector.start($0) }
        } onCancel: {
            connector.finish(.failure(PostgresError(kind: .cancelled, message: "cancelled while connecting")))
        }
        return try outcome.get()
    }

    private func start(_ continuation: CheckedContinuation<Outcome, Never>) {
        let outcome: Outcome? = state.withLock { state in
            if state.outcome == nil { state.continuation = continuation }
            return state.outcome
        }
        if let outcome { return continuation.resume(returning: outcome) }
        guard Self.underWay.add(1, ordering: .relaxed).newValue <= Self.limit else {
            Self.underWay.subtract(1, ordering: .relaxed)
            finish(.failure(failure("\(Self.limit) connections are being opened already")))
            return
        }
        loop.schedule(timer, at: deadline) { [weak self] in self?.finish(.failure(Self.timeout)) }
        let started = runOnNewThread(named: "postgres-open") { [self] in
            work()
            Self.underWay.subtract(1, ordering: .relaxed)
        }
        if !started {
            Self.underWay.subtract(1, ordering: .relaxed)
            finish(.failure(failure("no thread left to connect on")))
        }
    }

    /// The first outcome counts. Returns false when the caller has another one already.
    @discardableResult
    private func finish(_ outcome: Outcome) -> Bool {
        let (isFirst, continuation) = state.withLock { state in
            guard state.outcome == nil else { return (false, nil as CheckedContinuation<Outcome, Never>?) }
            state.outcome = outcome
            defer { state.continuation = nil }
            return (true, state.continuation)
        }
        guard isFirst else { return false }
        var one: UInt64 = 1
        _ = Glibc.write(abandoned, &one, MemoryLayout<UInt64>.size)
        loop.unschedule(timer)
        continuation?.resume(returning: outcome)
        return true
    }

    private static let timeout = PostgresError(
        kind: .cannotConnect, message: "the server did not answer in time")

    private func failure(_ message: String, sqlState: SQLState? = nil) -> PostgresError {
        PostgresError(
            kind: .cannotConnect, sqlState: sqlState, message: redactor.line(message))
    }

    // MARK: On the thread

    private enum Attempt {
        case connected(OpaquePointer)
        case failed(PostgresError)
        /// The host with this name and port has used up its time.
        case stalled(host: String, port: String)
        case abandoned
    }

    private func work() {
        let notices = NoticeLog(redactor: redactor)
        var hosts = HostList(settings)
        while true {
            switch attempt(hosts, notices: notices) {
            case .connected(let connection):
                return deliver(connection, notices: notices)
            case .failed(let error):
                finish(.failure(error))
                return
            case .stalled(let host, let port):
                if !hosts.remove(host: host, port: port) {
                    finish(.failure(Self.timeout))
                    return
                }
            case .abandoned:
                return
            }
        }
    }

    private func deliver(_ connection: OpaquePointer, notices: NoticeLog) {
        let version = PQserverVersion(connection)
        guard version >= Self.oldestServer else {
            PQfinish(connection)
            let name = version < 100_000 ? "\(version / 10000).\(version / 100 % 100)" : "\(version / 10000)"
            finish(
                .failure(
                    PostgresError(
                        kind: .unsupportedServer,
                        message: "the server speaks as PostgreSQL \(name), which is too old")))
            return
        }
        _ = PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        guard PQsetnonblocking(connection, 1) == 0 else {
            PQfinish(connection)
            finish(.failure(failure("the connection cannot be made non-blocking")))
            return
        }
        let session = Session(connection, notices: notices, redactor: redactor, loop: loop)
        // Attached first, so that whoever gets the session finds it watched.
        loop.perform { [self] in
            guard session.attach() else {
                finish(.failure(failure("the socket cannot be watched")))
                return
            }
            if !finish(.success(session)) { session.close() }
        }
    }

    private func attempt(_ hosts: HostList, notices: NoticeLog) -> Attempt {
        guard let connection = start(hosts) else { return .failed(failure("out of memory")) }
        notices.install(on: connection)
        // The only way to a SQLSTATE here: there is no result to read it from, only the text of the message.
        _ = PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        let outcome = drive(connection, hosts)
        if case .connected = outcome { return outcome }
        PQfinish(connection)
        return outcome
    }

    private func start(_ hosts: HostList) -> OpaquePointer? {
        var values = hosts.apply(to: settings.given)
        values["client_encoding"] = "UTF8"
        if passwordFileProblem != nil { values["passfile"] = PasswordFile.none }
        let pairs = values.sorted { $0.key < $1.key }
        let keywords = pairs.map { strdup($0.key) }
        let texts = pairs.map { strdup($0.value) }
        defer { for text in keywords + texts { free(text) } }
        let keywordList = keywords.map { UnsafePointer($0) } + [nil]
        let valueList = texts.map { UnsafePointer($0) } + [nil]
        return PQconnectStartParams(keywordList, valueList, 0)
    }

    private func drive(_ connection: OpaquePointer, _ hosts: HostList) -> Attempt {
        var waitsFor = PGRES_POLLING_WRITING
        var target = ("", "")
        var hostDeadline = Deadline.never
        if PQstatus(connection) == CONNECTION_BAD { return .failed(reason(connection)) }
        while true {
            let current = (
                PQhost(connection).map { String(cString: $0) } ?? "",
                PQport(connection).map { String(cString: $0) } ?? ""
            )
            if current != target {
                target = current
                hostDeadline = hosts.deadline(overall: deadline)
            }
            let events = waitsFor == PGRES_POLLING_READING ? POLLIN : POLLOUT
            var descriptors = [
                pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0),
                pollfd(fd: abandoned, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&descriptors, 2, min(hostDeadline, deadline).milliseconds(from: .now))
            if descriptors[1].revents != 0 { return .abandoned }
            if count == 0 { return .stalled(host: target.0, port: target.1) }
            // An interrupted wait says nothing about the socket.
            if count < 0 { continue }
            waitsFor = PQconnectPoll(connection)
            switch waitsFor {
            case PGRES_POLLING_OK: return .connected(connection)
            case PGRES_POLLING_FAILED: return .failed(reason(connection))
            default: continue
            }
        }
    }

    private func reason(_ connection: OpaquePointer) -> PostgresError {
        let text = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        let (message, sqlState) = ConnectMessage.read(text)
        // Without a SQLSTATE libpq itself may have missed a password.
        let isAboutPassword =
            sqlState == nil || sqlState == .invalidPassword || sqlState == .invalidAuthorization
        let remark = isAboutPassword ? passwordFileProblem.map { "; \($0)" } ?? "" : ""
        return failure(message + remark, sqlState: sqlState)
    }
}

/// libpq's account of why it could not connect: a line or more for each host.
enum ConnectMessage {
    /// The message without the details of where in the server's source it arose, and the last SQLSTATE in it.
    static func read(_ text: String) -> (message: String, sqlState: SQLState?) {
        var sqlState: SQLState?
        var lines: [String] = []
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("LOCATION:") {
            // Verbose messages read `FATAL:  28P01: password authentication failed`.
            if let (before, code, after) = splitAtCode(line) {
                sqlState = SQLState(rawValue: code)
                lines.append("\(before): \(after)")
            } else {
                lines.append(String(line.drop(while: \.isWhitespace)))
            }
        }
        return (lines.joined(separator: "; "), sqlState)
    }

    private static func splitAtCode(_ line: Substring) -> (Substring, String, Substring)? {
        let bytes = line.utf8
        var start = bytes.startIndex
        // A colon and two spaces, five digits or capitals, a colon and a space.
        while let end = bytes.index(start, offsetBy: 10, limitedBy: bytes.endIndex) {
            let window = Array(bytes[start..<end])
            let isCode = window[3..<8].allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
            if isCode, window.starts(with: ":  ".utf8), window[8...].elementsEqual(": ".utf8) {
                return (line[..<start], String(decoding: window[3..<8], as: UTF8.self), line[end...])
            }
            start = bytes.index(after: start)
        }
        return nil
    }
}
