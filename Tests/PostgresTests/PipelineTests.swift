import TestSupport
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(2))) struct PipelineTests {
    private let insert = Statement(name: "insert", sql: "INSERT INTO t VALUES ($1)")
    private let count = Statement(name: "count", sql: "SELECT count(*) FROM t")
    private let transaction = Statement(name: "transaction", sql: "SELECT txid_current()")

    private func connection() async throws -> Connection {
        let connection = try await PrivateServer.shared.connect()
        try await connection.run(script: "CREATE TEMP TABLE t (n int4 CHECK (n > 0))")
        return connection
    }

    private func rowCount(_ connection: Connection) async throws -> Int64 {
        try await connection.query(count)[0].decode(0, as: Int64.self)
    }

    @Test func runsInOneImplicitTransaction() async throws {
        let connection = try await connection()
        let answers = try await connection.pipeline([
            Query(transaction), Query(insert, [.value(1 as Int32)]), Query(transaction),
        ])
        #expect(try answers[0][0].decode(0, as: Int64.self) == answers[2][0].decode(0, as: Int64.self))
        #expect(answers[1].affected == 1)
        #expect(connection.condition == .idle)
        let next = try await connection.query(transaction)
        #expect(try next[0].decode(0, as: Int64.self) != answers[0][0].decode(0, as: Int64.self))
        await connection.close()
    }

    @Test func undoesAllWhenOneFailsInTheMiddle() async throws {
        let connection = try await connection()
        let other = Statement(name: "insert_again", sql: "INSERT INTO t VALUES ($1)")
        let error = try await #require(throws: PostgresError.self) {
            _ = try await connection.pipeline([
                Query(insert, [.value(1 as Int32)]), Query(other, [.value(-1 as Int32)]),
                Query(insert, [.value(2 as Int32)]),
            ])
        }
        #expect(error.sqlState == .checkViolation)
        #expect(error.statement == "insert_again")
        #expect(connection.condition == .idle)
        #expect(try await rowCount(connection) == 0)
        _ = try await connection.pipeline([
            Query(insert, [.value(1 as Int32)]), Query(other, [.value(2 as Int32)]),
        ])
        #expect(try await rowCount(connection) == 2)
        await connection.close()
    }

    @Test func carriesATransactionOfItsOwn() async throws {
        let connection = try await connection()
        let begin = Statement(name: "begin", sql: "BEGIN ISOLATION LEVEL SERIALIZABLE")
        let commit = Statement(name: "commit", sql: "COMMIT")
        let level = Statement(name: "level", sql: "SHOW transaction_isolation")
        let answers = try await connection.pipeline([
            Query(begin), Query(level), Query(insert, [.value(1 as Int32)]), Query(commit),
        ])
        #expect(try answers[1][0].decode(0, as: String.self) == "serializable")
        #expect(connection.condition == .idle)
        let error = try await #require(throws: PostgresError.self) {
            _ = try await connection.pipeline([
                Query(begin), Query(insert, [.value(0 as Int32)]), Query(commit),
            ])
        }
        #expect(error.sqlState == .checkViolation)
        // The COMMIT was skipped with the rest: the transaction is still open, and has failed.
        #expect(connection.condition == .inTransaction)
        let refused = try await #require(throws: PostgresError.self) { _ = try await rowCount(connection) }
        #expect(refused.sqlState == .inFailedTransaction)
        try await connection.run(script: "ROLLBACK")
        #expect(try await rowCount(connection) == 1)
        await connection.close()
    }

    @Test func answersEachOfManyInOrder() async throws {
        let connection = try await PrivateServer.shared.connect()
        let echo = Statement(name: "echo", sql: "SELECT $1, repeat('x', 200)")
        let answers = try await connection.pipeline((0..<5_000).map { Query(echo, [.value(Int64($0))]) })
        #expect(try answers.map { try $0[0].decode(0, as: Int64.self) } == Array(0..<5_000))
        await connection.close()
    }

    @Test func servesManyCallersOneAtATime() async throws {
        let connection = try await connection()
        let insert = insert
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...200 {
                group.addTask { _ = try await connection.query(insert, [.value(Int32(number))]) }
            }
            try await group.waitForAll()
        }
        #expect(try await rowCount(connection) == 200)
        await connection.close()
    }

    @Test func cancelsInTheMiddleOfAPipelineAndUndoesAll() async throws {
        let server = try await PrivateServer.shared
        let (connection, observer) = (try await connection(), try await server.connect())
        let (insert, sleep) = (insert, Statement(name: "sleep", sql: "SELECT pg_sleep(60)"))
        let task = Task {
            try await connection.pipeline([
                Query(insert, [.value(1 as Int32)]), Query(sleep), Query(insert, [.value(2 as Int32)]),
            ])
        }
        try await waitUntil(observer, sees: isSleeping, of: connection.backendPID)
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(error?.statement == "sleep")
        #expect(try await rowCount(connection) == 0)
        await observer.close()
        await connection.close()
    }
}
