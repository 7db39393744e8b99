import Ledger
import LedgerService
import Testing

@testable import Console

@Suite("What killed programs left open")
struct LeftWorkTests {
    private static func left(_ amount: String, _ fate: LeftOperation.Fate) throws -> LeftOperation {
        LeftOperation(
            operation: try Operation(
                reference: Reference("left-\(amount)"),
                action: .transfer(
                    from: AccountCode("576"), to: AccountCode("3001"), amount: DecimalAmount(amount)),
                actor: "alice", narrative: "rent"),
            begunAt: ConsoleDriver.now, fate: fate)
    }

    private static func driver(_ left: LeftOperation...) throws -> ConsoleDriver {
        var bank = try TestBank.sample(now: ConsoleDriver.now)
        bank.left = left
        return try ConsoleDriver(160, 30, bank: bank)
    }

    @Test func whatWasNotPostedIsSaidUntilSomebodyTakesNote() throws {
        var driver = try Self.driver(Self.left("12.50", .notPosted))
        #expect(driver.shows("and not posted: transfer 12.50 from 576 to 3001"))
        driver.press(.down)
        #expect(driver.shows("and not posted"))
        #expect(!driver.effects.contains { if case .acknowledge = $0 { true } else { false } })
        driver.press(.escape)
        #expect(!driver.shows("and not posted"))
        #expect(driver.effects.contains(.acknowledge([Reference(stored: "left-12.50")])))
    }

    @Test func whatWasNotPostedIsFilledInAgainUnderItsReference() throws {
        var driver = try Self.driver(Self.left("12.50", .notPosted))
        driver.press(.character("u"))
        #expect(driver.shows("37,773.84 → 37,761.34"))
        driver.press(.enter, .tab, .enter)
        #expect(driver.posted.map(\.operation.reference.text) == ["left-12.50"])
        #expect(driver.shows("✓ transfer posted"))
        #expect(driver.effects.contains(.acknowledge([Reference(stored: "left-12.50")])))
        driver.press(.enter)
        #expect(!driver.shows("and not posted"))
    }

    @Test func changedItIsAnotherOperation() throws {
        var driver = try Self.driver(Self.left("12.50", .notPosted))
        driver.press(.character("u"), .tab, .tab, .backspace)
        driver.type("5")
        driver.press(.enter, .tab, .enter)
        #expect(driver.posted.map(\.operation.reference.text) == ["ref-1"])
    }

    @Test func whatIsUndecidedIsAskedAboutUntilItIsKnown() throws {
        let until = ConsoleDriver.now.advanced(by: .seconds(20))
        var driver = try Self.driver(Self.left("12.50", .undecided(until: until)))
        #expect(driver.shows("Not on the books so far; at 14:02:31 UTC it is known for good."))
        let operation = try Self.left("12.50", .notPosted)
        guard case .posted(let receipt) = driver.bank.post(operation.operation) else {
            Issue.record("the bank did not post it")
            return
        }
        driver.bank.left = [
            LeftOperation(operation: operation.operation, begunAt: until, fate: .posted(receipt))
        ]
        driver.wait(.seconds(6))
        #expect(driver.shows("is on the books: left-12.50"))
        let asked = driver.questions.count { $0 == .leftOperations }
        driver.wait(.seconds(30))
        #expect(driver.questions.count { $0 == .leftOperations } == asked)
    }

    @Test func anOutcomeIsAcknowledgedWhenItIsShownAndNotWhileItIsUnknown() throws {
        var driver = try ConsoleDriver(depositLost: .beforeWriting)
        let reference = Reference(stored: "ref-1")
        #expect(!driver.effects.contains(.acknowledge([reference])))
        driver.press(.tab, .enter)
        #expect(driver.shows("✓ deposit posted"))
        #expect(driver.effects.contains(.acknowledge([reference])))
    }
}
