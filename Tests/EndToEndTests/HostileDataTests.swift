import Foundation
import Ledger
import LedgerService
import LedgerStore
import TestSupport
import Testing

/// A ledger whose tables were filled past the program, by the owner's plain SQL: every command shows it, and nothing
/// of it acts on the terminal.
@Suite(.serialized) struct HostileDataTests {
    /// As an SQL literal: colours, a title, a cleared screen, line ends, the second set of control characters, reversed
    /// writing, what is invisible, and a formula.
    private static let text =
        #"E'=1+1\x1b[31m\x1b]0;owned\x07\x1b[2J\r\n\t\b\x7f\u009b2J\u202eevil\u2066\u200b\u2028\ufeff end'"#

    private static let columns: [(table: String, columns: [String])] = [
        ("accounts", ["name"]),
        (
            "journal",
            ["narrative", "reason_code", "reason", "actor", "db_user", "address", "program"]
        ),
        ("account_records", ["name", "actor", "reason", "db_user", "address", "program"]),
    ]

    /// Two accounts and a bit of everything, then each text column filled with `value` where it holds something. The
    /// account `a`, the transfer `t-1` and the freezing `f-1` keep their names, to be asked for.
    private static func ledger(_ value: String) async throws -> CommandLedger {
        let ledger = try await CommandLedger.make()
        for code in ["a", "b"] {
            try await ledger.run("account", "open", code, "--name", code, "--currency", "CZK")
        }
        try await ledger.run("deposit", "a", "5.00", "--narrative", "x")
        try await ledger.run("transfer", "a", "b", "1.00", "--reference", "t-1", "--narrative", "x")
        try await ledger.run("adjust", "a", "1.00", "--side", "credit", "--reason-code", "x")
        try await ledger.run("reverse", "t-1", "--reason", "x", "--amount", "0.50")
        try await ledger.run("account", "freeze", "b", "--reason", "x", "--reference", "f-1")
        for (table, columns) in columns {
            let changes = columns.map { "\($0) = CASE WHEN \($0) <> '' THEN \(value) ELSE \($0) END" }
            try await ledger.database.run(
                "UPDATE bursar.\(table) SET \(changes.joined(separator: ", "))")
        }
        return ledger
    }

    private static let commands: [[String]] = [
        ["account", "list"], ["account", "list", "owned"], ["account", "show", "a"],
        ["account", "statement", "a"], ["account", "statement", "b"], ["journal"], ["show", "t-1"],
        ["show", "f-1"], ["export"], ["export", "--format", "json"], ["export", "--account", "a"], ["doctor"],
        ["verify"], ["verify", "--heads", "-"], ["role", "list"], ["deposit", "a", "1.00"],
        ["deposit", "b", "1.00"],
    ]

    @Test func noCommandPrintsAnythingThatActsOnATerminal() async throws {
        let ledger = try await Self.ledger(Self.text)
        // Codes and references are how the rest is asked for: these are of others.
        try await ledger.database.run(
            """
            UPDATE bursar.accounts SET code = substr(\(Self.text), 1, 64) WHERE code = 'cash-CZK';
            UPDATE bursar.journal SET reference = \(Self.text) WHERE kind = 'adjustment';
            UPDATE bursar.account_records SET reference = \(Self.text) WHERE kind = 'opened' AND account_id =
                (SELECT id FROM bursar.accounts WHERE code = 'a');
            """)
        var shown = ""
        for command in Self.commands {
            let result = try await ledger.run(command)
            expectClean(result, command)
            shown += result.output
            let json = try await ledger.run(command.filter { $0 != "-" && $0 != "--heads" } + ["--json"])
            expectClean(json, command + ["--json"])
            _ = try json.objects()
        }
        // It was shown all the same, and whole where a program reads it.
        #expect(shown.contains("␛[31m"))
        let show = try await ledger.run("show", "t-1", "--json").object()
        #expect((show["narrative"] as? String)?.contains("\u{1b}[31m") == true)
        #expect((show["actor"] as? String)?.hasSuffix("\u{feff} end") == true)
    }

