import Ledger
import LedgerStore
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import LedgerService

/// Batches come on the books one after the other, as if each were decided when those before it are there.
@Suite struct BatchPipelineTests {
    /// Tells how often the time was asked for: once for the id of each operation, and once when a batch is decided.
    private final class Times: Sendable {
        private let count = Mutex(0)

        func note() { count.withLock { $0 += 1 } }

        func reach(_ number: Int) async throws {
            let deadline = ContinuousClock.now + .seconds(60)
            while count.withLock({ $0 }) < number {
                guard ContinuousClock.now < deadline else {
                    throw Late()
                }
                await Task.yield()
            }
        }
    }

    private struct Late: Error {}

    private func service(
        _ ledger: TestLedger, _ times: Times = Times(), policy: RetryPolicy? = nil
    ) -> LedgerService {
        var environment = ServiceEnvironment.live
        // What is remembered stays trusted, however slow the machine is.
        if policy == nil { environment.uptime = { .zero } }
        environment.now = {
            times.note()
            return ServiceEnvironment.live.now()
        }
        return LedgerService(
            store: ledger.store, policy: policy ?? ledger.service.policy, environment: environment,
            log: TestLedger.quietLog)
    }

    /// Holds up whoever posts to an account until it is told to end.
    private func holdUp(_ code: String, _ ledger: TestLedger) async throws -> Connection {
        let blocker = try await ledger.database.connect()
        try await blocker.run(
            script: "BEGIN; SELECT * FROM bursar.accounts WHERE code = '\(code)' FOR UPDATE")
        return blocker
    }

    private func letGo(_ blocker: Connection) async throws {
        try await blocker.run(script: "ROLLBACK")
        await blocker.close()
    }

