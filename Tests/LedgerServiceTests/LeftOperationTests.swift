import Glibc
import Ledger
import LedgerStore
import Postgres
import TestSupport
import Testing

@testable import LedgerService

/// Operations that a killed program left open, found out by the next one.
@Suite struct LeftOperationTests {
    private func service(_ ledger: TestLedger, _ directory: TemporaryDirectory) -> LedgerService {
        LedgerService(
            store: ledger.store, policy: RetryPolicy(maximumAttempts: 3, deadline: .seconds(10)),
            log: TestLedger.quietLog,
            outbox: Outbox(directory: directory.path + "/outbox", ledger: "test"))
    }

    @Test func tellsWhatIsOnTheBooksAndWhatIsNot() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "100.00")
        let directory = try TemporaryDirectory()
        let killed = service(ledger, directory)
        let posted = try ledger.operation(ledger.transfer("a", "b", "10.00"), reference: "posted")
        let never = try ledger.operation(ledger.transfer("b", "a", "10.00"), reference: "never")
        let taken = try ledger.operation(ledger.transfer("b", "a", "3.00"), reference: "taken")
        // Sent, posted, and nobody told; kept, and not sent; and one whose reference somebody else has used.
        #expect(await killed.perform(posted).receipt != nil)
        #expect(await killed.keep([never, taken]) == nil)
        #expect(
            await ledger.service.perform(
                try ledger.operation(ledger.transfer("a", "b", "5.00"), reference: "taken")
            ).receipt != nil)
        await killed.outbox?.close()

        var next = service(ledger, directory)
        func fates(_ service: LedgerService) async throws -> [String: LeftOperation.Fate] {
            let left = try await service.leftOperations()
            return Dictionary(left.map { ($0.operation.reference.text, $0.fate) }) { first, _ in first }
        }
        var found = try await fates(next)
        guard case .posted(let receipt) = found["posted"] else {
            Issue.record("\(found)")
            return
        }
        #expect(receipt.lines.count == 2)
        #expect(found["taken"] == .notPosted)
        // The server may still be at it, as far as anybody knows.
        guard case .undecided(let until) = found["never"] else {
            Issue.record("\(found)")
            return
        }
        next.acknowledge([Reference(stored: "posted"), Reference(stored: "taken")])
        await next.outbox?.close()

        var later = ServiceEnvironment.live
        later.now = { until }
        next = LedgerService(
            store: ledger.store, environment: later, log: TestLedger.quietLog,
            outbox: Outbox(directory: directory.path + "/outbox", ledger: "test"))
        found = try await fates(next)
        #expect(found == ["never": .notPosted])
    }

    @Test func whatIsRefusedOrFailedIsStruckOffOnceItIsTold() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "1.00")
        let directory = try TemporaryDirectory()
        let service = service(ledger, directory)
        let outcomes = await service.perform([
            try ledger.operation(ledger.withdrawal("a", "2.00")),
            try ledger.operation(ledger.deposit("a", "2.00")),
            try ledger.operation(ledger.deposit("nobody", "2.00")),
        ])
        #expect(outcomes.count { $0.receipt != nil } == 1)
        await service.outbox?.close()
        let next = self.service(ledger, directory)
        #expect(try await next.leftOperations().count == 3)
        next.acknowledge(outcomes)
        await next.outbox?.close()
        #expect(try await self.service(ledger, directory).leftOperations().isEmpty)
    }

    /// The statement is on its way while the outbox is being written, and its commit waits for it.
    @Test func nothingIsCommittedBeforeItIsKept() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "1.00")
        let directory = try TemporaryDirectory()
        let service = service(ledger, directory)
        // Whoever makes an outbox waits for this lock.
        let path = directory.path + "/outbox"
        #expect(mkdir(path, 0o700) == 0)
        let lock = Glibc.open(path, O_RDONLY | O_DIRECTORY)
        #expect(flock(lock, LOCK_EX) == 0)
        let operation = try ledger.operation(ledger.deposit("a", "2.00"), reference: "held")
        let posting = Task { await service.perform(operation) }
        let observer = try await ledger.database.connect()
        try await observer.waitUntil(
            """
            SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()
                AND state = 'idle in transaction' AND query LIKE 'WITH moved%'
            """)
        #expect(try await ledger.service.settled(Reference("held")) == nil)
        Glibc.close(lock)
        let outcome = await posting.value
        #expect(outcome.receipt != nil && outcome.attempts == 1, "\(outcome)")
        #expect(try await ledger.account("a")?.available.description == "3.00")
        await observer.close()
    }

    /// A disk without room: nothing is posted that could not be found out about.
    @Test func nothingIsPostedThatCannotBeKept() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "1.00")
        let outbox = Outbox(directory: "/dev/full/outbox", ledger: "test")
        let service = LedgerService(store: ledger.store, log: TestLedger.quietLog, outbox: outbox)
        let outcome = await service.perform(
            try ledger.operation(ledger.deposit("a", "2.00"), reference: "kept-nowhere"))
        guard case .failed(let failure) = outcome.result else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.message.contains("nothing was posted"))
        #expect(outcome.attempts == 1)
        #expect(try await ledger.service.settled(Reference("kept-nowhere")) == nil)
        // What is refused in the same moment could not be kept either.
        let refused = await service.perform(try ledger.operation(ledger.withdrawal("a", "9.00")))
        guard case .failed = refused.result else {
            Issue.record("\(refused)")
            return
        }
        #expect(try await ledger.account("a")?.available.description == "1.00")
    }

    /// The answer to a write is lost, and then the ledger can be read no more: that says nothing of the write.
    @Test func aFailureAfterALostAnswerIsNoWordOnTheWrite() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "1.00")
        let operation = try ledger.operation(ledger.deposit("a", "2.00"), reference: "lost")
        for result in [
            OperationOutcome.Result.failed(Failure(message: "broken", sqlState: "XX000")),
            .refused(.notPermitted(why: "no")), .gaveUp(Failure(message: "late")), .cancelled,
        ] {
            let id = ledger.service.environment.newIdentifier()
            var batch = Batch([.init(id: id, operation: operation, confirmation: nil, start: .zero)])
            #expect(batch.pending[0].ending(result) == result)
            batch.noteLostAnswer(of: 1)
            guard case .unknown = batch.pending[0].ending(result) else {
                Issue.record("\(result) is told as if nothing had been written")
                continue
            }
        }
    }
}
