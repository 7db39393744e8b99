import Foundation
import TestSupport
import Testing

/// Every operation of the console by its keys, in a terminal, on a real ledger.
@Suite(.serialized) struct ConsoleOperationTests {
    private static func ledger() async throws -> CommandLedger {
        let ledger = try await CommandLedger.make()
        for (code, name) in [("576", "Anna Novotná"), ("704", "Jan Dvořák"), ("2378", "Green Dairy")] {
            try await ledger.run("account", "open", code, "--name", name, "--currency", "CZK")
            try await ledger.run("deposit", code, "1000.00", "--reference", "first-\(code)")
        }
        return ledger
    }

    private static func open(_ ledger: CommandLedger, _ flags: String = "") async throws -> Tmux {
        let terminal = try await Tmux(columns: 110, rows: 36)
        try await terminal.type(
            "\(Program.executable) --connect '\(ledger.connectionString)' \(flags); echo ended $?")
        try await terminal.press("Enter")
        try await terminal.wait(for: "Green Dairy")
        // The first account is selected; those of the tests are found by filter.
        try await terminal.type("/576")
        try await terminal.wait("only account 576") {
            $0.contains("Anna Novotná") && !$0.contains("Green Dairy")
        }
        try await terminal.press("Enter")
        return terminal
    }

    /// Fills in a form field by field, and posts what it says.
    private static func post(
        _ terminal: Tmux, key: String, form: String, _ fields: [String], shows: String
    ) async throws {
        try await terminal.type(key)
        try await terminal.wait(for: form)
        for (index, text) in fields.enumerated() {
            if index > 0 { try await terminal.press("Tab") }
            try await terminal.type(text)
        }
        try await terminal.press("Enter")
        try await terminal.wait(for: "is this what you want?")
        try await terminal.wait(for: shows)
        try await terminal.press("Tab")
        try await terminal.press("Enter")
        try await terminal.wait(for: "receipt")
        try await terminal.press("Enter")
        try await terminal.wait("the receipt is closed") { !$0.contains("receipt") }
    }

    @Test func eachMoneyOperationIsPostedAsItWasConfirmed() async throws {
        let ledger = try await Self.ledger()
        let terminal = try await Self.open(ledger)
        try await Self.post(
            terminal, key: "w", form: "Withdrawal", ["100", "rent"], shows: "1,000.00 → 900.00")
        try await Self.post(
            terminal, key: "t", form: "Transfer", ["704", "50.50"], shows: "900.00 → 849.50")
        try await Self.post(
            terminal, key: "a", form: "Adjustment", ["9.50", "bank error"], shows: "849.50 → 859.00")
        try await Self.post(
            terminal, key: "E", form: "Journal entry", ["576 debit 59", "2378 credit 59"],
            shows: "859.00 → 800.00")
        #expect(try await ledger.account("576", "ledger") == "800.00")
        #expect(try await ledger.account("704", "ledger") == "1050.50")
        #expect(try await ledger.account("2378", "ledger") == "1059.00")
        // The newest transaction is taken back from the journal.
        try await terminal.type("2")
        try await terminal.wait("the journal") { $0.contains("BOOKED UTC") && $0.contains("journal-entry") }
        try await Self.post(
            terminal, key: "v", form: "Reversal", ["typed wrong"], shows: "800.00 → 859.00")
        #expect(try await ledger.account("576", "ledger") == "859.00")
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
        #expect(try await ledger.run("verify").output.hasPrefix("sound"))
    }

    @Test func accountsAreOpenedFrozenAndChangedTogether() async throws {
        let ledger = try await Self.ledger()
        let terminal = try await Self.open(ledger)
        try await Self.post(
            terminal, key: "n", form: "New account", ["9001", "Nina Nová"], shows: "status")
        #expect(try await ledger.account("9001", "status") == "open")
        try await Self.post(
            terminal, key: "s", form: "Status change", ["", "court order"], shows: "open → frozen")
        #expect(try await ledger.account("576", "status") == "frozen")
        // Two others are marked and frozen together; what was frozen before is not touched.
        try await terminal.type("/")
        try await terminal.press("C-u")
        try await terminal.type("status:open ccy:czk class:liability")
        try await terminal.wait("the open accounts") {
            $0.contains("Nina Nová") && $0.contains("Green Dairy") && !$0.contains("Anna Novotná")
        }
        try await terminal.press("Enter")
        try await terminal.press("Space")
        try await terminal.press("Space")
        try await terminal.wait(for: "2 marked")
        try await terminal.type("s")
        try await terminal.wait(for: "Status change of 2 marked accounts")
        try await terminal.press("Tab")
        try await terminal.type("audit")
        try await terminal.press("Enter")
        try await terminal.wait(for: "2 accounts would be changed")
        try await terminal.press("Tab")
        try await terminal.press("Enter")
        try await terminal.wait(for: "2 posted.")
        #expect(try await ledger.account("2378", "status") == "frozen")
        #expect(try await ledger.account("704", "status") == "frozen")
        #expect(try await ledger.account("9001", "status") == "open")
    }

