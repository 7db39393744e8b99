import Glibc
import TestSupport
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(2))) struct ConcurrencyTests {
    @Test func serves64ConnectionsAtOnce() async throws {
        let server = try await PrivateServer.shared
        let gate = Gate(count: 64)
        let sum = Statement(name: "sum", sql: "SELECT $1::int8 + $2::int8")
        let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<64 {
                group.addTask {
                    let connection = try await server.connect()
                    await gate.arrive()
                    var wrong = 0
                    for step in 0..<50 {
                        let rows = try await connection.query(
                            sum, [.value(Int64(number)), .value(Int64(step))])
                        if try rows[0].decode(0, as: Int64.self) != Int64(number + step) { wrong += 1 }
                    }
                    await connection.close()
                    return wrong
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }

    /// More statements asleep than the cooperative pool has threads: if one of them held a thread, nothing that
    /// follows could run.
    @Test func leavesTheCooperativePoolFreeWhileServersTakeTheirTime() async throws {
        let server = try await PrivateServer.shared
        let observer = try await server.connect()
        let count = 4 * sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let sleep = Statement(name: "sleep", sql: "SELECT pg_sleep(600)")
        var connections: [Connection] = []
        for _ in 0..<count { connections.append(try await server.connect()) }
        let sleepers = connections.map { connection in Task { try await connection.query(sleep) } }
        for connection in connections {
            try await waitUntil(observer, sees: isSleeping, of: connection.backendPID)
        }
        let total = await withTaskGroup(of: Int.self) { group in
            for number in 0..<1_000 {
                group.addTask {
                    await Task.yield()
                    return number
                }
            }
            return await group.reduce(0, +)
        }
        #expect(total == 499_500)
        let one = Statement(name: "one", sql: "SELECT 1")
        #expect(try await observer.query(one).count == 1)
        for sleeper in sleepers { sleeper.cancel() }
        for sleeper in sleepers {
            let error = await #expect(throws: PostgresError.self) { _ = try await sleeper.value }
            #expect(error?.kind == .cancelled)
        }
        for connection in connections { await connection.close() }
        await observer.close()
    }

    /// More requests at once than there are threads to send them: each still reaches its server, and no connection
    /// is given up.
    @Test func cancelsManyStatementsAtOnce() async throws {
        let server = try await PrivateServer.shared
        let observer = try await server.connect()
        let sleep = Statement(name: "sleep", sql: "SELECT pg_sleep(600)")
        var connections: [Connection] = []
        for _ in 0..<(Canceller.threadLimit + 8) { connections.append(try await server.connect()) }
        let sleepers = connections.map { connection in Task { try await connection.query(sleep) } }
        for connection in connections {
            try await waitUntil(observer, sees: isSleeping, of: connection.backendPID)
        }
        for connection in connections { connection.cancel() }
        for sleeper in sleepers {
            let error = await #expect(throws: PostgresError.self) { _ = try await sleeper.value }
            #expect(error?.kind == .cancelled)
        }
        for connection in connections {
            #expect(await connection.isUsable)
            await connection.close()
        }
        await observer.close()
    }

    @Test func closesTheSessionOfAConnectionThatNobodyHolds() async throws {
        let server = try await PrivateServer.shared
        let observer = try await server.connect()
        let process = try await forgotten(server)
        let list = Statement(name: "list", sql: "SELECT 1 FROM pg_stat_activity WHERE pid = $1")
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !observer.query(list, [.value(process)]).isEmpty {
            try #require(ContinuousClock.now < deadline, "the session was left behind")
            try await Task.sleep(for: .milliseconds(5))
        }
        await observer.close()
    }

    private func forgotten(_ server: PrivateServer) async throws -> Int32 {
        try await server.connect().backendPID
    }

    /// Everything at once that can end a call: a deadline, a cancelled task, a close. Each call must end once.
    @Test func endsEachCallOnceWhateverEndsIt() async throws {
        let settings = try ConnectionSettings(await PrivateServer.shared.connectionString())
        let pool = ConnectionPool(size: 4) { () async throws(PostgresError) -> Connection in
            try await Connection.connect(settings, timeout: .seconds(20))
        }
        let brief = Statement(name: "brief", sql: "SELECT pg_sleep(0.001)")
        let ended = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<400 {
                group.addTask {
                    let task = Task {
                        try await pool.withConnection(timeout: .milliseconds(number % 50)) {
                            connection async throws(PostgresError) in
                            if number % 40 == 7 { Task { await connection.close() } }
                            if number % 20 == 3 { connection.cancel() }
                            _ = try await connection.query(brief, timeout: .microseconds(400 + number * 5))
                        }
                    }
                    if number.isMultiple(of: 3) {
                        await Task.yield()
                        task.cancel()
                    }
                    if case .failure(let error) = await task.result { return error is PostgresError }
                    return true
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(ended == 400)
        let one = Statement(name: "one", sql: "SELECT 1")
        let count = try await pool.withConnection { connection async throws(PostgresError) -> Int in
            try await connection.query(one).count
        }
        #expect(count == 1)
        await pool.close()
    }
}
