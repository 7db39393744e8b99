import Ledger
import Testing

@testable import Console

/// The selection stays on its record while others come in above it, from the first look at a list on.
@Suite("Selection")
struct SelectionTests {
    private enum List: CaseIterable {
        case journal, filteredJournal, history, filteredHistory, historyPane

        /// What is pressed to see it, with the selection in it.
        var keys: [Key] {
            switch self {
            case .journal: [.character("2")]
            case .filteredJournal:
                [.character("2"), .character("/")] + "kind:deposit".map(Key.character) + [.enter]
            case .history: [.enter]
            case .filteredHistory: [.enter, .character("/")] + "amount>0".map(Key.character) + [.enter]
            case .historyPane: [.tab]
            }
        }
    }

    /// One account with so many deposits, each told by its narrative.
    private func driver(_ list: List, deposits: Int = 3, height: Int = 24) throws -> ConsoleDriver {
        var bank = TestBank(now: ConsoleDriver.now)
        try bank.open("1", "Busy")
        for number in 1...deposits { try Self.deposit(number, &bank) }
        var driver = try ConsoleDriver(160, height, bank: bank)
        for key in list.keys { driver.press(key) }
        return driver
    }

    private static func deposit(_ number: Int, _ bank: inout TestBank) throws {
        try bank.post(
            .deposit(account: AccountCode("1"), amount: DecimalAmount("1.00")), narrative: "number-\(number)-"
        )
    }

    /// The line with the mark, and the number of the deposit in it.
    private func selected(_ driver: ConsoleDriver) -> Int? {
        let line = driver.screen.split(separator: "\n").last { $0.hasPrefix("▸") || $0.contains("▸") }
        let words = line?.split(separator: "-") ?? []
        return words.firstIndex { $0.hasSuffix("number") }.flatMap { Int(words[$0 + 1]) }
    }

    @Test(arguments: List.allCases) private func staysOnTheRecordItBeganOn(list: List) throws {
        var driver = try driver(list)
        #expect(selected(driver) == 3, "\(driver.screen)")
        for number in 4...6 {
            try Self.deposit(number, &driver.bank)
            driver.wait(.seconds(5))
            #expect(driver.shows("number-\(number)-"), "\(driver.screen)")
            #expect(selected(driver) == 3, "\(driver.screen)")
        }
        #expect(!driver.shows("newer)"))
        driver.press(.enter)
        #expect(driver.state.place == .transaction)
        #expect(driver.shows("number-3-"))
        // And when it is left again, whatever has come in since.
        try Self.deposit(7, &driver.bank)
        driver.wait(.seconds(5))
        driver.press(.escape)
        driver.wait(.seconds(5))
        #expect(selected(driver) == 3, "\(driver.screen)")
        #expect(driver.shows("number-7-"), "\(driver.screen)")
    }

    @Test(arguments: List.allCases) private func staysInSightAndTheTitleCountsWhatIsAbove(list: List) throws {
        var driver = try driver(list)
        for number in 4...64 { try Self.deposit(number, &driver.bank) }
        driver.wait(.seconds(5))
        #expect(selected(driver) == 3, "\(driver.screen)")
        #expect(!driver.shows("number-64-"))
        #expect(driver.shows("(Home: "), "\(driver.screen)")
        driver.press(.home)
        driver.wait(.seconds(5))
        #expect(selected(driver) == 64, "\(driver.screen)")
        #expect(!driver.shows("newer)"))
        // From then on it follows, until somebody moves.
        try Self.deposit(65, &driver.bank)
        driver.wait(.seconds(5))
        #expect(selected(driver) == 65, "\(driver.screen)")
        driver.press(.down, .up)
        try Self.deposit(66, &driver.bank)
        driver.wait(.seconds(5))
        #expect(selected(driver) == 65, "\(driver.screen)")
    }

    /// More than one question reads come in between two looks.
    @Test(arguments: List.allCases) private func staysWhereMoreCameInThanAreRead(list: List) throws {
        var driver = try driver(list)
        for number in 4...504 { try Self.deposit(number, &driver.bank) }
        driver.wait(.seconds(5))
        #expect(selected(driver) == 3, "\(driver.screen)")
        driver.press(.character("r"))
        #expect(selected(driver) == 3, "\(driver.screen)")
        driver.press(.home)
        driver.wait(.seconds(5))
        #expect(selected(driver) == 504, "\(driver.screen)")
    }