    /// No line of an answer is another's, whatever stands in it.
    @Test func aTextWithALineEndIsOneLine() async throws {
        let ledger = try await Self.ledger(
            "E'x\\nposted: deposit forged by root\\r\\nsound: everything holds'")
        for command in Self.commands {
            for line in try await ledger.run(command).output.split(whereSeparator: \.isNewline) {
                #expect(!line.hasPrefix("posted: deposit forged"), "\(command)")
                #expect(!line.hasPrefix("sound:"), "\(command)")
            }
        }
    }

    /// What no number of an account, a record or a transaction can be, and the database takes all the same.
    @Test(arguments: [
        "journal SET booked_at = '-infinity', value_date = '-infinity'", "journal SET booked_at = 'infinity'",
        "journal SET booked_at = '294276-12-31', value_date = '5874897-12-31'",
        "account_records SET booked_at = '4713-01-01 BC'",
        "account_records SET amount = 9223372036854775807 WHERE kind = 'entry'",
        "account_records SET debits = -9223372036854775808, credits = 9223372036854775807, held = -1",
        "account_records SET seq = seq + 9223372036854775800",
        "accounts SET minimum = NULL, debits = 9223372036854775807, held = 9223372036854775807",
        "accounts SET minimum = NULL, version = 9223372036854775807, listed_seq = 9223372036854775807",
        "accounts SET magnitude = -32768", "accounts SET currency = E'\\x1b[m'",
    ])
    func anImpossibleNumberEndsNoCommand(change: String) async throws {
        let ledger = try await Self.ledger("'x'")
        try await ledger.database.run("UPDATE bursar.\(change)")
        for command in Self.commands + [["reverse", "t-1", "--reason", "x"]] {
            expectClean(try await ledger.run(command), command)
        }
    }

    @Test func aMegabyteInATextColumnDoesNotFloodTheTerminal() async throws {
        let ledger = try await Self.ledger("repeat('w', 1000)")
        // Names are in an index, which holds 2,700 bytes and packs what repeats.
        try await ledger.database.run(
            """
            UPDATE bursar.accounts SET name = repeat('w', 200000) WHERE code = 'a';
            UPDATE bursar.journal SET narrative = repeat('w ', 500000), actor = repeat(E'\\x1b', 1000000);
            UPDATE bursar.account_records SET actor = repeat('w', 1000000), reason = repeat('日', 300000)
                WHERE actor IS NOT NULL;
            """)
        for command in Self.commands where command[0] != "export" {
            let result = try await ledger.run(command)
            expectClean(result, command)
            #expect(result.output.utf8.count < 200_000, "\(command)")
            #expect(result.errors.utf8.count < 20_000, "\(command)")
        }
        // One long cell does not make the other lines long.
        let list = try await ledger.run(["account", "list"]).lines
        let other = try #require(list.first { $0.hasPrefix("b ") })
        #expect(other.utf8.count < 1200)
    }

    /// Written by the ledger's own statements, so that everything but the code is sound.
    @Test func headsOfAccountsWithHostileCodesAreKeptAndCompared() async throws {
        let database = try await TestDatabase.make(template: .ledger)
        let store = try await LedgerStore.open(database.settings(), writers: 1)
        let service = LedgerService(store: store, log: TestLedger.quietLog)
        for code in ["a\nb", " \u{1b}[31m\u{202e}", "plain"] {
            let outcome = await service.perform(
                try Ledger.Operation(
                    reference: Reference(code == "plain" ? "p" : "r-\(code.count)"),
                    action: .accountChange(
                        account: AccountCode(stored: code),
                        change: .open(
                            name: "x", currency: Currency("CZK"), accountClass: .liability, minimum: .zero),
                        reason: ""), actor: "t"))
            #expect(outcome.receipt != nil)
        }
        await store.close()
        let ledger = CommandLedger(database: database)
        let printed = try await ledger.run("verify", "--heads", "-")
        expectClean(printed, ["verify", "--heads", "-"])
        #expect(printed.lines.count == 9)
        let directory = try TemporaryDirectory()
        let file = "\(directory.path)/heads"
        try await ledger.run("verify", "--heads", file)
        let compared = try await ledger.run("verify", "--against", file)
        #expect(compared.output.contains("all 5 heads"))
    }

