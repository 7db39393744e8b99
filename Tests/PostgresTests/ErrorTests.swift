import TestSupport
import Testing

@testable import Postgres

@Suite struct ErrorTests {
    private func failure(
        _ connection: Connection, _ sql: String, name: String = "wrong"
    ) async throws -> PostgresError {
        try await #require(throws: PostgresError.self) {
            _ = try await connection.query(Statement(name: name, sql: sql))
        }
    }

    @Test func namesConstraintTableAndColumn() async throws {
        let connection = try await PrivateServer.shared.connect()
        try await connection.run(
            script: """
                CREATE TEMP TABLE purse (owner text NOT NULL, amount int8 CONSTRAINT not_negative CHECK (amount >= 0));
                CREATE UNIQUE INDEX one_purse ON purse (owner)
                """)
        let check = try await failure(connection, "INSERT INTO purse VALUES ('ada', -1)", name: "fill_purse")
        #expect(check.kind == .server)
        #expect(check.sqlState == .checkViolation)
        #expect(check.constraint == "not_negative")
        #expect(check.table == "purse")
        #expect(check.schema?.hasPrefix("pg_temp") == true)
        #expect(check.statement == "fill_purse")
        #expect(check.detail?.contains("-1") == true)
        let missing = try await failure(connection, "INSERT INTO purse VALUES (NULL, 1)")
        #expect(missing.sqlState == .notNullViolation)
        #expect(missing.column == "owner")
        let twice = try await failure(connection, "INSERT INTO purse VALUES ('bob', 1), ('bob', 2)")
        #expect(twice.sqlState == .uniqueViolation)
        #expect(twice.constraint == "one_purse")
        #expect(await connection.isUsable)
        await connection.close()
    }

    @Test func keepsDetailAndHintAndSaysLittleInItsDescription() async throws {
        let connection = try await PrivateServer.shared.connect()
        let script = """
            DO $$ BEGIN RAISE EXCEPTION 'first line
            second' USING ERRCODE = 'P0042', DETAIL = 'a detail', HINT = 'a hint'; END $$
            """
        let error = try await #require(throws: PostgresError.self) {
            try await connection.run(script: script)
        }
        #expect(error.sqlState == SQLState(rawValue: "P0042"))
        #expect(error.message == "first line second")
        #expect(error.detail == "a detail")
        #expect(error.hint == "a hint")
        #expect(error.description == "the server answered with an error (P0042)")
        for part in ["first line second", "a detail", "a hint", "P0042"] {
            #expect(error.debugDescription.contains(part))
        }
        await connection.close()
    }

    @Test func disarmsControlCharactersInMessages() async throws {
        let connection = try await PrivateServer.shared.connect()
        let script = "DO $$ BEGIN RAISE EXCEPTION E'\\u001b[2J\\u202egone\\tx'; END $$"
        let error = try await #require(throws: PostgresError.self) {
            try await connection.run(script: script)
        }
        #expect(error.message == "[2J gone x")
        await connection.close()
    }

    @Test func cutsMessagesWithoutEnd() async throws {
        let connection = try await PrivateServer.shared.connect()
        let script = "DO $$ BEGIN RAISE EXCEPTION '%', repeat('x', 1000000); END $$"
        let error = try await #require(throws: PostgresError.self) {
            try await connection.run(script: script)
        }
        #expect(error.message.count == 4_097)
        #expect(error.message.hasSuffix("…"))
        await connection.close()
    }

    @Test func keepsTheNewestNotices() async throws {
        let connection = try await PrivateServer.shared.connect()
        let script = "DO $$ BEGIN FOR i IN 1..100 LOOP RAISE NOTICE 'note %', i; END LOOP; END $$"
        try await connection.run(script: script)
        let notices = await connection.takeNotices()
        #expect(notices.count == 64)
        #expect(notices.last?.message == "note 100")
        #expect(notices.last?.severity == "NOTICE")
        #expect(await connection.takeNotices().isEmpty)
        await connection.close()
    }

    @Test func carriesOnAfterAnErrorInAScript() async throws {
        let connection = try await PrivateServer.shared.connect()
        try await connection.run(script: "CREATE TEMP TABLE t (n int4)")
        let error = try await #require(throws: PostgresError.self) {
            try await connection.run(
                script: "INSERT INTO t VALUES (1); SELECT 1 / 0; INSERT INTO t VALUES (2)")
        }
        #expect(error.sqlState == .divisionByZero)
        let rows = try await connection.query(Statement(name: "count", sql: "SELECT count(*) FROM t"))
        #expect(try rows[0].decode(0, as: Int64.self) == 0)
        await connection.close()
    }

    /// COPY has no place in this module; it must not leave anybody waiting for an end that never comes.
    @Test(.timeLimit(.minutes(1)), arguments: ["COPY (SELECT 1) TO STDOUT", "COPY t FROM STDIN"])
    func dropsTheConnectionWhenAStatementIsACopy(sql: String) async throws {
        let server = try await PrivateServer.shared
        let asStatement = try await server.connect()
        try await asStatement.run(script: "CREATE TEMP TABLE t (n int4)")
        let error = try await failure(asStatement, sql)
        #expect(error.kind == .connectionLost)
        #expect(error.message.contains("COPY"))
        #expect(await asStatement.isUsable == false)
        let asScript = try await server.connect()
        try await asScript.run(script: "CREATE TEMP TABLE t (n int4)")
        let other = try await #require(throws: PostgresError.self) { try await asScript.run(script: sql) }
        #expect(other.kind == .connectionLost)
        #expect(await asScript.isUsable == false)
    }

    @Test func answersAnEmptyStatementAndAnEmptyScript() async throws {
        let connection = try await PrivateServer.shared.connect()
        #expect(try await connection.query(Statement(name: "empty", sql: "")).isEmpty)
        try await connection.run(script: "")
        #expect(try await connection.pipeline([]).isEmpty)
        #expect(await connection.isUsable)
        await connection.close()
    }

    @Test func ignoresNotificationsThatNobodyReads() async throws {
        let server = try await PrivateServer.shared
        let listener = try await server.connect()
        try await listener.run(script: "LISTEN bell")
        let ringer = try await server.connect()
        try await ringer.run(script: "NOTIFY bell, '1'; NOTIFY bell, '2'")
        #expect(try await listener.query(Statement(name: "one", sql: "SELECT 1")).count == 1)
        await ringer.close()
        await listener.close()
    }
}
