import FaultProxy
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct AnswerTests {
    private static let forms =
        ErrorForm.retryable + ErrorForm.ambiguous + [
            .outOfMemory, .readOnly, .snapshotTooOld, .cockroachBelowGarbageCollection,
            .yugabyteSnapshotTooOld,
        ]

    @Test(arguments: forms)
    func tellsAnErrorInsteadOfExecuting(form: ErrorForm) async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .answer(form), times: 1)
            let error = try await bench.failure {
                _ = try await connection.query(bench.insert, [.value(Int32(1))])
            }
            #expect(error.kind == .server)
            #expect(error.sqlState == SQLState(rawValue: form.sqlState))
            #expect(error.message == form.message)
            #expect(error.detail == form.detail)
            #expect(error.hint == form.hint)
            #expect(error.statement == "insert")
            #expect(try await bench.numbers() == [])
            // The connection is as good as before.
            _ = try await connection.query(bench.insert, [.value(Int32(2))])
            await connection.close()
            #expect(try await bench.numbers() == [2])
        }
    }

    @Test func namesTableColumnAndConstraint() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            let form = ErrorForm(
                "23505", "duplicate key", detail: "Key (n)=(1) already exists.", schema: "bank",
                table: "purse",
                column: "n", constraint: "purse_pkey")
            await bench.script(.statement(containing: "INSERT"), .answer(form))
            let error = try await bench.failure {
                _ = try await connection.query(bench.insert, [.value(Int32(1))])
            }
            #expect(
                [error.schema, error.table, error.column, error.constraint]
                    == ["bank", "purse", "n", "purse_pkey"])
            await connection.close()
        }
    }

    @Test func executesWhatItThenTellsAnErrorAbout() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            let fault = Fault.answerAfterServer(.cockroachAmbiguous)
            await bench.script(.statement(containing: "INSERT"), fault, times: 1)
            let error = try await bench.failure {
                _ = try await connection.query(bench.insert, [.value(Int32(1))])
            }
            #expect(error.kind == .server)
            #expect(error.sqlState == .statementCompletionUnknown)
            #expect(try await bench.numbers() == [1])
            _ = try await connection.query(bench.insert, [.value(Int32(2))])
            await connection.close()
            #expect(try await bench.numbers() == [1, 2])
        }
    }

    @Test func failsAWholePipelineInItsMiddle() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            let second = Statement(name: "second", sql: bench.insert.sql + " /* second */")
            let pipeline = [bench.inserting(1), Query(second, [.value(Int32(2))]), bench.inserting(3)]
            await bench.script(.statement(containing: "second"), .answer(.concurrentUpdate), times: 2)
            // The first time the statements are new to the connection, the second time they are not.
            for _ in 1...2 {
                let error = try await bench.failure { _ = try await connection.pipeline(pipeline) }
                #expect(error.sqlState == .serializationFailure)
                #expect(error.statement == "second")
                #expect(try await bench.numbers() == [])
            }
            _ = try await connection.pipeline(pipeline)
            await connection.close()
            #expect(try await bench.numbers() == [1, 2, 3])
        }
    }

    @Test func executesAWholePipelineWhoseMiddleIsToldToHaveFailed() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            let second = Statement(name: "second", sql: bench.insert.sql + " /* second */")
            let pipeline = [bench.inserting(1), Query(second, [.value(Int32(2))]), bench.inserting(3)]
            await bench.script(.statement(containing: "second"), .answerAfterServer(.cockroachAmbiguous))
            let error = try await bench.failure { _ = try await connection.pipeline(pipeline) }
            #expect(error.sqlState == .statementCompletionUnknown)
            #expect(error.statement == "second")
            #expect(try await bench.numbers() == [1, 2, 3])
            #expect(try await connection.query(bench.one).count == 1)
            await connection.close()
        }
    }

    @Test func leavesATransactionBlockFailed() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(.nth(2), containing: "INSERT"), .answer(.deadlock))
            _ = try await connection.query(bench.begin)
            _ = try await connection.query(bench.insert, [.value(Int32(1))])
            let error = try await bench.failure {
                _ = try await connection.query(bench.insert, [.value(Int32(2))])
            }
            #expect(error.sqlState == .deadlockDetected)
            let next = try await bench.failure {
                _ = try await connection.query(bench.insert, [.value(Int32(3))])
            }
            #expect(next.sqlState == .inFailedTransaction)
            _ = try await connection.query(bench.rollback)
            _ = try await connection.query(bench.insert, [.value(Int32(4))])
            await connection.close()
            #expect(try await bench.numbers() == [4])
        }
    }

    @Test func endsATransactionBlockWhoseCommitItRefuses() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "COMMIT"), .answer(.pivotAtCommit), times: 3)
            for _ in 1...2 {
                _ = try await connection.query(bench.begin)
                _ = try await connection.query(bench.insert, [.value(Int32(1))])
                let error = try await bench.failure { _ = try await connection.query(bench.commit) }
                #expect(error.sqlState == .serializationFailure)
                #expect(try await bench.numbers() == [])
            }
            // The same in one round trip, and then without a fault.
            let round = [Query(bench.begin), bench.inserting(1), Query(bench.commit)]
            let error = try await bench.failure { _ = try await connection.pipeline(round) }
            #expect(error.sqlState == .serializationFailure)
            #expect(error.statement == "commit")
            #expect(try await bench.numbers() == [])
            _ = try await connection.pipeline(round)
            await connection.close()
            #expect(try await bench.numbers() == [1])
        }
    }

    @Test func doesTheSameToSimpleQueries() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            let script = "INSERT INTO \(bench.table) VALUES (1)"
            await bench.script(.statement(containing: "INSERT"), .answer(.deadlock), times: 1)
            let error = try await bench.failure { try await connection.run(script: script) }
            #expect(error.sqlState == .deadlockDetected)
            #expect(try await bench.numbers() == [])
            await bench.script(.statement(containing: "INSERT"), .answerAfterServer(.cockroachAmbiguous))
            let after = try await bench.failure { try await connection.run(script: script) }
            #expect(after.sqlState == .statementCompletionUnknown)
            #expect(try await bench.numbers() == [1])
            await bench.script(.statement(containing: "COMMIT"), .answer(.deadlock))
            try await connection.run(script: "BEGIN; DELETE FROM \(bench.table)")
            let commit = try await bench.failure { try await connection.run(script: "commit; COMMIT") }
            #expect(commit.sqlState == .deadlockDetected)
            await connection.close()
            #expect(try await bench.numbers() == [1])
        }
    }

    @Test(arguments: [ErrorForm.adminShutdown, .crashShutdown, .connectionFailure])
    func closesAfterTheLastWordsOfAServer(form: ErrorForm) async throws {
        try await Bench.use { bench in
            for (number, fault) in [(Int32(1), Fault.answer(form)), (2, .answerAfterServer(form))] {
                let connection = try await bench.connect()
                await bench.script(.statement(containing: "INSERT"), fault)
                let error = try await bench.failure {
                    _ = try await connection.query(bench.insert, [.value(number)])
                }
                #expect(error.kind == .connectionLost)
                // A WARNING is nobody's error; it is told as a notice.
                if form.severity == .fatal { #expect(error.sqlState?.rawValue == form.sqlState) }
                #expect(await connection.isUsable == false)
            }
            #expect(try await bench.numbers() == [2])
        }
    }

    @Test func rewritesValuesAndSettings() async throws {
        try await Bench.use { bench in
            let version = "CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu)"
            await bench.proxy.setScript(
                FaultScript(rules: [
                    FaultRule(
                        when: .connection(), fault: .rewriteParameters(["server_version": "13.0.0"])),
                    FaultRule(
                        when: .statement(containing: "version()"),
                        fault: .rewriteAnswer([ColumnRewrite(column: 0, text: version)])),
                ]))
            let connection = try await bench.connect()
            #expect(connection.serverVersion == 130_000)
            #expect(await connection.parameterStatus("server_version") == "13.0.0")
            let statement = Statement(name: "version", sql: "SELECT version(), 1::int4")
            let rows = try await connection.query(statement)
            #expect(try rows[0].decode(0, as: String.self) == version)
            #expect(try rows[0].decode(1, as: Int32.self) == 1)
            await connection.close()
        }
    }
}
