import Foundation
import TestSupport
import Testing

/// Each of these gets a sentence that says what is wrong, the right status, and nothing is written.
@Suite struct BadInputTests {
    @Test(arguments: [
        "0", "-5", "1.234", "1e3", "99999999999999999999", "", " 1", "1 ", "1,00", "+1", ".5", "5.", "١",
        "1\u{1b}[31m", "1\n2", "0x10", "NaN",
    ])
    func refusesAnAmountThatIsNone(amount: String) async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "a", "--name", "A", "--currency", "CZK")
        let result = try await ledger.run("deposit", "a", amount, "--json", status: 65)
        let object = try result.object()
        #expect(object["outcome"] as? String == "refused")
        #expect(["amount_invalid", "amount_overflow"].contains(object["refusal"] as? String))
        #expect((object["message"] as? String)?.unicodeScalars.allSatisfy { $0.value >= 32 } == true)
        #expect(try await ledger.account("a", "ledger") == "0.00")
    }

    @Test(arguments: ["Nov\\341k", "x\\377\\376y", "\\303"])
    func refusesBytesThatAreNoText(name: String) async throws {
        let ledger = try await CommandLedger.make()
        let script =
            "exec '\(Program.executable)' account open a --name \"$(printf '\(name)')\" --currency CZK "
            + "--connect '\(ledger.connectionString)'"
        let shell = try ChildProcess("/bin/sh", ["-c", script], environment: Program.environment())
        let result = try await shell.wait()
        #expect(result.status == 64, "\(result.output)")
        #expect(result.errors.contains("argument 5 is not in UTF-8"), "\(result.errors)")
        #expect(try await ledger.run("account", "list", "--json").output.contains("\"a\"") == false)
    }

    @Test(arguments: [
        ["deposit", "nobody", "1.00"], ["withdraw", "nobody", "1.00"], ["transfer", "a", "nobody", "1.00"],
        ["transfer", "a", "a", "1.00"], ["withdraw", "a", "1.00"], ["reverse", "nothing", "--reason", "x"],
        ["adjust", "a", "1.00", "--side", "credit"], ["account", "freeze", "a"],
        ["account", "open", "a", "--name", "A", "--currency", "CZK"],
        ["account", "open", "b\nc", "--name", "B", "--currency", "CZK"],
        ["account", "open", "b", "--name", "B\u{202e}", "--currency", "CZK"],
        ["account", "open", "b", "--name", "B", "--currency", "XXQ"],
        ["account", "open", "cash-CZK", "--name", "B", "--currency", "CZK"],
        ["account", "show", "nobody"], ["show", "nothing"],
        ["deposit", "a", "1.00", "--reference", ""],
    ])
    func refusesWhatTheRulesForbid(arguments: [String]) async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "a", "--name", "A", "--currency", "CZK")
        let result = try await Program.run(arguments + ["--connect", ledger.connectionString])
        #expect(result.status == 65, "\(result.output)\(result.errors)")
        #expect(result.errors.hasPrefix("bursar: "))
        #expect(result.errors.unicodeScalars.allSatisfy { $0.value >= 32 || $0 == "\n" })
        #expect(try await ledger.run("journal", "--json").output.isEmpty)
        #expect(try await ledger.run("account", "list", "--json").lines.count == 3)
    }

    @Test(arguments: [
        ["deposit"], ["deposit", "a"], ["nonsense"], ["deposit", "a", "1", "--deadline", "0"],
        ["deposit", "a", "1", "--max-attempts", "x"], ["deposit", "a", "1", "--value-date", "2026-02-30"],
        ["import", "f.csv", "--open-accounts"], ["stress", "--tellers", "0"], ["journal", "--limit", "0"],
        ["adjust", "a", "1", "--side", "left", "--reason-code", "x"],
        ["deposit", "a", "1", "--embedded", "/tmp/x", "--connect", "host=/tmp"],
    ])
    func saysHowACommandIsUsed(arguments: [String]) async throws {
        let result = try await Program.run(arguments)
        #expect(result.status == 64, "\(result.output)\(result.errors)")
        #expect(!result.errors.isEmpty)
    }

    @Test func tellsAServerThatIsNotThereFromOneThatDoesNotLetIn() async throws {
        let nowhere = try await Program.run([
            "account", "list", "--connect", "host=/nonexistent user=x dbname=x",
        ])
        #expect(nowhere.status == 69, "\(nowhere.errors)")
        let refused = try await Program.run([
            "account", "list", "--connect", "host=127.0.0.1 port=1 user=x dbname=x",
        ])
        #expect(refused.status == 69, "\(refused.errors)")
        let garbage = try await Program.run([
            "account", "list", "--connect", "no such thing password=hunter2",
        ])
        #expect(garbage.status == 78, "\(garbage.errors)")
        #expect(!garbage.errors.contains("hunter2"))
        let server = try await TestServer.shared
        let database = try await Program.run([
            "account", "list", "--connect", server.connectionString(database: "no_such_database"),
        ])
        #expect(database.status == 78, "\(database.errors)")
    }

    @Test func refusesAWrongPasswordWithoutRepeatingIt() async throws {
        let server = try await PrivateServer.shared
        let string = server.connectionString(user: "locked")
        let wrong = try await Program.run(["account", "list", "--connect", "\(string) password=hunter2"])
        #expect(wrong.status == 77, "\(wrong.errors)")
        #expect(!wrong.errors.contains("hunter2"))
        let right = try await Program.run([
            "account", "list", "--connect", "\(string) password=\(PrivateServer.lockedPassword)",
        ])
        #expect(right.status == 78, "\(right.errors)")
        #expect(right.errors.contains("bursar init"))
    }

    @Test func refusesAServerThatIsTooOld() async throws {
        let server = try OldServer()
        let result = try await Program.run(["account", "list", "--connect", server.connectionString])
        #expect(result.status == 78, "\(result.errors)")
        #expect(result.errors.contains("9.6"))
    }

    @Test func refusesSettingsThatCannotBeUsed() async throws {
        let directory = try TemporaryDirectory()
        for (text, said) in [
            ("deadline = ", "line 1"), ("[retry]\nmax_attempts = 0", "retry.max_attempts"),
            ("[retry]\nmax_atempts = 3", "max_atempts"), ("actor = 3", "actor"),
            ("[log]\nlevel = \"loud\"", "log.level"),
        ] {
            let file = try directory.write(text, to: "bursar.toml")
            let result = try await Program.run(["doctor", "--config", file])
            #expect(result.status == 78)
            #expect(result.errors.contains(said), "\(result.errors)")
        }
        #expect(try await Program.run(["doctor", "--config", directory.path + "/missing.toml"]).status == 78)
        #expect(try await Program.run(["doctor", "--config", directory.path]).status == 78)
    }

    /// The parser would go down with these; what is refused before it names the line.
    @Test(arguments: [
        ("\nkey" + String(repeating: ".a", count: 20_000) + " = 1", "line 2: a key has too many dots"),
        ("[a" + String(repeating: ".a", count: 20_000) + "]", "line 1: a key has too many dots"),
        ("a = " + String(repeating: "[", count: 20_000), "line 1: brackets are nested too deeply"),
        ("\n\n a = " + String(repeating: "{a=", count: 20_000), "line 3: brackets are nested too deeply"),
        ("[=]", "line 1: a table's name begins"), ("[[[a]]]", "line 1: a table's name begins"),
        ("[ #", "line 1: a table's name begins"), ("[\n", "line 1: a table's name begins"),
        ("\u{feff}[.", "line 1: a table's name begins"), ("[é]", "line 1: a table's name begins"),
        ("actor = \"x\"\n\0connect = 3", "line 2: a control character"),
        ("a = 1979-05-27T:", "line 1: no setting has such a value"),
        ("a = [1,\n0x_]", "line 2: no setting has such a value"), ("a = 1__0", "line 1: no setting has"),
        ("a = " + String(repeating: "1", count: 100_000), "line 1: no setting has such a value"),
        ("a = 1 b = 2", "line 1: something follows a value"),
        ("a = \"x\" \"y\"", "line 1: something follows"),
    ])
    func refusesSettingsThatTheParserCannotBear(text: String, said: String) async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(text, to: "bursar.toml")
        let result = try await Program.run(["doctor", "--config", file])
        #expect(result.status == 78, "\(result.errors)")
        #expect(result.errors.contains(said), "\(result.errors)")
    }

    @Test func readsSettingsWithDotsAndBracketsInTheirTexts() async throws {
        let directory = try TemporaryDirectory()
        let text = """
            \u{feff}# [= a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s
            environment = "[[[[[[[[[[[[[[[[[[[[[ .................... \\" #" # [=
            actor = \"""
            Anna ""\"""
            [ log ] # [=
            file = '\(directory.path)/log\\'
            [retry]
            deadline = 1.5
            """
        let file = try directory.write(text, to: "bursar.toml")
        let result = try await Program.run([
            "doctor", "--config", file, "--connect", "host=/nonexistent", "--json",
        ])
        #expect(result.status == 69, "\(result.output)")
    }

    @Test func namesAnUnknownSettingSafeToPrint() async throws {
        let directory = try TemporaryDirectory()
        let long = String(repeating: "k", count: 100_000)
        for (key, shown) in [
            ("a\\u001b[31m\u{202e}b", "“a␛[31m\u{fffd}b”"), (long, "“\(long.prefix(79))…”"),
        ] {
            let file = try directory.write("\"\(key)\" = 1", to: "bursar.toml")
            let result = try await Program.run(["doctor", "--config", file])
            #expect(result.status == 78)
            #expect(
                result.errors.contains("there is no setting \(shown); there are actor"), "\(result.errors)")
        }
    }

    /// What became of an operation is told by the status, whether or not its receipt could be written.
    @Test func saysThatItsOutputCannotBeWritten() async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "576", "--name", "Anna", "--currency", "CZK")
        for (command, status) in [
            ("account list", 70), ("verify", 70), ("deposit 576 5 --reference full", 0),
            ("show full", 70), ("withdraw 576 50", 65),
        ] as [(String, Int32)] {
            let result = try await ChildProcess(
                "/bin/sh",
                [
                    "-c",
                    "'\(Program.executable)' \(command) --connect '\(ledger.connectionString)' --json > /dev/full",
                ], environment: Program.environment()
            ).wait()
            #expect(result.status == status, "\(command): \(result.errors)")
            #expect(
                result.errors.contains("the output cannot be written: No space left on device"), "\(command)")
        }
        let list = try await ledger.run("account", "list")
        #expect(list.output.contains("5.00"))
    }

    @Test func refusesADataDirectoryThatCannotBeWritten() async throws {
        let result = try await Program.run(["account", "list", "--embedded", "/proc/bursar"])
        #expect(result.status == 78, "\(result.errors)")
        let directory = try TemporaryDirectory()
        _ = try directory.write("somebody else's", to: "file")
        let foreign = try await Program.run(["account", "list", "--embedded", directory.path])
        #expect(foreign.status == 78, "\(foreign.errors)")
        #expect(FileManager.default.contents(atPath: directory.path + "/file") != nil)
    }
}
