import TestSupport
import Testing

@testable import Postgres

/// Waits until another session of the server is in a certain state: the only clock these tests trust.
func waitUntil(
    _ observer: Connection, sees condition: String, of process: Int32,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND \(condition)"
    let statement = Statement(name: "watch", sql: sql)
    let deadline = ContinuousClock.now + .seconds(20)
    while try await observer.query(statement, [.value(process)])[0].decode(0, as: Int64.self) == 0 {
        try #require(ContinuousClock.now < deadline, "it never came to pass", sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(5))
    }
}

let isSleeping = "wait_event = 'PgSleep'"

@Suite(.timeLimit(.minutes(2))) struct DeadlineTests {
    private let sleep = Statement(name: "sleep", sql: "SELECT pg_sleep(60)")
    private let one = Statement(name: "one", sql: "SELECT 1::int4")

    @Test func endsAStatementAtItsDeadlineAndKeepsTheConnection() async throws {
        let connection = try await PrivateServer.shared.connect()
        let sleep = sleep
        let error = try await #require(throws: PostgresError.self) {
            // Long enough to be sent however busy the machine is; what is not sent has no SQLSTATE.
            _ = try await connection.query(sleep, timeout: .seconds(1))
        }
        #expect(error.kind == .deadlineExceeded)
        #expect(error.sqlState == .queryCanceled)
        #expect(error.statement == "sleep")
        #expect(try await connection.query(one, timeout: .seconds(20)).count == 1)
        await connection.close()
    }

    @Test func sendsNothingWhenTheDeadlineHasPassed() async throws {
        let connection = try await PrivateServer.shared.connect()
        try await connection.run(script: "CREATE TEMP TABLE t (n int4)")
        for timeout in [Duration.zero, .seconds(-1)] {
            let error = try await #require(throws: PostgresError.self) {
                try await connection.run(script: "INSERT INTO t VALUES (1)", timeout: timeout)
            }
            #expect(error.kind == .deadlineExceeded)
            #expect(error.sqlState == nil)
        }
        let rows = try await connection.query(Statement(name: "count", sql: "SELECT count(*) FROM t"))
        #expect(try rows[0].decode(0, as: Int64.self) == 0)
        await connection.close()
    }

    @Test func countsTheWaitForTheConnectionInTheDeadline() async throws {
        let server = try await PrivateServer.shared
        let (connection, observer) = (try await server.connect(), try await server.connect())
        let (sleep, one) = (sleep, one)
        let first = Task { try await connection.query(sleep) }
        try await waitUntil(observer, sees: isSleeping, of: connection.backendPID)
        let error = try await #require(throws: PostgresError.self) {
            _ = try await connection.query(one, timeout: .milliseconds(50))
        }
        #expect(error.kind == .deadlineExceeded)
        #expect(error.message == "the connection was busy")
        first.cancel()
        _ = await first.result
        #expect(try await connection.query(one).count == 1)
        await observer.close()
        await connection.close()
    }

    @Test func cancelsTheStatementOfACancelledTask() async throws {
        let server = try await PrivateServer.shared
        let (connection, observer) = (try await server.connect(), try await server.connect())
        let (sleep, one) = (sleep, one)
        let task = Task { try await connection.query(sleep) }
        try await waitUntil(observer, sees: isSleeping, of: connection.backendPID)
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(error?.sqlState == .queryCanceled)
        #expect(try await connection.query(one).count == 1)
        await observer.close()
        await connection.close()
    }

    @Test func doesNotSendForATaskThatIsCancelledAlready() async throws {
        let connection = try await PrivateServer.shared.connect()
        let one = one
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await connection.query(one)
        }
        let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(error?.sqlState == nil)
        await connection.close()
    }

    @Test func cancelsWhatRunsWhenAsked() async throws {
        let server = try await PrivateServer.shared
        let (connection, observer) = (try await server.connect(), try await server.connect())
        let sleep = sleep
        connection.cancel()
        let task = Task { try await connection.query(sleep) }
        try await waitUntil(observer, sees: isSleeping, of: connection.backendPID)
        connection.cancel()
        connection.cancel()
        let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(await connection.isUsable)
        await observer.close()
        await connection.close()
    }

    @Test func tellsTheServersOwnLimitFromOurs() async throws {
        let connection = try await PrivateServer.shared.connect()
        try await connection.run(script: "SET statement_timeout = '50ms'")
        let sleep = sleep
        let error = try await #require(throws: PostgresError.self) { _ = try await connection.query(sleep) }
        #expect(error.kind == .server)
        #expect(error.sqlState == .queryCanceled)
        await connection.close()
    }

    /// A cancel request that comes late must never hit the next statement.
    @Test func neverCancelsTheNextStatement() async throws {
        let connection = try await PrivateServer.shared.connect()
        let brief = Statement(name: "brief", sql: "SELECT pg_sleep(0.002)")
        let next = Statement(name: "next", sql: "SELECT pg_sleep(0.002)")
        for number in 0..<150 {
            let task = Task { try await connection.query(brief) }
            let wait = Duration.microseconds(number * 40)
            try await Task.sleep(for: wait)
            task.cancel()
            switch await task.result {
            case .success: break
            case .failure(let error as PostgresError): #expect(error.kind == .cancelled)
            case .failure(let error): Issue.record(error)
            }
            _ = try await connection.query(next)
        }
        await connection.close()
    }

    @Test func releasesThoseWhoWaitWhenItIsClosed() async throws {
        let server = try await PrivateServer.shared
        let (connection, observer) = (try await server.connect(), try await server.connect())
        let sleep = sleep
        let tasks = (0..<4).map { _ in Task { try await connection.query(sleep) } }
        try await waitUntil(observer, sees: isSleeping, of: connection.backendPID)
        await connection.close()
        for task in tasks {
            let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
            #expect(error?.kind == .connectionLost)
        }
        await connection.close()
        let error = await #expect(throws: PostgresError.self) { _ = try await connection.query(sleep) }
        #expect(error?.kind == .connectionLost)
        await observer.close()
    }
}
