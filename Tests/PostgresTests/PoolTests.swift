import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(2))) struct PoolTests {
    private let one = Statement(name: "one", sql: "SELECT 1::int4")

    private func pool(_ size: Int, settings: ConnectionSettings) -> ConnectionPool {
        ConnectionPool(size: size) { () async throws(PostgresError) -> Connection in
            try await Connection.connect(settings, timeout: .seconds(20))
        }
    }

    private func pool(_ size: Int) async throws -> ConnectionPool {
        pool(size, settings: try ConnectionSettings(await PrivateServer.shared.connectionString()))
    }

    private func process(_ pool: ConnectionPool) async throws -> Int32 {
        try await pool.withConnection { connection async throws(PostgresError) -> Int32 in
            connection.backendPID
        }
    }

    @Test func neverLendsMoreThanItsSize() async throws {
        let pool = try await pool(3)
        let one = one
        let (lent, most) = (Counter(), Counter())
        let processes = try await withThrowingTaskGroup(of: Int32.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await pool.withConnection { connection async throws(PostgresError) -> Int32 in
                        most.raise(to: lent.add(1))
                        _ = try await connection.query(one)
                        lent.add(-1)
                        return connection.backendPID
                    }
                }
            }
            return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
        }
        #expect(most.value <= 3)
        #expect(processes.count <= 3)
        await pool.close()
    }

    @Test func lendsAConnectionAgain() async throws {
        let pool = try await pool(4)
        let first = try await process(pool)
        #expect(try await process(pool) == first)
        await pool.close()
    }

    @Test func endsTheWaitAtItsDeadlineOrWhenTheTaskIsCancelled() async throws {
        let pool = try await pool(1)
        try await pool.withConnection { (_) async throws(PostgresError) in
            let late = await Task {
                try await pool.withConnection(timeout: .milliseconds(30)) {
                    (_) async throws(PostgresError) in
                }
            }.result
            #expect(throws: PostgresError(kind: .deadlineExceeded, message: "no connection came free")) {
                try late.get()
            }
            let waiting = Task { try await pool.withConnection { (_) async throws(PostgresError) in } }
            waiting.cancel()
            let cancelled = await waiting.result
            #expect(throws: PostgresError(kind: .cancelled, message: "cancelled while waiting to connect")) {
                try cancelled.get()
            }
        }
        await pool.close()
    }

    @Test func sendsEverybodyAwayWhenItCloses() async throws {
        let pool = try await pool(1)
        let closed = PostgresError(kind: .cannotConnect, message: "the pool is closed")
        let lent = try await pool.withConnection { connection async throws(PostgresError) -> Connection in
            let waiting = Task { try await pool.withConnection { (_) async throws(PostgresError) in } }
            await pool.close()
            let outcome = await waiting.result
            #expect(throws: closed) { try outcome.get() }
            // Whoever has a connection may finish with it.
            _ = try await connection.query(Statement(name: "one", sql: "SELECT 1::int4"))
            return connection
        }
        #expect(await lent.isUsable == false)
        await #expect(throws: closed) { try await pool.withConnection { (_) async throws(PostgresError) in } }
    }

    @Test func dropsABrokenConnection() async throws {
        let server = try await PrivateServer.shared
        let observer = try await server.connect()
        let pool = try await pool(1)
        let first = try await process(pool)
        let terminate = Statement(name: "terminate", sql: "SELECT pg_terminate_backend($1)")
        let error = await #expect(throws: PostgresError.self) {
            try await pool.withConnection { connection async throws(PostgresError) in
                _ = try await connection.query(terminate, [.value(connection.backendPID)])
            }
        }
        #expect(error?.kind == .connectionLost)
        #expect(try await process(pool) != first)
        await observer.close()
        await pool.close()
    }

    @Test func knowsThatAConnectionWasLostWhichNobodyUsed() async throws {
        let observer = try await PrivateServer.shared.connect()
        let pool = try await pool(1)
        let idle = try await process(pool)
        #expect(!pool.hasLostConnection)
        let terminate = Statement(name: "terminate", sql: "SELECT pg_terminate_backend($1)")
        _ = try await observer.query(terminate, [.value(idle)])
        // Until its last words have come; the suite's limit ends a wait for what never comes.
        while !pool.hasLostConnection { await Task.yield() }
        #expect(try await process(pool) != idle)
        #expect(!pool.hasLostConnection)
        await observer.close()
        await pool.close()
    }

    @Test func rollsBackATransactionThatWasLeftOpen() async throws {
        let pool = try await pool(1)
        let first = try await process(pool)
        try await pool.withConnection { connection async throws(PostgresError) in
            try await connection.run(script: "CREATE TEMP TABLE t (n int4)")
            try await connection.run(script: "BEGIN; INSERT INTO t VALUES (1)")
        }
        let error = await #expect(throws: PostgresError.self) {
            try await pool.withConnection { connection async throws(PostgresError) in
                #expect(connection.condition == .idle)
                try await connection.run(script: "BEGIN; SELECT 1 / 0")
            }
        }
        #expect(error?.sqlState == .divisionByZero)
        let count = Statement(name: "count", sql: "SELECT count(*) FROM t")
        let rows = try await pool.withConnection { connection async throws(PostgresError) -> Rows in
            #expect(connection.backendPID == first)
            return try await connection.query(count)
        }
        #expect(try rows[0].decode(0, as: Int64.self) == 0)
        await pool.close()
    }

    @Test func givesThePermitBackWhenNoConnectionCanBeMade() async throws {
        let pool = pool(1, settings: try ConnectionSettings("host=/tmp port=1 user=tester"))
        for _ in 0..<3 {
            let error = await #expect(throws: PostgresError.self) {
                try await pool.withConnection(timeout: .seconds(20)) { (_) async throws(PostgresError) in }
            }
            #expect(error?.kind == .cannotConnect)
        }
        await pool.close()
    }

    @Test func doesNotLendAgainWhatLeadsToAStandby() async throws {
        let pool = try await pool(3)
        let before = try await withThrowingTaskGroup(of: Int32.self) { group in
            let gate = Gate(count: 3)
            for _ in 0..<3 {
                group.addTask {
                    try await pool.withConnection { connection async throws(PostgresError) -> Int32 in
                        await gate.arrive()
                        return connection.backendPID
                    }
                }
            }
            return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
        }
        #expect(before.count == 3)
        let error = await #expect(throws: PostgresError.self) {
            try await pool.withConnection { connection async throws(PostgresError) in
                try await connection.run(script: "BEGIN READ ONLY; CREATE TABLE never (n int4)")
            }
        }
        #expect(error?.sqlState == .readOnlyTransaction)
        // Neither that connection nor the others, which lead to the same server.
        #expect(try await before.contains(process(pool)) == false)
        await pool.close()
    }

    @Test func findsTheNextHostWhenTheFirstTakesNoWritesAnyMore() async throws {
        let (first, second) = (try await PrivateServer.start(), try await PrivateServer.shared)
        let pool = pool(
            2,
            settings: try ConnectionSettings(
                "host=\(first.directory),\(second.directory) user=tester dbname=postgres "
                    + "target_session_attrs=read-write"))
        let write =
            "CREATE TEMP TABLE t (n int4); DROP TABLE t; SELECT 1 FROM pg_class; CREATE SCHEMA IF NOT EXISTS s"
        let home = Statement(name: "home", sql: "SHOW unix_socket_directories")
        let place = { () async throws -> String in
            let rows = try await pool.withConnection { connection async throws(PostgresError) -> Rows in
                try await connection.run(script: write)
                return try await connection.query(home)
            }
            return try rows[0].decode(0, as: String.self)
        }
        #expect(try await place() == first.directory)
        let administrator = try await first.connect()
        try await administrator.run(script: "ALTER SYSTEM SET default_transaction_read_only = on")
        try await administrator.run(script: "SELECT pg_reload_conf()")
        // The pool's session learns of it when the server has told it, at the latest with its next statement.
        var refusals = 0
        while refusals == 0 {
            do { _ = try await place() } catch let error as PostgresError {
                #expect(error.sqlState == .readOnlyTransaction)
                refusals += 1
            }
        }
        #expect(try await place() == second.directory)
        await administrator.close()
        await pool.close()
    }
}

/// A number that several tasks change.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)
    var value: Int { number.load(ordering: .sequentiallyConsistent) }

    @discardableResult
    func add(_ step: Int) -> Int { number.add(step, ordering: .sequentiallyConsistent).newValue }
    func raise(to value: Int) { number.max(value, ordering: .sequentiallyConsistent) }
}

/// Holds up those who arrive until all are there.
actor Gate {
    private var missing: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) { missing = count }

    func arrive() async {
        missing -= 1
        guard missing > 0 else {
            for continuation in waiting { continuation.resume() }
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }
}
