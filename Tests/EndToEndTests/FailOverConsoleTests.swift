import Foundation
import TestSupport
import Testing

/// The console on a replicated pair.
@Suite(.serialized) struct FailOverConsoleTests {
    private func makeLedger(_ pair: ReplicatedPair) async throws {
        for command in [
            ["init"], ["account", "open", "576", "--name", "Anna Novotná", "--currency", "CZK"],
            ["deposit", "576", "1000.00", "--reference", "first"],
        ] {
            let result = try await Program.run(command + ["--connect", pair.primary.connectionString()])
            try #require(result.status == 0, "\(command): \(result.errors)")
        }
    }

    @Test func losesThePrimaryAndGoesOnAtTheStandbyThatTookItsPlace() async throws {
        let pair = try await ReplicatedPair.start()
        try await makeLedger(pair)
        let hosts = pair.connectionString("target_session_attrs=read-write")
        let terminal = try await Tmux(columns: 120, rows: 30)
        try await terminal.type("\(Program.executable) --connect '\(hosts)'; echo ended $?")
        try await terminal.press("Enter")
        try await terminal.wait(for: "1,000.00")
        try await terminal.type("d")
        try await terminal.wait(for: "Deposit")
        try await terminal.type("12.34")
        try await terminal.wait(for: "1,000.00 → 1,012.34")
        // Nobody takes over before the loss is on the screen.
        try await pair.primary.crashMachine()
        try await terminal.wait(for: "Not connected")
        try await pair.promoteStandby()
        try await terminal.wait("the new primary") { !$0.contains("Not connected") }
        // What was typed is still there, and is posted once.
        try await terminal.wait(for: "12.34")
        try await terminal.press("Enter")
        try await terminal.wait(for: "is this what you want?")
        try await terminal.press("Tab")
        try await terminal.press("Enter")
        try await terminal.wait(for: "ledger balance 1,012.34")
        try await terminal.press("Enter")
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
        let account = try await Program.run(
            ["account", "show", "576", "--json", "--connect", pair.standby.connectionString()])
        #expect(try account.object()["ledger"] as? String == "1012.34")
        #expect(try await Program.run(["verify", "--connect", hosts]).status == 0)
        await pair.destroy()
    }

    @Test func showsThatAStandbyIsOnlyReadAndPostsOnceItIsPromoted() async throws {
        let pair = try await ReplicatedPair.start()
        try await makeLedger(pair)
        let standby = pair.standby.connectionString()
        try await pair.wait(
            for: "SELECT count(*) = 1 FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()",
            on: pair.primary)
        let terminal = try await Tmux(columns: 120, rows: 30)
        try await terminal.type("\(Program.executable) --connect '\(standby)'; echo ended $?")
        try await terminal.press("Enter")
        try await terminal.wait(for: "1,000.00")
        try await terminal.wait(for: "standby, read-only")
        try await terminal.type("d")
        try await terminal.wait(for: "the server is a standby and takes no writes")

        for command in [
            ["deposit", "576", "1.00"], ["account", "freeze", "576", "--reason", "x"], ["init"],
            ["stress", "--duration", "1"],
        ] {
            let result = try await Program.run(command + ["--connect", standby])
            #expect(result.status == 69, "\(command): \(result.errors)")
            #expect(result.errors.contains("standby and takes no writes"), "\(command): \(result.errors)")
        }
        for command in [["account", "list"], ["verify"], ["journal"], ["export"], ["show", "first"]] {
            #expect(try await Program.run(command + ["--connect", standby]).status == 0, "\(command)")
        }
        let doctor = try await Program.run(["doctor", "--json", "--connect", standby])
        #expect(doctor.status == 0)
        #expect(doctor.output.contains("is a standby"))

        try await pair.failOver()
        try await terminal.wait("the end of the standby") { !$0.contains("standby, read-only") }
        try await terminal.type("d")
        try await terminal.wait(for: "Deposit")
        try await terminal.type("1.00")
        try await terminal.wait(for: "1,000.00 → 1,001.00")
        try await terminal.press("Enter")
        try await terminal.wait(for: "is this what you want?")
        try await terminal.press("Tab")
        try await terminal.press("Enter")
        try await terminal.wait(for: "ledger balance 1,001.00")
        try await terminal.press("C-c")
        try await terminal.wait(for: "ended 0")
        await pair.destroy()
    }

    @Test func theDoctorSaysWhatAFailOverWouldLose() async throws {
        let pair = try await ReplicatedPair.start()
        try await makeLedger(pair)
        func warnings(_ more: String = "") async throws -> String {
            let result = try await Program.run(
                ["doctor", "--connect", pair.connectionString(more)])
            return result.output
        }
        let sound = try await warnings("target_session_attrs=read-write")
        #expect(!sound.contains("fail-over") && !sound.contains("several hosts"), "\(sound)")
        #expect(try await warnings().contains("add target_session_attrs=read-write"))
        try await pair.primary.run("ALTER ROLE tester SET synchronous_commit = local")
        #expect(
            try await warnings("target_session_attrs=read-write").contains("synchronous_commit is local"))
        try await pair.primary.run("ALTER SYSTEM RESET synchronous_standby_names")
        try await pair.primary.run("SELECT pg_reload_conf()")
        let alone = try await warnings("target_session_attrs=read-write")
        #expect(alone.contains("waits for no standby"))
        await pair.destroy()
    }
}
