import Ledger
import LedgerService
import Synchronization
import TestSupport
import Testing

/// Heads that were kept elsewhere find a history that its owner rewrote with hashes that fit.
struct HeadsTests {
    private func makeLedger() async throws -> TestLedger {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b", "c"], balance: "100.00")
        for amount in ["1.00", "2.00", "3.00"] {
            let outcome = await ledger.service.perform(
                try ledger.operation(try ledger.transfer("a", "b", amount), reference: "move-\(amount)"))
            try #require(outcome.receipt != nil)
        }
        return ledger
    }

    private func heads(_ ledger: TestLedger) async throws -> [AccountHead] {
        let kept = Kept()
        let report = try await Verifier(store: ledger.store).run(heads: .init(keep: { kept.add($0) }))
        #expect(report.isSound, "\(report.problems)")
        return kept.heads
    }

    /// What plain verify says, and what it says with these heads.
    private func problems(
        _ ledger: TestLedger, against heads: [AccountHead], pageSize: Int = 2000
    ) async throws -> (plain: [LedgerProblem], against: [LedgerProblem]) {
        let verifier = Verifier(store: ledger.store, pageSize: pageSize)
        let kept = Kept(heads)
        let report = try await verifier.run(heads: .init(kept: { kept.next() }))
        #expect(report.comparedHeads == Int64(heads.count))
        return (try await verifier.run().problems, report.problems)
    }

    @Test(arguments: [1, 2, 2000])
    func headsStandAfterMoreWasPosted(pageSize: Int) async throws {
        let ledger = try await makeLedger()
        let kept = try await heads(ledger)
        #expect(kept.map(\.code.text).sorted() == ["a", "b", "c", "cash-CZK", "suspense-CZK"])
        #expect(kept == kept.sorted { $0.account < $1.account })
        try await ledger.open(["d"], balance: "1.00")
        let outcome = await ledger.service.perform(try ledger.operation(ledger.transfer("a", "c", "1.00")))
        #expect(outcome.receipt != nil)
        let (plain, against) = try await problems(ledger, against: kept, pageSize: pageSize)
        #expect(plain.isEmpty && against.isEmpty)
    }

    /// The owner changes a narrative and makes all hashes anew: nothing in the ledger itself tells.
    @Test(arguments: [1, 2, 2000])
    func aPerfectForgeryIsFoundInEachAccountThatItTouches(pageSize: Int) async throws {
        let ledger = try await makeLedger()
        let kept = try await heads(ledger)
        try await ledger.tamper(
            "UPDATE bursar.journal SET narrative = 'forged' WHERE reference = 'move-2.00'")
        try await Forger.rehash(ledger)
        let (plain, against) = try await problems(ledger, against: kept, pageSize: pageSize)
        #expect(plain.isEmpty, "\(plain)")
        #expect(against.compactMap(\.account?.text).sorted() == ["a", "b"])
        #expect(against.allSatisfy { $0.seq == 5 && $0.message.contains("rewritten") })
    }

    @Test func aForgeryIsFoundAlsoWhenRecordsCameAfterIt() async throws {
        let ledger = try await makeLedger()
        let kept = try await heads(ledger)
        try await ledger.tamper(
            "UPDATE bursar.journal SET actor = 'somebody else' WHERE reference = 'move-3.00'")
        try await Forger.rehash(ledger)
        let outcome = await ledger.service.perform(try ledger.operation(ledger.transfer("a", "b", "9.00")))
        #expect(outcome.receipt != nil)
        let (plain, against) = try await problems(ledger, against: kept)
        #expect(plain.isEmpty)
        #expect(against.compactMap(\.account?.text).sorted() == ["a", "b"])
    }

