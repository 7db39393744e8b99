import Ledger
import LedgerService
import Testing

@testable import Console

@Suite("Forms")
struct FormTests {
    /// Fills in a deposit of 10 into account 576, up to the confirmation.
    private func confirmingDeposit() throws -> ConsoleDriver {
        var driver = try ConsoleDriver()
        driver.press(.down, .down, .down, .character("d"))
        driver.type("10")
        driver.press(.enter)
        return driver
    }

    @Test func postsOnlyWhatWasConfirmedAndWithTheConfirmation() throws {
        var driver = try confirmingDeposit()
        #expect(driver.shows("37,773.84 → 37,783.84"))
        #expect(driver.posted.isEmpty)
        driver.press(.tab, .enter)
        let posted = try #require(driver.posted.first)
        #expect(posted.operation.reference == Reference(stored: "ref-1"))
        let code = try AccountCode("576")
        #expect(posted.confirmation?.available[code]?.units == 3_778_384)
        #expect(driver.shows("✓ deposit posted in 47 ms, 1 attempt"))
        #expect(driver.shows("ledger balance 37,783.84"))
        #expect(driver.bank.account("576")?.ledgerUnits == 3_778_384)
    }

    @Test(arguments: ["w", "t"]) func aFormForAFrozenAccountSaysWhyItCannotEndWell(key: Character) throws {
        var driver = try ConsoleDriver()
        driver.press(.down, .down, .down, .down, .character(key))
        #expect(driver.shows("Account 704 is debit-frozen and takes no debit entries."))
        // What was typed ahead goes into the form.
        driver.type("q")
        #expect(driver.state.dialog != nil)
        #expect(!driver.effects.contains(.quit))
        driver.press(.enter, .enter, .tab, .enter)
        #expect(driver.posted.isEmpty)
    }

    @Test func theHarmlessAnswerIsMarked() throws {
        var driver = try confirmingDeposit()
        #expect(driver.shows("▸[ Back ]"))
        driver.press(.enter)
        #expect(driver.posted.isEmpty)
        #expect(driver.state.place == .form)
        #expect(driver.shows("Amount      10"))
    }

    @Test func keepsOneReferenceForAnOperationAndTakesANewOneForAnother() throws {
        var driver = try confirmingDeposit()
        driver.fates = [.gaveUp, .gaveUp]
        driver.press(.tab, .enter)
        #expect(driver.shows("The server did not answer. Enter tries again."))
        driver.press(.enter, .tab, .enter)
        driver.type("0")
        driver.press(.enter, .tab, .enter)
        #expect(driver.posted.map(\.operation.reference.text) == ["ref-1", "ref-1", "ref-2"])
        #expect(driver.shows("receipt"))
    }

    @Test func refusalsKeepWhatWasTypedAndPointToTheField() throws {
        var driver = try ConsoleDriver()
        driver.press(.down, .down, .character("w"))
        driver.type("12.51")
        driver.press(.tab)
        driver.type("rent")
        driver.press(.enter)
        #expect(driver.shows("Refused: account 4001 has 12.50 EUR available"))
        #expect(driver.shows("▸ Amount      12.51"))
        #expect(driver.shows("rent"))
        #expect(driver.posted.isEmpty)
    }

    @Test func validatesAtEachKey() throws {
        var driver = try ConsoleDriver()
        driver.press(.down, .down, .character("w"))
        driver.type("1.234")
        #expect(driver.shows("✗ EUR has 2 decimals, this has 3"))
        driver.press(.backspace)
        #expect(!driver.shows("✗"))
        driver.press(.control("u"))
        driver.type("x")
        #expect(driver.shows("✗ write it as digits with a decimal point, such as 12.50"))
    }

    @Test func goesToTheFieldThatIsMissing() throws {
        var driver = try ConsoleDriver()
        driver.press(.character("t"))
        driver.press(.enter)
        #expect(driver.shows("To is missing."))
        #expect(driver.shows("▸ To"))
    }

    @Test func showsOldAndNewWhenTheOutcomeChangedAndAsksAgain() throws {
        var driver = try confirmingDeposit()
        let code = try AccountCode("576")
        driver.fates = [.overtaken(.deposit(account: code, amount: try DecimalAmount("100")))]
        driver.press(.tab, .enter)
        #expect(driver.shows("the outcome changed"))
        #expect(driver.shows("you saw 37,773.84 → 37,783.84"))
        #expect(driver.shows("now 37,873.84 → 37,883.84"))
        #expect(driver.shows("▸[ Back ]"))
        #expect(driver.posted.count == 1)
        driver.press(.tab, .enter)
        #expect(driver.posted.count == 2)
        #expect(driver.posted[1].operation.reference == driver.posted[0].operation.reference)
        #expect(driver.bank.account("576")?.ledgerUnits == 3_788_384)
        #expect(driver.shows("receipt"))
    }

