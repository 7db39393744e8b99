import Ledger
import LedgerService
import Testing

@testable import Console

/// What does not change does not move.
@Suite("Steady screens")
struct SteadyScreenTests {
    private func row(_ number: Int, _ driver: ConsoleDriver) -> String {
        let lines = driver.screen.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.contains(number) ? String(lines[number]) : ""
    }

    @Test(arguments: Array(stride(from: 44, through: 120, by: 4))) func theHeaderStandsStillWhileTheDataAges(
        width: Int
    ) throws {
        var driver = try ConsoleDriver(width, 24)
        driver.holdsAnswers = true
        let before = row(0, driver)
        let left = before.split(separator: "  ").first.map(String.init) ?? ""
        for _ in 0..<40 {
            driver.wait(.seconds(1))
            let after = row(0, driver)
            #expect(after.hasPrefix(left + "  "), "\(after)")
            for part in ["trial balance 0.00 ✓", "books ✓"] {
                #expect(before.contains(part) == after.contains(part), "\(after)")
            }
        }
    }

    @Test func theHeaderSaysThatACheckFoundProblems() throws {
        var driver = try ConsoleDriver(120, 24)
        driver.bank.report.problems = [
            LedgerProblem(account: try AccountCode("576"), seq: 4, message: "the hash is another")
        ]
        driver.press(.character("5"), .escape)
        #expect(row(0, driver).contains("verify found problems ✗"))
        #expect(!row(0, driver).contains("0.00 ✓"))
        driver.bank.report.problems = []
        driver.press(.character("5"), .escape)
        #expect(row(0, driver).contains("trial balance 0.00 ✓"))
    }

    @Test func columnsStandStillWhileTheListIsScrolled() throws {
        var bank = TestBank(now: ConsoleDriver.now)
        for number in 0..<60 { try bank.open("A\(1000 + number)", "Customer \(number)") }
        try bank.open("Z-with-a-long-code", "Somebody")
        var driver = try ConsoleDriver(100, 24, bank: bank)
        let titles = row(2, driver)
        driver.press(.end)
        #expect(row(2, driver) == titles)
    }

    @Test func amountsStayNearTheirNamesOnAWideScreen() throws {
        let driver = try ConsoleDriver(300, 24)
        let titles = row(2, driver)
        #expect(titles.contains("LAST UTC"))
        #expect(titles.count < 140)
    }

    @Test func theLastActivityIsATimeTodayAndAWholeDateBefore() throws {
        var bank = TestBank(now: ConsoleDriver.now.advanced(by: .seconds(-800 * 86_400)))
        try bank.open("old", "Another year", deposit: "1.00")
        bank.now = ConsoleDriver.now.advanced(by: .seconds(-86_400))
        try bank.open("yesterday", "This year")
        bank.now = ConsoleDriver.now
        try bank.open("now", "Today")
        let driver = try ConsoleDriver(100, 24, bank: bank)
        func ending(of code: String) -> Substring? {
            driver.screen.split(separator: "\n").first { $0.dropFirst(2).hasPrefix(code + " ") }?.suffix(11)
        }
        #expect(ending(of: "old") == " 2024-01-21")
        #expect(ending(of: "yesterday") == " 2026-03-30")
        #expect(ending(of: "now")?.hasSuffix(" 14:02:11") == true)
    }

