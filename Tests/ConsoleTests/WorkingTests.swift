import Ledger
import LedgerService
import Testing

@testable import Console

/// Ways of working, as transcripts of keys and screens.
@Suite("Ways of working")
struct WorkingTests {
    @Test func escGoesBackOneStepAtATimeAndNeverQuits() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character("2"), .enter, .enter)
        #expect(driver.state.screens.map(\.place) == [.journal, .transaction, .account])
        for depth in [2, 1, 0, 0] {
            driver.press(.escape)
            #expect(driver.state.screens.count == depth)
        }
        #expect(!driver.effects.contains(.quit))
    }

    @Test func ordersTheAccountsAndTurnsTheOrderAround() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character("o"), .down, .enter)
        #expect(driver.shows("NAME ↑"))
        #expect(driver.state.accounts.rows.first?.account.name == "Account 576")
        driver.press(.character("o"), .enter)
        #expect(driver.shows("NAME ↓"))
        #expect(driver.state.accounts.rows.last?.account.name == "Account 576")
        driver.press(.character("o"), .down, .enter)
        #expect(driver.shows("LEDGER ↓"))
        #expect(driver.state.preferences.sort == AccountSort(.balance))
    }

    @Test func jumpsToADayInAHistory() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.down, .down, .down, .enter, .character("J"))
        driver.type("2026-03-2x")
        driver.press(.enter)
        #expect(driver.shows("write it as YYYY-MM-DD"))
        driver.press(.backspace)
        driver.type("1")
        driver.press(.enter)
        #expect(driver.shows("▸ #5"))
    }

    @Test func copiesALineOfATransactionOrTheValueInIt() throws {
        var driver = try ConsoleDriver()
        driver.press(.character("2"), .enter, .character("y"), .down, .enter)
        let copied = driver.effects.compactMap { if case .copy(let text) = $0 { text } else { nil } }
        #expect(copied.last?.hasPrefix("debit  cash-CZK") == true)
    }

    @Test func copiesACellOrTheRow() throws {
        var driver = try ConsoleDriver()
        driver.press(.character("y"))
        #expect(driver.shows("▸ code"))
        driver.press(.enter)
        #expect(driver.effects.contains(.copy("2378")))
        driver.press(.character("y"), .end, .enter)
        let rows = driver.effects.compactMap { if case .copy(let text) = $0 { text } else { nil } }
        #expect(rows.last?.hasPrefix("2378\t日本支店") == true)
    }

    @Test func savesAFilterUsesItAndRemovesIt() throws {
        var driver = try ConsoleDriver()
        driver.press(.character("/"))
        driver.type("ccy:eur")
        driver.press(.enter, .character("f"), .enter)
        driver.type("euros")
        driver.press(.enter, .escape)
        #expect(driver.state.accounts.rows.count == 11)
        driver.press(.character("f"), .enter)
        #expect(driver.shows("/ ccy:eur"))
        #expect(driver.state.accounts.rows.allSatisfy { $0.account.currency.code == "EUR" })
        driver.press(.character("f"), .character("x"))
        #expect(driver.shows("Remove the saved filter euros?"))
        driver.press(.enter)
        #expect(driver.state.preferences.savedFilters.count == 1)
        driver.press(.character("x"), .down, .enter)
        #expect(driver.state.preferences.savedFilters.isEmpty)
    }

    @Test func beginsWithWhatWasSeenLast() throws {
        var first = try ConsoleDriver(100, 30)
        first.press(.character("/"))
        first.type("576")
        first.press(.enter, .character("c"), .enter, .escape, .character("2"))
        let second = try ConsoleDriver(100, 30, preferences: first.state.preferences)
        #expect(second.state.place == .journal)
        #expect(second.state.accounts.filter.text == "576")
        #expect(!second.state.wants(column: "CCY"))
    }

    @Test(arguments: [
        ("2kind:deposit", Place.journal), ("3outcome:posted", .allAttempts), ("4", .trialBalance),
        ("6led", .settings),
    ])
    func beginsWithTheScreenAndTheFilterThatWereSeenLast(keys: String, place: Place) throws {
        var first = try ConsoleDriver(100, 30)
        first.type(String(keys.prefix(1)))
        if keys.count > 1 { first.type("/" + keys.dropFirst()) }
        let second = try ConsoleDriver(100, 30, preferences: first.state.preferences)
        #expect(second.state.place == place)
        #expect(second.state.screens.last?.filter?.text ?? "" == keys.dropFirst())
        if keys.count > 1 { #expect(second.shows("/ " + keys.dropFirst())) }
    }

    @Test func beginsWithTheAccountOrTheTransactionThatWasSeenLast() throws {
        var first = try ConsoleDriver(100, 30)
        first.press(.down, .down, .down, .enter, .character("/"))
        first.type("kind:deposit")
        var second = try ConsoleDriver(100, 30, preferences: first.state.preferences)
        #expect(second.state.screens.last?.title == "Account 576")
        #expect(second.shows("/ kind:deposit"))
        first.press(.enter, .enter)
        #expect(first.state.place == .transaction)
        second = try ConsoleDriver(100, 30, preferences: first.state.preferences)
        #expect(second.state.screens.last?.title == first.state.screens.last?.title)
        #expect(second.state.screens.count == 1)
    }

    @Test func aCheckThatWasSeenLastIsNotBegunByItself() throws {
        var first = try ConsoleDriver(100, 30)
        first.press(.character("5"))
        #expect(first.questions.contains(.verify))
        var second = try ConsoleDriver(100, 30, preferences: first.state.preferences)
        #expect(second.state.place == .verify)
        #expect(!second.questions.contains(.verify))
        second.press(.character("r"))
        #expect(second.questions.contains(.verify))
        #expect(second.shows("Sound"))
    }

    @Test func twoConsolesKeepWhatEachOfThemChanged() throws {
        let both = Preferences()
        var here = both
        here.savedFilters = [.init(name: "euros", text: "ccy:EUR")]
        here.hiddenColumns = ["CCY"]
        var there = both
        there.filter = "576"
        there.savedFilters = [.init(name: "frozen", text: "status:frozen")]
        var file = both.applying(changesFrom: both, to: here).applying(changesFrom: both, to: there)
        #expect(file.filter == "576")
        #expect(file.hiddenColumns == ["CCY"])
        #expect(file.savedFilters.map(\.name) == ["euros", "frozen"])
        var later = here
        later.savedFilters = [.init(name: "euros", text: "ccy:EUR balance<0")]
        later.hiddenColumns = []
        file = file.applying(changesFrom: here, to: later)
        #expect(file.savedFilters.map(\.text) == ["ccy:EUR balance<0", "status:frozen"])
        #expect(file.hiddenColumns.isEmpty)
        #expect(file.applying(changesFrom: later, to: here).savedFilters.count == 2)
    }

    @Test func runsACommandFromThePaletteAndFromHelp() throws {
        var driver = try ConsoleDriver()
        driver.press(.character(":"))
        driver.type("trial")
        driver.press(.enter)
        #expect(driver.state.place == .trialBalance)
        driver.press(.escape, .character("?"))
        driver.type("pay money into")
        driver.press(.enter)
        #expect(driver.state.place == .form)
        #expect(driver.shows("Deposit"))
    }

    @Test func aCommandOfAnotherPlaceSaysWhereItBelongs() throws {
        var driver = try ConsoleDriver(120, 30)
        driver.press(.character("4"), .character("?"))
        driver.type("mark the account")
        driver.press(.enter)
        #expect(driver.shows("Mark: it is for “Accounts”."))
        #expect(driver.state.place == .help)
    }

    @Test func theMouseSelectsOpensAndScrolls() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.mouse(Mouse(.press, column: 5, row: 5)))
        #expect(driver.state.accounts.selectedIndex == 2)
        driver.press(.mouse(Mouse(.doublePress, column: 5, row: 5)))
        #expect(driver.state.place == .account)
        driver.press(.escape, .mouse(Mouse(.wheelDown, column: 5, row: 5)))
        #expect(driver.state.accounts.selectedIndex == 5)
        let last = driver.state.size.height - 1
        driver.press(.mouse(Mouse(.press, column: 0, row: last)))
        #expect(driver.state.place == .account, "the first command of the footer is Open")
    }

    @Test func aTransactionIsATemplateForTheNext() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character("2"), .down, .character("T"))
        #expect(driver.state.place == .form)
        #expect(driver.shows("Withdrawal"))
        #expect(driver.shows("120.00"))
    }

    @Test func theLastOperationIsRepeatedUnderANewReference() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.down, .down, .down, .character("d"))
        driver.type("10")
        driver.press(.enter, .tab, .enter, .enter, .character("."), .enter, .tab, .enter)
        #expect(Set(driver.posted.map(\.operation.reference)).count == 2)
        #expect(driver.bank.account("576")?.ledgerUnits == 3_779_384)
    }

    /// A bank with more accounts than are read at once.
    private func largeBank(accounts: Int) throws -> TestBank {
        var bank = TestBank(now: ConsoleDriver.now)
        for number in 0..<accounts { try bank.open("A\(1000 + number)", "Customer \(number)") }
        return bank
    }

    @Test func marksTheWholeListAsFarAsThereIsRoom() throws {
        var driver = try ConsoleDriver(bank: largeBank(accounts: 430))
        driver.press(.character("*"))
        // With the cash and the suspense account.
        #expect(driver.shows("432 marked"))
        driver.press(.character("*"))
        #expect(!driver.shows("marked"))
        var larger = try ConsoleDriver(bank: largeBank(accounts: 900))
        larger.holdsAnswers = true
        larger.press(.character("*"))
        #expect(larger.shows("200 marked…"))
        larger.press(.escape)
        larger.answer()
        #expect(!larger.shows("marked"))
        larger.holdsAnswers = false
        larger.press(.character("*"))
        #expect(larger.shows("500 marked, the most there can be"))
    }

    @Test func exportsTheWholeListAndStopsAtEsc() throws {
        var driver = try ConsoleDriver(bank: largeBank(accounts: 430))
        driver.press(.character("/"))
        driver.type("cust")
        driver.press(.enter, .character("e"))
        #expect(driver.shows("Export all accounts of the list"))
        driver.holdsAnswers = true
        driver.press(.enter)
        let filter = AccountFilter("cust")
        guard case .ask(let id, .exportAccounts(filter, AccountSort(.code), _))? = driver.open.last else {
            Issue.record("\(driver.open)")
            return
        }
        driver.act(.exported(id, accounts: 200))
        #expect(driver.shows("200 accounts so far; Esc stops it."))
        driver.press(.escape)
        #expect(driver.effects.last == .withdraw(id))
        #expect(driver.shows("The export was stopped"))
        driver.act(.exported(id, accounts: 400))
        #expect(!driver.shows("so far"))
    }

    @Test func changesOfSeveralLeaveThoseMarkedThatWereRefused() throws {
        var driver = try ConsoleDriver(100, 30)
        // An account with money on it cannot be closed; the suspense account cannot either.
        driver.press(.space, .end, .space, .character("s"), .right)
        driver.type("nothing")
        driver.press(.tab)
        driver.type("audit")
        driver.press(.enter)
        #expect(driver.shows("1 would be refused"))
        driver.press(.tab, .enter)
        #expect(driver.shows("1 posted, 1 refused."))
        driver.press(.enter)
        #expect(driver.state.accounts.marks.count == 1)
    }

    @Test func changesOfSeveralShowTheAttemptsOfEach() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.down, .down, .space, .space, .character("s"), .tab)
        driver.type("audit")
        driver.press(.enter)
        driver.fates = [.posted(conflicts: 1), .hanging]
        driver.press(.tab, .enter)
        #expect(driver.shows("posting 2 of 2"))
        #expect(driver.shows("Now account 576…"))
        #expect(driver.shows("try 2 ✗ 40001 another transaction changed account 704 first"))
        #expect(driver.shows("1 posted."))
    }

    @Test func aFilterThatMatchesNoOperationIsSaid() throws {
        var driver = try ConsoleDriver(100, 30)
        for _ in 0..<2 {
            driver.press(.character("d"))
            driver.type("5")
            driver.press(.enter, .tab, .enter, .enter)
        }
        driver.press(.character("3"), .down, .character("/"))
        driver.type("outcome:refused")
        #expect(driver.shows("No operation matches the filter."))
    }

    @Test func aSearchInAHistoryGoesOnToItsEndAndThenRests() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.bank.lookBound = 2
        driver.press(.down, .down, .down, .enter, .character("/"))
        driver.type("kind:opened")
        #expect(driver.shows("1 record"))
        let asked = driver.questions.count
        driver.wait(.seconds(20))
        // Ten refreshes of what is seen, each of a few questions; nothing is searched anew.
        #expect(driver.questions.count - asked < 60)
        #expect(driver.shows("1 record"))
    }

    @Test func onlyTheSeenScreenAsks() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character("2"))
        let asked = driver.questions.count
        driver.wait(.seconds(10))
        for case .accounts in driver.questions.dropFirst(asked) { Issue.record("the accounts are not seen") }
    }
}

