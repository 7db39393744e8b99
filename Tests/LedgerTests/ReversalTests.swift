import Ledger
import Testing

@Suite struct ReversalTests {
    @Test func aReversalMirrorsTheWholeTransactionAndIsLinkedToIt() throws {
        var books = try Books("a", "b")
        try books.deposit("a", "10")
        let original = try #require(try books.transfer("a", "b", "4", reference: "x").decision)
        let reversal = try #require(try books.reverse("x", reason: "wrong account").decision)
        #expect(reversal.reverses?.text == "x")
        #expect(reversal.transaction?.reverses == original.transaction?.id)
        #expect(reversal.transaction?.reason == "wrong account")
        #expect(reversal.transaction?.kind == .reversal)
        #expect(books.ledger("a") == "10.00")
        #expect(books.ledger("b") == "0.00")
    }

    @Test func partsAreReversedUntilNothingIsLeft() throws {
        var books = try Books("a")
        try books.deposit("a", "10", reference: "x")
        #expect(try books.reverse("x", "3").isPosted)
        #expect(books.ledger("a") == "7.00")
        #expect(try books.reverse("x", "7.01").refusalName == "not_reversible")
        #expect(try books.reverse("x", "6.99").isPosted)
        #expect(try books.reverse("x").isPosted)
        #expect(books.ledger("a") == "0.00")
        #expect(try books.reverse("x").refusalName == "already_reversed")
    }

    @Test func aReversalWithoutAnAmountTakesWhatIsLeft() throws {
        var books = try Books("a")
        try books.deposit("a", "10", reference: "x")
        try books.reverse("x", "3")
        let decision = try #require(try books.reverse("x").decision)
        #expect(decision.receipt.lines.first?.amount?.description == "7.00")
    }

    @Test func aTransactionWithManyEntriesIsReversedAsAWholeOnly() throws {
        var books = Books()
        for code in ["a", "b", "c"] { try books.open(code, minimum: "none") }
        try books.journalEntry(
            [("a", .debit, "3"), ("b", .credit, "1"), ("c", .credit, "2")], reference: "x")
        #expect(try books.reverse("x", "1").refusalName == "not_reversible")
        #expect(try books.reverse("x").isPosted)
        #expect(["a", "b", "c"].map { books.ledger($0) } == ["0.00", "0.00", "0.00"])
        #expect(try books.reverse("x").refusalName == "already_reversed")
    }

    @Test func aReversalKeepsTheMinimumAndTheStatus() throws {
        var books = try Books("a")
        try books.deposit("a", "10", reference: "x")
        try books.withdraw("a", "5", reference: "y")
        #expect(try books.reverse("x").refusalName == "insufficient_funds")
        try books.change("a", .freeze(.credit))
        #expect(try books.reverse("y").refusalName == "account_frozen")
    }

    @Test func anAmountWithTooManyDecimalsIsRefused() throws {
        var books = try Books("a")
        try books.deposit("a", "10", reference: "x")
        for amount in ["0", "-1", "1.234"] {
            #expect(try books.reverse("x", amount).refusalName == "amount_invalid")
        }
    }

    @Test func aBatchReversesWhatItPostsItself() throws {
        var books = try Books("a")
        let verdicts = books.performAtOnce([
            try operation("x", .deposit(account: AccountCode("a"), amount: DecimalAmount("10"))),
            try reversal("u1", of: "x", "4"), try reversal("u2", of: "x", "6.01"),
            try reversal("u3", of: "x", nil), try reversal("u4", of: "x", nil),
            try reversal("u5", of: "u1", nil),
        ])
        let names = verdicts.map { $0.refusalName ?? "posted" }
        #expect(
            names == ["posted", "posted", "not_reversible", "posted", "already_reversed", "not_reversible"])
        #expect(books.ledger("a") == "0.00")
        #expect(verdicts[1].decision?.transaction?.reverses == verdicts[0].decision?.transaction?.id)
    }

    @Test func aBatchDoesNotReverseAnAccountChange() throws {
        var books = try Books("a")
        let verdicts = books.performAtOnce([
            try operation("x", .accountChange(account: AccountCode("a"), change: .rename("b"), reason: "r")),
            try reversal("u", of: "x", nil),
        ])
        #expect(verdicts[1].refusalName == "transaction_not_found")
    }

    /// Sums that a sound ledger cannot have must not stop the program that shows them.
    @Test func unsoundSumsSaturate() throws {
        let head = try #require(
            try Books("a").withDeposit(of: "1").transactions[Reference(stored: "x")]?.head)
        let entry = PostedTransaction.Entry(
            account: try AccountCode("a"), currency: try Currency("CZK"), accountClass: .asset, seq: 1,
            side: .debit, amount: .max, debits: .max, credits: -1, held: .min)
        let transaction = PostedTransaction(head: head, entries: [entry, entry], reversedUnits: -1)
        #expect(transaction.debitUnits == .max)
        #expect(transaction.leftUnits == .max)
        #expect(transaction.receipt.lines.map(\.available.units) == [.max, .max])
        #expect(entry.ledger.units == .max)
    }

    private func operation(_ reference: String, _ action: Operation.Action) throws -> Operation {
        try Operation(reference: Reference(reference), action: action, actor: "tester")
    }

    private func reversal(_ reference: String, of original: String, _ amount: String?) throws -> Operation {
        try operation(
            reference,
            .reversal(
                of: Reference(original), amount: amount.map { try DecimalAmount($0) }, reason: "mistake"))
    }
}

extension Books {
    fileprivate func withDeposit(of amount: String) throws -> Books {
        var books = self
        try books.deposit("a", amount, reference: "x")
        return books
    }
}
