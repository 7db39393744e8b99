import Ledger
import LedgerService
import Testing

@testable import Console

@Suite("Lists")
struct PagingTests {
    /// A bank with so many accounts, named A0000, A0001, …
    private func bank(accounts: Int) throws -> TestBank {
        var bank = TestBank(now: ConsoleDriver.now)
        for number in 0..<accounts { try bank.open(Self.code(number), "Customer \(number)") }
        return bank
    }

    private static func code(_ number: Int) -> String {
        "A" + String(repeating: "0", count: 4 - String(number).count) + String(number)
    }

    private func selected(_ driver: ConsoleDriver) -> String? {
        driver.state.accounts.selected?.account.code.text
    }

    @Test func scrollsThroughAllAccountsByKeyInBoundedMemory() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 2500))
        var seen = Set<String>()
        for _ in 0..<2600 {
            if let code = selected(driver) { seen.insert(code) }
            driver.press(.down)
            #expect(driver.state.accounts.rows.count <= AccountWindow.maximumRows)
        }
        #expect(seen.count == 2502)
        #expect(selected(driver) == "suspense-CZK")
        for _ in 0..<2600 { driver.press(.up) }
        #expect(selected(driver) == "A0000")
    }

    @Test func marksAsManyAsCanBeAndTakesThemAway() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: AccountsPane.maximumMarks + 100))
        driver.press(.character("*"))
        driver.wait(.seconds(5))
        #expect(driver.state.accounts.marks.count == AccountsPane.maximumMarks)
        driver.press(.character("*"))
        #expect(driver.state.accounts.marks.isEmpty)
    }

    @Test func jumpsToBothEnds() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 900))
        driver.press(.end)
        #expect(selected(driver) == "suspense-CZK")
        #expect(driver.shows("▸ suspense-CZK"))
        driver.press(.up, .up)
        #expect(selected(driver) == "A0899")
        driver.press(.home)
        #expect(selected(driver) == "A0000")
    }

    @Test func theSelectionStaysOnItsAccountWhileRowsComeAndGo() throws {
        var driver = try ConsoleDriver()
        driver.press(.down, .down, .down)
        #expect(selected(driver) == "576")
        try driver.bank.open("100", "Early bird", deposit: "1.00")
        driver.wait(.seconds(5))
        #expect(driver.shows("Early bird"))
        #expect(selected(driver) == "576")
        #expect(driver.shows("▸ 576"))
    }

    /// Others open accounts, fewer and more than one refresh reads: before the rows in sight, between them on both
    /// sides of the selection, and just behind them.
    @Test(arguments: [-1, 0, 2, 3, 5, 8], [1, 17, 18, 60])
    func noAccountIsMissingBetweenTwoWhereManyWereOpened(line: Int, count: Int) throws {
        var driver = try scrolledToTheMiddle()
        let before = selected(driver)
        try open(count, after: line, &driver)
        driver.wait(.seconds(6))
        expectNoGap(driver)
        #expect(selected(driver) == before)
        #expect(driver.shows("▸ \(before ?? "")"))
        for _ in 0..<40 { driver.press(.down) }
        expectNoGap(driver)
        for _ in 0..<80 { driver.press(.up) }
        expectNoGap(driver)
    }

    @Test(arguments: [AccountSort(.name), .init(.code, isDescending: true), .init(.name, isDescending: true)])
    func noAccountIsMissingInOtherOrders(sort: AccountSort) throws {
        var bank = TestBank(now: ConsoleDriver.now)
        for number in 0..<300 { try bank.open(Self.code(999 - number), "Customer \(1000 + number)") }
        var preferences = Preferences()
        preferences.sort = sort
        var driver = try ConsoleDriver(80, 24, bank: bank, preferences: preferences)
        for _ in 0..<150 { driver.press(.down) }
        let pane = driver.state.accounts
        // On both sides of the selection, whatever the direction.
        for row in pane.rows[(pane.selectedIndex - 1)...(pane.selectedIndex + 1)] {
            for number in 100..<160 {
                try driver.bank.open("\(row.account.code)-\(number)", "\(row.account.name)-\(number)")
            }
        }
        driver.wait(.seconds(6))
        #expect(selected(driver) == pane.selected?.account.code.text)
        expectNoGap(driver)
    }

    /// The selected account leaves the list at the very time when more come in behind it than are read at once.
    @Test func noAccountIsMissingWhereTheSelectedOneHasLeftTheList() throws {
        var preferences = Preferences()
        preferences.filter = "status:open"
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 300), preferences: preferences)
        for _ in 0..<150 { driver.press(.down) }
        let before = try #require(driver.state.accounts.selected).account.code
        try driver.bank.post(.accountChange(account: before, change: .freeze(nil), reason: "court order"))
        for number in 0..<60 { try driver.bank.open("\(before)-\(100 + number)", "Newcomer \(number)") }
        driver.wait(.seconds(6))
        expectNoGap(driver)
    }

    @Test func noAccountIsMissingWhereMoreWereOpenedThanAreKept() throws {
        var driver = try scrolledToTheMiddle()
        let before = selected(driver)
        try open(AccountWindow.maximumRows + 100, after: 2, &driver)
        driver.wait(.seconds(6))
        expectNoGap(driver)
        #expect(selected(driver) == before)
        #expect(driver.state.accounts.rows.count <= AccountWindow.maximumRows)
    }

    /// The selection is on the fourth of the seven lines in sight.
    private func scrolledToTheMiddle() throws -> ConsoleDriver {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 300))
        for _ in 0..<150 { driver.press(.down) }
        driver.press(.up, .up, .up)
        #expect(driver.state.accounts.selectedIndex == driver.state.accounts.top + 3)
        return driver
    }

    /// Opens accounts whose codes follow that of a line, counted from the first in sight.
    private func open(_ count: Int, after line: Int, _ driver: inout ConsoleDriver) throws {
        let pane = driver.state.accounts
        let code = pane.rows[pane.top + line].account.code
        for number in 0..<count { try driver.bank.open("\(code)-\(10_000 + number)", "Newcomer \(number)") }
    }

    /// Every account of the ledger that comes between two of the rows is one of them.
    private func expectNoGap(_ driver: ConsoleDriver, sourceLocation: SourceLocation = #_sourceLocation) {
        let rows = driver.state.accounts.rows.map(\.account.code.text)
        let all = driver.bank.listings(driver.state.accounts.accountFilter, driver.state.accounts.sort)
            .map(\.account.code.text)
        guard let first = rows.first, let start = all.firstIndex(of: first) else {
            Issue.record("there are no rows", sourceLocation: sourceLocation)
            return
        }
        #expect(rows == Array(all[start...].prefix(rows.count)), sourceLocation: sourceLocation)
    }

    @Test func freshBalancesAreShownWithoutAKey() throws {
        var driver = try ConsoleDriver()
        try driver.bank.post(
            .deposit(account: AccountCode("576"), amount: DecimalAmount("26.16")), narrative: "refund")
        driver.press(.down, .down, .down)
        driver.wait(.seconds(3))
        #expect(driver.shows("37,800.00"))
        #expect(driver.shows("refund"))
    }

    @Test func askedAgainOnlyOneQuestionOfAKindIsOpen() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 1000))
        driver.holdsAnswers = true
        for _ in 0..<5 {
            for _ in 0..<200 { driver.press(.down) }
            driver.press(.character("r"), .end, .home, .character("/"), .character("9"), .enter)
            driver.wait(.seconds(5))
            // `ask(RequestID(number: 12), accounts(…` names the kind of the question.
            let kinds = driver.open.compactMap { "\($0)".split(separator: "(").dropFirst(2).first }
                .compactMap { $0.split(separator: " ").last }
            #expect(Set(kinds).count == kinds.count, "\(kinds)")
            driver.answer()
        }
    }

    @Test func answersToOlderQuestionsAreIgnored() throws {
        var driver = try ConsoleDriver()
        driver.holdsAnswers = true
        driver.press(.character("/"))
        driver.type("704")
        let old = driver.questions.count
        driver.press(.escape)
        driver.type("/")
        driver.type("576")
        #expect(driver.questions.count == old)
        driver.answer()
        // What came was for the first key; it must not be taken for the answer to what is typed now.
        #expect(driver.state.accounts.rows.count == 11)
        driver.holdsAnswers = false
        driver.press(.enter)
        #expect(selected(driver) == "576")
        #expect(driver.state.accounts.rows.count == 1)
        #expect(driver.shows("/ 576"))
        #expect(driver.shows("1 of 11"))
    }

    @Test func filtersWithEachKeyAndEscShowsAllAgain() throws {
        var driver = try ConsoleDriver()
        driver.press(.character("/"))
        driver.type("status:debit-frozen")
        #expect(driver.state.accounts.rows.map(\.account.code.text) == ["704"])
        driver.press(.control("u"))
        driver.type("nobody")
        #expect(driver.shows("No account matches the filter."))
        driver.press(.escape)
        #expect(driver.state.accounts.rows.count == 11)
    }

    @Test func escNeverQuits() throws {
        var driver = try ConsoleDriver()
        for _ in 0..<10 { driver.press(.escape) }
        #expect(!driver.effects.contains(.quit))
    }

    @Test func scrollsThroughAWholeHistoryNewestFirst() throws {
        var bank = TestBank(now: ConsoleDriver.now)
        try bank.open("1", "Busy")
        for _ in 0..<5000 {
            try bank.post(.deposit(account: AccountCode("1"), amount: DecimalAmount("0.01")))
        }
        var driver = try ConsoleDriver(80, 24, bank: bank)
        driver.press(.tab)
        var seen = Set<Int64>()
        for _ in 0..<5100 {
            if let seq = driver.state.history.selected?.record.seq { seen.insert(seq) }
            driver.press(.down)
            #expect(driver.state.history.lines.count <= HistoryPane.maximumLines)
        }
        #expect(seen.count == 5001)
        for _ in 0..<5100 { driver.press(.up) }
        #expect(driver.state.history.selected?.record.seq == 5001)
        driver.press(.end)
        #expect(driver.state.history.selected?.record.seq == 1)
        #expect(driver.shows("opened"))
        driver.press(.home)
        #expect(driver.shows("▸ #5001"))
    }

    /// Sixty transactions of a machine whose clock is a year ahead stand at the top; what is made now comes in below.
    @Test func theJournalShowsWhatIsMadeNowBelowWhatAWrongClockPutAhead() throws {
        var bank = TestBank(now: ConsoleDriver.now)
        try bank.open("1", "Busy", deposit: "1.00")
        bank.idTime = UInt64(ConsoleDriver.now.microseconds / 1000) + 365 * 86_400_000
        for _ in 0..<60 { try bank.post(.deposit(account: AccountCode("1"), amount: DecimalAmount("0.01"))) }
        var driver = try ConsoleDriver(100, 30, bank: bank)
        driver.press(.character("2"))
        #expect(driver.shows("Journal"))
        driver.bank.idTime = UInt64(ConsoleDriver.now.microseconds / 1000)
        try driver.bank.post(
            .deposit(account: AccountCode("1"), amount: DecimalAmount("2.00")), narrative: "made now")
        driver.wait(.seconds(5))
        for _ in 0..<60 { driver.press(.down) }
        #expect(driver.shows("made now"))
    }

    @Test func aFailedQuestionIsSaidAndAskedAgainAfterAWhile() throws {
        var driver = try ConsoleDriver()
        driver.holdsAnswers = true
        driver.press(.character("r"))
        guard case .ask(let id, .accounts)? = driver.open.first else {
            Issue.record("nothing was asked")
            return
        }
        driver.act(.queryFailed(id, message: "the server is shutting down"))
        #expect(driver.shows("✗ The server is shutting down."))
        let asked = driver.open.count { if case .ask(_, .accounts) = $0 { true } else { false } }
        #expect(asked == 1)
        driver.holdsAnswers = false
        driver.wait(.seconds(3))
        #expect(!driver.shows("shutting down"))
    }
}
