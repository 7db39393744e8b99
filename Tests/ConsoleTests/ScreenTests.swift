import Ledger
import Testing

@testable import Console

/// Screens as they were judged right once, at three sizes.
@Suite("Screens")
struct ScreenTests {
    static let sizes = [(80, 24), (100, 30), (40, 10)]

    @Test(arguments: sizes) func mainScreen(width: Int, height: Int) throws {
        let driver = try ConsoleDriver(width, height)
        expectSnapshot(driver.screen, "mainScreen-\(width)x\(height)")
    }

    @Test(arguments: sizes) func historyWithTheKeys(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.press(.down, .down, .enter, .down, .down)
        expectSnapshot(driver.screen, "historyWithTheKeys-\(width)x\(height)")
        driver.press(.enter)
        expectSnapshot(driver.screen, "transaction-\(width)x\(height)")
    }

    @Test(arguments: sizes) func withdrawalFromFormToReceipt(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.fates = [.posted(conflicts: 2)]
        driver.press(.down, .down, .character("w"))
        driver.type("12.5")
        driver.press(.tab)
        driver.type("window 3")
        expectSnapshot(driver.screen, "withdrawalForm-\(width)x\(height)")
        driver.press(.enter)
        expectSnapshot(driver.screen, "withdrawalConfirmation-\(width)x\(height)")
        driver.press(.tab, .enter)
        expectSnapshot(driver.screen, "withdrawalReceipt-\(width)x\(height)")
        driver.press(.enter)
        driver.press(.tab, .tab)
        expectSnapshot(driver.screen, "attempts-\(width)x\(height)")
    }

    @Test(arguments: sizes) func transferWhoseOutcomeChanged(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.fates = [
            .overtaken(.withdrawal(account: try AccountCode("576"), amount: try DecimalAmount("100.00")))
        ]
        driver.press(.down, .down, .down, .character("t"))
        driver.type("704")
        driver.press(.tab)
        driver.type("900.00")
        driver.press(.enter, .tab, .enter)
        expectSnapshot(driver.screen, "outcomeChanged-\(width)x\(height)")
    }

    @Test(arguments: sizes) func unknownOutcome(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.fates = [.unknown(written: false)]
        driver.press(.down, .down, .character("d"))
        driver.type("5")
        driver.press(.enter, .tab, .enter, .enter)
        expectSnapshot(driver.screen, "unknownOutcome-\(width)x\(height)")
        driver.press(.escape)
        expectSnapshot(driver.screen, "unknownOutcomeLeft-\(width)x\(height)")
    }

    @Test(arguments: sizes) func help(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.press(.character("?"))
        expectSnapshot(driver.screen, "help-\(width)x\(height)")
    }

    @Test(arguments: sizes) func statusForm(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.press(.character("s"), .right, .right, .right, .right, .right, .right)
        driver.press(.tab)
        driver.type("1x")
        expectSnapshot(driver.screen, "statusForm-\(width)x\(height)")
    }

    @Test func asciiSymbolsAreAllThatTheScreenItselfDraws() throws {
        var driver = try ConsoleDriver(100, 30, bank: Self.plainBank(), symbols: .ascii)
        driver.fates = [.posted(conflicts: 1)]
        driver.press(.character("d"))
        driver.type("5")
        driver.press(.enter)
        let confirmation = driver.screen
        driver.press(.tab, .enter, .escape)
        for screen in [confirmation, driver.screen] {
            #expect(screen.utf8.allSatisfy { $0 < 0x80 }, "\(screen)")
        }
    }

    private static func plainBank() throws -> TestBank {
        var bank = TestBank(now: ConsoleDriver.now)
        try bank.open("1", "One", deposit: "10.00")
        return bank
    }
}
