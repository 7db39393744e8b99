import Ledger
import Testing

@testable import Console

/// Screens as they were judged right once, at three sizes.
@Suite("Screens")
struct ScreenTests {
    static let sizes = [(80, 24), (160, 50), (40, 10)]

    @Test(arguments: sizes) func mainScreen(width: Int, height: Int) throws {
        let driver = try ConsoleDriver(width, height)
        expectSnapshot(driver.screen, "mainScreen-\(width)x\(height)")
    }

    @Test(arguments: sizes) func historyWithTheKeys(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.press(.down, .down, .tab, .down, .down)
        expectSnapshot(driver.screen, "historyWithTheKeys-\(width)x\(height)")
        driver.press(.enter)
        expectSnapshot(driver.screen, "record-\(width)x\(height)")
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
        driver.press(.character("3"))
        expectSnapshot(driver.screen, "allAttempts-\(width)x\(height)")
        driver.press(.enter)
        expectSnapshot(driver.screen, "operation-\(width)x\(height)")
    }

    @Test(arguments: sizes) func attemptsAtMoreThanCanBeShown(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.flood(operations: 24_000, over: .seconds(2))
        expectSnapshot(driver.screen, "sampledAttempts-\(width)x\(height)")
        driver.press(.character("3"))
        expectSnapshot(driver.screen, "sampledAllAttempts-\(width)x\(height)")
    }

    @Test(arguments: sizes) func accountOnItsOwnScreen(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.press(.down, .down, .down, .enter, .down)
        expectSnapshot(driver.screen, "account-\(width)x\(height)")
        driver.press(.character("/"))
        driver.type("side:debit amount>100")
        expectSnapshot(driver.screen, "accountFiltered-\(width)x\(height)")
    }

    @Test(arguments: sizes) func journalAndTransaction(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        try driver.bank.post(
            .reversal(of: Reference("bank-14"), amount: DecimalAmount("1.00"), reason: "posted too much"))
        driver.press(.character("2"))
        expectSnapshot(driver.screen, "journal-\(width)x\(height)")
        driver.press(.down, .enter)
        expectSnapshot(driver.screen, "transactionReversed-\(width)x\(height)")
    }

    @Test(arguments: sizes) func trialBalanceVerifyAndSettings(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.press(.character("4"))
        expectSnapshot(driver.screen, "trialBalance-\(width)x\(height)")
        driver.bank.report.accounts = 11
        driver.bank.report.records = 40
        driver.bank.report.problems = [
            LedgerProblem(
                account: try AccountCode("576"), seq: 4,
                message: "the hash is not that of what the record says")
        ]
        driver.press(.character("5"))
        expectSnapshot(driver.screen, "verify-\(width)x\(height)")
        driver.press(.character("6"))
        expectSnapshot(driver.screen, "settings-\(width)x\(height)")
    }

    @Test(arguments: sizes) func paletteMenuAndPrompt(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.press(.character(":"))
        driver.type("re")
        expectSnapshot(driver.screen, "palette-\(width)x\(height)")
        driver.press(.escape, .character("o"))
        expectSnapshot(driver.screen, "sortMenu-\(width)x\(height)")
        driver.press(.escape, .character("e"))
        expectSnapshot(driver.screen, "exportPrompt-\(width)x\(height)")
    }

    @Test(arguments: sizes) func changeOfMarkedAccounts(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.press(.down, .down, .space, .space, .space, .character("s"), .tab)
        driver.type("court order")
        expectSnapshot(driver.screen, "bulkForm-\(width)x\(height)")
        driver.press(.enter)
        expectSnapshot(driver.screen, "bulkConfirmation-\(width)x\(height)")
        driver.press(.tab, .enter)
        expectSnapshot(driver.screen, "bulkReceipt-\(width)x\(height)")
    }

    @Test(arguments: sizes) func transferFormWithSuggestions(width: Int, height: Int) throws {
        var driver = try ConsoleDriver(width, height)
        driver.press(.down, .down, .down, .character("t"))
        driver.type("nov")
        expectSnapshot(driver.screen, "suggestions-\(width)x\(height)")
        driver.press(.enter)
        driver.type("99999")
        expectSnapshot(driver.screen, "cannotBePosted-\(width)x\(height)")
    }

    @Test(arguments: sizes) func productionIsUnmistakable(width: Int, height: Int) throws {
        let driver = try ConsoleDriver(
            width, height, environment: LedgerEnvironment(name: "production", color: .red), isReadOnly: true)
        expectSnapshot(driver.screen, "production-\(width)x\(height)")
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

    @Test func everyScreenWithoutColours() throws {
        var driver = try ConsoleDriver(
            80, 24, environment: LedgerEnvironment(name: "production", color: .none))
        driver.press(.down, .space)
        expectSnapshot(driver.monochromeScreen, "monochrome-main")
        driver.press(.escape, .down, .enter)
        expectSnapshot(driver.monochromeScreen, "monochrome-account")
        driver.press(.character("w"))
        driver.type("9x")
        expectSnapshot(driver.monochromeScreen, "monochrome-form")
        driver.press(.control("u"))
        driver.type("9")
        driver.press(.enter)
        expectSnapshot(driver.monochromeScreen, "monochrome-confirmation")
        driver.fates = [.posted(conflicts: 2)]
        driver.press(.tab, .enter)
        expectSnapshot(driver.monochromeScreen, "monochrome-receipt")
        driver.press(.enter, .character("3"))
        expectSnapshot(driver.monochromeScreen, "monochrome-allAttempts")
        driver.press(.enter)
        expectSnapshot(driver.monochromeScreen, "monochrome-operation")
        for (key, name) in [("2", "journal"), ("4", "trialBalance"), ("5", "verify"), ("6", "settings")] {
            driver.press(.character(Character(key)))
            expectSnapshot(driver.monochromeScreen, "monochrome-\(name)")
        }
        driver.press(.character("?"))
        expectSnapshot(driver.monochromeScreen, "monochrome-help")
        driver.press(.escape, .character(":"))
        driver.type("re")
        expectSnapshot(driver.monochromeScreen, "monochrome-palette")
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
