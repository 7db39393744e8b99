import Foundation
import TestSupport
import Testing

/// The console in a terminal, as an operator uses it.
@Suite(.serialized) struct ConsoleTests {
    private static func ledger() async throws -> CommandLedger {
        let ledger = try await CommandLedger.make()
        for (code, name) in [("576", "Anna Novotná"), ("704", "山田 太郎"), ("2378", "Green Dairy")] {
            try await ledger.run("account", "open", code, "--name", name, "--currency", "CZK")
            try await ledger.run("deposit", code, "1000.00")
        }
        return ledger
    }

    private static func open(_ ledger: CommandLedger, columns: Int = 100, rows: Int = 30) async throws -> Tmux
    {
        let terminal = try await Tmux(columns: columns, rows: rows)
        try await terminal.type("\(Program.executable) --connect '\(ledger.connectionString)'; echo ended $?")
        try await terminal.press("Enter")
        try await terminal.wait(for: "Anna Novotná")
        return terminal
    }

    @Test func showsAccountsFiltersThemAndLeavesTheTerminalAsItWas() async throws {
        let ledger = try await Self.ledger()
        let terminal = try await Self.open(ledger)
        let screen = try await terminal.wait(for: "Green Dairy")
        #expect(screen.contains("山田 太郎") && screen.contains("1,000.00"))
        #expect(try await terminal.format("alternate_on") == "1")
        try await terminal.press("/")
        try await terminal.type("dairy")
        try await terminal.wait("only the dairy") {
            $0.contains("Green Dairy") && !$0.contains("Anna Novotná")
        }
        try await terminal.press("Escape")
        try await terminal.wait(for: "Anna Novotná")
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
        #expect(try await terminal.format("alternate_on") == "0")
    }

    @Test func postsADepositByKeysAfterShowingTheBalancesBeforeAndAfter() async throws {
        let ledger = try await Self.ledger()
        let terminal = try await Self.open(ledger)
        try await terminal.proposeForAccount576("d", amount: "12.50")
        let confirmation = try await terminal.wait(for: "1,000.00 → 1,012.50")
        #expect(confirmation.contains("[ Back ]"))
        #expect(try await ledger.account("576", "ledger") == "1000.00")
        // The harmless answer has the focus, so posting takes going to the other one.
        try await terminal.press("Tab")
        try await terminal.press("Enter")
        try await terminal.wait(for: "✓ deposit posted")
        #expect(try await ledger.account("576", "ledger") == "1012.50")
        try await terminal.press("Enter")
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
        #expect(try await ledger.run("verify").output.hasPrefix("sound"))
    }

    @Test func exportsTheWholeListHoweverMuchOfItWasRead() async throws {
        let ledger = try await Self.ledger()
        let directory = try TemporaryDirectory()
        var text = "date,reference,account,type,amount\n"
        for number in 1000..<2100 { text += "2026-01-01,r-\(number),x-\(number),deposit,1.00\n" }
        let rows = try directory.write(text, to: "rows.csv")
        try await ledger.run("import", rows, "--open-accounts", "--currency", "CZK")
        let terminal = try await Self.open(ledger)
        try await terminal.press("e")
        try await terminal.wait(for: "Export all accounts of the list")
        try await terminal.press("C-u")
        try await terminal.type(directory.path + "/list.csv")
        try await terminal.press("Enter")
        let screen = try await terminal.wait(for: "Written to")
        #expect(screen.contains("Written to \(directory.path)/list.csv."), "\(screen)")
        func written() throws -> [Substring] {
            try String(contentsOfFile: directory.path + "/list.csv", encoding: .utf8).split(separator: "\n")
        }
        let lines = try written()
        let listed = try await ledger.run("account", "list", "--json").output.split(separator: "\n").count
        #expect(lines.first?.hasPrefix("account,name,") == true)
        #expect(lines.count == listed + 1 && listed > 1100, "\(lines.count) \(listed)")
        #expect(Set(lines).count == lines.count)
        // A file that exists is not written over.
        try await terminal.press("e")
        try await terminal.press("C-u")
        try await terminal.type(directory.path + "/list.csv")
        try await terminal.press("Enter")
        try await terminal.wait(for: "exists already")
        #expect(try written() == lines)
        // The path stays, to be made another one.
        try await terminal.press("Escape")
        try await terminal.wait("the accounts again") { !$0.contains("Export all accounts of the list") }
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
    }

    @Test func asksAgainWhenSomebodyElsePostedMeanwhile() async throws {
        let ledger = try await Self.ledger()
        let terminal = try await Self.open(ledger)
        try await terminal.proposeForAccount576("w", amount: "100")
        try await terminal.wait(for: "1,000.00 → 900.00")
        try await ledger.run("deposit", "576", "50.00")
        try await terminal.press("Tab")
        try await terminal.press("Enter")
        let changed = try await terminal.wait(for: "950.00")
        #expect(changed.contains("900.00"))
        #expect(try await ledger.account("576", "ledger") == "1050.00")
        try await terminal.press("C-c")
        try await terminal.wait(for: "ended ")
    }

