import Testing

@testable import Console

/// Keys from the settings, and the page of keys of the documentation.
@Suite struct KeyPageTests {
    @Test func thePageOfKeysIsThatOfTheTable() {
        expectFile(KeyPage.markdown, projectFolder + "/config/keys.md")
    }

    @Test func everyPlaceAndEveryCommandStandsOnThePage() {
        for command in Command.all { #expect(KeyPage.markdown.contains("| \(command.id.rawValue) |")) }
    }
}

@Suite struct KeymapTests {
    @Test func settingsTakeThePlaceOfTheBuiltInKeys() throws {
        let keymap = try Keymap(["deposit": ["p", "F2"], "filter": ["Ctrl-S"]])
        var driver = try ConsoleDriver(100, 30, keymap: keymap)
        #expect(driver.shows("p Deposit"))
        driver.press(.character("d"))
        #expect(driver.state.dialog == nil)
        driver.press(.function(2))
        #expect(driver.state.place == .form)
        driver.press(.escape, .control("s"))
        #expect(driver.state.place == .filter)
    }

    @Test func keysThatWouldMeanTwoThingsAreRefused() {
        #expect(throws: KeymapProblem.self) { try Keymap(["deposit": ["w"]]) }
        #expect(throws: KeymapProblem.self) { try Keymap(["no-such-command": ["w"]]) }
        #expect(throws: KeymapProblem.self) { try Keymap(["deposit": ["Hyper-Q"]]) }
        // What is typed stays text, and the way out stays.
        #expect(throws: KeymapProblem.self) { try Keymap(["keep-filter": ["x"]]) }
        #expect(throws: KeymapProblem.self) { try Keymap(["leave-form": ["x"]]) }
        #expect(throws: Never.self) { try Keymap(["next-choice": ["Right", "x"]]) }
        #expect(throws: KeymapProblem.self) { try Keymap(["quit-now": ["F10"]]) }
    }

    @Test func keysCanBeSwappedTogether() throws {
        let keymap = try Keymap(["deposit": ["w"], "withdraw": ["d"]])
        #expect(keymap.command(for: .character("w"), in: .accounts)?.id == .deposit)
        #expect(keymap.command(for: .character("d"), in: .journal)?.id == .withdraw)
    }

    @Test func everyBuiltInKeyCanBeWrittenInTheSettings() throws {
        for command in Command.all {
            let keymap = try Keymap([command.id.rawValue: command.keys.map(\.name)])
            #expect(keymap.keys(of: command.id) == command.keys)
        }
    }
}
