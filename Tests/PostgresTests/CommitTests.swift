import TestSupport
import Testing

@testable import Postgres

/// What is to be on the books is not taken for done when the server warns.
@Suite(.timeLimit(.minutes(2))) struct CommitTests {
    private let warn = Statement(
        name: "warn", sql: "SELECT set_config('bursar.x', 'x', false), pg_advisory_unlock(1)")
    private let one = Statement(name: "one", sql: "SELECT 1::int4")

    @Test func aWarningPutsASuccessInDoubtAndTheConnectionGoesOn() async throws {
        let connection = try await PrivateServer.shared.connect()
        let error = try await #require(throws: PostgresError.self) {
            _ = try await connection.commit([Query(one), Query(warn)])
        }
        #expect(error.kind == .unconfirmed)
        #expect(error.statement == "warn")
        #expect(error.message.contains("lock"))
        #expect(try await connection.commit([Query(one)]).first?.first?.decode(0, as: Int32.self) == 1)
        // Asked otherwise, a warning is a notice.
        _ = try await connection.query(warn)
        await connection.close()
    }

    @Test func statementsThatAreNotKeptLeaveNothingAtTheServer() async throws {
        let connection = try await PrivateServer.shared.connect()
        await connection.keepStatements(false)
        let twice = Statement(name: "twice", sql: "SELECT $1::int8 * 2, $2::text")
        for number in 1...3 {
            let results = try await connection.pipeline([
                Query(one), Query(twice, [.value(Int64(number)), .optional(String?.none)]),
            ])
            #expect(try results[1].first?.decode(0, as: Int64.self) == Int64(number) * 2)
            #expect(try results[1].first?.decodeOptional(1, as: String.self) == nil)
        }
        let kept = Statement(name: "kept", sql: "SELECT count(*) FROM pg_prepared_statements")
        #expect(try await connection.query(kept).first?.decode(0, as: Int64.self) == 0)
        await connection.keepStatements(true)
        #expect(try await connection.query(kept).first?.decode(0, as: Int64.self) == 1)
        await connection.close()
    }

    // MARK: Transactions that are committed if something else succeeds

    private let begin = Query(Statement(name: "begin", sql: "BEGIN"))
    private let closing = Closing(
        commit: Query(Statement(name: "commit", sql: "COMMIT")),
        rollback: Query(Statement(name: "rollback", sql: "ROLLBACK")))

    private func insert(_ number: Int64) -> Query {
        Query(Statement(name: "insert", sql: "INSERT INTO held VALUES ($1::int8)"), [.value(number)])
    }

    private func numbers(_ connection: Connection) async throws -> [Int64] {
        try await connection.query(Statement(name: "numbers", sql: "SELECT n FROM held ORDER BY n"))
            .map { try $0.decode(0) }
    }

    private func connect(_ database: TestDatabase) async throws -> (Connection, observer: Connection) {
        try await database.run("CREATE TABLE held (n int8 PRIMARY KEY)")
        return (try await database.connect(), try await database.connect())
    }

    @Test func itIsExecutedAtOnceAndCommittedWhenItIsWanted() async throws {
        let database = try await TestDatabase.make()
        let (connection, observer) = try await connect(database)
        for number in Int64(1)...3 {
            let before = try await numbers(observer)
            let answers = try await connection.commit(
                [begin, insert(number)], closing: closing,
                when: {
                    // The statement has been executed, and nobody sees it yet.
                    try? await observer.waitUntil(
                        "SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'idle in transaction' "
                            + "AND datname = current_database()")
                    let seen = try? await numbers(observer)
                    return seen == before
                })
            #expect(answers.count == 3)
            #expect(try await numbers(observer) == before + [number])
        }
        // Wanted before the server has said anything.
        _ = try await connection.commit([begin, insert(9)], closing: closing, when: { true })
        #expect(try await numbers(observer) == [1, 2, 3, 9])
    }

    @Test func itIsRolledBackWhenItIsNotWanted() async throws {
        let database = try await TestDatabase.make()
        let (connection, observer) = try await connect(database)
        let error = try await #require(throws: PostgresError.self) {
            _ = try await connection.commit([begin, insert(1)], closing: closing, when: { false })
        }
        #expect(error.kind == .cancelled)
        #expect(connection.condition == .idle)
        #expect(try await numbers(observer).isEmpty)
        _ = try await connection.commit([begin, insert(2)], closing: closing, when: { true })
        #expect(try await numbers(observer) == [2])
    }

    @Test func aStatementThatFailsIsToldAndNothingStaysOpen() async throws {
        let database = try await TestDatabase.make()
        let (connection, observer) = try await connect(database)
        _ = try await connection.commit([begin, insert(1)], closing: closing, when: { true })
        for isWanted in [true, false] {
            let error = try await #require(throws: PostgresError.self) {
                _ = try await connection.commit([begin, insert(1)], closing: closing, when: { isWanted })
            }
            #expect(error.sqlState == .uniqueViolation && error.statement == "insert")
            #expect(connection.condition == .idle)
        }
        #expect(try await numbers(observer) == [1])
    }

    /// Statements that the server has lost are prepared anew, and the warning of a COMMIT without a BEGIN is none.
    @Test func itIsRepeatedWhenTheServerHasLostTheStatements() async throws {
        let database = try await TestDatabase.make()
        let (connection, observer) = try await connect(database)
        _ = try await connection.commit([begin, insert(1)], closing: closing, when: { true })
        try await connection.run(script: "DEALLOCATE ALL")
        _ = try await connection.commit([begin, insert(2)], closing: closing, when: { true })
        #expect(try await numbers(observer) == [1, 2])
    }

    @Test(arguments: [PostgresError.Kind.cancelled, .deadlineExceeded])
    func whoStopsWaitingGetsItRolledBack(_ kind: PostgresError.Kind) async throws {
        let database = try await TestDatabase.make()
        let (connection, observer) = try await connect(database)
        let (never, end) = AsyncStream<Void>.makeStream()
        let waiting = Task {
            try await connection.commit(
                [begin, insert(1)], closing: closing,
                when: {
                    for await _ in never {}
                    return true
                }, timeout: kind == .deadlineExceeded ? .milliseconds(300) : nil)
        }
        if kind == .cancelled {
            try await observer.waitUntil(
                "SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'idle in transaction' "
                    + "AND datname = current_database()")
            waiting.cancel()
        }
        let error = await #expect(throws: PostgresError.self) { _ = try await waiting.value }
        #expect(error?.kind == kind)
        #expect(try await numbers(observer).isEmpty)
        // What is wanted too late is nothing, and the connection goes on.
        end.finish()
        _ = try await connection.commit([begin, insert(2)], closing: closing, when: { true })
        #expect(try await numbers(observer) == [2])
    }

    @Test func aConnectionThatBreaksMeanwhileIsToldAtOnce() async throws {
        let database = try await TestDatabase.make()
        let (connection, observer) = try await connect(database)
        try await connection.run(script: "SET idle_in_transaction_session_timeout = '50ms'")
        let (never, end) = AsyncStream<Void>.makeStream()
        let error = await #expect(throws: PostgresError.self) {
            _ = try await connection.commit(
                [begin, insert(1)], closing: closing,
                when: {
                    for await _ in never {}
                    return true
                })
        }
        #expect(error?.kind == .lostBeforeCommit)
        #expect(error?.message.contains("idle-in-transaction") == true)
        end.finish()
        #expect(try await numbers(observer).isEmpty)
    }
}