    @Test(arguments: [
        AccountSort(.activity, isDescending: true), .init(.balance, isDescending: true), .init(.code),
    ])
    func staysOnTheAccountItBeganOn(sort: AccountSort) throws {
        var bank = TestBank(now: ConsoleDriver.now)
        for code in ["C", "D", "E"] { try bank.open(code, "Customer \(code)", deposit: "10.00") }
        var preferences = Preferences()
        preferences.sort = sort
        preferences.filter = "customer"
        var driver = try ConsoleDriver(80, 30, bank: bank, preferences: preferences)
        let first = try #require(driver.state.accounts.selected).account.code
        driver.bank.now = driver.bank.now.advanced(by: .seconds(1))
        let last = try #require(driver.state.accounts.rows.last { $0.account.code.text.count == 1 }).account
            .code
        try driver.bank.post(.deposit(account: last, amount: DecimalAmount("1000.00")))
        try driver.bank.open("A", "Customer A", deposit: "5000.00")
        driver.wait(.seconds(10))
        #expect(driver.state.accounts.rows.first?.account.code != first)
        #expect(driver.state.accounts.selected?.account.code == first)
        #expect(driver.shows("▸ \(first)"))
    }

    /// Also where somebody has gone to a row: what is new is shown as long as there is room.
    @Test(arguments: List.allCases) private func staysWhereItWasMoved(list: List) throws {
        var driver = try driver(list)
        driver.press(.down)
        #expect(selected(driver) == 2)
        for number in 4...6 { try Self.deposit(number, &driver.bank) }
        driver.wait(.seconds(5))
        #expect(selected(driver) == 2, "\(driver.screen)")
        #expect(driver.shows("number-6-"), "\(driver.screen)")
    }

    @Test func anotherFilterIsNotFollowed() throws {
        var driver = try driver(.filteredJournal)
        driver.press(.home)
        driver.press(.character("/"), .control("u"))
        driver.type("amount>0")
        driver.press(.enter)
        #expect(selected(driver) == 3, "\(driver.screen)")
        try Self.deposit(4, &driver.bank)
        driver.wait(.seconds(5))
        #expect(driver.shows("number-4-"), "\(driver.screen)")
        #expect(selected(driver) == 3, "\(driver.screen)")
    }

    @Test func staysOnItsLineOfATransactionThatIsReversed() throws {
        var driver = try driver(.journal)
        driver.press(.enter)
        let before = driver.screen.split(separator: "\n").first { $0.hasPrefix("▸") }
        #expect(before?.contains("1.00") == true, "\(driver.screen)")
        let original = try #require(driver.state.selection.transaction).reference
        try driver.bank.post(.reversal(of: original, amount: nil, reason: "by mistake"))
        driver.wait(.seconds(30))
        #expect(driver.shows("eversed"), "\(driver.screen)")
        #expect(
            driver.screen.split(separator: "\n").first { $0.hasPrefix("▸") } == before, "\(driver.screen)")
    }

    /// What nothing matched for a while is found when it comes, whatever the search for it takes.
    @Test(arguments: [List.journal, .history]) private func whatComesLaterIsFoundByAFilterThatNothingMatched(
        list: List
    ) throws {
        var driver = try driver(list, deposits: 60)
        driver.bank.lookBound = 10
        driver.holdsAnswers = true
        driver.press(.character("/"))
        driver.type("number-61-")
        driver.press(.enter)
        // Each part of the search takes a second.
        for _ in 0..<12 {
            driver.wait(.seconds(1))
            driver.answer()
        }
        #expect(driver.shows("matches the filter"), "\(driver.screen)")
        driver.holdsAnswers = false
        driver.wait(.seconds(25))
        try Self.deposit(61, &driver.bank)
        driver.wait(.seconds(3))
        #expect(selected(driver) == 61, "\(driver.screen)")
    }

    @Test func aHistoryThatIsNotLookedThroughShowsTheNewest() throws {
        var driver = try driver(.historyPane, height: 30)
        driver.press(.backTab)
        #expect(driver.state.focus == .accounts)
        for number in 4...44 { try Self.deposit(number, &driver.bank) }
        driver.wait(.seconds(5))
        #expect(driver.shows("number-44-"), "\(driver.screen)")
        driver.press(.tab)
        #expect(selected(driver) == 44, "\(driver.screen)")
    }
}
