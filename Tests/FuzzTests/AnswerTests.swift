import FaultProxy
import Ledger
import LedgerService
import LedgerStore
import Postgres
import Synchronization
import TestSupport
import Testing

/// A real server whose answers a proxy spoils on their way: bytes flipped, cut out and put in, lengths changed.
@Suite(.serialized, .timeLimit(.minutes(20))) struct AnswerTests {
    /// Programs at a time, each with a proxy, a session and an account of its own.
    private static let programs = 16
    /// For an answer that does not end.
    private static let patience = Duration.milliseconds(150)

    /// What is told of an operation is so on the books, in both directions, whatever came of the answers to its write.
    @Test func whatIsToldOfAnOperationIsTrue() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open((0..<Self.programs).map { "a\($0)" })
        let writes = Trigger.statement(.probability(0.8), containing: "INSERT INTO bursar.account_records")
        let told = Mutex<[OperationOutcome]>([])
        let executions = try await Self.run(ledger, writes) { program, seed, _, service in
            let operation = try ledger.operation(
                ledger.deposit("a\(program)", "1.00"), reference: "o-\(seed)")
            let outcome = await service.perform(operation)
            told.withLock { $0.append(outcome) }
        }
        let outcomes = told.withLock { $0 }
        var posted: Int64 = 0
        for start in stride(from: 0, to: outcomes.count, by: 500) {
            let part = outcomes[start..<min(start + 500, outcomes.count)]
            let books = try await ledger.store.queries.settled(references: part.map(\.reference))
            for outcome in part {
                let isThere = books[outcome.reference] != nil
                posted += isThere ? 1 : 0
                switch outcome.result {
                case .posted(let receipt), .alreadyPosted(let receipt):
                    #expect(books[outcome.reference]?.receipt == receipt, "\(outcome)")
                case .refused, .failed, .gaveUp, .cancelled: #expect(!isThere, "\(outcome)")
                case .unknown: break
                }
            }
        }
        #expect(posted > 0)
        #expect(try await ledger.account("cash-CZK")?.ledger.units == posted * 100)
        let report = try await Verifier(store: ledger.store).run()
        #expect(report.isSound, "\(report.problems)")
        await ledger.store.close()
        print("fuzz: answers to writes: \(executions) executions from seed \(Fuzzer.seed)")
    }

    /// Once the write's own answer is lost, the books are asked; and when they do not answer either, that is the outcome.
    @Test(.timeLimit(.minutes(2))) func anOperationEndsThoughNothingIsAnsweredAnyMore() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"])
        let rules = [
            FaultRule(
                when: .statement(containing: "INSERT INTO bursar.account_records"),
                fault: .cutAfterServer(awaitingAnswer: true)),
            FaultRule(
                when: .statement(containing: "FROM bursar.journal AS j WHERE j.reference"),
                fault: .dropServerToClient(nil)),
        ]
        try await Self.withProgram(on: ledger, deadline: .milliseconds(200)) { proxy, _, service in
            await proxy.setScript(FaultScript(rules: rules))
            let deposit = try ledger.operation(ledger.deposit("a", "1.00"), reference: "d")
            let outcome = await service.perform(deposit)
            guard case .unknown = outcome.result else {
                Issue.record("\(outcome)")
                return
            }
            await proxy.setScript(.none)
            guard case .alreadyPosted = await service.perform(deposit).result else {
                Issue.record("it was written")
                return
            }
        }
        await ledger.store.close()
    }

    /// Whatever is asked, an answer that makes no sense is an error and not the end of the program. What is posted
    /// from what was read so is anybody's guess: bytes that TCP would have found, or TLS.
    @Test func noAnswerEndsTheProgram() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open((0..<Self.programs).map { "a\($0)" }, balance: "5.00")
        let all = Trigger.statement(.probability(0.5))
        let failed = Mutex(0)
        let executions = try await Self.run(ledger, all) { program, seed, store, service in
            // A question has no deadline of its own: somebody waits for its answer, and stops waiting.
            let question = Task { try await Self.ask(store, seed) }
            let patience = Task {
                try await Task.sleep(for: Self.patience)
                question.cancel()
            }
            if case .failure = await question.result { failed.withLock { $0 += 1 } }
            patience.cancel()
            let operation = try ledger.operation(ledger.withdrawal("a\(program)", "0.01"))
            _ = await service.perform(operation)
        }
        #expect(failed.withLock { $0 } > 0)
        await ledger.store.close()
        print("fuzz: answers: \(executions) executions from seed \(Fuzzer.seed)")
    }

    /// One of the questions that the console and the commands ask.
    private static func ask(_ store: LedgerStore, _ seed: UInt64) async throws {
        let queries = store.queries
        switch seed % 8 {
        case 0:
            _ = try await queries.accounts(
                AccountFilter("a"), sort: AccountSort(.name), from: .first, limit: 50)
        case 1: _ = try await queries.journal(before: nil, from: nil, to: nil, limit: 20)
        case 2: _ = try await queries.records(after: (Identifier(high: 0, low: 0), 0), limit: 50)
        case 3: _ = try await queries.trialBalance()
        case 4: _ = try await queries.accounts(codes: [AccountCode("a1"), AccountCode("cash-CZK")])
        case 5: _ = try await store.access()
        case 6: _ = try await queries.blockedSessions()
        default: _ = try await Verifier(store: store).run()
        }
    }

    /// Runs programs until the time is up, each behind a proxy that is told anew before each execution what to spoil.
    private static func run(
        _ ledger: TestLedger, _ trigger: Trigger,
        _ body: @escaping @Sendable (Int, UInt64, LedgerStore, LedgerService) async throws -> Void
    ) async throws -> UInt64 {
        let end = ContinuousClock.now.advanced(by: .seconds(Fuzzer.seconds * 2))
        return try await withThrowingTaskGroup(of: UInt64.self) { group in
            for program in 0..<programs {
                group.addTask {
                    try await withProgram(on: ledger, deadline: patience) { proxy, store, service in
                        var count: UInt64 = 0
                        while count < 1 || ContinuousClock.now < end {
                            let seed = Fuzzer.seed &+ count &* UInt64(programs) &+ UInt64(program)
                            let rule = FaultRule(when: trigger, fault: .mangle(seed: seed))
                            await proxy.setScript(FaultScript(seed: seed, rules: [rule]))
                            try await body(program, seed, store, service)
                            count += 1
                        }
                        return count
                    }
                }
            }
            return try await group.reduce(0, +)
        }
    }

    /// A program behind a proxy of its own.
    private static func withProgram<Value: Sendable>(
        on ledger: TestLedger, deadline: Duration,
        _ body: (FaultProxy, LedgerStore, LedgerService) async throws -> Value
    ) async throws -> Value {
        let settings = try ledger.database.settings()
        let proxy = try await FaultProxy.start(
            upstream: .unixSocket(
                directory: settings["host"] ?? "", port: settings["port"].flatMap(Int.init) ?? 5432))
        let through = try ConnectionSettings(
            ledger.database.connectionString, overrides: ["host": proxy.directory, "port": "5432"])
        let store = try await LedgerStore.open(through, writers: 1, readers: 1, connectTimeout: .seconds(2))
        let service = LedgerService(
            store: store, policy: RetryPolicy(maximumAttempts: 20, deadline: deadline),
            log: TestLedger.quietLog)
        let result: Result<Value, any Error>
        do { result = .success(try await body(proxy, store, service)) } catch { result = .failure(error) }
        await store.close()
        await proxy.stop()
        return try result.get()
    }
}
