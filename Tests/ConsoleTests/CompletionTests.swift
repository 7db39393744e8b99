import Ledger
import Testing

@testable import Console

/// Accounts that are offered, and named, while codes are typed.
@Suite("Completion")
struct CompletionTests {
    /// A thousand accounts, and one that no list has read as far as.
    private func driver(before last: String, with ending: String = "") throws -> ConsoleDriver {
        var bank = TestBank(now: ConsoleDriver.now)
        for number in 0..<1000 { try bank.open("0\(1000 + number)\(ending)", "Somebody") }
        try bank.open(last, "Last of all", deposit: "7.00")
        return try ConsoleDriver(120, 30, bank: bank)
    }

    @Test func codesThatBeginWithWhatIsTypedAreOfferedFirst() throws {
        var driver = try driver(before: "zz-top", with: "-zz")
        driver.press(.character("A"))
        driver.type("zz")
        #expect(driver.shows("▸ zz-top"), "\(driver.screen)")
    }

    /// Typed at once, and left before anything is offered for it.
    @Test func anAccountThatWasTypedFastIsNamed() throws {
        var driver = try driver(before: "zz-top")
        driver.press(.character("t"), .control("u"))
        driver.holdsAnswers = true
        // What is open while the rest is typed is about something else.
        driver.type("0")
        driver.press(.control("u"))
        driver.type("zz-top")
        driver.press(.tab)
        driver.holdsAnswers = false
        driver.answer()
        #expect(driver.shows("Last of all"), "\(driver.screen)")
    }
}
