import LedgerService
import LedgerStore
import TestSupport
import Testing

@testable import bursar_bench

/// The benchmark of posting in its short form: that it works, never how fast anything is.
@Suite(.serialized) struct PostTests {
    private let work: TemporaryDirectory

    init() throws { work = try TemporaryDirectory() }

    private static let effort = Effort(rounds: 1, seconds: 1, seed: 1, sessions: 2)

    @Test func whatEveryContenderSaysIsOnTheBooks() async throws {
        let report = try await run(["2x10"], Contender.allCases)
        let result = try #require(report.cases.first)
        #expect(result.contenders.map(\.contender) == Contender.allCases)
        for contender in result.contenders {
            #expect(contender.problems.isEmpty, "\(contender.contender): \(contender.problems)")
            #expect(contender.sum(\.posted) > 0, "\(contender.contender)")
            #expect(contender.latencies.count >= contender.sum(\.posted), "\(contender.contender)")
            #expect(contender.clientMicroseconds > 0, "\(contender.contender)")
        }
        #expect(result.table.split(separator: "\n").count == Contender.allCases.count)
        #expect(report.isSound)
    }

    @Test func operationsThatComeByThemselvesDoNotComeFasterThanTheyShould() async throws {
        let report = try await run(["2x11@50"], [.bursar, .functionReadCommitted])
        for contender in try #require(report.cases.first).contenders {
            #expect(contender.problems.isEmpty, "\(contender.contender): \(contender.problems)")
            #expect(contender.sum(\.posted) > 0, "\(contender.contender)")
        }
    }

    @Test func severalProgramsPostToOneLedger() async throws {
        let report = try await run(["4x12/2"], [.bursar, .bursarWithoutOutbox])
        for contender in try #require(report.cases.first).contenders {
            #expect(contender.problems.isEmpty, "\(contender.contender): \(contender.problems)")
            #expect(contender.sum(\.posted) > 0, "\(contender.contender)")
        }
    }

    @Test func aLedgerThatWasMeasuredIsSound() async throws {
        let arena = try await Arena.make(on: server(), accounts: 20)
        let posting = PostingCase(writers: 4, accounts: 20, traffic: .skewed)
        let result = try await CaseRun(
            arena: arena, posting: posting, contenders: [.bursar], effort: Self.effort
        ).run()
        #expect(result.contenders.first?.sum(\.posted) ?? 0 > 0)
        let batches = try await BatchRun(arena: arena, effort: Self.effort, transfers: 700).run()
        #expect(batches.measurement.posted == 700)
        for rooms in [batches.own, batches.equalContent, batches.peers] {
            #expect(BatchResult.total(rooms) > 100)
        }
        let store = try await arena.openStore(sessions: 1)
        let report = try await Verifier(store: store).run()
        #expect(report.problems.isEmpty, "\(report.problems.first?.message ?? "")")
        await store.close()
        try await arena.drop()
    }

    @Test func aGrownLedgerIsMeasuredBesideAnEmptyOne() async throws {
        let growth = try await GrowthRun(server: server(), records: 3000, effort: Self.effort).run()
        #expect(growth.problems.isEmpty, "\(growth.problems)")
        for rounds in [growth.empty, growth.grown, growth.longHistory, growth.noHistory] {
            #expect(rounds.count == 1)
            #expect(rounds.allSatisfy { $0.posted > 0 && $0.refused == 0 })
        }
    }

    @Test func theProgramImportsAFileOfAnySize() async throws {
        let run = ImportRun(server: try await server(), bursar: BenchServer.built("bursar"), seed: 1)
        let result = try await run.run(rows: 1200)
        #expect(result.rows == 1200)
        #expect(result.posted == 1200)
        #expect(result.clientTime > 0)
        #expect(result.peakMemory > 0)
    }

    @Test func theFileOfFiguresHasThemAll() async throws {
        let report = try await run(["2x13"], [.bursar, .function])
        let text = try report.json
        let read = try PostReport(json: text)
        #expect(read.server.hasPrefix("PostgreSQL "))
        #expect(read.cases.first?.contenders.map(\.rate) == report.cases.first?.contenders.map(\.rate))
        #expect(
            read.cases.first?.contenders.first?.latencies.percentile(99)
                == report.cases.first?.contenders.first?.latencies.percentile(99))
        for name in ["p50_ms", "p99_ms", "p999_ms", "longest_ms", "rate", "spread", "client_us"] {
            #expect(text.contains("\"\(name)\":"), "\(name)")
        }
    }

    private func run(_ cases: [String], _ contenders: [Contender]) async throws -> PostReport {
        var plan = PostPlan(
            contenders: contenders, effort: Self.effort, growthRecords: 0, batchTransfers: 0, importRows: [],
            bursar: "")
        for name in cases {
            let isKnown = plan.add(name)
            #expect(isKnown, "\(name)")
        }
        let server = try await server()
        return try await plan.run(on: server) { _ in }
    }

    private func server() async throws -> BenchServer { try await .ofTests(work: work) }
}
