import Ledger
import LedgerService
import Testing

@testable import Console

/// What the screen says of the list of accounts is true of what it shows.
@Suite("How fresh the accounts are")
struct FreshnessTests {
    private func bank(accounts: Int) throws -> TestBank {
        var bank = TestBank(now: ConsoleDriver.now)
        for number in 0..<accounts { try bank.open("A\(1000 + number)", "Customer \(number)") }
        return bank
    }

    private func deposit(_ amount: String, into code: String, _ driver: inout ConsoleDriver) throws {
        try driver.bank.post(.deposit(account: AccountCode(code), amount: DecimalAmount(amount)))
    }

    private func header(_ driver: ConsoleDriver) -> String {
        driver.screen.split(separator: "\n").first.map(String.init) ?? ""
    }

    /// Whether the account with this text is written as one that is not sure to be in the list.
    private func isDimmed(_ text: String, _ driver: ConsoleDriver) -> Bool {
        let lines = driver.monochromeScreen.split(separator: "\n", omittingEmptySubsequences: false)
        guard let row = lines.firstIndex(where: { $0.contains(text) }) else { return false }
        return lines[row + 1].dropFirst(2).first == "d"
    }

    /// What failed during an outage waits longer each time, but not beyond its end.
    @Test(arguments: ["", "A1003", "2", "4"]) func allIsReadAgainWhenTheConnectionIsBack(screen: String)
        throws
    {
        var driver = try ConsoleDriver(100, 24, bank: bank(accounts: 10))
        driver.type(screen)
        if screen.count > 1 { driver.press(.enter) }
        driver.holdsAnswers = true
        driver.act(.connectionLost(message: "the server is not reachable"))
        for _ in 0..<90 {
            driver.wait(.seconds(1))
            driver.fail("the server is not reachable")
        }
        driver.act(.connectionRestored)
        #expect(!driver.shows("not reachable"), "\(driver.screen)")
        #expect(driver.open.contains { if case .ask = $0 { true } else { false } })
        driver.answer()
        #expect(header(driver).hasSuffix("read now"), "\(header(driver))")
    }

