import Ledger
import LedgerService
import LedgerStore
import Synchronization
import TestSupport
import Testing

/// Booking times and ids come from the clock of the machine that posts, which may be wrong.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ClockTests {
    /// A clock that a test sets.
    private final class Clock: Sendable {
        private let offset = Mutex(Duration.zero)

        var environment: ServiceEnvironment {
            var environment = ServiceEnvironment.live
            let now = environment.now
            environment.now = { [self] in now().advanced(by: offset.withLock { $0 }) }
            return environment
        }

        func jump(by duration: Duration) { offset.withLock { $0 += duration } }
    }

    private static let hour = Duration.seconds(3600)
    private static let year = hour * 24 * 365

    /// All transactions as a reader finds them who goes through the journal page by page, newest first.
    private func journal(_ ledger: TestLedger) async throws -> [PostedTransaction] {
        var seen: [PostedTransaction] = []
        while true {
            let page = try await ledger.store.queries.journal(
                JournalFilter(), before: seen.last?.head.id, limit: 3)
            seen += page.transactions
            if page.isComplete || seen.count > 1000 { return seen }
        }
    }

    @Test(arguments: [hour * -1, hour, year * -1, year])
    func theBooksHoldAndNothingIsMissedOrSeenTwiceWhenAClockJumps(jump: Duration) async throws {
        let database = try await TestDatabase.make(template: .ledger)
        let clock = Clock()
        let ledger = try await TestLedger.on(
            database.connectionString, makesSchema: false, environment: clock.environment)
        // Another machine, whose clock is right.
        let other = try await TestLedger.on(database.connectionString, makesSchema: false)
        try await ledger.open(["a", "b"], balance: "100.00")
        var references: Set<Reference> = []
        for round in 0..<12 {
            if round == 4 { clock.jump(by: jump) }
            if round == 8 { clock.jump(by: .zero - jump) }
            let writer = round.isMultiple(of: 3) ? other : ledger
            let operation = try writer.operation(writer.transfer("a", "b", "1.00"))
            #expect(await writer.service.perform(operation).word == "posted")
            references.insert(operation.reference)
            // Sent again, it is known, whatever the time is.
            #expect(await writer.service.perform(operation).word == "already posted")
        }
        let seen = try await journal(ledger)
        #expect(seen.count == 14)
        #expect(Set(seen.map(\.head.id)).count == 14)
        #expect(Set(seen.map(\.head.reference)).isSuperset(of: references))
        #expect(seen.map(\.head.id) == seen.map(\.head.id).sorted(by: >))
        // The account's own history is numbered in the order of posting, and has no gap.
        let account = try #require(try await ledger.account("a"))
        let history = try await ledger.store.queries.history(of: account.id, newestSeq: .max, limit: 100)
        #expect(history.map(\.record.seq) == (1...14).reversed().map { Int64($0) })
        #expect(account.available.description == "88.00")
        #expect(try await ledger.problems().isEmpty)
        // A day's transactions are found by the day that is written on them.
        for transaction in seen {
            let day = transaction.head.bookedAt.date
            let page = try await ledger.store.queries.journal(
                JournalFilter("date:\(day)"), before: nil, limit: 100)
            #expect(page.transactions.contains { $0.head.id == transaction.head.id })
        }
        await ledger.store.close()
        await other.store.close()
    }

    @Test(arguments: [hour * -1, year])
    func theDoctorTellsClocksThatDiffer(jump: Duration) async throws {
        let database = try await TestDatabase.make(template: .ledger)
        let clock = Clock()
        clock.jump(by: jump)
        let ledger = try await TestLedger.on(
            database.connectionString, makesSchema: false, environment: clock.environment)
        let now = clock.environment.now
        let facts = try await ledger.store.serverFacts { now().microseconds }
        let word = jump < .zero ? "ahead of" : "behind"
        #expect(facts.warnings.contains { $0.contains("clock") && $0.contains(word) })
        await ledger.store.close()
    }
}
