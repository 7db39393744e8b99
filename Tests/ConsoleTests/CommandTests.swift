import Testing

@testable import Console

/// The table of commands is what keys, footer and help are made from; these hold them together.
@Suite("Commands")
struct CommandTests {
    @Test func theCommandWhoseNameHasAllWordsComesFirst() throws {
        var search = CommandSearch(place: .accounts)
        for (typed, found) in [("open acc", CommandID.openAccount), ("rev", .reverse), ("open", .open)] {
            search.field.set(typed)
            #expect(search.matches(everywhere: true).first?.command.id == found, "\(typed)")
        }
    }

    @Test func noKeyMeansTwoThingsInOnePlace() {
        for place in Place.allCases {
            var seen: [Key: CommandID] = [:]
            for command in Command.all where command.places.contains(place) {
                for key in command.keys {
                    #expect(Key(name: key.name) == key, "\(key)")
                    #expect(seen[key] == nil, "\(key) in \(place)")
                    seen[key] = command.id
                }
            }
        }
    }

    @Test func everyCommandStandsInTheTableOnceWithKeysTitleAndHelp() {
        for id in CommandID.allCases {
            #expect(Command.all.filter { $0.id == id }.count == 1, "\(id)")
        }
        for command in Command.all {
            #expect(!command.keys.isEmpty && !command.places.isEmpty)
            #expect(!command.title.isEmpty && !command.help.isEmpty && command.help.last != ".")
        }
    }

    @Test func everyPlaceHasAWayBackAndAWayOut() {
        for place in Place.allCases {
            #expect(Keymap.standard.command(for: .control("c"), in: place)?.id == .quitNow, "\(place)")
            #expect(Keymap.standard.command(for: .escape, in: place) != nil, "\(place)")
        }
    }

    @Test func quitsByLetterOnlyWhereNothingIsTypedOrAsked() {
        for place in Place.allCases {
            let command = Keymap.standard.command(for: .character("q"), in: place)
            #expect((command?.id == .quit) == Place.browsing.contains(place), "\(place)")
        }
    }

    @Test func helpNamesEveryCommandWithItsKeys() throws {
        var driver = try ConsoleDriver(200, 300)
        driver.press(.character("?"))
        for command in Command.all {
            let keys = command.keys.map { $0.label(.unicode) }.joined(separator: " ")
            let line = driver.screen.split(separator: "\n").first { line in
                line.dropFirst(2).hasPrefix(command.id.rawValue + " ")
            }
            let text = line.map(String.init) ?? ""
            #expect(text.contains(command.help), "\(command.id)")
            #expect(text.contains(keys), "\(command.id)")
        }
    }

    @Test(arguments: [24, 40, 60, 80, 100, 200]) func footerShowsOnlyWhatTheTableHasAndWhatFits(width: Int)
        throws
    {
        var driver = try ConsoleDriver(width, 24)
        for key in [nil, Key.tab, .tab, .character("/"), .escape, .character("d"), .escape, .character("?")] {
            if let key { driver.press(key) }
            let buttons = driver.state.footerButtons(columns: width)
            let text = buttons.map { "\($0.key) \($0.command.title)" }.joined(separator: "  ")
            let last = driver.screen.split(separator: "\n", omittingEmptySubsequences: false).last
            #expect(last.map(String.init) == text)
            #expect(SafeText.columns(text) <= width)
            #expect(buttons.allSatisfy { $0.command.places.contains(driver.state.place) })
        }
    }

    @Test func aCommandThatCannotBeGivenSaysWhy() throws {
        var driver = try ConsoleDriver(role: "viewer")
        driver.press(.character("d"))
        #expect(driver.shows("Deposit: the role viewer may not post."))
        driver.press(.character("s"))
        #expect(driver.shows("Status: the role viewer may not change accounts."))
        #expect(driver.state.dialog == nil)

        var poster = try ConsoleDriver(role: "operator")
        poster.press(.tab, .character("v"))
        #expect(poster.shows("Reverse: the role operator may not reverse; that takes a supervisor."))
        #expect(poster.state.dialog == nil)

        var other = try ConsoleDriver()
        other.press(.down, .down, .down, .down, .tab, .character("v"))
        #expect(other.shows("Reverse: record #3 is no entry, so there is nothing to reverse."))
    }

    @Test func whoSeesSomeAccountsOnlyIsToldNothingOfTheWholeLedger() throws {
        var driver = try ConsoleDriver(isConfined: true)
        #expect(driver.shows("some accounts only"))
        #expect(!driver.shows("trial balance"))
        driver.press(.character("5"))
        #expect(driver.shows("Verify: the role supervisor sees some of the accounts only"))
    }
}
