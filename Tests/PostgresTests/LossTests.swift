import TestSupport
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(2))) struct LossTests {
    private let sleep = Statement(name: "sleep", sql: "SELECT pg_sleep(60)")
    private let one = Statement(name: "one", sql: "SELECT 1::int4")
    private let terminate = Statement(name: "terminate", sql: "SELECT pg_terminate_backend($1)")

    /// Waits until a connection has noticed, without being asked, that its server is gone.
    private func waitUntilDead(_ connection: Connection) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while await connection.isUsable {
            try #require(ContinuousClock.now < deadline, "the loss was never noticed")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func saysWhyTheServerEndedASessionInTheMiddleOfAStatement() async throws {
        let server = try await PrivateServer.shared
        let (connection, observer) = (try await server.connect(), try await server.connect())
        let sleep = sleep
        let task = Task { try await connection.query(sleep) }
        try await waitUntil(observer, sees: isSleeping, of: connection.backendPID)
        _ = try await observer.query(terminate, [.value(connection.backendPID)])
        let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
        #expect(error?.kind == .connectionLost)
        #expect(error?.sqlState == .adminShutdown)
        #expect(error?.statement == "sleep")
        #expect(await connection.isUsable == false)
        await observer.close()
    }

    @Test func noticesTheEndOfAnIdleSessionByItself() async throws {
        let server = try await PrivateServer.shared
        let (connection, observer) = (try await server.connect(), try await server.connect())
        _ = try await observer.query(terminate, [.value(connection.backendPID)])
        try await waitUntilDead(connection)
        let error = try await #require(throws: PostgresError.self) { _ = try await connection.query(one) }
        #expect(error.kind == .connectionLost)
        #expect(error.sqlState == .adminShutdown)
        await observer.close()
    }

    @Test func leavesTheOutcomeOfAPipelineUnknownWhenItIsCutInTheMiddle() async throws {
        let server = try await PrivateServer.shared
        let (connection, observer) = (try await server.connect(), try await server.connect())
        let (one, sleep) = (one, sleep)
        let task = Task { try await connection.pipeline([Query(one), Query(sleep), Query(one)]) }
        try await waitUntil(observer, sees: isSleeping, of: connection.backendPID)
        _ = try await observer.query(terminate, [.value(connection.backendPID)])
        let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
        #expect(error?.kind == .connectionLost)
        await observer.close()
    }

    @Test func reconnectsAfterACrashOfTheServer() async throws {
        let server = try await PrivateServer.start()
        let settings = try ConnectionSettings(server.connectionString())
        let pool = ConnectionPool(size: 2) { () async throws(PostgresError) -> Connection in
            try await Connection.connect(settings, timeout: .seconds(20))
        }
        let (idle, busy) = (try await server.connect(), try await server.connect())
        let observer = try await server.connect()
        let (one, sleep) = (one, sleep)
        let task = Task { try await busy.query(sleep) }
        try await waitUntil(observer, sees: isSleeping, of: busy.backendPID)
        let before = try await pool.withConnection { connection async throws(PostgresError) -> Int32 in
            _ = try await connection.query(one)
            return connection.backendPID
        }

        try await server.crash()
        // The sessions outlive their postmaster until they notice; the statement is theirs to end.
        busy.cancel()
        let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
        #expect(error?.kind == .connectionLost || error?.kind == .cancelled)
        try await waitUntilDead(idle)
        try await waitUntilDead(busy)

        let refused = await #expect(throws: PostgresError.self) {
            _ = try await Connection.connect(settings, timeout: .seconds(20))
        }
        #expect(refused?.kind == .cannotConnect)
        try await server.restart()
        let after = try await pool.withConnection { connection async throws(PostgresError) -> Int32 in
            _ = try await connection.query(one)
            return connection.backendPID
        }
        #expect(after != before)
        await pool.close()
    }
}