    @Test func theDemoShowsConflictsAndLeavesNothingBehind() async throws {
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o777)
        // What the settings say of a ledger is not said of this one.
        let settings = directory.path + "/bursar.toml"
        try "environment = \"production\"".write(toFile: settings, atomically: true, encoding: .utf8)
        let terminal = try await Tmux(environment: ["TMPDIR": directory.path])
        try await terminal.type("\(Program.executable) demo --config '\(settings)'; echo ended $?")
        try await terminal.press("Enter")
        let screen = try await terminal.wait(for: "40001")
        #expect(screen.contains("Harbour Bakery"))
        #expect(!screen.uppercased().contains("PRODUCTION"))
        try await terminal.type("6")
        try await terminal.wait(for: "a throw-away one")
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(left.filter { $0.hasPrefix("bursar-throwaway-") } == [])
    }

    @Test func isUsableFromFortyColumnsToThreeHundredAndFollowsResizing() async throws {
        let ledger = try await Self.ledger()
        let terminal = try await Self.open(ledger, columns: 80, rows: 24)
        for (columns, rows) in [(40, 10), (300, 100), (100, 30), (20, 5), (80, 24)] {
            try await terminal.resize(columns: columns, rows: rows)
            if columns >= 40 { try await terminal.wait(for: "576") }
        }
        try await terminal.press("?")
        try await terminal.wait(for: "Move to the line above")
        try await terminal.press("Escape")
        // A letter that follows at once would be taken for one with Alt.
        try await terminal.wait("the accounts again") { !$0.contains("Move to the line above") }
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
    }

    @Test(arguments: ["TERM", "HUP", "SEGV", "INT"])
    func givesTheTerminalBackWhenItIsKilled(signal: String) async throws {
        let ledger = try await Self.ledger()
        let terminal = try await Self.open(ledger)
        let shell = try await terminal.format("pane_pid")
        let children = try String(
            contentsOfFile: "/proc/\(shell)/task/\(shell)/children", encoding: .utf8)
        let process = try #require(Int32(children.split(separator: " ").first ?? ""))
        let numbers = ["TERM": SIGTERM, "HUP": SIGHUP, "SEGV": SIGSEGV, "INT": SIGINT]
        let number = try #require(numbers[signal])
        kill(process, number)
        try await terminal.wait(for: "ended \(128 + number)")
        #expect(try await terminal.format("alternate_on") == "0")
        try await terminal.type("stty -a | tr ' ;' '\\n\\n' | grep -cx -e icanon -e echo -e isig")
        try await terminal.press("Enter")
        try await terminal.wait("a terminal that echoes, by lines, with signals") {
            $0.split(separator: "\n").contains("3")
        }
    }

    @Test func aNameThatWouldSteerTheTerminalIsShownAndNotObeyed() async throws {
        let ledger = try await Self.ledger()
        try await ledger.database.run(
            "UPDATE bursar.accounts SET name = E'evil \\x1b[2J\\x1b]0;owned\\x07 name' WHERE code = '704'")
        let terminal = try await Self.open(ledger)
        let screen = try await terminal.wait(for: "evil")
        #expect(screen.contains("Anna Novotná"))
        #expect(try await terminal.format("pane_title") != "owned")
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
    }

    @Test func withoutATerminalItSaysASentence() async throws {
        let ledger = try await Self.ledger()
        let result = try await Program.run(["--connect", ledger.connectionString])
        #expect(result.status == 64, "\(result.output)\(result.errors)")
        #expect(result.errors.contains("terminal"))
        #expect(!result.output.contains("\u{1b}"))
    }

    @Test func aTerminalThatDrawsNothingGetsASentenceWithoutEscapeCodes() async throws {
        let ledger = try await Self.ledger()
        let command = "TERM=dumb '\(Program.executable)' --connect '\(ledger.connectionString)'"
        // It gives the program a terminal, and prints what comes from it.
        let result = try await ChildProcess("/usr/bin/script", ["-qec", command, "/dev/null"]).wait()
        #expect(result.status == 64, "\(result.output)\(result.errors)")
        #expect(result.output.contains("nothing can be drawn on a terminal of the kind “dumb”"))
        #expect(!result.output.contains("\u{1b}"))
    }
}

extension Tmux {
    /// Fills in a form for account 576, as far as its confirmation.
    fileprivate func proposeForAccount576(_ key: String, amount: String) async throws {
        try await press("/")
        try await type("576")
        try await press("Enter")
        try await wait("only account 576") { $0.contains("576") && !$0.contains("Green Dairy") }
        try await press(key)
        try await wait(for: "Narrative")
        try await type(amount)
        try await press("Enter")
    }
}
