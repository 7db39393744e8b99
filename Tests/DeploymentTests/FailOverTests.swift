import Ledger
import LedgerService
import LedgerStore
import TestSupport
import Testing

/// The primary of a replicated pair is killed under load and its standby takes over.
@Suite(.serialized, .timeLimit(.minutes(3))) struct FailOverTests {
    @Test func whatWasAcknowledgedIsOnTheNewPrimaryOnceAndWhatWasNotIsNotThere() async throws {
        let pair = try await ReplicatedPair.start()
        let ledger = try await TestLedger.on(
            pair.connectionString("target_session_attrs=read-write"), writers: 6)
        try await ledger.open((0..<8).map { "f\($0)" }, balance: "1000.00")

        let posted = Count()
        let outcomes = try await withThrowingTaskGroup(of: [OperationOutcome].self) { group in
            for teller in 0..<6 {
                group.addTask {
                    var outcomes: [OperationOutcome] = []
                    for round in 0..<40 {
                        let operation = try ledger.operation(
                            ledger.transfer(
                                "f\((teller + round) % 8)", "f\((teller + round + 3) % 8)", "1.00"),
                            reference: "over-\(teller)-\(round)")
                        outcomes.append(await ledger.service.perform(operation))
                        await posted.increment()
                    }
                    return outcomes
                }
            }
            group.addTask {
                await posted.wait(until: 80)
                try await pair.failOver()
                return []
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }

        #expect(outcomes.count == 240)
        let books = try await TestLedger.on(pair.standby.connectionString(), makesSchema: false)
        let settled = try await books.store.queries.settled(references: outcomes.map(\.reference))
        for outcome in outcomes {
            switch outcome.result {
            case .posted(let receipt): #expect(settled[outcome.reference]?.receipt == receipt)
            case .refused, .gaveUp, .failed, .cancelled: #expect(settled[outcome.reference] == nil)
            case .alreadyPosted, .unknown: Issue.record("\(outcome.reference) ended as \(outcome.word)")
            }
        }
        #expect(outcomes.filter { $0.word == "posted" }.count > 200)
        #expect(outcomes.contains { !$0.conflicts.isEmpty }, "the kill met nobody")
        #expect(try await books.problems().isEmpty)
        for balance in try await books.store.queries.trialBalance() { #expect(balance.isBalanced) }
        await ledger.store.close()
        await books.store.close()
        await pair.destroy()
    }
}

/// Counts, and lets others wait for a number.
actor Count {
    private var count = 0
    private var waiting: [(number: Int, continuation: CheckedContinuation<Void, Never>)] = []

    func increment() {
        count += 1
        for waiter in waiting where waiter.number <= count { waiter.continuation.resume() }
        waiting.removeAll { $0.number <= count }
    }

    func wait(until number: Int) async {
        if count >= number { return }
        await withCheckedContinuation { waiting.append((number, $0)) }
    }
}