    /// The last transfer is taken back without a trace.
    @Test func aHistoryThatWasCutOffIsFound() async throws {
        let ledger = try await makeLedger()
        let kept = try await heads(ledger)
        try await ledger.tamper(
            """
            DELETE FROM bursar.account_records WHERE transaction_id =
                (SELECT id FROM bursar.journal WHERE reference = 'move-3.00');
            DELETE FROM bursar.journal WHERE reference = 'move-3.00';
            UPDATE bursar.accounts AS a SET version = r.seq, debits = r.debits, credits = r.credits, head = r.hash,
                booked_at = r.booked_at, listed_seq = r.seq
            FROM bursar.account_records AS r WHERE r.account_id = a.id
                AND r.seq = (SELECT max(seq) FROM bursar.account_records AS m WHERE m.account_id = a.id);
            """)
        let (plain, against) = try await problems(ledger, against: kept)
        #expect(plain.isEmpty, "\(plain)")
        #expect(against.compactMap(\.account?.text).sorted() == ["a", "b"])
        #expect(against.allSatisfy { $0.seq == 5 && $0.message.contains("cut off") })
    }

    /// First, in the middle and last in the order of the walk.
    @Test(arguments: [1, 2000])
    func anAccountThatIsGoneIsFoundWhereverItStood(pageSize: Int) async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b", "c", "d"])
        let kept = try await heads(ledger)
        let gone = [kept[0], kept[2], kept[kept.count - 1]].map(\.code.text)
        let list = gone.map { "'\($0)'" }.joined(separator: ", ")
        try await ledger.tamper(
            """
            DELETE FROM bursar.account_records
            WHERE account_id IN (SELECT id FROM bursar.accounts WHERE code IN (\(list)));
            DELETE FROM bursar.accounts WHERE code IN (\(list));
            """)
        let (plain, against) = try await problems(ledger, against: kept, pageSize: pageSize)
        #expect(plain.isEmpty)
        #expect(against.compactMap(\.account?.text) == gone)
        #expect(against.allSatisfy { $0.message.contains("gone") })
    }

    /// A kept hash that still stands proves nothing where the chain before it is broken: that is found as ever.
    @Test func aRecordThatWasChangedWithoutItsHashIsStillFound() async throws {
        let ledger = try await makeLedger()
        let kept = try await heads(ledger)
        try await ledger.tamper("UPDATE bursar.journal SET narrative = 'x' WHERE reference = 'move-1.00'")
        let (plain, against) = try await problems(ledger, against: kept)
        #expect(plain.count == 2 && against == plain)
    }

    @Test func everyProblemIsToldAlsoBeyondThoseThatTheReportKeeps() async throws {
        let ledger = try await makeLedger()
        let invented = (0..<(Verifier.problemLimit + 200)).map {
            AccountHead(
                account: Identifier(high: 1, low: UInt64($0)), code: AccountCode(stored: "gone-\($0)"),
                seq: 1,
                hash: .zero)
        }
        let kept = Kept(invented)
        let told = Mutex(0)
        let report = try await Verifier(store: ledger.store).run(
            heads: .init(kept: { kept.next() }), found: { _ in told.withLock { $0 += 1 } })
        #expect(told.withLock { $0 } == invented.count)
        #expect(report.problems.count == Verifier.problemLimit && report.hasMoreProblems)
    }
}

/// Heads in memory.
private final class Kept: Sendable {
    private let state: Mutex<[AccountHead]>

    init(_ heads: [AccountHead] = []) { state = Mutex(heads) }

    var heads: [AccountHead] { state.withLock { $0 } }
    func add(_ head: AccountHead) { state.withLock { $0.append(head) } }
    func next() -> AccountHead? { state.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}

/// An owner who gives all records hashes that fit what they say now.
private enum Forger {
    static func rehash(_ ledger: TestLedger) async throws {
        let queries = ledger.store.queries
        var script = ""
        for listing in try await queries.accounts(after: Identifier(high: 0, low: 0), limit: 100) {
            let account = listing.account
            var head = Digest.zero
            for line in try await queries.history(of: account.id, newestSeq: .max, limit: 1000).reversed() {
                head = line.record.expectedHash(
                    after: head, of: account, transaction: line.transaction?.digest)
                script += """
                    UPDATE bursar.account_records SET hash = '\\x\(head)'
                    WHERE account_id = '\(account.id)' AND seq = \(line.record.seq);

                    """
            }
            script += "UPDATE bursar.accounts SET head = '\\x\(head)' WHERE id = '\(account.id)';\n"
        }
        try await ledger.tamper(script)
    }
}