    @Test func rowsThatComeIntoSightAreAsOldAsTheHeaderSaysAndReadAtOnce() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 150))
        driver.wait(.seconds(20))
        #expect(header(driver).hasSuffix("read now") || header(driver).hasSuffix("✓ · 1 s ago"))
        try deposit("77.70", into: "A1149", &driver)
        driver.holdsAnswers = true
        driver.press(.end)
        #expect(driver.shows("A1149"))
        #expect(header(driver).hasSuffix("✓ · 20 s ago"), "\(header(driver))")
        driver.answer()
        #expect(driver.shows("77.70"))
        #expect(header(driver).contains("read now"))
    }

    @Test func aSearchThatEndsBeforeTheLastRowInSightIsFollowedByThoseRows() throws {
        var pane = AccountsPane()
        var counter = RequestCounter()
        let bank = try bank(accounts: 10)
        let rows = bank.listings
        var now = ConsoleDriver.now
        func ask() throws -> (RequestID, Question) {
            try #require(
                pane.nextQuestion(now: now, visible: 10, interval: .seconds(2), counter: &counter))
        }
        let first = try ask()
        let whole = AccountPage(listings: rows, continuesAt: nil, isComplete: true)
        _ = pane.take(first.0, .accounts(whole), now: now)
        now = now.advanced(by: .seconds(2))
        let refresh = try ask()
        let part = AccountPage(
            listings: Array(rows.prefix(4)), continuesAt: AccountKey(rows[5].account), isComplete: false)
        _ = pane.take(refresh.0, .accounts(part), now: now)
        #expect(pane.loadedAt == ConsoleDriver.now)
        let rest = try ask()
        #expect(rest.1 == .listings(rows.prefix(10).map(\.account.code)))
        _ = pane.take(rest.0, .listings(rows), now: now)
        #expect(pane.loadedAt == now)
        let further = pane.nextQuestion(now: now, visible: 10, interval: .seconds(2), counter: &counter)
        #expect(further == nil)
    }

    @Test func aCountIsNeverLessThanWhatIsListed() throws {
        var bank = try bank(accounts: 900)
        bank.countBound = 3
        var driver = try ConsoleDriver(80, 24, bank: bank)
        #expect(driver.shows("200+"))
        driver.press(.character("/"))
        driver.type("cust")
        #expect(driver.shows("200+ of 200+"))
        driver.press(.escape, .character("/"))
        driver.type("balance>5")
        // All of the list is known, however little was counted.
        #expect(driver.shows("0 of 3+"))
        driver.press(.escape, .character("/"))
        driver.holdsAnswers = true
        driver.type("balance>5")
        #expect(driver.shows("reading…"))
    }

    @Test func whatIsListedIsCountedAgainWhenItIsMoreThanTheCount() throws {
        var books = BooksCheck()
        var counter = RequestCounter()
        let now = ConsoleDriver.now
        func counts(listed: Int) -> [RequestID] {
            books.nextQuestions(
                filter: AccountFilter(), listed: listed, isPart: true, now: now, counter: &counter
            ).map(\.0)
        }
        let first = try #require(counts(listed: 4).first)
        _ = books.take(first, .accountCount(BoundedCount(count: 4, isBounded: false)), now: now)
        #expect(counts(listed: 4).isEmpty)
        let again = try #require(counts(listed: 19).first)
        _ = books.take(again, .accountCount(BoundedCount(count: 4, isBounded: false)), now: now)
        // Once for each length: a count that stays behind must not be made without end.
        #expect(counts(listed: 19).isEmpty)
    }

    @Test func aRankingIsMadeAgainByItself() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 40))
        driver.press(.character("o"), .down, .down, .enter, .home)
        #expect(driver.shows("LEDGER ↓"))
        try deposit("77.70", into: "A1039", &driver)
        driver.wait(.seconds(3))
        let first = driver.state.accounts.rows.prefix(2).map(\.account.code.text)
        #expect(first.sorted() == ["A1039", "cash-CZK"])
        #expect(driver.shows("77.70"))
    }

    @Test func aRankingThatTakesLongIsMadeRarelyAndSaysHowOldItIs() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 40))
        driver.holdsAnswers = true
        driver.press(.character("o"), .down, .down, .enter)
        driver.wait(.seconds(3))
        driver.answer()
        driver.holdsAnswers = false
        func rankings() -> Int {
            driver.questions.count { question in
                if case .ranking(_, AccountSort(.balance), _, _) = question { true } else { false }
            }
        }
        let before = rankings()
        driver.wait(.seconds(50))
        #expect(rankings() == before)
        #expect(driver.shows("ranked 50 s ago"))
        #expect(header(driver).hasSuffix("read now") || header(driver).hasSuffix("✓ · 1 s ago"))
        driver.wait(.seconds(12))
        #expect(rankings() == before + 1)
        #expect(!driver.shows("ranked"))
    }

    @Test(arguments: [80, 100, 160]) func theOrderShowsItsDirection(width: Int) throws {
        var driver = try ConsoleDriver(width, 24)
        driver.press(.character("o"), .end, .enter)
        #expect(driver.shows("LAST UTC ↓"))
        driver.press(.character("o"), .enter)
        #expect(driver.shows("LAST UTC ↑"))
        driver.state.preferences.hiddenColumns.insert("LAST UTC")
        #expect(driver.shows("by last activity ↑"))
    }

    @Test func aQuestionThatNobodyWaitsForFailsWithoutAWord() throws {
        var driver = try ConsoleDriver()
        driver.holdsAnswers = true
        driver.press(.character("o"), .end, .enter)
        guard case .ask(let id, .ranking)? = driver.open.last else {
            Issue.record("nothing was asked")
            return
        }
        driver.press(.character("o"), .enter)
        #expect(driver.effects.contains(.withdraw(id)))
        driver.act(.queryFailed(id, message: "the deadline passed"))
        #expect(!driver.shows("The deadline passed"))
        // The next one does not wait for a failure to be over.
        let wanted = AccountSort(.activity, isDescending: false)
        guard case .ask(_, .ranking(_, wanted, _, _))? = driver.open.last else {
            Issue.record("\(driver.open)")
            return
        }
    }

    @Test func rowsOfTheListBeforeAreDimmed() throws {
        var driver = try ConsoleDriver(100, 30)
        #expect(!isDimmed("Evil", driver))
        driver.holdsAnswers = true
        driver.press(.character("/"))
        driver.type("ccy:EUR")
        #expect(driver.shows("reading…"))
        #expect(isDimmed("Family", driver))
        driver.answer()
        driver.answer()
        driver.holdsAnswers = false
        driver.press(.enter, .escape)
        driver.holdsAnswers = true
        driver.press(.character("o"), .down, .down, .enter)
        #expect(isDimmed("Family", driver))
        #expect(driver.shows("reading…"))
    }
}
