import Glibc
import LedgerService
import LedgerStore
import TestSupport
import Testing

@testable import bursar_bench

/// The experiments on the server in their short form: that each way of each does its work, never how fast.
@Suite(.serialized) struct ExperimentTests {
    private let work: TemporaryDirectory

    init() throws { work = try TemporaryDirectory() }

    private static let effort = Effort(rounds: 1, seconds: 1, seed: 1, sessions: 2)

    /// Without the one on predicate locks, which sets the server otherwise for everybody.
    private static let experiments: [any Experiment] =
        PostingExperiment.all(PostingCase(writers: 4, accounts: 10), sessions: 2).filter {
            $0.chosen.allSatisfy(\.settings.isEmpty)
        } + [KeyExperiment(), LoadExperiment(), PlanExperiment()]

    @Test(arguments: experiments.indices) func everyWayDoesSomething(experiment index: Int) async throws {
        let experiment = Self.experiments[index]
        let server = try await BenchServer.ofTests(work: work)
        let result = try await experiment.measure(on: server, Self.effort)
        #expect(result.ways.map(\.title) == experiment.ways)
        for way in result.ways {
            #expect(way.rounds.count == 1, "\(way.title)")
            #expect(way.rate > 0, "\(way.title)")
        }
        #expect(result.table.split(separator: "\n").count == 1 + experiment.ways.count)
    }

    @Test func whatTheCeilingPostsIsOnTheBooks() async throws {
        let ceiling = CeilingExperiment(["4x10"], fastest: 400)
        let server = try await BenchServer.ofTests(work: work)
        try await ceiling.prepare(0, on: server)
        let store = try await ceiling.arena(0, on: server).openStore(sessions: 1)
        let before = try await Verifier(store: store).run()
        for way in ceiling.ways.indices {
            let result = try await ceiling.run(way, Trial(seconds: 1, seed: UInt64(way)), on: server)
            #expect(result.rate > 0)
        }
        let report = try await Verifier(store: store).run()
        #expect(report.problems.isEmpty, "\(report.problems.first?.message ?? "")")
        let posted = report.transactions - before.transactions
        #expect(posted > 0 && posted <= 2000 && posted.isMultiple(of: 4), "\(posted)")
        // An outbox is taken away by its program only when nothing is left in it.
        #expect(try Files.list("\(server.work)/outbox").isEmpty)
        await store.close()
        try await ceiling.finish(on: server)
    }

    /// Its ways with an outbox, in a directory that others may use too.
    @Test(arguments: 1...3) func theCeilingSaysWhyItsOutboxCannotBeUsed(way: Int) async throws {
        let ceiling = CeilingExperiment(["4x14"], fastest: 40)
        let server = try await BenchServer.ofTests(work: work)
        try await ceiling.prepare(0, on: server)
        let directory = "\(server.work)/outbox"
        try #require(mkdir(directory, 0o755) == 0)
        let error = await #expect(throws: OutboxError.self) {
            try await ceiling.run(way, Trial(seconds: 1, seed: 1), on: server)
        }
        #expect(error?.path == directory)
        try await ceiling.finish(on: server)
    }
}
