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
}
