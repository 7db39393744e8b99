import Ledger
import LedgerService
import Synchronization
import TestSupport
import Testing

/// Somebody tampers through psql; verify names the first bad record.
struct VerifierTests {
    /// Accounts a and b with a few entries each, sound so far.
    private func makeLedger() async throws -> TestLedger {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "100.00")
        for amount in ["1.00", "2.00", "3.00"] {
            let outcome = await ledger.service.perform(
                try ledger.operation(try ledger.transfer("a", "b", amount), reference: "move-\(amount)"))
            try #require(outcome.receipt != nil)
        }
        return ledger
    }

    private func problems(
        after tampering: String, pageSize: Int = 2000
    ) async throws -> [LedgerProblem] {
        let ledger = try await makeLedger()
        try await ledger.tamper(tampering)
        return try await Verifier(store: ledger.store, pageSize: pageSize).run().problems
    }

    private static let idOfA = "(SELECT id FROM bursar.accounts WHERE code = 'a')"

    @Test(arguments: [1, 2, 2000])
    func findsNothingInSoundBooks(pageSize: Int) async throws {
        let ledger = try await makeLedger()
        let report = try await Verifier(store: ledger.store, pageSize: pageSize).run()
        #expect(report.isSound, "\(report.problems)")
        #expect(report.accounts == 4 && report.transactions == 5 && report.records == 14)
    }

    @Test func namesTheRecordWhoseAmountWasChanged() async throws {
        let problems = try await problems(
            after:
                "UPDATE bursar.account_records SET amount = 999 WHERE account_id = \(Self.idOfA) AND seq = 4")
        #expect(problems.contains { $0.account?.text == "a" && $0.seq == 4 })
        #expect(problems.contains { $0.reference?.text == "move-2.00" && $0.message.contains("CZK") })
    }

    @Test func namesTheRecordThatWasDeleted() async throws {
        let problems = try await problems(
            after: "DELETE FROM bursar.account_records WHERE account_id = \(Self.idOfA) AND seq = 3")
        #expect(
            problems.contains { $0.account?.text == "a" && $0.seq == 3 && $0.message.contains("missing") })
    }

    @Test func namesTheLastRecordWhenItWasDeleted() async throws {
        let problems = try await problems(
            after: "DELETE FROM bursar.account_records WHERE account_id = \(Self.idOfA) AND seq = 5")
        #expect(
            problems.contains { $0.account?.text == "a" && $0.seq == 5 && $0.message.contains("missing") })
    }

    @Test func findsATotalThatWasChanged() async throws {
        let problems = try await problems(
            after: "UPDATE bursar.accounts SET credits = credits + 1 WHERE code = 'a'")
        #expect(problems.count == 1)
        #expect(problems.first?.account?.text == "a" && problems.first?.message.contains("credits") == true)
    }

    @Test func namesTheFirstOfTwoRecordsWhoseHashesWereSwapped() async throws {
        let problems = try await problems(
            after: """
                UPDATE bursar.account_records AS r SET hash = o.hash FROM bursar.account_records AS o
                WHERE r.account_id = \(Self.idOfA) AND o.account_id = r.account_id
                    AND (r.seq, o.seq) IN ((3, 4), (4, 3))
                """)
        #expect(problems.map(\.account?.text) == ["a"] && problems.first?.seq == 3)
    }

    @Test(arguments: ["narrative = 'x'", "actor = 'mallory'", "value_date = '2001-01-01'"])
    func namesARecordWhoseTransactionWasChanged(change: String) async throws {
        let problems = try await problems(
            after: "UPDATE bursar.journal SET \(change) WHERE reference = 'move-1.00'")
        #expect(problems.map(\.seq) == [3, 3])
    }

    @Test(arguments: [
        "status = 'frozen'", "minimum = NULL", "name = 'Other'", "head = sha256('x')",
        "booked_at = '2001-01-01'", "magnitude = magnitude + 3",
    ])
    func findsAnAccountThatIsNotWhatItsRecordsSay(change: String) async throws {
        let problems = try await problems(after: "UPDATE bursar.accounts SET \(change) WHERE code = 'a'")
        #expect(problems.map(\.account?.text) == ["a"])
    }

    @Test func itsProgressIsThatOfRecordsAndTransactionsTogether() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        // The statistics are of a ledger that has grown since.
        try await ledger.tamper("ANALYZE bursar.account_records; ANALYZE bursar.journal")
        for _ in 0..<10 {
            let deposits = try (0..<50).map { _ in try ledger.operation(ledger.deposit("a", "1.00")) }
            #expect(await ledger.service.perform(deposits).allSatisfy { $0.receipt != nil })
        }
        let shares = Mutex<[Double?]>([])
        let report = try await Verifier(store: ledger.store, pageSize: 20).run(progress: { progress in
            shares.withLock { $0.append(progress.share) }
        })
        #expect(report.isSound)
        let known = shares.withLock { $0 }.compactMap(\.self)
        #expect(known.count > 40 && known == known.sorted())
        #expect(known.allSatisfy { (0...1).contains($0) })
        // Halfway, when the records are done and the transactions are not; a bar must not be full by then.
        #expect(known.contains { (0.3..<0.9).contains($0) })
    }

    @Test func findsATransactionWithoutItsHeadAndAnAccountWithoutItsRow() async throws {
        let headless = try await problems(after: "DELETE FROM bursar.journal WHERE reference = 'move-1.00'")
        #expect(
            headless.contains { $0.account?.text == "a" && $0.seq == 3 && $0.message.contains("transaction") }
        )
        let stray = try await problems(after: "DELETE FROM bursar.accounts WHERE code = 'a'", pageSize: 3)
        #expect(
            stray.contains { $0.seq == 1 && $0.message.contains("account") && $0.message.contains("missing") }
        )
    }
}
