import Ledger
import Testing

@testable import Console

/// Lists by balance and activity, which are found part by part.
@Suite("Rankings")
struct RankingTests {
    /// A bank with so many accounts, named A1000, A1001, …, of which the last has the most.
    private func bank(accounts: Int, lookingAt bound: Int = 10_000) throws -> TestBank {
        var bank = TestBank(now: ConsoleDriver.now)
        for number in 0..<accounts {
            try bank.open("A\(1000 + number)", "Customer \(number)", deposit: "\(number + 1).00")
        }
        bank.rankingBound = bound
        return bank
    }

    private func rows(_ driver: ConsoleDriver) -> [String] {
        driver.state.accounts.rows.map(\.account.code.text)
    }

    private func selected(_ driver: ConsoleDriver) -> String? {
        driver.state.accounts.selected?.account.code.text
    }

    private func ranked(_ driver: ConsoleDriver) -> [String] {
        driver.bank.listings(AccountFilter(), AccountSort(.balance)).map(\.account.code.text)
    }

    private func byBalance(_ driver: inout ConsoleDriver) {
        driver.press(.character("o"), .home, .down, .down, .enter)
    }

    @Test func whatWasFoundIsShownWhileTheRestIsLookedFor() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 40, lookingAt: 15))
        driver.holdsAnswers = true
        byBalance(&driver)
        driver.answer()
        #expect(rows(driver) == (1000..<1015).reversed().map { "A\($0)" })
        #expect(driver.shows("ranking…"))
        #expect(selected(driver) == "A1014")
        driver.answer()
        // Who has not moved stays at the first, who has stays on the account.
        #expect(selected(driver) == "A1029" && rows(driver).first == "A1029")
        driver.press(.down)
        #expect(selected(driver) == "A1028")
        driver.holdsAnswers = false
        driver.answer()
        driver.wait(.milliseconds(100))
        #expect(rows(driver) == ranked(driver))
        #expect(selected(driver) == "A1028")
        #expect(!driver.shows("ranking…"))
    }

    @Test func anotherFilterBeginsAnew() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 40, lookingAt: 15))
        driver.holdsAnswers = true
        byBalance(&driver)
        driver.answer()
        driver.press(.character("/"))
        driver.type("A102")
        driver.holdsAnswers = false
        driver.answer()
        driver.press(.enter)
        #expect(rows(driver) == (1020..<1030).reversed().map { "A\($0)" })
    }

    @Test func theOneBeforeStaysUntilTheNextIsWhole() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 40, lookingAt: 15))
        byBalance(&driver)
        let before = rows(driver)
        try driver.bank.post(.deposit(account: AccountCode("A1000"), amount: DecimalAmount("900")))
        driver.holdsAnswers = true
        driver.press(.control("r"))
        var questions = 0
        while questions < 20, rows(driver) == before, !driver.open.isEmpty {
            driver.answer()
            questions += 1
            #expect(!driver.shows("ranking…"))
        }
        // What is in sight, then three parts.
        #expect(questions == 4)
        #expect(rows(driver) == ranked(driver))
    }

    @Test func aFirstRankingThatFailsBeginsAnewAfterTheFailure() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 40, lookingAt: 15))
        driver.holdsAnswers = true
        byBalance(&driver)
        driver.answer()
        let asked = driver.open.compactMap { effect in
            if case .ask(let id, .ranking(_, _, from: .code, limit: _)) = effect { id } else { nil }
        }
        let id = try #require(asked.last)
        driver.act(.queryFailed(id, message: "the server did not answer"))
        #expect(driver.shows("ranking…") && !driver.shows("ranked"))
        driver.holdsAnswers = false
        driver.answer()
        driver.wait(.seconds(4))
        #expect(rows(driver) == ranked(driver))
        #expect(!driver.shows("ranking…"))
    }

    @Test func isLongerForWhoGoesOn() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 1200, lookingAt: 500))
        byBalance(&driver)
        #expect(rows(driver) == Array(ranked(driver).prefix(200)))
        for _ in 0..<190 { driver.press(.down) }
        #expect(rows(driver) == Array(ranked(driver).prefix(1000)))
        #expect(selected(driver) == ranked(driver)[190])
        byName(&driver)
        byBalance(&driver)
        #expect(rows(driver).count == 200)
        driver.press(.end)
        #expect(rows(driver).count == 1000)
        #expect(selected(driver) == ranked(driver)[999])
        // It ends before the accounts do, and says so.
        #expect(driver.shows("the first 1,000"))
        driver.press(.up, .home)
        #expect(selected(driver) == ranked(driver)[0])
    }

    private func byName(_ driver: inout ConsoleDriver) {
        driver.press(.character("o"), .home, .down, .enter)
    }

    @Test func markingAllMarksTheWholeRanking() throws {
        var driver = try ConsoleDriver(80, 24, bank: bank(accounts: 320, lookingAt: 100))
        byBalance(&driver)
        #expect(rows(driver).count == 200)
        driver.press(.character("*"))
        #expect(driver.state.accounts.marks.count == ranked(driver).count)
    }
}
