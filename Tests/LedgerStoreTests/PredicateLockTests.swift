import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// Writers of different accounts must not get into each other's way, also on a ledger so small that the planner
/// would rather read all of it.
@Suite(.serialized) struct PredicateLockTests {
    @Test func writersOfDisjointAccountsHardlyEverRetryOnATinyLedger() async throws {
        let ledger = try await TestLedger.make(writers: 16)
        try await ledger.open((0..<32).map { "w\($0)" }, balance: "1000.00")
        try await ledger.tamper("ANALYZE bursar.accounts, bursar.account_records, bursar.journal")
        let rounds = 200
        let conflicts = try await withThrowingTaskGroup(of: Int.self) { group in
            for writer in 0..<16 {
                group.addTask {
                    var conflicts = 0
                    for _ in 0..<rounds {
                        let operation = try ledger.operation(
                            ledger.transfer("w\(writer * 2)", "w\(writer * 2 + 1)", "0.01"))
                        let outcome = await ledger.service.perform(operation)
                        #expect(outcome.receipt != nil)
                        conflicts += outcome.conflicts.count
                    }
                    return conflicts
                }
            }
            return try await group.reduce(0, +)
        }
        // On an idle machine it is none or a few; a loaded one keeps old row versions for longer, and a row that
        // finds its page full goes into an index page that others have read.
        #expect(conflicts <= 16 * rounds / 50, "\(conflicts) conflicts in \(16 * rounds) transfers")
    }

    @Test func neitherReadingNorWritingLocksAWholeRelationOfFiveAccounts() async throws {
        let ledger = try await TestLedger.make(writers: 16)
        try await ledger.open(["a", "b", "c"], balance: "1000.00")
        try await ledger.tamper("ANALYZE")
        let watcher = try await ledger.database.connect()
        // A transaction that stays open keeps the predicate locks of all that ended during its life.
        try await watcher.run(
            script: "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1 FROM bursar.migrations LIMIT 1")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<16 {
                group.addTask {
                    for round in 0..<20 {
                        let pair = [("a", "b"), ("b", "c"), ("c", "a")][(writer + round) % 3]
                        let outcome = await ledger.service.perform(
                            try ledger.operation(ledger.transfer(pair.0, pair.1, "0.01")))
                        #expect(outcome.receipt != nil)
                    }
                }
            }
            try await group.waitForAll()
        }
        let rows = try await watcher.query(
            Statement(
                name: "locks",
                sql: """
                    SELECT DISTINCT c.relname::text FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
                    WHERE l.mode = 'SIReadLock' AND l.locktype = 'relation'
                        AND c.relname <> 'migrations' AND c.relname <> 'migrations_pkey'
                        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    """))
        let locked = try rows.map { try $0.decode(0, as: String.self) }
        await watcher.close()
        #expect(locked.isEmpty)
    }
}