    @Test func aBatchIsDecidedWhileTheOneBeforeIsAtTheServer() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        let times = Times()
        let pipeline = service(ledger, times).pipeline()
        let blocker = try await holdUp("a", ledger)
        let first = await pipeline.add([try ledger.operation(ledger.transfer("a", "b", "10.00"))])
        try await blocker.waitForSessions(1)
        let second = await pipeline.add([try ledger.operation(ledger.transfer("b", "a", "20.00"))])
        try await times.reach(4)
        let third = await pipeline.add([try ledger.operation(ledger.transfer("a", "b", "5.00"))])
        try await times.reach(6)
        try await letGo(blocker)
        var balances: [String] = []
        for task in [first, second, third] {
            for outcome in await task.value {
                #expect(outcome.attempts == 1 && outcome.conflicts.isEmpty, "\(outcome)")
                let line = outcome.receipt?.lines.first { $0.account.text == "a" }
                balances.append(line?.ledger.description ?? "none")
            }
        }
        // The second one could not be posted before the first.
        #expect(balances == ["0.00", "20.00", "15.00"])
        #expect(try await Verifier(store: ledger.store).run().isSound)
    }

    /// Another program posts to an account between the decision and the write.
    @Test func whatOthersChangeMeanwhileIsSeen() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b", "c"], balance: "10.00")
        let other = try await ledger.another()
        let times = Times()
        let pipeline = service(ledger, times).pipeline()
        let blocker = try await holdUp("a", ledger)
        let first = await pipeline.add([try ledger.operation(ledger.withdrawal("a", "1.00"))])
        try await blocker.waitForSessions(1)
        let second = await pipeline.add([
            try ledger.operation(ledger.transfer("b", "a", "10.00")),
            try ledger.operation(ledger.transfer("a", "b", "1.00")),
        ])
        try await times.reach(5)
        // The cash account waits with the first batch.
        let foreign = await other.service.perform(try other.operation(ledger.transfer("b", "c", "5.00")))
        #expect(foreign.receipt != nil)
        try await letGo(blocker)
        #expect(await first.value.allSatisfy { $0.attempts == 1 && $0.receipt != nil })
        let outcomes = await second.value
        guard case .refused(.insufficientFunds) = outcomes[0].result else {
            Issue.record("\(outcomes[0])")
            return
        }
        #expect(outcomes[0].conflicts.count == 1)
        #expect(outcomes[1].receipt?.lines.first { $0.account.text == "b" }?.ledger.description == "6.00")
        #expect(try await ledger.account("a")?.available.description == "8.00")
        #expect(try await Verifier(store: ledger.store).run().isSound)
    }

    /// The first batch cannot be posted as it was decided, and the second was decided from that.
    @Test func whatWasDecidedFromADecisionThatDidNotHoldIsDecidedAnew() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b", "c"], balance: "10.00")
        let other = try await ledger.another()
        let times = Times()
        let pipeline = service(ledger, times).pipeline()
        let before = await pipeline.add([try ledger.operation(ledger.transfer("a", "b", "1.00"))])
        #expect(await before.value.allSatisfy { $0.receipt != nil })
        let blocker = try await holdUp("b", ledger)
        let first = await pipeline.add([try ledger.operation(ledger.transfer("c", "b", "1.00"))])
        try await blocker.waitForSessions(1)
        let second = await pipeline.add([try ledger.operation(ledger.transfer("a", "b", "9.00"))])
        let third = await pipeline.add([try ledger.operation(ledger.transfer("a", "c", "0.50"))])
        try await times.reach(8)
        let foreign = await other.service.perform(try other.operation(ledger.withdrawal("a", "8.00")))
        #expect(foreign.receipt != nil)
        try await letGo(blocker)
        #expect(await first.value.allSatisfy { $0.receipt != nil })
        guard case .refused(.insufficientFunds) = await second.value[0].result else {
            Issue.record("what was decided before was posted")
            return
        }
        #expect(
            await third.value[0].receipt?.lines.first { $0.account.text == "a" }?.ledger.description == "0.50"
        )
        #expect(try await Verifier(store: ledger.store).run().isSound)
    }

    @Test func nothingIsPostedBehindABatchThatHasNoOutcome() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b", "c"], balance: "10.00")
        let pipeline = service(
            ledger, policy: RetryPolicy(maximumAttempts: 100, deadline: .milliseconds(400))
        ).pipeline()
        let blocker = try await holdUp("a", ledger)
        let first = await pipeline.add([try ledger.operation(ledger.transfer("a", "b", "1.00"))])
        let second = await pipeline.add([try ledger.operation(ledger.transfer("c", "b", "1.00"))])
        guard case .gaveUp = await first.value[0].result else {
            Issue.record("it was not held up")
            return
        }
        #expect(await second.value[0].result == .cancelled)
        try await letGo(blocker)
        #expect(try await ledger.account("c")?.available.description == "10.00")
        #expect(try await ledger.account("b")?.available.description == "10.00")
    }

    @Test func stoppingABatchStopsThoseBehindIt() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        let pipeline = service(ledger).pipeline()
        let blocker = try await holdUp("a", ledger)
        let first = await pipeline.add([try ledger.operation(ledger.transfer("a", "b", "1.00"))])
        try await blocker.waitForSessions(1)
        let second = await pipeline.add([try ledger.operation(ledger.transfer("b", "a", "1.00"))])
        first.cancel()
        #expect(await first.value[0].result == .cancelled)
        #expect(await second.value[0].result == .cancelled)
        try await letGo(blocker)
        #expect(try await ledger.account("a")?.available.description == "10.00")
    }

    @Test func aRefusalIsDecidedFromTheBooksAndTheRestGoesOn() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        let pipeline = service(ledger).pipeline()
        var outcomes: [OperationOutcome] = []
        for round in 0..<6 {
            let task = await pipeline.add([
                try ledger.operation(ledger.transfer("a", "b", round == 3 ? "11.00" : "1.00")),
                try ledger.operation(ledger.deposit("a", "0.25"), reference: "twice-\(round % 5)"),
            ])
            outcomes += await task.value
        }
        #expect(outcomes.count == 12)
        guard case .refused(.insufficientFunds) = outcomes[6].result,
            case .alreadyPosted = outcomes[11].result
        else {
            Issue.record("\(outcomes[6]), \(outcomes[11])")
            return
        }
        #expect(outcomes.count { $0.receipt != nil } == 11)
        #expect(try await ledger.account("a")?.available.description == "6.25")
    }

    /// Two programs in each other's way: every batch is on the books once, in the order in which it was added.
    @Test(arguments: [1, 20_261_128] as [UInt64])
    func batchesOfTwoProgramsAreEachInTheirOrder(seed: UInt64) async throws {
        let ledger = try await TestLedger.make()
        let codes = (0..<12).map { "a\($0)" }
        try await ledger.open(codes, balance: "1000.00")
        let programs = [ledger, try await ledger.another()]
        let posted = try await withThrowingTaskGroup(of: [OperationOutcome].self) { group in
            for (number, program) in programs.enumerated() {
                group.addTask {
                    var random = SplitMix64(seed: seed &+ UInt64(number))
                    let pipeline = program.service.pipeline()
                    var open: [Task<[OperationOutcome], Never>] = []
                    var outcomes: [OperationOutcome] = []
                    for batch in 0..<40 {
                        let operations = try (0..<(1 + random.index(30))).map { index in
                            // A program's own accounts, and now and then one of the other's.
                            let first =
                                random.index(20) == 0 ? random.index(12) : number * 6 + random.index(6)
                            let second = (first + 1 + random.index(5)) % 12
                            return try program.operation(
                                random.index(3) == 0
                                    ? program.deposit(codes[first], "0.10")
                                    : program.transfer(
                                        codes[first], codes[second], "0.0\(1 + random.index(9))"),
                                reference: "\(number)-\(batch)-\(index)")
                        }
                        open.append(await pipeline.add(operations))
                        if open.count > 1 { outcomes += await open.removeFirst().value }
                    }
                    for task in open { outcomes += await task.value }
                    return outcomes
                }
            }
            return try await group.reduce(into: [[OperationOutcome]]()) { $0.append($1) }
        }
        for outcomes in posted {
            #expect(outcomes.allSatisfy { if case .posted = $0.result { true } else { false } })
            var last: [AccountCode: Int64] = [:]
            for line in outcomes.flatMap({ $0.receipt?.lines ?? [] }) {
                #expect(line.seq > last[line.account, default: 0])
                last[line.account] = line.seq
            }
        }
        let report = try await Verifier(store: ledger.store).run()
        #expect(report.isSound)
        let count = posted.reduce(0) { $0 + $1.count }
        #expect(try await ledger.transactions() == Int64(count + codes.count))
    }
}

extension TestLedger {
    fileprivate func transactions() async throws -> Int64 {
        let connection = try await database.connect()
        let rows = try await connection.query(
            Statement(name: "transactions", sql: "SELECT count(*) FROM bursar.journal"))
        await connection.close()
        return try rows.first?.decode(0, as: Int64.self) ?? -1
    }
}
