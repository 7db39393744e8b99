import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// The moment between the commit on the primary and the word of the standby. A server that is made to stop waiting
/// reports success, with a warning; nobody may be told that it is posted then, nor that nothing was written.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SynchronousCommitTests {
    private static let waiters = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

    @Test func aWriteWhoseStandbyIsSilentUntilTheDeadlineIsUnknownAndNeitherPostedNorNot() async throws {
        let pair = try await ReplicatedPair.start()
        // Whoever wants to hear no warnings is told this one.
        try await pair.primary.run("ALTER ROLE tester SET client_min_messages = 'error'")
        let ledger = try await TestLedger.on(pair.connectionString(), deadline: .milliseconds(700))
        try await TestLedger.on(pair.connectionString(), makesSchema: false).open(["a"], balance: "10.00")
        try await pair.standby.pause()
        let operation = try ledger.operation(ledger.deposit("a", "1.00"))
        let first = await ledger.service.perform(operation)
        #expect(first.word == "unknown")
        // The primary has it; whoever sends it again, meanwhile, is told no more.
        #expect(try await ledger.isOnTheBooks(operation.reference))
        #expect(await ledger.service.perform(operation).word == "unknown")
        try await pair.standby.resume()
        let again = try await TestLedger.on(pair.connectionString(), makesSchema: false)
        #expect(await again.service.perform(operation).word == "already posted")
        #expect(try await again.account("a")?.available.description == "11.00")
        #expect(try await again.problems().isEmpty)
        await ledger.store.close()
        await again.store.close()
        await pair.destroy()
    }

    /// Somebody at the server cancels the wait, or ends the session in it.
    @Test(arguments: ["pg_cancel_backend", "pg_terminate_backend"])
    func aWaitThatSomebodyEndsIsWaitedForAgain(function: String) async throws {
        let pair = try await ReplicatedPair.start()
        let ledger = try await TestLedger.on(pair.connectionString())
        try await ledger.open(["a"], balance: "10.00")
        let events = ledger.service.feed.everyEvent()
        try await pair.standby.pause()
        let operation = try ledger.operation(ledger.deposit("a", "1.00"))
        let posting = Task { await ledger.service.perform(operation) }
        let observer = try await pair.primary.connect()
        try await observer.wait(for: "SELECT count(*) = 1 \(Self.waiters)")
        _ = try await observer.query(
            Statement(name: "end", sql: "SELECT \(function)(pid) \(Self.waiters)"))
        // It is on the primary's books now, and is not told so before the standby has it.
        try await observer.wait(
            for: "SELECT count(*) = 1 \(Self.waiters) AND query LIKE '%pg_logical_emit_message%'")
        #expect(try await ledger.isOnTheBooks(operation.reference))
        try await pair.standby.resume()
        let outcome = await posting.value
        #expect(outcome.word == "posted")
        #expect(outcome.attempts == 2)
        var phases: [AttemptEvent.Phase] = []
        for await event in events where event.operation.reference == operation.reference {
            phases.append(event.phase)
            if event.isFinal { break }
        }
        #expect(phases.contains { if case .unknown = $0 { true } else { false } })
        #expect(phases.contains(.resolved(posted: true)))
        #expect(try await ledger.account("a")?.available.description == "11.00")
        await observer.close()
        await ledger.store.close()
        await pair.destroy()
    }

    @Test func aCancelledOperationWhoseWriteIsOnThePrimaryAloneIsUnknownAndMayBeLostWithIt() async throws {
        let pair = try await ReplicatedPair.start()
        let connection = pair.connectionString("target_session_attrs=read-write")
        let ledger = try await TestLedger.on(connection)
        try await ledger.open(["a"], balance: "10.00")
        // Not only paused: its machine would take what is sent meanwhile.
        try await pair.standby.crashMachine()
        let operation = try ledger.operation(ledger.deposit("a", "1.00"))
        let posting = Task { await ledger.service.perform(operation) }
        try await pair.wait(for: "SELECT count(*) = 1 \(Self.waiters)", on: pair.primary)
        posting.cancel()
        #expect(await posting.value.word == "unknown")
        // The primary dies with what it alone had.
        try await pair.primary.crashMachine()
        try await pair.standby.restart()
        try await pair.promoteStandby()
        #expect(try await ledger.isOnTheBooks(operation.reference) == false)
        #expect(await ledger.service.perform(operation).word == "posted")
        #expect(try await ledger.account("a")?.available.description == "11.00")
        #expect(try await ledger.problems().isEmpty)
        await ledger.store.close()
        await pair.destroy()
    }
}
