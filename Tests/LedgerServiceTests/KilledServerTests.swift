import EmbeddedPostgres
import Glibc
import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// A server of the test's own, killed the hard way.
@Suite struct KilledServerTests {
    /// Bringing the server up again may take longer than anybody waits for it.
    @Test func anOperationEndsAtItsDeadlineWhileTheServerIsStillBeingBroughtUp() async throws {
        let server = try await PrivateServer.start()
        let store = try await LedgerStore.open(
            ConnectionSettings(server.connectionString()), writers: 2, readers: 1)
        try await store.migrate()
        let asked = Counter()
        let service = LedgerService(
            store: store, policy: RetryPolicy(maximumAttempts: 100, deadline: .seconds(1)),
            log: TestLedger.quietLog,
            recover: {
                _ = await asked.increment()
                try? await Task.sleep(for: .seconds(600))
            })
        let ledger = TestLedger(store: store, service: service)
        try await ledger.open(["a"], balance: "10.00")
        try await server.crashMachine()
        let clock = ContinuousClock()
        let began = clock.now
        let outcome = await service.perform(try ledger.operation(ledger.deposit("a", "1.00")))
        #expect(clock.now - began < .seconds(20))
        #expect(await asked.increment() > 1)
        switch outcome.result {
        // The first attempt may have been sent to a session that was gone already.
        case .gaveUp, .unknown: break
        default: Issue.record("\(outcome.result)")
        }
        await store.close()
        await server.destroy()
    }

    @Test func eachOfTwoHundredTransfersIsKnownWhenTheServerIsKilledInTheMiddle() async throws {
        let directory = try TemporaryDirectory()
        let server = try await EmbeddedServer.open(.init(directory: directory.path + "/server"))
        let store = try await LedgerStore.open(
            ConnectionSettings(server.connectionString), writers: 8, readers: 2)
        try await store.migrate()
        let service = LedgerService(
            store: store, policy: RetryPolicy(maximumAttempts: 10_000, deadline: .seconds(120)),
            log: TestLedger.quietLog, recover: { try? await server.ensureRunning() })
        let ledger = TestLedger(store: store, service: service)
        try await ledger.open((0..<10).map { "k\($0)" }, balance: "1000.00")
        let pid = try #require(try await EmbeddedServer.status(directory.path + "/server").pid)

        let posted = Counter()
        let outcomes = try await withThrowingTaskGroup(of: [OperationOutcome].self) { group in
            for teller in 0..<8 {
                group.addTask {
                    var outcomes: [OperationOutcome] = []
                    for round in 0..<25 {
                        let operation = try ledger.operation(
                            ledger.transfer(
                                "k\((teller + round) % 10)", "k\((teller + round + 3) % 10)", "1.00"),
                            reference: "kill-\(teller)-\(round)")
                        outcomes.append(await service.perform(operation))
                        if await posted.increment() == 60 { kill(pid, SIGKILL) }
                    }
                    return outcomes
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(outcomes.count == 200)
        let onTheBooks = try await store.queries.settled(references: outcomes.map(\.reference))
        for outcome in outcomes {
            switch outcome.result {
            case .posted(let receipt), .alreadyPosted(let receipt):
                #expect(onTheBooks[outcome.reference]?.receipt == receipt)
            case .refused, .failed, .gaveUp, .cancelled: #expect(onTheBooks[outcome.reference] == nil)
            case .unknown: Issue.record("\(outcome.reference) was never found out")
            }
        }
        #expect(outcomes.contains { !$0.conflicts.isEmpty }, "the kill met nobody")
        for balance in try await store.queries.trialBalance() { #expect(balance.isBalanced) }
        let report = try await Verifier(store: store).run()
        #expect(report.isSound, "\(report.problems)")
        await store.close()
        await server.leave()
    }
}

private actor Counter {
    private var count = 0

    func increment() -> Int {
        count += 1
        return count
    }
}