    @Test func postsAtWhateverBalanceWhenToldTo() throws {
        var driver = try confirmingDeposit()
        let code = try AccountCode("576")
        let other = Operation.Action.deposit(account: code, amount: try DecimalAmount("1"))
        driver.fates = [.overtaken(other), .overtaken(other)]
        driver.press(.tab, .enter, .tab, .tab, .enter)
        #expect(driver.posted.count == 2)
        #expect(driver.posted[1].confirmation == nil)
        #expect(driver.bank.account("576")?.ledgerUnits == 3_778_584)
    }

    @Test func showsAttemptsWhileItIsPostedAndStopsOnce() throws {
        var driver = try confirmingDeposit()
        driver.fates = [.hanging]
        driver.press(.tab, .enter)
        #expect(driver.state.place == .posting)
        #expect(driver.shows("try 2 ✗ 40001 another transaction changed account 704 first"))
        #expect(driver.state.nextTick == .milliseconds(250))
        driver.holdsAnswers = true
        driver.press(.escape, .escape)
        #expect(driver.effects.filter { $0 == .cancelOperation(Reference(stored: "ref-1")) }.count == 1)
        #expect(driver.shows("stopping"))
        driver.answer()
        #expect(driver.shows("Stopped before it was posted. Nothing was written."))
        #expect(driver.shows("Amount      10"))
    }

    @Test func ctrlCStopsWhatIsBeingPostedFirst() throws {
        var driver = try confirmingDeposit()
        driver.fates = [.hanging]
        driver.press(.tab, .enter)
        driver.holdsAnswers = true
        driver.press(.control("c"))
        #expect(driver.effects.last == .cancelOperation(Reference(stored: "ref-1")))
        #expect(!driver.effects.contains(.quit))
        driver.press(.control("c"))
        #expect(driver.effects.last == .quit)
    }

    /// In a form, and where an account is gone to.
    @Test(arguments: ["t", "A"]) func offersAccountsByCodeAndNameWhateverTheTextLooksLike(
        key: Character
    ) throws {
        var bank = TestBank(now: ConsoleDriver.now)
        try bank.open("status:open-7", "Seven")
        try bank.open("8", "The \"Eight\" ccy:CZK")
        var driver = try ConsoleDriver(100, 30, bank: bank)
        driver.press(.character(key))
        for (text, codes) in [
            ("status:", ["status:open-7"]), ("status:open", ["status:open-7"]), ("ccy:CZK", ["8"]),
            ("class:liability", []), ("\"eight", ["8"]), ("the ccy:", ["8"]), ("balance<1", []),
        ] {
            driver.press(.control("u"))
            driver.type(text)
            let offered: [AccountListing] =
                switch driver.state.dialog {
                case .form(let form): form.offered
                case .prompt(let prompt): prompt.offered
                default: []
                }
            #expect(offered.map(\.account.code.text) == codes, "\(text)")
        }
        driver.press(.control("u"))
        driver.type("status:o")
        #expect(driver.shows("▸ status:open-7  Seven"))
    }

