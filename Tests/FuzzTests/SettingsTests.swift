import Console
import TOMLKit
import Testing

@testable import Postgres
@testable import bursar

/// Settings: the file, the command line, the connection string.
@Suite struct SettingsTests {
    /// A settings file is read, or refused with its line; nothing of it ends the program.
    @Test func settingsFiles() throws {
        let fuzzer = Fuzzer(
            "toml",
            samples: [
                "", "actor = \"Anna\"\n[retry]\ndeadline = 1.5 # s\nmax_attempts = 3\n",
                "[keys]\ndeposit = ['d', \"F5\"]\nquit-now = \"Ctrl-C\"\n[log]\nlevel = 'info'\n",
                "a.b.\"c.d\" = {x = [1, 2, [3]], y = 1979-05-27T07:32:00Z}\n[[t]]\n[[t]]\n",
                "x = \"\"\"\na \\\n b\"\"\"\ny = '''z'''\nn = 0xff_ff\nf = -inf\n", "[=]",
                "\u{feff}k = 1_000",
            ],
            pieces: [
                "[", "]", "[[", "]]", "{", "}", "a.", ".a", " . ", "\"\"\"", "'''", "\\u0000", "\\ud800",
                "\\U0010ffff",
                "#", " = ", "0x", "1979-05-27", "07:32:00", "true", "inf", "e", "_", "retry.", "keys.", "\\",
            ])
        var read = 0
        try fuzzer.run { input, _ in
            let text = String(decoding: input, as: UTF8.self)
            do throws(CommandError) {
                let file = try SettingsFile(text: text, path: "bursar.toml")
                read += 1
                _ = try file.text("actor")
                _ = try file.flag("display.mouse")
                _ = try file.number("retry.max_attempts", within: 1...100)
                _ = try file.seconds("retry.deadline", within: 0.001...86_400)
                let keys = try file.consoleKeys()
                _ = try? Keymap(keys)
                try file.refuseUnknownKeys()
            } catch {
                #expect(
                    error.status == .badSettings && error.message.hasPrefix("bursar.toml"),
                    Fuzzer.trace(input))
            }
        }
        #expect(read > 0)
    }

    /// What the console remembers is read as it was written, whatever was typed.
    @Test func rememberedTexts() throws {
        let fuzzer = Fuzzer(
            "remembered texts", samples: ["", "status:frozen", "\"'''\"\"\"\\", "日本 \u{1b}", "a\nb\tc"],
            pieces: ["\"\"\"", "'''", "\\u", "\\", "#", "[="])
        try fuzzer.run { input, _ in
            // No text that is typed has a control character: see ``LineField``.
            let all = String(decoding: input, as: UTF8.self).unicodeScalars
            let text = String(
                String.UnicodeScalarView(all.filter { $0.properties.generalCategory != .control }))
            let table = TOMLTable()
            let list = TOMLArray()
            list.append(text)
            table["filter"] = text
            table["columns"] = list
            let again = try TOMLText.table(table.convert(to: .toml))
            #expect(again["filter"]?.string.map { Array($0.utf8) } == Array(text.utf8), Fuzzer.trace(input))
            #expect(again["columns"]?.array?.first?.string == text, Fuzzer.trace(input))
        }
    }

    /// Words are moved and none is lost, whatever they are.
    @Test func commandLines() throws {
        let fuzzer = Fuzzer(
            "command lines",
            samples: [
                "--json deposit 576 -5", "--connect x account show 576", "--embedded demo", "deposit -- -5",
                "account set-minimum 576 -500.00 --reason x", "--actor", "reverse r --amount -1",
            ], pieces: ["--json ", "--connect ", "-5 ", "-- ", "account ", "--embedded ", "--", "-", " "])
        let commands: Set<String> = ["deposit", "account", "demo", "reverse", "role"]
        try fuzzer.run { input, _ in
            let words = String(decoding: input, as: UTF8.self).split(
                separator: " ", omittingEmptySubsequences: false
            )
            .map(String.init)
            let moved = normalized(words, commands: commands)
            let added = moved.count == words.count ? [] : ["--"]
            #expect((words + added).sorted() == moved.sorted(), Fuzzer.trace(input))
        }
    }

    /// A connection string is read, or refused without a word of it; what is said of it is clean and has no password.
    @Test func connectionStrings() throws {
        let secret = "hunter2-hunter2"
        let fuzzer = Fuzzer(
            "connection strings",
            samples: [
                "", "host=/tmp dbname=x user=y password=\(secret)",
                "postgresql://u:\(secret)@h1,h2:5433/db?sslmode=require",
                "host=a,b port=1,2 connect_timeout=3 password='\(secret)'",
                "postgres://[::1]:5432/%20?password=\(secret)",
                "service=x hostaddr=1.2.3.4", "host = 'a\\'b' options='-c a=b'",
            ],
            pieces: [
                "host=", "port=", "user=", "password=", "postgresql://", "@", ":", "/", "?", "&", "%", "%00",
                "%1b", "=",
                ",", "[::1]", "'", "\\'", "connect_timeout=", secret,
            ])
        var read = 0
        try fuzzer.run { input, _ in
            let text = String(decoding: input, as: UTF8.self)
            do throws(PostgresError) {
                let settings = try ConnectionSettings(text, overrides: ["application_name": "bursar"])
                read += 1
                #expect(isTame(settings.redacted), Fuzzer.trace(input))
                if let password = settings["password"], password == secret, text.components(of: secret) == 1 {
                    #expect(!settings.redacted.contains(secret), Fuzzer.trace(input))
                }
                var hosts = HostList(settings)
                let given = ["host": settings["host"] ?? "", "port": settings["port"] ?? ""]
                let applied = hosts.apply(to: given)
                #expect(isTame(settings.redactor.line(applied["host"] ?? "")), Fuzzer.trace(input))
                for _ in 0..<20 where hosts.remove(host: "a", port: "5432") {}
                _ = settings.hostWarning
            } catch {
                #expect(!error.message.contains(secret) && isTame(error.message), Fuzzer.trace(input))
            }
        }
        #expect(read > 0)
    }

    /// One line, of bounded length; other invisible characters are left to where it is printed.
    private func isTame(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            && text.utf8.count < 100_000
    }
}

extension String {
    /// How often the other text is in this one.
    fileprivate func components(of other: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: other) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