    @Test func aRefusedOperationSaysWhyAndKeepsWhatWasTyped() async throws {
        let ledger = try await Self.ledger()
        let terminal = try await Self.open(ledger)
        try await terminal.type("w")
        try await terminal.wait(for: "Withdrawal")
        try await terminal.type("5000")
        try await terminal.wait(for: "Cannot be posted as it is: account 576 has 1,000.00 CZK available")
        try await terminal.press("Enter")
        let refused = try await terminal.wait(for: "Refused: account 576 has 1,000.00 CZK available")
        #expect(refused.contains("5000"))
        #expect(try await ledger.account("576", "ledger") == "1000.00")
        // Corrected, it is posted; repeated, the form is filled in as before.
        try await terminal.press("C-u")
        try await terminal.type("500")
        try await terminal.press("Enter")
        try await terminal.wait(for: "1,000.00 → 500.00")
        try await terminal.press("Tab")
        try await terminal.press("Enter")
        try await terminal.wait(for: "receipt")
        try await terminal.press("Enter")
        try await terminal.wait(for: "500.00")
        try await terminal.type(".")
        try await terminal.wait(for: "500.00 → 0.00")
    }

    @Test func twoConsolesSeeEachOthersWork() async throws {
        let ledger = try await Self.ledger()
        let first = try await Self.open(ledger)
        let second = try await Self.open(ledger)
        try await Self.post(first, key: "d", form: "Deposit", ["1.25"], shows: "1,000.00 → 1,001.25")
        try await second.wait(for: "1,001.25")
        // The second confirms what the first one then changes: it is asked again.
        try await second.type("w")
        try await second.wait(for: "Withdrawal")
        try await second.type("1")
        try await second.press("Enter")
        try await second.wait(for: "1,001.25 → 1,000.25")
        try await Self.post(first, key: "d", form: "Deposit", ["100"], shows: "1,001.25 → 1,101.25")
        try await second.press("Tab")
        try await second.press("Enter")
        try await second.wait(for: "the outcome changed")
        try await second.wait(for: "now 1,101.25 → 1,100.25")
        #expect(try await ledger.account("576", "ledger") == "1101.25")
        try await second.press("Tab")
        try await second.press("Enter")
        try await second.wait(for: "receipt")
        #expect(try await ledger.account("576", "ledger") == "1100.25")
    }

    @Test func readOnlyShowsTheCommandsAndSaysWhyTheyAreOff() async throws {
        let ledger = try await Self.ledger()
        let terminal = try await Self.open(ledger, "--read-only")
        try await terminal.type("d")
        try await terminal.wait(for: "Deposit: the console was opened with --read-only.")
        try await terminal.wait("the top line says so") { screen in
            screen.split(separator: "\n").first?.contains("read-only") == true
        }
        #expect(try await ledger.account("576", "ledger") == "1000.00")
    }

    @Test func exportsWhatIsShownAndWritesOverNothing() async throws {
        let ledger = try await Self.ledger()
        let directory = try TemporaryDirectory()
        let terminal = try await Self.open(ledger)
        for attempt in 1...2 {
            try await terminal.type("e")
            try await terminal.wait(for: "Export 1 row to the file")
            try await terminal.press("C-u")
            try await terminal.type("\(directory.path)/accounts.csv")
            try await terminal.press("Enter")
            try await terminal.wait(for: attempt == 1 ? "Written to" : "it exists already")
        }
        let text = try String(contentsOfFile: directory.path + "/accounts.csv", encoding: .utf8)
        #expect(text.split(separator: "\n").count == 2)
        #expect(text.contains("576,Anna Novotn"))
    }
}