    @Test func whatIsTypedIsNotSentBackAsItIs() async throws {
        let hostile = "x\u{1b}[31m\u{202e}\u{9b}2J\u{7}"
        for arguments in [
            ["account", "list", "--\(hostile)"], [hostile], ["deposit", "a", "1", "--deadline", hostile],
            ["export", "--format", hostile], ["account", "show", hostile, "--connect", "host=/nonexistent"],
            ["doctor", "--config", "/nonexistent/\(hostile)"], ["doctor", "--connect", hostile],
            ["import", "/nonexistent/\(hostile)"], ["doctor", "--connect", "host=/tmp/\(hostile)"],
            ["account", "list", "--embedded", "/proc/\(hostile)"], ["doctor", "--actor", hostile],
        ] {
            let result = try await Program.run(arguments)
            #expect(result.status != 0, "\(arguments)")
            #expect(result.errors.count > 10, "\(arguments)")
            expectClean(result, arguments)
        }
    }

    @Test func aRoleWithAHostileNameIsListedAndWarnedOf() async throws {
        let ledger = try await AccessLedger.make()
        let role = "\(ledger.name)\u{1b}[31m\n\u{202e}x"
        try await ledger.run(
            "CREATE ROLE \"\(role)\" LOGIN; GRANT bursar_viewer TO \"\(role)\"", as: .owner)
        let connect = ["--connect", ledger.connectionString(role: ledger.role(.owner))]
        let confined = try await Program.run(["role", "confine", role, "--code", "5%"] + connect)
        expectClean(confined, ["role", "confine"])
        try await ledger.run("GRANT \"\(ledger.role(.supervisor))\" TO \"\(role)\"", as: .owner)
        let list = try await Program.run(["role", "list"] + connect)
        expectClean(list, ["role", "list"])
        #expect(list.output.contains("\(ledger.name)␛[31m␊\u{fffd}x"))
        #expect(list.errors.contains("\(ledger.name)␛[31m␊\u{fffd}x does not hold"))
        let freed = try await Program.run(["role", "free", role] + connect)
        #expect(freed.output == "\(ledger.name)␛[31m␊\u{fffd}x sees all accounts\n")
        try await ledger.run("DROP ROLE \"\(role)\"", as: .owner)
    }

    @Test func logLinesAreCleanToo() async throws {
        let directory = try TemporaryDirectory()
        let settings = try directory.write(
            "[log]\nfile = \"\(directory.path)/log\"", to: "bursar.toml")
        let result = try await Program.run([
            "account", "show", "x\u{202e}\u{9b}\u{1b}", "--config", settings, "--connect",
            "host=/nonexistent\u{202e}\u{9b}2J",
        ])
        #expect(result.status != 0)
        let log = try String(contentsOfFile: "\(directory.path)/log", encoding: .utf8)
        #expect(log.contains("error bursar"))
        expectClean(ChildProcess.Result(status: 0, output: log, errors: ""), ["log"])
    }

    private func expectClean(
        _ result: ChildProcess.Result, _ command: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for text in [result.output, result.errors] {
            let bad = text.unicodeScalars.first { scalar in
                switch scalar.properties.generalCategory {
                case .control: scalar != "\n"
                case .format, .lineSeparator, .paragraphSeparator: true
                default: false
                }
            }
            #expect(bad == nil, "\(command): \(String(reflecting: text))", sourceLocation: sourceLocation)
        }
    }
}

extension CommandLedger {
    /// Whatever it ends with, as long as it ends by itself.
    fileprivate func run(_ arguments: [String]) async throws -> ChildProcess.Result {
        let result = try await Program.run(arguments + ["--connect", connectionString])
        try #require(result.status < 128, "\(arguments): \(result.errors)")
        return result
    }
}
