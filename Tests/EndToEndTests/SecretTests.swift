import Foundation
import TestSupport
import Testing

/// A password works wherever it comes from, and is seen nowhere.
@Suite(.serialized) struct SecretTests {
    /// Where the password is written.
    enum Source: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case connectionString, uri, variable, passwordFile, passwordFileSetting, serviceFile, settingsFile

        var testDescription: String { rawValue }
    }

    /// A role with a password of its own, in a ledger of its own.
    struct Guarded {
        let secret = "Zq7-\(UInt64.random(in: .min ... .max))-kX"
        let directory: TemporaryDirectory
        let server: PrivateServer
        let role: String

        init() async throws {
            directory = try TemporaryDirectory()
            server = try await PrivateServer.shared
            role = "guarded_\(UInt32.random(in: .min ... .max))"
            try await server.run("CREATE ROLE \(role) LOGIN PASSWORD '\(secret)' IN ROLE locked")
            try await server.run("CREATE DATABASE \(role) OWNER \(role)")
        }

        var target: String { "host=\(server.directory) dbname=\(role) user=\(role)" }

        /// Flags and variables that make a program take the password from there.
        func access(
            _ source: Source, secret: String? = nil
        ) throws -> (arguments: [String], environment: [String: String]) {
            let secret = secret ?? self.secret
            let passwords = try directory.write("*:*:*:\(role):\(secret)\n", to: "pgpass")
            chmod(passwords, 0o600)
            switch source {
            case .connectionString: return ([], ["BURSAR_CONNECT": "\(target) password=\(secret)"])
            case .uri:
                let host = server.directory.replacingOccurrences(of: "/", with: "%2F")
                return ([], ["BURSAR_CONNECT": "postgresql://\(role):\(secret)@\(host)/\(role)"])
            case .variable: return (["--connect", target], ["PGPASSWORD": secret])
            case .passwordFile: return (["--connect", target], ["PGPASSFILE": passwords])
            case .passwordFileSetting: return (["--connect", "\(target) passfile=\(passwords)"], [:])
            case .serviceFile:
                let lines = target.replacingOccurrences(of: " ", with: "\n")
                let file = try directory.write("[ledger]\n\(lines)\npassword=\(secret)\n", to: "services")
                return ([], ["PGSERVICE": "ledger", "PGSERVICEFILE": file])
            case .settingsFile: return ([], [:])
            }
        }

        /// Settings that log everything, to a file of this test.
        func settings(_ source: Source, secret: String? = nil) throws -> (path: String, log: String) {
            let log = directory.path + "/log/bursar.log"
            let connect =
                source == .settingsFile ? "connect = \"\(target) password=\(secret ?? self.secret)\"\n" : ""
            let text = connect + "[log]\nlevel = \"trace\"\nfile = \"\(log)\"\n"
            return (try directory.write(text, to: "bursar.toml"), log)
        }
    }

    @Test(arguments: Source.allCases)
    func theRightPasswordWorksAndTheWrongOneIsRefusedAndNeitherIsRepeated(source: Source) async throws {
        let guarded = try await Guarded()
        let (settings, log) = try guarded.settings(source)
        let access = try guarded.access(source)
        for (command, status) in [
            (["init"], 0), (["account", "open", "a", "--name", "A", "--currency", "CZK"], 0),
            (["deposit", "a", "10.00", "--json"], 0), (["withdraw", "a", "20.00", "--json"], 65),
            (["doctor"], 0), (["doctor", "--json"], 0), (["verify"], 0), (["deposit", "nobody", "1"], 65),
        ] as [([String], Int32)] {
            let result = try await Program.run(
                command + ["--config", settings] + access.arguments, environment: access.environment)
            #expect(result.status == status, "\(command): \(result.errors)")
            #expect(!(result.output + result.errors).contains(guarded.secret), "\(command)")
        }
        let wrong = guarded.secret + "-wrong"
        let refused = try guarded.access(source, secret: wrong)
        let (otherSettings, _) = try guarded.settings(source, secret: wrong)
        for command in [["account", "list"], ["account", "list", "--json"], ["doctor"]] {
            let result = try await Program.run(
                command + ["--config", otherSettings] + refused.arguments, environment: refused.environment)
            #expect(result.status == 77, "\(command): \(result.errors)")
            #expect(!(result.output + result.errors).contains(guarded.secret), "\(command)")
        }
        let lines = try String(contentsOfFile: log, encoding: .utf8)
        #expect(!lines.isEmpty)
        #expect(!lines.contains(guarded.secret))
        let mode = try FileManager.default.attributesOfItem(atPath: log)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let folder = try FileManager.default.attributesOfItem(atPath: guarded.directory.path + "/log")
        #expect(folder[.posixPermissions] as? Int == 0o700)
    }

    @Test(arguments: [Source.connectionString, .settingsFile, .passwordFile])
    func theConsoleShowsItOnNoScreenAndToNoOtherProgramAndACrashDoesNotPrintIt(
        source: Source
    ) async throws {
        let guarded = try await Guarded()
        let (settings, log) = try guarded.settings(source)
        let access = try guarded.access(source)
        let made = try await Program.run(
            ["init", "--config", settings] + access.arguments, environment: access.environment)
        try #require(made.status == 0, "\(made.errors)")
        let terminal = try await Tmux(columns: 160, rows: 50, environment: access.environment)
        let flags = access.arguments.map { "'\($0)'" }.joined(separator: " ")
        try await terminal.type(
            "exec 2>&1; \(Program.executable) --config '\(settings)' \(flags); echo ended $?")
        try await terminal.press("Enter")
        var seen = try await terminal.wait(for: "trial balance")
        try await terminal.type(":")
        try await terminal.type("settings")
        try await terminal.press("Enter")
        seen += try await terminal.wait(for: "retry.deadline")
        #expect(try commandLines(containing: guarded.secret).isEmpty)
        // The program is the newest child of the terminal's shell.
        let shell = try await terminal.format("pane_pid")
        let program = try #require(try children(of: shell).first)
        #expect(kill(program, SIGSEGV) == 0)
        seen += try await terminal.wait(for: "ended 139")
        seen += try await terminal.history()
        #expect(!seen.contains(guarded.secret))
        #expect(!((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").contains(guarded.secret))
    }

    @Test func aPasswordFileThatOthersMayReadIsNotUsedAndTheReasonIsGiven() async throws {
        let guarded = try await Guarded()
        let (settings, _) = try guarded.settings(.passwordFile)
        let access = try guarded.access(.passwordFile)
        let file = try #require(access.environment["PGPASSFILE"])
        chmod(file, 0o644)
        let result = try await Program.run(
            ["account", "list", "--config", settings] + access.arguments, environment: access.environment)
        #expect(result.status == 69 || result.status == 77, "\(result.errors)")
        #expect(result.errors.contains("chmod 600"))
        #expect(!result.errors.contains("WARNING"))
        #expect(!result.errors.contains(guarded.secret))
        // Where no password is asked for, it is mentioned, and not by libpq on the screen.
        let open = try await Program.run(
            ["doctor", "--config", settings, "--connect", guarded.server.connectionString()],
            environment: access.environment)
        #expect(open.output.contains("can be read by others"))
        #expect(!open.errors.contains("WARNING"))
    }

    // MARK: Other processes

    private func commandLines(containing text: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
            guard Int(name) != nil,
                let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
            else { return nil }
            let line = String(decoding: data, as: UTF8.self)
            return line.contains(text) ? line : nil
        }
    }

    private func children(of process: String) throws -> [pid_t] {
        let path = "/proc/\(process)/task/\(process)/children"
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: " ").compactMap {
            pid_t($0)
        }
    }
}
