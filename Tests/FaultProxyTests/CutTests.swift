import FaultProxy
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct CutTests {
    @Test func passesThroughWhatNoRuleTouches() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            #expect(try await connection.query(bench.insert, [.value(Int32(1))]).affected == 1)
            let rows = try await connection.pipeline([bench.inserting(2), Query(bench.one)])
            #expect(try rows[1][0].decode(0, as: Int32.self) == 1)
            try await connection.run(script: "INSERT INTO \(bench.table) VALUES (3)")
            let error = try await bench.failure {
                _ = try await connection.query(bench.insert, [.value(Int32(3))])
            }
            #expect(error.sqlState == .uniqueViolation)
            #expect(await connection.isUsable)
            await connection.close()
            #expect(try await bench.numbers() == [1, 2, 3])
            let journal = await bench.proxy.journal
            #expect(journal.total == 0)
            #expect(journal.connections == 1)
            #expect(journal.statements == 5)
        }
    }

    @Test func passesLargeMessagesBothWays() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            let echo = Statement(name: "echo", sql: "SELECT $1")
            let text = String(repeating: "x", count: 20_000_000)
            let rows = try await connection.query(echo, [.value(text)])
            #expect(try rows[0].decode(0, as: String.self) == text)
            let many = Statement(name: "many", sql: "SELECT generate_series(1, 300000)")
            #expect(try await connection.query(many).count == 300_000)
            await connection.close()
        }
    }

    @Test func leavesNothingOfAStatementThatWasCutBefore() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .cutBeforeServer)
            let error = try await bench.failure {
                _ = try await connection.query(bench.insert, [.value(Int32(1))])
            }
            #expect(error.kind == .connectionLost)
            #expect(await connection.isUsable == false)
            #expect(try await bench.numbers() == [])
            #expect(await bench.proxy.journal.counts == [.cutBeforeServer: 1])
        }
    }

    @Test func keepsWhatAStatementDidThatWasCutAfter() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .cutAfterServer(awaitingAnswer: true))
            let error = try await bench.failure {
                _ = try await connection.query(bench.insert, [.value(Int32(1))])
            }
            #expect(error.kind == .connectionLost)
            #expect(try await bench.numbers() == [1])
        }
    }

    @Test func letsAStatementFinishWhoseClientWasCutOff() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .cutAfterServer(awaitingAnswer: false))
            let key = Int64.random(in: .min ... .max)
            try await bench.observer.run(script: "SELECT pg_advisory_lock(\(key))")
            let slow = Statement(
                name: "slow", sql: "INSERT INTO \(bench.table) SELECT 1 FROM pg_advisory_xact_lock(\(key))")
            let error = try await bench.failure { _ = try await connection.query(slow) }
            #expect(error.kind == .connectionLost)
            // The client was not made to wait for the server.
            #expect(try await bench.numbers() == [])
            try await bench.observer.run(script: "SELECT pg_advisory_unlock(\(key))")
            try await bench.wait(until: "the row is there") { try await bench.numbers() == [1] }
            try await bench.wait(until: "both sides are closed") { await bench.proxy.openConnections == 0 }
        }
    }

    @Test(arguments: [0, 1, 4, 5, 6, 12, 27, 1_000])
    func cutsInTheMiddleOfAnAnswer(bytes: Int) async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .cutMidAnswer(bytes: bytes))
            if bytes < 1_000 {
                let error = try await bench.failure {
                    _ = try await connection.query(bench.insert, [.value(Int32(1))])
                }
                #expect(error.kind == .connectionLost)
            } else {
                // The whole answer comes, and then the end.
                _ = try await connection.query(bench.insert, [.value(Int32(1))])
                try await bench.wait(until: "the cut is noticed") { await !connection.isUsable }
            }
            try await bench.wait(until: "the row is there") { try await bench.numbers() == [1] }
        }
    }

    @Test func cutsATransactionBlockBeforeAndAfterItsCommit() async throws {
        try await Bench.use { bench in
            for (number, fault) in [(1, Fault.cutBeforeServer), (2, .cutAfterServer(awaitingAnswer: true))] {
                let connection = try await bench.connect()
                await bench.script(.statement(containing: "COMMIT"), fault)
                _ = try await connection.query(bench.begin)
                _ = try await connection.query(bench.insert, [.value(Int32(number))])
                let error = try await bench.failure { _ = try await connection.query(bench.commit) }
                #expect(error.kind == .connectionLost)
            }
            #expect(try await bench.numbers() == [2])
        }
    }

    @Test func leavesNothingOfAPipelineThatWasCutInItsMiddle() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            let second = Statement(name: "second", sql: bench.insert.sql + " /* second */")
            await bench.script(.statement(named: "second"), .cutBeforeServer)
            let error = try await bench.failure {
                _ = try await connection.pipeline([bench.inserting(1), Query(second, [.value(Int32(2))])])
            }
            #expect(error.kind == .connectionLost)
            try await bench.wait(until: "the server has noticed") { await bench.proxy.openConnections == 0 }
            #expect(try await bench.numbers() == [])
        }
    }

    @Test func cutsPreparedStatementsByNameAndCountsThem() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(.nth(3), named: "insert"), .cutBeforeServer)
            for number: Int32 in 1...2 {
                _ = try await connection.query(bench.one)
                _ = try await connection.query(bench.insert, [.value(number)])
            }
            let error = try await bench.failure {
                _ = try await connection.query(bench.insert, [.value(Int32(3))])
            }
            #expect(error.kind == .connectionLost)
            #expect(try await bench.numbers() == [1, 2])
            let entry = try #require(await bench.proxy.journal.entries.first)
            #expect(entry.statement == 5)
            #expect(entry.what.hasPrefix("insert_"))
        }
    }

    @Test func cutsOnlyTheRoleThatIsMeant() async throws {
        try await Bench.use { bench in
            let till = try await bench.connect("application_name=till-7")
            let audit = try await bench.connect("application_name=audit")
            await bench.script(.statement(role: "till"), .cutBeforeServer)
            _ = try await audit.query(bench.insert, [.value(Int32(1))])
            let error = try await bench.failure { _ = try await till.query(bench.insert, [.value(Int32(2))]) }
            #expect(error.kind == .connectionLost)
            await audit.close()
            #expect(try await bench.numbers() == [1])
        }
    }
}
