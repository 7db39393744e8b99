import Ledger
import Testing

@Suite struct OperationTests {
    @Test func aDepositDebitsCashAndCreditsTheAccount() throws {
        var books = try Books("a")
        let decision = try #require(try books.deposit("a", "12.50").decision)
        #expect(decision.receipt.lines.map(\.account.text) == ["cash-CZK", "a"])
        #expect(decision.receipt.lines.map(\.side) == [.debit, .credit])
        #expect(decision.receipt.kind == "deposit")
        #expect(books.ledger("a") == "12.50")
        #expect(books.ledger("cash-CZK") == "12.50")
    }

    @Test func aWithdrawalDebitsTheAccountAndCreditsCash() throws {
        var books = try Books("a")
        try books.deposit("a", "12.50")
        let decision = try #require(try books.withdraw("a", "12.50").decision)
        #expect(decision.receipt.lines.map(\.account.text) == ["a", "cash-CZK"])
        #expect(books.ledger("a") == "0.00")
        #expect(books.ledger("cash-CZK") == "0.00")
    }

    @Test func aTransferMovesFromTheFirstToTheSecond() throws {
        var books = try Books("a", "b")
        try books.deposit("a", "100")
        try books.transfer("a", "b", "30.10")
        #expect(books.ledger("a") == "69.90")
        #expect(books.ledger("b") == "30.10")
    }

    @Test func aTransferBetweenDebitNormalAccountsAlsoLowersTheFirst() throws {
        var books = Books()
        try books.open("drawer-1", class: .asset)
        try books.open("drawer-2", class: .asset)
        try books.transfer("cash-CZK", "drawer-1", "5")
        let decision = try #require(try books.transfer("drawer-1", "drawer-2", "2").decision)
        #expect(decision.receipt.lines.map(\.account.text) == ["drawer-2", "drawer-1"])
        #expect(books.ledger("drawer-1") == "3.00")
        #expect(books.ledger("drawer-2") == "2.00")
        #expect(books.ledger("cash-CZK") == "-5.00")
    }

    @Test(arguments: [(Side.credit, "7.00", "-7.00"), (.debit, "-7.00", "7.00")])
    func anAdjustmentGoesAgainstSuspense(_ side: Side, _ own: String, _ suspense: String) throws {
        var books = Books()
        try books.open("a", minimum: "none")
        let verdict = try books.run(
            .adjustment(
                account: AccountCode("a"), amount: DecimalAmount("7"), side: side, reasonCode: "E-17",
                against: nil))
        #expect(verdict.decision?.transaction?.reasonCode == "E-17")
        #expect(books.ledger("a") == own)
        #expect(books.ledger("suspense-CZK") == suspense)
    }

    @Test func anAdjustmentGoesAgainstTheAccountThatIsNamed() throws {
        var books = try Books("a", "b")
        try books.deposit("b", "7")
        try books.run(
            .adjustment(
                account: AccountCode("a"), amount: DecimalAmount("7"), side: .credit, reasonCode: "E-17",
                against: AccountCode("b")))
        #expect(books.ledger("a") == "7.00")
        #expect(books.ledger("b") == "0.00")
    }

    @Test func aJournalEntryPostsAllLegsInSeveralCurrencies() throws {
        var books = Books()
        for (code, currency) in [("a", "CZK"), ("b", "CZK"), ("c", "EUR"), ("d", "EUR")] {
            try books.open(code, currency, minimum: "none")
        }
        let verdict = try books.journalEntry([
            ("a", .debit, "100"), ("b", .credit, "60"), ("b", .credit, "40"), ("c", .debit, "4"),
            ("d", .credit, "4"),
        ])
        #expect(verdict.decision?.records.count == 5)
        #expect(books.ledger("a") == "-100.00")
        #expect(books.ledger("b") == "100.00")
        #expect(books.ledger("c") == "-4.00")
    }

    @Test func anAccountInSeveralLegsGetsARecordForEach() throws {
        var books = Books()
        try books.open("a", minimum: "none")
        try books.open("b", minimum: "none")
        try books.journalEntry([("a", .debit, "1"), ("a", .debit, "2"), ("b", .credit, "3")])
        let seqs = books.history[AccountCode(stored: "a")]?.map(\.record.seq)
        #expect(seqs == [1, 2, 3])
    }

    @Test func whatIsSentTwiceIsPostedOnceWithTheSameReceipt() throws {
        var books = try Books("a")
        let first = try #require(try books.deposit("a", "5.00", reference: "x").decision)
        let verdict = try books.deposit("a", "5", reference: "x")
        #expect(verdict == .alreadyPosted(first.receipt))
        #expect(books.ledger("a") == "5.00")
    }

    @Test func theValueDateIsTheDayOfBookingUnlessSaid() throws {
        var books = try Books("a")
        let day = try #require(CalendarDate("2025-02-28"))
        let said = try Operation(
            reference: Reference("x"),
            action: .deposit(account: AccountCode("a"), amount: DecimalAmount("1")), actor: "tester",
            narrative: "grocer", valueDate: day)
        let decision = try #require(books.perform(said).decision)
        #expect(decision.transaction?.valueDate == day)
        #expect(decision.transaction?.narrative == "grocer")
        let unsaid = try #require(try books.deposit("a", "1").decision?.transaction)
        #expect(unsaid.valueDate == unsaid.bookedAt.date)
    }

    @Test func openingTheFirstAccountOfACurrencyOpensItsHouseAccounts() throws {
        var books = Books()
        let decision = try #require(try books.open("a", "EUR").decision)
        #expect(decision.transitions.map(\.after.code.text) == ["a", "cash-EUR", "suspense-EUR"])
        #expect(Set(decision.transitions.map(\.after.id)).count == 3)
        #expect(decision.receipt.lines.map(\.account.text) == ["a"])
        #expect(books.accounts[AccountCode(stored: "cash-EUR")]?.minimum == nil)
        #expect(books.accounts[AccountCode(stored: "cash-EUR")]?.accountClass == .asset)
        let second = try #require(try books.open("b", "EUR").decision)
        #expect(second.transitions.count == 1)
    }

    @Test func anOperationThatEndsAsConfirmedIsTaken() throws {
        var books = try Books("a")
        let decision = try #require(try books.deposit("a", "5").decision)
        try decision.check(against: decision.confirmation)
        #expect(decision.confirmation.available.keys.map(\.text) == ["a"])
    }

    @Test func theMinimumMayBeReachedButNotPassed() throws {
        for (minimum, allowed, tooMuch) in [
            ("0", "10.00", "10.01"), ("-5.00", "15.00", "15.01"), ("-0.01", "10.01", "10.02"),
        ] {
            var books = Books()
            try books.open("a", minimum: minimum)
            try books.deposit("a", "10")
            #expect(try books.withdraw("a", tooMuch).refusalName == "insufficient_funds")
            #expect(try books.withdraw("a", allowed).isPosted)
        }
        var books = Books()
        try books.open("a", minimum: "none")
        #expect(try books.withdraw("a", "92233720368547758.07").isPosted)
    }

    @Test func theMinimumOfADebitNormalAccountHoldsForCredits() throws {
        var books = Books()
        try books.open("till", class: .asset)
        try books.open("a", minimum: "none")
        #expect(
            try books.journalEntry([("a", .debit, "1"), ("till", .credit, "1")]).refusalName
                == "insufficient_funds")
        #expect(try books.journalEntry([("till", .debit, "1"), ("a", .credit, "1")]).isPosted)
        #expect(books.ledger("till") == "1.00")
    }
}
