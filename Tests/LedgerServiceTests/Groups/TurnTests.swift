import Ledger
import LedgerStore
import Synchronization
import TestSupport
import Testing

@testable import LedgerService

/// Who waits for a turn before it locks, and what ends the wait.
@Suite struct TurnTests {
    /// A program's turn is that of all its groups. Nothing else would end the wait.
    @Test(.timeLimit(.minutes(1))) func whoWaitsForATurnGoesAlongWhenTheProgramHasIt() async throws {
        let ledger = try await TestLedger.make()
        // What is remembered stays trusted, however slow the machine is.
        let service = turnService(ledger) { .zero }
        try await post(Turn.groups, service, in: ledger)
        try await loseTwoRaces(service, in: ledger) { events in
            for await event in events { if case .waiting = event.phase { break } }
            let outcome = await service.perform(try ledger.operation(ledger.transfer("c", "d", "2.00")))
            #expect(outcome.receipt != nil && outcome.attempts == 1, "\(outcome)")
        }
    }

    /// Somebody who posts now and then is not kept waiting by those who post all the time.
    @Test(.timeLimit(.minutes(1))) func aProgramThatHasHadNoTurnWaitsForNone() async throws {
        let ledger = try await TestLedger.make()
        let now = Mutex(Duration.zero)
        // It goes on by itself: a group may still be about to end when its operation has been answered.
        let service = turnService(ledger) {
            now.withLock { now in
                now += .nanoseconds(1)
                return now
            }
        }
        try await post(Turn.groups, service, in: ledger)
        now.withLock { $0 += Self.lockingWait * 3 }
        try await loseTwoRaces(service, in: ledger) { _ in }
    }

    @Test(.timeLimit(.minutes(1))) func aFewPostingsAreNoTurn() async throws {
        let ledger = try await TestLedger.make()
        let service = turnService(ledger) { .zero }
        try await post(Turn.groups - 1, service, in: ledger)
        try await loseTwoRaces(service, in: ledger) { _ in }
    }

    @Test func whatIsPostedNowAndThenIsNoTurn() {
        var turn = Turn()
        for number in 0..<Turn.groups * 3 { turn.notePosting(at: .milliseconds(21 * number)) }
        #expect(!turn.wasHad(since: .zero))
        for number in 0..<Turn.groups { turn.notePosting(at: .seconds(5) + .milliseconds(20 * number)) }
        #expect(turn.wasHad(since: .seconds(5)))
        #expect(!turn.wasHad(since: .seconds(6)))
    }

    /// A program that locks after the first race it lost, and waits for longer than a test may take unless something ends
    /// that.
    private func turnService(
        _ ledger: TestLedger, uptime: @escaping @Sendable () -> Duration
    ) -> LedgerService {
        var environment = ServiceEnvironment.live
        environment.uptime = uptime
        environment.sleep = { _ in try await Task.sleep(for: .seconds(90)) }
        return LedgerService(
            store: ledger.store,
            policy: RetryPolicy(racesBeforeLocking: 1, lockingWait: Self.lockingWait),
            environment: environment, log: TestLedger.quietLog)
    }

    /// So short that what is remembered is trusted for longer.
    private static let lockingWait = Duration.microseconds(1)

    private func post(_ count: Int, _ service: LedgerService, in ledger: TestLedger) async throws {
        try await ledger.open(["a", "b", "c", "d"], balance: "100.00")
        for number in 0..<count {
            let action =
                try number == 0 ? ledger.transfer("a", "b", "5.00") : ledger.transfer("c", "d", "0.01")
            let outcome = await service.perform(try ledger.operation(action))
            #expect(outcome.receipt != nil)
        }
    }

    /// Has an operation that loses a race against a foreign withdrawal, and as it locks the accounts another one against a
    /// session that holds them.
    private func loseTwoRaces(
        _ service: LedgerService, in ledger: TestLedger,
        meanwhile: (AsyncStream<AttemptEvent>) async throws -> Void
    ) async throws {
        let other = try await ledger.another()
        let foreign = await other.service.perform(try other.operation(ledger.withdrawal("a", "7.00")))
        #expect(foreign.receipt != nil)
        let holder = try await ledger.database.connect()
        try await holder.run(script: "BEGIN; UPDATE bursar.accounts SET name = name WHERE code = 'a'")
        let events = service.feed.everyEvent()
        let late = try ledger.operation(ledger.transfer("a", "b", "1.00"))
        async let posting = service.perform(late)
        try await holder.waitUntil(
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE'"
        )
        try await holder.run(script: "COMMIT")
        await holder.close()
        try await meanwhile(events)
        let ended = await posting
        #expect(ended.receipt != nil && ended.attempts == 3, "\(ended)")
        #expect(try await ledger.account("a")?.available.description == "87.00")
    }
}
