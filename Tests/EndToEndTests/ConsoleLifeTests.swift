import Foundation
import TestSupport
import Testing

/// The console through suspensions, restarts and the loss of its server.
@Suite(.serialized) struct ConsoleLifeTests {
    @Test func isSuspendedAndComesBackWithWhatWasTyped() async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "576", "--name", "Anna Novotná", "--currency", "CZK")
        let terminal = try await Tmux(columns: 100, rows: 30)
        try await terminal.type("\(Program.executable) --connect '\(ledger.connectionString)'; echo ended $?")
        try await terminal.press("Enter")
        try await terminal.wait(for: "Anna Novotná")
        try await terminal.type("d")
        try await terminal.wait(for: "Deposit")
        try await terminal.type("12.34")
        try await terminal.wait(for: "12.34")
        for size in [(80, 24), (120, 40)] {
            try await terminal.press("C-z")
            try await terminal.wait("the shell") { $0.contains("Stopped") || $0.contains("Suspended") }
            #expect(try await terminal.format("alternate_on") == "0")
            try await terminal.resize(columns: size.0, rows: size.1)
            try await terminal.type("fg")
            try await terminal.press("Enter")
            try await terminal.wait(for: "Amount")
            try await terminal.wait(for: "12.34")
        }
        try await terminal.press("C-c")
        try await terminal.wait("the shell") { !$0.contains("Amount") }
        try await terminal.type("echo \"left $?\"")
        try await terminal.press("Enter")
        try await terminal.wait(for: "left 0")
        #expect(try await terminal.format("alternate_on") == "0")
    }

    @Test func remembersFilterOrderAndScreen() async throws {
        let ledger = try await CommandLedger.make()
        for (code, name) in [("1", "Zora"), ("2", "Adam")] {
            try await ledger.run("account", "open", code, "--name", name, "--currency", "CZK")
        }
        let state = try TemporaryDirectory()
        let terminal = try await Tmux(environment: ["XDG_STATE_HOME": state.path])
        let start = "\(Program.executable) --connect '\(ledger.connectionString)'; echo ended $?"
        try await terminal.type(start)
        try await terminal.press("Enter")
        try await terminal.wait(for: "Zora")
        try await terminal.type("o")
        try await terminal.wait(for: "Order of the accounts")
        try await terminal.press("Down")
        try await terminal.press("Enter")
        try await terminal.wait(for: "NAME ↑")
        try await terminal.type("/class:liability")
        try await terminal.press("Enter")
        try await terminal.type("4")
        try await terminal.wait(for: "Trial balance")
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
        let file = state.path + "/bursar/console.toml"
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)

        try await terminal.type("clear; " + start)
        try await terminal.press("Enter")
        try await terminal.wait(for: "Trial balance")
        try await terminal.type("1")
        // The filter stands there before the first rows come.
        try await terminal.wait("the same list") { $0.contains("/ class:liability") && $0.contains("NAME ↑") }
        // An account is begun with too, and its filter.
        try await terminal.wait(for: "Zora")
        try await terminal.press("Enter")
        try await terminal.wait(for: "2  Adam · liability")
        try await terminal.type("/kind:opened")
        try await terminal.press("Enter")
        try await terminal.press("q")
        try await terminal.wait("the shell") { $0.contains("ended 0") && !$0.contains("kind:opened") }
        try await terminal.type("clear; " + start)
        try await terminal.press("Enter")
        let account = try await terminal.wait(for: "/ kind:opened")
        #expect(account.contains("2  Adam · liability"))
        try await terminal.press("q")
        try await terminal.wait("the shell") { !$0.contains("kind:opened") }

        // Another ledger begins at its beginning, and the first one goes on where it was.
        let other = try await CommandLedger.make()
        try await other.run("account", "open", "9", "--name", "Vera", "--currency", "CZK")
        try await terminal.type(
            "clear; \(Program.executable) --connect '\(other.connectionString)'; echo ended $?")
        try await terminal.press("Enter")
        let accounts = try await terminal.wait(for: "Vera")
        #expect(accounts.contains("CODE ↑") && !accounts.contains("/ class:"))
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
        try await terminal.type("clear; " + start)
        try await terminal.press("Enter")
        try await terminal.wait(for: "/ kind:opened")
        try await terminal.press("q")
        try await terminal.wait("the shell") { !$0.contains("kind:opened") }

        // A damaged file is no reason not to start.
        try "filter = [".write(toFile: file, atomically: true, encoding: .utf8)
        try await terminal.type("clear; " + start)
        try await terminal.press("Enter")
        try await terminal.wait(for: "CODE ↑")
    }

    /// The kernel and the shell both tell the console of it, one soon after the other.
    @Test func aWindowThatIsClosedStopsThePrivateServer() async throws {
        let directory = try TemporaryDirectory()
        let ledger = directory.path + "/ledger"
        let terminal = try await Tmux(columns: 100, rows: 30)
        try await terminal.type("exec bash")
        try await terminal.press("Enter")
        try await terminal.type("\(Program.executable) --embedded '\(ledger)'")
        try await terminal.press("Enter")
        try await terminal.wait(for: "There are no accounts yet")
        let file = ledger + "/data/postmaster.pid"
        let server = try String(contentsOfFile: file, encoding: .utf8)
        let pid = try #require(server.split(separator: "\n").first.flatMap { Int32($0) })
        try await terminal.close()
        let deadline = ContinuousClock.now + .seconds(60)
        while kill(pid, 0) == 0, ContinuousClock.now < deadline { await Task.yield() }
        #expect(kill(pid, 0) != 0)
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test func losesNothingTypedWhenItsServerIsKilledAndComesBack() async throws {
        let form = try await DepositForm()
        let server = try form.postmaster()
        #expect(kill(server, SIGKILL) == 0)
        // The console starts it again by itself; what was typed is still there, and is posted once.
        try await form.terminal.wait("another server") { screen in
            guard let now = try? form.serverFile() else { return false }
            let isNew = now.split(separator: "\n").first.flatMap { Int32($0) } != server
            return isNew && now.contains("ready") && !screen.contains("Not connected")
        }
        try await form.terminal.wait(for: "12.34")
        try await form.confirm()
        try await form.postAndLeave()
    }

    /// As a machine that hangs: nothing is refused, and nothing is answered.
    @Test func givesUpAtItsDeadlineOnAServerThatStandsStillAndSaysSo() async throws {
        let form = try await DepositForm(options: "--deadline 2")
        try await form.confirm()
        let server = try form.postmaster()
        kill(server, SIGSTOP)
        let stopped = ServerProcesses.family(of: server)
        for process in stopped { kill(process, SIGSTOP) }
        defer { for process in stopped { kill(process, SIGCONT) } }
        try await form.terminal.press("Enter")
        let screen = try await form.terminal.wait(for: "Gave up after 1 attempt")
        #expect(screen.contains("it is safe to run it again"))
        try await form.terminal.wait(for: "Not connected")
        for process in stopped { kill(process, SIGCONT) }
        try await form.terminal.wait("the server again") { !$0.contains("Not connected") }
        try await form.confirm()
        try await form.postAndLeave()
    }

    /// The console on a private server of its own, with a deposit typed in whose outcome is previewed.
    private struct DepositForm {
        let terminal: Tmux
        private let directory: TemporaryDirectory
        private var ledger: String { directory.path + "/ledger" }

        init(options: String = "") async throws {
            directory = try TemporaryDirectory()
            terminal = try await Tmux(columns: 100, rows: 30)
            try await run("account", "open", "576", "--name", "Anna Novotná", "--currency", "CZK")
            try await run("deposit", "576", "1000.00")
            try await terminal.type(
                "\(Program.executable) --embedded '\(ledger)' \(options); echo ended $?")
            try await terminal.press("Enter")
            try await terminal.wait(for: "1,000.00")
            try await terminal.type("d")
            try await terminal.wait(for: "Deposit")
            try await terminal.type("12.34")
            try await terminal.wait(for: "1,000.00 → 1,012.34")
        }

        private func run(_ arguments: String...) async throws {
            let result = try await Program.run(arguments + ["--embedded", ledger])
            try #require(result.status == 0, "\(result.errors)")
        }

        func serverFile() throws -> String {
            try String(contentsOfFile: ledger + "/data/postmaster.pid", encoding: .utf8)
        }

        func postmaster() throws -> pid_t {
            try #require(try serverFile().split(separator: "\n").first.flatMap { Int32($0) })
        }

        /// Goes on to the answer that posts.
        func confirm() async throws {
            try await terminal.press("Enter")
            try await terminal.wait(for: "is this what you want?")
            try await terminal.press("Tab")
        }

        func postAndLeave() async throws {
            try await terminal.press("Enter")
            try await terminal.wait(for: "ledger balance 1,012.34")
            try await terminal.press("Enter")
            try await terminal.press("q")
            try await terminal.wait(for: "ended 0")
            try await run("verify")
        }
    }

    @Test func keysThemesAndEnvironmentComeFromTheSettings() async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "576", "--name", "Anna Novotná", "--currency", "CZK")
        let directory = try TemporaryDirectory()
        let settings = directory.path + "/bursar.toml"
        try """
        environment = "production"
        environment_color = "red"
        [display]
        theme = "monochrome"
        [keys]
        deposit = ["p", "F2"]
        """.write(toFile: settings, atomically: true, encoding: .utf8)
        let terminal = try await Tmux(columns: 100, rows: 30)
        let start = "\(Program.executable) --connect '\(ledger.connectionString)' --config '\(settings)'"
        try await terminal.type(start + "; echo ended $?")
        try await terminal.press("Enter")
        try await terminal.wait(for: "Anna Novotná")
        let screen = try await terminal.wait(for: "!! PRODUCTION !!")
        #expect(screen.contains("p Deposit"))
        try await terminal.press("F2")
        try await terminal.wait(for: "Amount")
        try await terminal.press("C-c")
        try await terminal.wait(for: "ended 0")

        // A key that would mean two things is an error of the settings, said before anything is drawn.
        try "[keys]\ndeposit = \"w\"\n".write(toFile: settings, atomically: true, encoding: .utf8)
        let result = try await Program.run(["doctor", "--config", settings])
        #expect(result.status == 78)
        #expect(result.errors.contains("would give both deposit and withdraw"))
    }
}