    @Test func completesTheAccountOfALeg() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character("E"))
        driver.type("57")
        #expect(driver.shows("▸ 576  Account 576"))
        driver.press(.tab)
        #expect(driver.shows("▸ Leg 1       576"))
        #expect(driver.shows("Account 576 · 37,773.84 CZK available"))
        driver.type("debit 10")
        driver.press(.tab)
        driver.type("cash-czk")
        driver.press(.tab)
        driver.type("c 10")
        #expect(driver.shows("37,773.84 → 37,763.84"))
        driver.type("x")
        #expect(driver.shows("✗ write it as digits"))
    }

    @Test func reversesTheSelectedTransactionInPart() throws {
        var driver = try ConsoleDriver()
        driver.press(.down, .down, .down, .tab, .character("v"))
        driver.press(.backTab)
        driver.type("1.44")
        driver.press(.tab)
        driver.type("wrong account")
        driver.press(.enter)
        #expect(driver.shows("37,773.84 → 37,772.40"))
        driver.press(.tab, .enter)
        #expect(driver.shows("✓ reversal posted"))
        driver.press(.escape, .home, .down, .enter)
        #expect(driver.shows("Reversed    1.44 of 4.44"))
        // The reversal itself named no account.
        driver.press(.character("3"), .character("/"))
        driver.type("account:576")
        #expect(driver.shows("reversal"), "\(driver.screen)")
    }

    @Test func whatAFormShowsOfItsAccountsIsReadAgainByItself() throws {
        var driver = try ConsoleDriver()
        driver.press(.down, .down, .down, .character("d"))
        driver.type("10")
        #expect(driver.shows("37,773.84 → 37,783.84"))
        try driver.bank.post(.deposit(account: AccountCode("576"), amount: DecimalAmount("0.16")))
        driver.wait(.seconds(6))
        #expect(driver.shows("37,774.00 → 37,784.00"), "\(driver.screen)")
    }

    @Test func whatIsTooMuchToReverseIsTypedAnew() throws {
        var driver = try ConsoleDriver()
        driver.press(.down, .down, .down, .tab, .character("v"))
        driver.press(.backTab)
        driver.type("1000.00")
        driver.press(.tab)
        driver.type("wrong account")
        driver.press(.enter)
        #expect(driver.shows("Refused: "))
        driver.press(.control("u"))
        driver.type("1.44")
        driver.press(.enter)
        #expect(driver.shows("37,773.84 → 37,772.40"), "\(driver.screen)")
    }

    @Test func aNewAccountIsConfirmedWithAllThatItIsOpenedWith() throws {
        var driver = try ConsoleDriver(100, 30, symbols: .ascii)
        driver.press(.character("n"))
        driver.type("over")
        driver.press(.tab)
        driver.type("Overdraft")
        driver.press(.tab)
        driver.type("EUR")
        #expect(driver.shows("< liability >"))
        driver.press(.tab, .tab)
        driver.press(.control("u"))
        driver.type("none")
        driver.press(.enter)
        #expect(driver.shows("is this what you want?"), "\(driver.screen)")
        for (name, value) in [("class", "liability"), ("minimum", "none"), ("status", "open")] {
            #expect(
                driver.screen.split(separator: "\n").contains {
                    let words = $0.split(separator: " ")
                    return words.firstIndex(of: name[...]).map { words.dropFirst($0 + 1).first == value[...] }
                        ?? false
                }, "\(name) in \(driver.screen)")
        }
    }

    @Test func changesStatusMinimumAndName() throws {
        var driver = try ConsoleDriver()
        driver.press(.down, .down, .down, .character("s"), .right, .tab)
        driver.type("court order")
        driver.press(.enter)
        #expect(driver.shows("status      open → debit-frozen"))
        driver.press(.tab, .enter, .enter)
        #expect(driver.bank.account("576")?.status == .debitFrozen)

        driver.press(.character("s"), .left, .tab)
        driver.type("Marie Curie")
        driver.press(.tab)
        driver.type("married")
        driver.press(.enter)
        #expect(driver.shows("name        Account 576 → Marie Curie"))
        driver.press(.tab, .enter, .enter)
        #expect(driver.bank.account("576")?.name == "Marie Curie")
    }

    @Test func pastedTextGoesIntoTheFieldAndNeverGivesCommands() throws {
        var driver = try ConsoleDriver()
        driver.press(.paste("q"))
        #expect(!driver.effects.contains(.quit))
        driver.press(.character("d"), .paste("10\n"))
        #expect(driver.state.place == .form)
        #expect(driver.shows("Amount      10"))
    }

    @Test func pastedTextThatIsTooLongIsRefusedAndNotCut() throws {
        var driver = try ConsoleDriver()
        driver.press(.down, .down, .down, .character("d"), .paste("10"), .tab)
        driver.press(.paste(String(repeating: "x", count: 5000)), .enter)
        #expect(driver.shows("longer than 1000 characters"), "\(driver.screen)")
        #expect(driver.state.place == .form)
        #expect(driver.posted.isEmpty)
    }
}

@Suite("Unknown outcomes")
struct UnknownOutcomeTests {
    @Test func staysOnScreenUntilItIsKnown() throws {
        var driver = try ConsoleDriver(depositLost: .beforeWriting)
        #expect(driver.shows("the outcome is not known"))
        driver.press(.escape)
        #expect(driver.shows("? Outcome unknown (u shows it): deposit 10.00 CZK to account 576"))
        driver.press(.character("u"), .enter)
        #expect(driver.shows("it was not on the books"))
        driver.press(.tab, .enter)
        #expect(driver.shows("✓ deposit posted"))
        driver.press(.escape)
        #expect(!driver.shows("Outcome unknown"))
        #expect(driver.posted.map(\.operation.reference.text) == ["ref-1", "ref-1"])
    }

    @Test func isSettledByLookingItUp() throws {
        var driver = try ConsoleDriver(depositLost: .afterWriting)
        #expect(driver.state.attempts.log[0]?.state == .unknown)
        driver.press(.enter)
        #expect(driver.shows("it is on the books"))
        #expect(driver.state.unresolved.isEmpty)
        #expect(driver.posted.count == 1)
        driver.press(.escape, .character("3"))
        #expect(driver.shows("posted"), "\(driver.screen)")
        #expect(!driver.shows("outcome unknown"), "\(driver.screen)")
        driver.press(.character("."))
        #expect(driver.state.place == .form, "\(driver.screen)")
    }

    @Test func isLookedUpAsSoonAsTheConnectionIsBack() throws {
        var driver = try ConsoleDriver(depositLost: .afterWriting)
        driver.press(.escape)
        driver.act(.connectionLost(message: "the server closed the connection"))
        #expect(driver.shows("✗ Not connected: The server closed the connection."))
        driver.act(.connectionRestored)
        #expect(driver.shows("The deposit whose outcome was unknown is on the books: ref-1."))
        #expect(driver.state.unresolved.isEmpty)
        #expect(!driver.shows("Not connected"))
    }
}
