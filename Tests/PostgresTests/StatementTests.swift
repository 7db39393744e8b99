import TestSupport
import Testing

@testable import Postgres

@Suite struct StatementTests {
    private let one = Statement(name: "one", sql: "SELECT 1::int4")

    private func preparedNames(_ connection: Connection) async throws -> [String] {
        let sql =
            "SELECT name FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared%' ORDER BY 1"
        let rows = try await connection.query(Statement(name: "list", sql: sql))
        return try rows.map { try $0.decode(0, as: String.self) }
    }

    @Test func preparesAStatementOnce() async throws {
        let connection = try await PrivateServer.shared.connect()
        for _ in 0..<5 { _ = try await connection.query(one) }
        let names = try await preparedNames(connection)
        #expect(names.count == 1)
        #expect(names.first?.hasPrefix("one_") == true)
        await connection.close()
    }

    @Test func tellsAnotherTextUnderTheSameNameApart() async throws {
        let connection = try await PrivateServer.shared.connect()
        let two = Statement(name: "one", sql: "SELECT 2::int4")
        #expect(try await connection.query(one)[0].decode(0, as: Int32.self) == 1)
        #expect(try await connection.query(two)[0].decode(0, as: Int32.self) == 2)
        let answers = try await connection.pipeline([Query(one), Query(two), Query(one)])
        #expect(try answers.map { try $0[0].decode(0, as: Int32.self) } == [1, 2, 1])
        // What was replaced is dropped at the server with a later round trip.
        _ = try await connection.query(one)
        #expect(try await preparedNames(connection).count == 1)
        await connection.close()
    }

    @Test func dropsWhatWasReplacedWithinOneRoundTrip() async throws {
        let connection = try await PrivateServer.shared.connect()
        let two = Statement(name: "one", sql: "SELECT 2::int4")
        _ = try await connection.pipeline([Query(one), Query(two)])
        _ = try await connection.query(two)
        #expect(try await preparedNames(connection).count == 1)
        await connection.close()
    }

    @Test func keepsABoundedNumberOfStatements() async throws {
        let connection = try await PrivateServer.shared.connect()
        for number in 0..<300 {
            let statement = Statement(name: "number\(number)", sql: "SELECT \(number)::int4")
            #expect(try await connection.query(statement)[0].decode(0, as: Int32.self) == Int32(number))
        }
        #expect(try await preparedNames(connection).count <= 257)
        await connection.close()
    }

    @Test(arguments: ["DISCARD ALL", "DEALLOCATE ALL"])
    func preparesAnewWhatTheServerHasLost(how: String) async throws {
        let connection = try await PrivateServer.shared.connect()
        let two = Statement(name: "two", sql: "SELECT 2::int4")
        _ = try await connection.pipeline([Query(one), Query(two)])
        try await connection.run(script: how)
        #expect(try await connection.query(one)[0].decode(0, as: Int32.self) == 1)
        try await connection.run(script: how)
        let answers = try await connection.pipeline([Query(one), Query(two)])
        #expect(try answers.map { try $0[0].decode(0, as: Int32.self) } == [1, 2])
        await connection.close()
    }

    @Test func failsWhenALaterStatementIsLostAndPreparesItForTheNextCall() async throws {
        let connection = try await PrivateServer.shared.connect()
        let two = Statement(name: "two", sql: "SELECT 2::int4")
        _ = try await connection.query(two)
        try await connection.run(script: "DEALLOCATE ALL; CREATE TEMP TABLE marks (n int4)")
        let mark = Statement(name: "mark", sql: "INSERT INTO marks VALUES (1)")
        let error = await #expect(throws: PostgresError.self) {
            _ = try await connection.pipeline([Query(mark), Query(two)])
        }
        #expect(error?.sqlState == .invalidStatementName)
        let answers = try await connection.pipeline([Query(mark), Query(two)])
        #expect(answers.count == 2)
        let count = try await connection.query(Statement(name: "count", sql: "SELECT count(*) FROM marks"))
        #expect(try count[0].decode(0, as: Int64.self) == 1)
        await connection.close()
    }

    @Test func doesNotRepeatWithinAnOpenTransaction() async throws {
        let connection = try await PrivateServer.shared.connect()
        _ = try await connection.query(one)
        try await connection.run(script: "BEGIN; DEALLOCATE ALL")
        let error = await #expect(throws: PostgresError.self) { _ = try await connection.query(one) }
        #expect(error?.sqlState == .invalidStatementName)
        #expect(connection.condition == .inTransaction)
        try await connection.run(script: "ROLLBACK")
        #expect(try await connection.query(one).count == 1)
        await connection.close()
    }

    @Test func plansAnewWhenATableHasChanged() async throws {
        let connection = try await PrivateServer.shared.connect()
        try await connection.run(script: "CREATE TEMP TABLE shape (a int4); INSERT INTO shape VALUES (1)")
        let all = Statement(name: "all", sql: "SELECT * FROM shape")
        #expect(try await connection.query(all).columnCount == 1)
        try await connection.run(script: "ALTER TABLE shape ADD b int4")
        #expect(try await connection.query(all).columnCount == 2)
        await connection.close()
    }

    @Test func refusesOtherTypesThanThoseItWasPreparedWith() async throws {
        let connection = try await PrivateServer.shared.connect()
        let echo = Statement(name: "echo", sql: "SELECT $1")
        _ = try await connection.query(echo, [.value(1 as Int64)])
        for parameters in [[.value("x")], [], [.value(1 as Int64), .value(2 as Int64)]] as [[Parameter]] {
            let error = await #expect(throws: PostgresError.self) {
                _ = try await connection.query(echo, parameters)
            }
            #expect(error?.kind == .protocolViolation)
        }
        await connection.close()
    }

    @Test func refusesOtherTypesWithinTheRoundTripThatPrepares() async throws {
        let connection = try await PrivateServer.shared.connect()
        let echo = Statement(name: "echo", sql: "SELECT $1")
        // Eight bytes of text would pass for a number.
        let error = await #expect(throws: PostgresError.self) {
            _ = try await connection.pipeline([
                Query(echo, [.value(1 as Int64)]), Query(echo, [.value("8 bytes!")]),
            ])
        }
        #expect(error?.kind == .protocolViolation)
        #expect(try await preparedNames(connection).isEmpty)
        await connection.close()
    }
}
