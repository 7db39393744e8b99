import FaultProxy
import Glibc
import Ledger
import LedgerStore
import TestSupport
import Testing

@testable import LedgerService

/// Operations that are kept in an outbox before they are on the books, which two of the three databases take in another
/// way than the third.
@Suite(.timeLimit(.minutes(5))) struct KeptTests {
    private static let servers = [ForeignServer.postgresql, .cockroach, .yugabyte]

    /// Where a transaction that begins cannot be held open, nothing is sent before the disk has it.
    @Test(arguments: servers)
    func whatCannotBeKeptIsNotPosted(_ server: ForeignServer) async throws {
        try await ForeignLedger.use(server) { ledger in
            let service = ledger.service(outbox: Outbox(directory: "/dev/null/outbox", ledger: "test"))
            // A fault that does nothing but be counted.
            await ledger.script(.delay(.request, .zero), times: 100)
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let outcome = await service.perform(operation)
            guard case .failed(let failure) = outcome.result else {
                Issue.record("\(outcome)")
                return
            }
            #expect(failure.message.contains("outbox") && failure.message.hasSuffix("nothing was posted"))
            let sent = await ledger.proxy.journal.counts[.delayRequest] ?? 0
            #expect(sent == (server.dialect == .postgresql ? 1 : 0))
            #expect(try await ledger.transactions(operation.reference) == 0)
            #expect(try await ledger.available("a") == "100.00")
        }
    }

    @Test(arguments: Case.retried)
    func whatIsKeptIsTriedAgainAndPostedOnce(_ row: Case) async throws {
        try await ForeignLedger.use(row.server) { ledger in
            let directory = try TemporaryDirectory()
            let outbox = Outbox(directory: directory.path + "/outbox", ledger: "test")
            let service = ledger.service(outbox: outbox)
            await ledger.script(.answer(row.form), times: 2)
            let operations = try (0..<3).map { _ in
                try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            }
            let outcomes = await service.perform(operations)
            for outcome in outcomes { try await ledger.expectPostedOnce([outcome], attempts: 3) }
            #expect(try await ledger.available("a") == "103.00")
            // Nobody has been told yet, so that the next program would be told of them.
            await outbox.close()
            let next = Outbox(directory: directory.path + "/outbox", ledger: "test")
            #expect(
                Set(try await next.takeOver().map(\.operation.reference))
                    == Set(operations.map(\.reference)))
        }
    }

    /// Where a transaction stands between its statement and its commit: in a program that is stopped, or in a network.
    enum Standstill: CaseIterable {
        case program, network
    }

    /// The accounts are free again after two seconds, and what comes later finds the transaction gone.
    @Test(arguments: Standstill.allCases)
    func aCommitThatStandsStillHoldsNobodyUp(_ standstill: Standstill) async throws {
        try await ForeignLedger.use(.postgresql) { ledger in
            let directory = try TemporaryDirectory()
            let disk = try StandingDisk(directory.path + "/outbox")
            let service = ledger.service(outbox: Outbox(directory: disk.path, ledger: "test"))
            await ledger.script(.delay(.request, .seconds(600)), to: "commit")
            let mailbox = service.feed.listen(.everything)
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let posting = Task { await service.perform(operation) }
            let observer = try await ledger.real.database.connect()
            try await observer.waitUntil(
                "SELECT count(*) = 1 FROM pg_stat_activity WHERE state = 'idle in transaction' "
                    + "AND datname = current_database()")
            if standstill == .network { disk.goOn() }
            let other = await ledger.real.service.perform(
                try ledger.real.operation(ledger.real.deposit("a", "2.00")))
            #expect(other.receipt != nil, "\(other)")
            disk.goOn()
            let outcome = await posting.value
            try await ledger.expectPostedOnce([outcome])
            #expect(outcome.attempts >= 2)
            // The program may have sent the commit before it saw that the session is gone, or not; the network has it.
            if standstill == .network { #expect(mailbox.take().events.unknowns.count == 1) }
            await ledger.proxy.apply(.heal)
            #expect(try await ledger.transactions(operation.reference) == 1)
            #expect(try await ledger.available("a") == "103.00")
            await observer.close()
        }
    }
}

/// A directory in which no outbox can be begun for a while.
private final class StandingDisk {
    let path: String
    private var descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        guard mkdir(path, 0o700) == 0 else { throw SystemError(code: errno) }
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else { throw SystemError(code: errno) }
    }

    deinit { goOn() }

    func goOn() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }
}

/// Attempts that lock their accounts first, against the documented errors.
@Suite(.timeLimit(.minutes(5))) struct LockTests {
    /// Every attempt locks.
    private static let policy = RetryPolicy(deadline: .seconds(60), racesBeforeLocking: 0)

    @Test(arguments: Case.retried, ["lockaccounts", "postentries", "commit"])
    func whatIsRefusedAnywhereIsTriedAgainAndPostedOnce(_ row: Case, statement: String) async throws {
        try await ForeignLedger.use(row.server, policy: Self.policy) { ledger in
            await ledger.script(.answer(row.form), to: statement, times: 2)
            let operations = try (0..<3).map { _ in
                try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            }
            let (outcomes, events) = await ledger.perform(operations)
            for outcome in outcomes { try await ledger.expectPostedOnce([outcome], attempts: 3) }
            #expect(events.conflicts == Array(repeating: row.form.sqlState, count: 6))
            #expect(events.unknowns == [])
            #expect(try await ledger.available("a") == "103.00")
        }
    }

    @Test(arguments: Case.ambiguous, [true, false])
    func anAmbiguousCommitIsLookedUpAndIsOnTheBooksOnce(_ row: Case, written: Bool) async throws {
        try await ForeignLedger.use(row.server, policy: Self.policy) { ledger in
            await ledger.script(
                written ? .answerAfterServer(row.form) : .answer(row.form), to: "commit")
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let (outcomes, events) = await ledger.perform([operation])
            try await ledger.expectPostedOnce(outcomes, attempts: 2)
            #expect(events.unknowns == [row.form.sqlState])
            #expect(events.resolutions == [written])
            #expect(try await ledger.available("a") == "101.00")
        }
    }
}

extension ForeignLedger {
    /// A service on the same sessions that keeps its operations.
    fileprivate func service(outbox: Outbox) -> LedgerService {
        LedgerService(store: store, policy: service.policy, log: TestLedger.quietLog, outbox: outbox)
    }
}