@Suite("Unknown outcomes that stay so")
struct LastingUnknownTests {
    @Test func aSecondTryThatComesToNothingIsNoWordOnTheFirst() throws {
        var driver = try ConsoleDriver(depositLost: .afterWriting)
        driver.fates = [.gaveUp, .failed("the disk is full")]
        for _ in 0..<2 {
            driver.press(.tab, .enter)
            #expect(driver.state.place == .unknown)
            #expect(driver.state.unresolved.count == 1)
        }
        driver.press(.enter)
        #expect(driver.shows("it is on the books"))
        #expect(Set(driver.posted.map(\.operation.reference)).count == 1)
    }

    @Test func isLookedUpByItselfAndSaidUntilSomebodyTakesNote() throws {
        var driver = try ConsoleDriver(depositLost: .afterWriting)
        driver.press(.escape)
        driver.wait(.seconds(7))
        #expect(driver.shows("on the books: ref-1"))
        driver.press(.down, .up)
        #expect(driver.shows("on the books: ref-1"))
        driver.press(.escape)
        #expect(!driver.shows("on the books: ref-1"))
    }

    @Test func whatIsGoneForGoodCanBeForgotten() throws {
        var driver = try ConsoleDriver(depositLost: .beforeWriting)
        driver.wait(.seconds(60))
        #expect(!driver.shows("Forget it"))
        driver.wait(.seconds(70))
        #expect(driver.shows("no write of it is under way any more"))
        #expect(driver.shows("▸[ Look it up ]"))
        let asked = driver.questions.count { if case .settled = $0 { true } else { false } }
        driver.wait(.seconds(20))
        #expect(driver.questions.count { if case .settled = $0 { true } else { false } } == asked)
        driver.press(.escape)
        #expect(driver.shows("Not posted after all (u shows it): deposit 10.00 CZK to account 576"))
        driver.press(.character("u"), .backTab, .enter)
        #expect(driver.state.unresolved.isEmpty)
        #expect(driver.effects.contains(.acknowledge([Reference(stored: "ref-1")])))
        #expect(driver.posted.count == 1)
    }

    @Test func sentAgainWhatWasGoneForGoodIsUnknownAsBefore() throws {
        var driver = try ConsoleDriver(depositLost: .beforeWriting)
        driver.wait(.seconds(130))
        driver.fates = [.unknown(written: true)]
        driver.press(.tab, .enter)
        #expect(!driver.shows("Forget it"))
        driver.press(.enter)
        #expect(driver.shows("it is on the books"))
    }

    @Test func quittingSaysThatSomethingIsOpen() throws {
        var driver = try ConsoleDriver(depositLost: .beforeWriting)
        driver.press(.escape, .character("q"))
        #expect(!driver.effects.contains(.quit))
        #expect(driver.shows("is not known yet"))
        driver.press(.character("q"))
        #expect(driver.effects.contains(.quit))
        #expect(driver.state.unknownReferences.map(\.text) == ["ref-1"])
    }
}
