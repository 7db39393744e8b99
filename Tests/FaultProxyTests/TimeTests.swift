import FaultProxy
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct TimeTests {
    private let clock = ContinuousClock()

    @Test(arguments: [Flow.request, .answer])
    func delaysAStatementAndExecutesIt(flow: Flow) async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .delay(flow, .milliseconds(300)), times: 1)
            let time = try await clock.measure {
                _ = try await connection.query(bench.insert, [.value(Int32(1))])
            }
            #expect(time >= .milliseconds(300))
            _ = try await connection.query(bench.insert, [.value(Int32(2))])
            await connection.close()
            #expect(try await bench.numbers() == [1, 2])
        }
    }

    @Test func delaysTheAnswerOfWhatIsDoneAlready() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .delay(.answer, .seconds(600)))
            let call = Task { try await connection.query(bench.insert, [.value(Int32(1))]) }
            try await bench.wait(until: "the row is there") { try await bench.numbers() == [1] }
            await connection.close()
            let error = try await bench.failure { _ = try await call.value }
            #expect(error.kind == .connectionLost)
        }
    }

    @Test func commitsLateWhatAClientHasGivenUp() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .delay(.request, .seconds(600)))
            let error = try await bench.failure {
                _ = try await connection.query(
                    bench.insert, [.value(Int32(1))], timeout: .milliseconds(50))
            }
            #expect(error.kind == .connectionLost)
            #expect(try await bench.numbers() == [])
            await bench.proxy.apply(.heal)
            try await bench.wait(until: "the row is there") { try await bench.numbers() == [1] }
            try await bench.wait(until: "all is closed") { await bench.proxy.openConnections == 0 }
        }
    }

    @Test func freezesAndThaws() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .freeze(.milliseconds(300)))
            let time = try await clock.measure {
                _ = try await connection.query(bench.insert, [.value(Int32(1))])
            }
            #expect(time >= .milliseconds(300))
            await bench.proxy.setScript(.none)
            let all = try await clock.measure {
                await bench.proxy.apply(.freezeAll(.milliseconds(300)))
                _ = try await connection.query(bench.one)
            }
            #expect(all >= .milliseconds(300))
            #expect(await bench.proxy.journal.counts == [.freeze: 1, .freezeAll: 1])
            await connection.close()
            #expect(try await bench.numbers() == [1])
        }
    }

    @Test func goesOnAtOnceWhenItIsHealed() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            for fault in [Fault.freeze(.seconds(600)), .delay(.request, .seconds(600))] {
                await bench.script(.statement(containing: "SELECT 1"), fault, times: 1)
                let total = await bench.proxy.journal.total
                let call = Task { try await connection.query(bench.one, timeout: .seconds(30)) }
                try await bench.wait(until: "it stands") { await bench.proxy.journal.total > total }
                await bench.proxy.apply(.heal)
                #expect(try await call.value.count == 1)
            }
            await connection.close()
        }
    }

    @Test func throwsAwayWhatTheClientSends() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .dropClientToServer(nil))
            let error = try await bench.failure {
                _ = try await connection.query(
                    bench.insert, [.value(Int32(1))], timeout: .milliseconds(50))
            }
            #expect(error.kind == .connectionLost)
            try await bench.wait(until: "all is closed") { await bench.proxy.openConnections == 0 }
            #expect(try await bench.numbers() == [])
        }
    }

    @Test func throwsAwayWhatTheServerSends() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.script(.statement(containing: "INSERT"), .dropServerToClient(nil))
            let error = try await bench.failure {
                _ = try await connection.query(
                    bench.insert, [.value(Int32(1))], timeout: .milliseconds(50))
            }
            #expect(error.kind == .connectionLost)
            #expect(try await bench.numbers() == [1])
        }
    }
}
