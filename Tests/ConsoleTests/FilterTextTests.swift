import Ledger
import Testing

@testable import Console

/// What is said of a filter while it is typed, and where it finds nothing.
@Suite struct FilterTextTests {
    @Test func aTermThatIsHalfTypedIsAHintAndTheOthersHold() throws {
        var driver = try ConsoleDriver(100, 30)
        let all = driver.state.accounts.rows.count
        driver.press(.character("/"))
        driver.type("bal")
        driver.press(.control("u"))
        driver.type("status:")
        #expect(driver.shows("status: open, debit-frozen, credit-frozen, frozen or closed"))
        #expect(driver.state.accounts.rows.count == all)
        driver.type("debit-f")
        #expect(driver.state.accounts.rows.map(\.account.code.text) == ["704"])
        #expect(!driver.shows("credit-frozen"))
        driver.type("x")
        #expect(driver.shows("no status “debit-fx”"))
        #expect(driver.state.accounts.rows.count == all)
        driver.type(" balance<")
        #expect(driver.shows("No status “debit-fx”: open, debit-frozen, credit-frozen, frozen or closed."))
        #expect(driver.state.accounts.rows.isEmpty)
    }

    @Test func aHintGivesWayToTheFilter() throws {
        var driver = try ConsoleDriver(40, 12)
        driver.press(.character("/"))
        driver.type("ccy:EUR status:c")
        #expect(driver.screen.split(separator: "\n")[1].hasPrefix("Accounts  / ccy:EUR status:c"))
    }

    @Test func aMistakeThatStaysIsSaidInThePlaceOfTheList() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character("/"))
        driver.type("balance<abc")
        #expect(!driver.state.accounts.rows.isEmpty)
        driver.press(.enter)
        #expect(driver.shows("“balance<abc”: “abc” is not an amount."))
        #expect(driver.shows("0 of 11"))
        #expect(driver.state.accounts.rows.isEmpty)
    }

    @Test func aWordThatLooksLikeAFieldIsSaidToBeAWord() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character("/"))
        driver.type("foo:bar")
        #expect(
            driver.shows("No account matches the filter. “foo:bar” was looked for as a word; the fields here")
        )
    }

    @Test func theHistoryIsFilteredByActorReferenceAndDay() throws {
        var driver = try ConsoleDriver(120, 30)
        driver.press(.down, .down, .down, .enter, .character("/"))
        for (text, records) in [
            ("by:nobody", 0), ("by:BERT", 8), ("date:2026-03-20", 1), ("date:1999-01", 0),
            ("to:2026-03-20", 5),
            ("from:2026-03-24 to:2026-03", 2), ("ref:bank-1", 7), ("ref:ank", 0),
        ] {
            driver.press(.control("u"))
            driver.type(text)
            driver.press(.enter)
            #expect(driver.shows(records == 1 ? "1 record" : "\(records) records"), "\(text)")
            #expect(driver.shows("No record matches the filter") == (records == 0), "\(text)")
            #expect(driver.shows("its days are those of booking") == (text == "date:1999-01"), "\(text)")
            driver.press(.character("/"))
        }
        driver.press(.control("u"))
        driver.type("kind:wish ")
        #expect(driver.shows("No kind “wish”: deposit, withdrawal"))
    }

    @Test func theJournalAndTheAttemptsSayWhatIsWrong() throws {
        var driver = try ConsoleDriver(120, 30)
        driver.press(.character("2"), .character("/"))
        driver.type("date:2026-13")
        driver.press(.enter)
        #expect(driver.shows("“date:2026-13”: write a day as YYYY-MM-DD or a month as YYYY-MM."))
        driver = try ConsoleDriver(120, 30)
        driver.press(.character("d"))
        driver.type("5")
        driver.press(.enter, .tab, .enter, .enter, .character("3"), .character("/"))
        driver.type("outcome:x ")
        #expect(driver.shows("No outcome “x”: running, unknown, posted"))
        driver.press(.control("u"))
        driver.type("conflicts>x ")
        #expect(driver.shows("“conflicts>x”: “x” is not a number."))
        driver.press(.control("u"))
        driver.type("conflicts<1")
        #expect(!driver.shows("No operation matches"))
    }

    @Test func jumpingToADayKeepsAnActorWithASpace() throws {
        var driver = try ConsoleDriver(120, 30)
        driver.press(.character("2"), .character("/"))
        driver.type("by:\"teller 1\" date:2026-11")
        driver.press(.enter, .character("J"))
        #expect(driver.shows("day of booking (UTC)"))
        driver.type("2026-10-15")
        driver.press(.enter)
        #expect(driver.shows("/ by:\"teller 1\" to:2026-10-15"))
    }

    @Test func aHistoryNamesItsDaysAsValueDates() throws {
        var driver = try ConsoleDriver(140, 30)
        driver.press(.enter)
        #expect(driver.shows("VALUE DATE"))
        driver.press(.character("J"))
        #expect(driver.shows("Jump to a value date"))
    }
}
