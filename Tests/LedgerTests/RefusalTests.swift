import Ledger
import Testing

/// Each refusal that the documentation names, from an operation that ends in it, with its facts.
@Suite struct RefusalTests {
    @Test func insufficientFunds() throws {
        var books = try Books("a")
        try books.deposit("a", "100")
        let refusal = try books.withdraw("a", "900").refusal
        #expect(refusal?.name == "insufficient_funds")
        let facts = Dictionary(uniqueKeysWithValues: refusal?.facts.map { ($0.name, $0.value) } ?? [])
        #expect(facts["available"] == "100.00")
        #expect(facts["requested"] == "900.00")
        #expect(facts["minimum"] == "0.00")
        #expect(books.ledger("a") == "100.00")
    }

    @Test func accountNotFound() throws {
        var books = try Books("a")
        #expect(try books.deposit("b", "1").refusalName == "account_not_found")
        #expect(try books.transfer("a", "b", "1").refusalName == "account_not_found")
        #expect(try books.change("b", .close).refusalName == "account_not_found")
        #expect(
            try books.journalEntry([("a", .debit, "1"), ("b", .credit, "1")]).refusalName
                == "account_not_found")
    }

    @Test func accountExists() throws {
        var books = try Books("a")
        #expect(try books.open("a").refusalName == "account_exists")
    }

    @Test func accountFrozen() throws {
        var books = try Books("a")
        try books.deposit("a", "5")
        try books.change("a", .freeze(.debit))
        #expect(try books.withdraw("a", "1").refusalName == "account_frozen")
        #expect(try books.deposit("a", "1").isPosted)
        try books.change("a", .unfreeze(nil))
        try books.change("a", .freeze(.credit))
        #expect(try books.deposit("a", "1").refusalName == "account_frozen")
        #expect(try books.withdraw("a", "1").isPosted)
        try books.change("a", .freeze(nil))
        #expect(try books.withdraw("a", "1").refusalName == "account_frozen")
        #expect(try books.deposit("a", "1").refusalName == "account_frozen")
    }

    /// Numbers that only somebody who writes past the ledger can have put there.
    @Test func anAccountWhoseRecordsAreAtTheirLastNumber() throws {
        let codes = [try AccountCode("a"), try AccountCode("cash-CZK")]
        let accounts = try codes.enumerated().map { index, code in
            Account(
                id: Identifier(high: 1, low: UInt64(index)), code: code, name: "x",
                currency: try Currency("CZK"),
                accountClass: index == 0 ? .liability : .asset, status: .open, minimum: nil, debits: 0,
                credits: 0,
                held: 0, version: index == 0 ? .max : 1, head: .zero)
        }
        let view = LedgerView(accounts: Dictionary(uniqueKeysWithValues: zip(codes, accounts)))
        let amount = try DecimalAmount("1")
        for action in [
            Operation.Action.deposit(account: codes[0], amount: amount),
            .withdrawal(account: codes[0], amount: amount),
            .accountChange(account: codes[0], change: .rename("y"), reason: "x"),
            .accountChange(account: codes[0], change: .close, reason: "x"),
        ] {
            let operation = try Operation(reference: Reference("r"), action: action, actor: "t")
            let context = DecisionContext(
                bookedAt: Timestamp(microseconds: 0), id: Identifier(high: 2, low: 0))
            let verdict = view.decide(operation, context: context)
            #expect(
                verdict.refusal?.message.contains("no record can follow number 9223372036854775807") == true)
        }
    }

    @Test func accountClosed() throws {
        var books = try Books("a")
        try books.change("a", .close)
        #expect(try books.deposit("a", "1").refusalName == "account_closed")
        #expect(try books.withdraw("a", "1").refusalName == "account_closed")
        for change in [
            Operation.AccountChange.close, .rename("x"), .freeze(nil), .unfreeze(nil), .setMinimum(.zero),
        ] {
            #expect(try books.change("a", change).refusalName == "account_closed")
        }
    }

    @Test func accountNotEmpty() throws {
        var books = try Books("a")
        try books.deposit("a", "0.01")
        #expect(try books.change("a", .close).refusalName == "account_not_empty")
    }

    @Test func currencyMismatch() throws {
        var books = try Books("a")
        try books.open("e", "EUR")
        #expect(try books.transfer("a", "e", "1").refusalName == "currency_mismatch")
        let adjustment = Operation.Action.adjustment(
            account: try AccountCode("a"), amount: try DecimalAmount("1"), side: .credit, reasonCode: "E",
            against: try AccountCode("e"))
        #expect(try books.run(adjustment).refusalName == "currency_mismatch")
    }

    @Test func unbalanced() throws {
        var books = try Books("a", "b")
        try books.open("e", "EUR")
        #expect(
            try books.journalEntry([("a", .debit, "1"), ("b", .credit, "2")]).refusalName == "unbalanced")
        #expect(
            try books.journalEntry([("a", .debit, "1"), ("e", .credit, "1")]).refusalName == "unbalanced")
    }

    @Test(arguments: ["0", "-5", "1.234"])
    func amountInvalid(_ amount: String) throws {
        var books = try Books("a", "b")
        #expect(try books.deposit("a", amount).refusalName == "amount_invalid")
        #expect(try books.withdraw("a", amount).refusalName == "amount_invalid")
        #expect(try books.transfer("a", "b", amount).refusalName == "amount_invalid")
        #expect(
            try books.journalEntry([("a", .debit, amount), ("b", .credit, amount)]).refusalName
                == "amount_invalid")
    }

    @Test func aNewAccountHasNoMinimumAboveZero() throws {
        var books = Books()
        #expect(try books.open("a", minimum: "0.01").refusalName == "amount_invalid")
        #expect(try books.open("b", minimum: "1.234").refusalName == "amount_invalid")
    }

    @Test func amountOverflowNamesTheAmountAsWrittenInItsCurrency() throws {
        var books = try Books("a")
        #expect(try books.deposit("a", "92233720368547758.07").isPosted)
        let refusal = try books.deposit("a", "0.01").refusal
        #expect(refusal == .amountOverflow("0.01"))
        #expect(try books.deposit("a", "99999999999999999").refusalName == "amount_overflow")
    }

    @Test func aJournalEntryWhoseDebitsOfAllCurrenciesOverflowIsRefused() throws {
        var books = Books()
        for (code, currency) in [("a", "CZK"), ("b", "CZK"), ("c", "EUR"), ("d", "EUR")] {
            try books.open(code, currency, minimum: "none")
        }
        let most = "92233720368547758.07"
        let legs: [(String, Side, String)] = [
            ("a", .debit, most), ("b", .credit, most), ("c", .debit, "0.01"), ("d", .credit, "0.01"),
        ]
        #expect(try books.journalEntry(legs).refusal == .amountOverflow("0.01"))
        let whole = try books.journalEntry(Array(legs[..<2]), reference: "most")
        #expect(whole.isPosted)
        #expect(try books.reverse("most").isPosted)
    }

    @Test func aJournalEntryWhoseLegsOverflowIsRefused() throws {
        var books = Books()
        try books.open("a", minimum: "none")
        try books.open("b", minimum: "none")
        let most = "92233720368547758.07"
        let legs: [(String, Side, String)] = [
            ("a", .debit, most), ("a", .debit, most), ("b", .credit, most), ("b", .credit, most),
        ]
        #expect(try books.journalEntry(legs).refusalName == "amount_overflow")
    }

    @Test func sameAccount() throws {
        var books = try Books("a")
        #expect(try books.transfer("a", "a", "1").refusalName == "same_account")
        #expect(try books.deposit("cash-CZK", "1").refusalName == "same_account")
        let against = Operation.Action.adjustment(
            account: try AccountCode("a"), amount: try DecimalAmount("1"), side: .credit, reasonCode: "E",
            against: try AccountCode("a"))
        #expect(try books.run(against).refusalName == "same_account")
    }

    @Test func referenceReused() throws {
        var books = try Books("a")
        try books.deposit("a", "1", reference: "x")
        #expect(try books.deposit("a", "2", reference: "x").refusalName == "reference_reused")
        #expect(try books.withdraw("a", "1", reference: "x").refusalName == "reference_reused")
        #expect(books.ledger("a") == "1.00")
    }

    @Test func alreadyReversed() throws {
        var books = try Books("a")
        try books.deposit("a", "1", reference: "x")
        try books.reverse("x")
        #expect(try books.reverse("x").refusalName == "already_reversed")
        #expect(try books.reverse("x", "0.01").refusalName == "already_reversed")
    }

    @Test func notReversible() throws {
        var books = try Books("a", "b")
        try books.deposit("a", "1", reference: "x")
        try books.reverse("x", "0.50", reference: "undo")
        #expect(try books.reverse("undo").refusalName == "not_reversible")
        #expect(try books.reverse("x", "0.51").refusalName == "not_reversible")
        #expect(try books.reverse("x", "0.50").isPosted)
    }

    @Test func transactionNotFound() throws {
        var books = try Books("a")
        #expect(try books.reverse("nothing").refusalName == "transaction_not_found")
        try books.run(
            .accountChange(account: AccountCode("a"), change: .rename("x"), reason: "r"), reference: "change")
        #expect(try books.reverse("change").refusalName == "transaction_not_found")
    }

    @Test func reasonRequired() throws {
        var books = try Books("a")
        try books.deposit("a", "1", reference: "x")
        #expect(try books.reverse("x", reason: "").refusalName == "reason_required")
        let changes: [Operation.AccountChange] = [
            .rename("x"), .freeze(nil), .unfreeze(nil), .close, .reopen, .setMinimum(.zero),
        ]
        for change in changes {
            #expect(try books.change("a", change, reason: "").refusalName == "reason_required")
        }
        let adjustment = Operation.Action.adjustment(
            account: try AccountCode("a"), amount: try DecimalAmount("1"), side: .credit, reasonCode: "",
            against: nil)
        #expect(try books.run(adjustment).refusalName == "reason_required")
    }

    @Test func notPermitted() throws {
        var books = try Books("a", "b")
        #expect(try books.open("cash-EUR", "EUR").refusalName == "not_permitted")
        #expect(try books.open("suspense-JPY", "JPY").refusalName == "not_permitted")
        #expect(try books.journalEntry([("a", .debit, "1")]).refusalName == "not_permitted")
        let legs = Array(repeating: ("a", Side.debit, "1"), count: 1001)
        #expect(try books.journalEntry(legs).refusalName == "not_permitted")
    }

    @Test func outcomeChanged() throws {
        var books = try Books("a")
        let shown = try #require(try books.deposit("a", "5", reference: "x").decision)
        let later = try #require(try books.deposit("a", "5", reference: "y").decision)
        let refusal = refusal { try later.check(against: shown.confirmation) }
        #expect(refusal?.name == "outcome_changed")
        #expect(refusal?.facts.map(\.value) == ["a", "5.00", "10.00"])
    }

    @Test func everyMessageIsOneLineWithoutControlCharactersWhateverCameIn() {
        let hostile = "x\n\u{1b}[2J\u{202e}" + String(repeating: "y", count: 10_000)
        let refusals: [Refusal] = [
            .accountNotFound(AccountCode(stored: hostile)), .currencyUnknown(hostile),
            .amountInvalid(text: hostile, why: "no"), .amountOverflow(hostile),
            .transactionNotFound(Reference(stored: hostile)), .referenceReused(Reference(stored: hostile)),
        ]
        for refusal in refusals {
            #expect(refusal.message.utf8.count < 400)
            #expect(!refusal.message.unicodeScalars.contains { $0.value < 32 || $0.value == 0x202e })
        }
    }
}