    @Test func theCurveGoesOnWithTheBalance() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.down, .down, .down, .enter)
        func asked() -> Int { driver.questions { if case .balanceSamples = $0 { true } else { false } } }
        let before = asked()
        driver.wait(.seconds(20))
        // Without a new record it is as it was.
        #expect(asked() == before)
        try driver.bank.post(.deposit(account: AccountCode("576"), amount: DecimalAmount("90000.00")))
        driver.wait(.seconds(3))
        let highest = driver.screen.split(separator: "\n").dropFirst(3).first.map(String.init) ?? ""
        #expect(highest.contains("█"), "\(driver.screen)")
        #expect(asked() == before + 1)
    }

    /// The search for older rows begins anew from time to time, since others post.
    @Test func whatIsNowhereStaysNowhereWhileItIsLookedForAgain() throws {
        var list = NewestFirst<Int, Int> { $0 }
        var counter = RequestCounter()
        var now = ConsoleDriver.now
        func ask() -> RequestID? {
            list.next(now: now, visible: 20, joins: false, counter: &counter).map(\.0)
        }
        func answer(
            _ id: RequestID, _ rows: [Int] = [], continuesAt: Int?, after time: Duration = .zero
        ) -> Bool {
            now = now.advanced(by: time)
            return list.take(
                id, rows, continuesAt: continuesAt, isComplete: continuesAt == nil, now: now,
                interval: .seconds(1))
        }
        var wasWhole = false
        for round in 0..<6 {
            var asked = 0
            // Ten questions, each a second, until all rows were looked at.
            for stop in stride(from: 9, through: 0, by: -1) {
                guard let id = ask() else { break }
                asked += 1
                #expect(answer(id, continuesAt: stop > 0 ? stop * 100 : nil, after: .seconds(1)))
                #expect(list.isWhole == (wasWhole || stop == 0), "\(round), \(stop)")
                if stop == 0 { wasWhole = true }
            }
            #expect(asked == 10)
            // It takes no more than a twentieth of the time. Meanwhile only the newest are looked at.
            now = now.advanced(by: .seconds(20))
            for _ in 0..<170 {
                let id = try #require(ask())
                #expect(answer(id, continuesAt: 900))
                #expect(list.isWhole && ask() == nil)
                now = now.advanced(by: .seconds(1))
            }
            now = now.advanced(by: .seconds(30))
        }
        let id = try #require(ask())
        #expect(answer(id, [7], continuesAt: 900))
        #expect(list.rows == [7])
        #expect(!list.isWhole)
        list.restart()
        #expect(!list.isWhole)
    }

    @Test func theHistoryStaysWhereItIsWhenTheCurveComes() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.holdsAnswers = true
        driver.press(.character("A"))
        driver.type("576")
        driver.answer()
        driver.press(.enter)
        // It is not waited for the account to be read once more.
        driver.answer { if case .history = $0 { true } else { false } }
        let before = driver.screen.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(before.contains { $0.contains("deposit") })
        #expect(!driver.shows("booked "))
        driver.answer()
        #expect(driver.shows("booked "))
        let after = driver.screen.split(separator: "\n", omittingEmptySubsequences: false)
        for (old, new) in zip(before, after) where old.contains("deposit") { #expect(old == new) }
    }

    @Test(arguments: Array(36...160)) func aHistoryShowsEachBalanceWhole(width: Int) throws {
        var bank = TestBank(now: ConsoleDriver.now)
        try bank.open("1", "One", deposit: "12345.60", minimum: "none")
        try bank.post(.withdrawal(account: AccountCode("1"), amount: DecimalAmount("24000.00")))
        var driver = try ConsoleDriver(width, 10, bank: bank)
        driver.press(.enter)
        #expect(driver.state.place == .account)
        let lines = driver.screen.split(separator: "\n").map(String.init)
        for (amount, balance) in [("24,000.00", "-11,654.40"), ("12,345.60", "12,345.60")] {
            #expect(
                lines.contains { line in
                    let words = line.split(separator: " ")
                    guard let index = words.lastIndex(of: Substring(balance)) else { return false }
                    return index > 0 && words[index - 1] == amount
                }, "\(driver.screen)")
        }
    }

    @Test func aColumnWithoutRoomIsNamedWhereItIsChosen() throws {
        var driver = try ConsoleDriver(80, 24)
        driver.press(.character("c"), .down, .enter)
        #expect(driver.shows("[x] CLASS"))
        let lines = driver.screen.split(separator: "\n")
        #expect(lines.contains { $0.contains("CLASS") && $0.contains("no room") })
        driver.press(.escape)
        driver.act(.resized(Size(width: 160, height: 24)))
        driver.press(.character("c"))
        #expect(driver.shows("[x] CLASS"))
        #expect(!driver.shows("no room"))
    }
}
