import Ledger
import Testing

@Suite struct AccountChangeTests {
    /// What freezing and unfreezing make of each status; nil is both sides.
    @Test(arguments: [
        (AccountStatus.open, Side?.some(.debit), AccountStatus.debitFrozen, AccountStatus.open),
        (.open, .credit, .creditFrozen, .open), (.open, nil, .frozen, .open),
        (.debitFrozen, .debit, .debitFrozen, .open), (.debitFrozen, .credit, .frozen, .debitFrozen),
        (.debitFrozen, nil, .frozen, .open), (.creditFrozen, .debit, .frozen, .creditFrozen),
        (.creditFrozen, .credit, .creditFrozen, .open), (.creditFrozen, nil, .frozen, .open),
        (.frozen, .debit, .frozen, .creditFrozen), (.frozen, .credit, .frozen, .debitFrozen),
        (.frozen, nil, .frozen, .open),
    ])
    func freezingAndUnfreezingMoveBetweenStatuses(
        _ before: AccountStatus, _ side: Side?, _ frozen: AccountStatus, _ unfrozen: AccountStatus
    ) throws {
        for (change, after) in [(Operation.AccountChange.freeze(side), frozen), (.unfreeze(side), unfrozen)] {
            var books = try books(with: before)
            #expect(try books.change("a", change).isPosted)
            #expect(books.status("a") == after)
        }
    }

    @Test(arguments: [AccountStatus.debitFrozen, .creditFrozen, .frozen])
    func aFrozenAccountIsNeitherClosedNorReopened(_ status: AccountStatus) throws {
        var books = try books(with: status)
        #expect(try books.change("a", .close).refusalName == "account_frozen")
        #expect(try books.change("a", .reopen).refusalName == "account_frozen")
    }

    @Test func aClosedAccountIsReopened() throws {
        var books = try books(with: .closed)
        #expect(try books.change("a", .reopen).isPosted)
        #expect(books.status("a") == .open)
        #expect(try books.deposit("a", "1").isPosted)
    }

    @Test func closingNeedsAZeroBalance() throws {
        var books = Books()
        try books.open("a", minimum: "none")
        try books.deposit("a", "1")
        #expect(try books.change("a", .close).refusalName == "account_not_empty")
        try books.withdraw("a", "2")
        #expect(try books.change("a", .close).refusalName == "account_not_empty")
        try books.deposit("a", "1")
        #expect(try books.change("a", .close).isPosted)
        #expect(books.status("a") == .closed)
    }

    @Test func closingNeedsThatNothingIsOnHold() throws {
        let books = try books(with: .open)
        var account = try #require(books.accounts[AccountCode("a")])
        account.debits = 500
        account.credits = 500
        account.held = 1
        let view = LedgerView(accounts: [account.code: account])
        let close = try Operation(
            reference: Reference("x"),
            action: .accountChange(account: account.code, change: .close, reason: "r"), actor: "tester")
        let context = DecisionContext(bookedAt: Timestamp(microseconds: 0), id: Identifier(high: 9, low: 9))
        #expect(view.decide(close, context: context).refusalName == "account_not_empty")
    }

    @Test func aHoldLowersWhatMayLeave() throws {
        var books = try books(with: .open)
        try books.deposit("a", "10")
        var account = try #require(books.accounts[AccountCode("a")])
        account.held = 400
        #expect(account.available.description == "6.00")
        var view = books.view(of: [])
        view.accounts = books.accounts
        view.accounts[account.code] = account
        let context = DecisionContext(bookedAt: Timestamp(microseconds: 0), id: Identifier(high: 9, low: 9))
        for (amount, isAllowed) in [("6.01", false), ("6.00", true)] {
            let withdrawal = try Operation(
                reference: Reference("x"),
                action: .withdrawal(account: account.code, amount: DecimalAmount(amount)), actor: "tester")
            #expect(view.decide(withdrawal, context: context).isPosted == isAllowed)
        }
    }

    @Test(arguments: ["0", "none", "-500.00", "10.00"])
    func aMinimumIsSetUpToWhatIsAvailable(_ minimum: String) throws {
        var books = try books(with: .open)
        try books.deposit("a", "10")
        #expect(try books.change("a", .setMinimum(Operation.Minimum(minimum))).isPosted)
        #expect(
            try books.change("a", .setMinimum(Operation.Minimum("10.01"))).refusalName == "insufficient_funds"
        )
        #expect(
            try books.change("a", .setMinimum(Operation.Minimum("1.001"))).refusalName == "amount_invalid")
    }

    @Test func renamingChangesTheNameAlone() throws {
        var books = try books(with: .open)
        try books.change("a", .rename("Kovář Elektro"))
        #expect(books.accounts[try AccountCode("a")]?.name == "Kovář Elektro")
        #expect(books.status("a") == .open)
        for name in ["", " x", "x\ny", "\u{202e}x", String(repeating: "n", count: 201)] {
            #expect(try books.change("a", .rename(name)).refusalName == "text_invalid")
        }
    }

    @Test(arguments: ["cash-CZK", "suspense-CZK"])
    func aHouseAccountIsNotLocked(_ code: String) throws {
        var books = try books(with: .open)
        let locking: [Operation.AccountChange] = [
            .close, .freeze(nil), .freeze(.debit), .freeze(.credit), .setMinimum(.zero),
            .setMinimum(.amount(try DecimalAmount("-1000000"))),
        ]
        for change in locking {
            let refusal = try books.change(code, change).refusal
            #expect(refusal?.name == "not_permitted")
            #expect(refusal?.message.contains(code) == true)
        }
        #expect(try books.change(code, .rename("Till")).isPosted)
        #expect(try books.change(code, .setMinimum(.unlimited)).isPosted)
        #expect(try books.change(code, .unfreeze(nil)).isPosted)
    }

    /// A code with the sign for kelvin looks like that of a house account and is another account.
    @Test func aCodeThatOnlyLooksLikeAHouseAccountIsNone() throws {
        var books = try Books("a")
        try books.open("cash-\u{212a}RW")
        #expect(try books.change("cash-\u{212a}RW", .freeze(nil)).isPosted)
        #expect(try books.change("cash-\u{212a}RW", .unfreeze(nil)).isPosted)
        try books.open("cash-register")
        #expect(try books.change("cash-register", .close).isPosted)
    }

    private func books(with status: AccountStatus) throws -> Books {
        var books = try Books("a")
        switch status {
        case .open: break
        case .debitFrozen: try books.change("a", .freeze(.debit))
        case .creditFrozen: try books.change("a", .freeze(.credit))
        case .frozen: try books.change("a", .freeze(nil))
        case .closed: try books.change("a", .close)
        }
        #expect(books.status("a") == status)
        return books
    }
}
