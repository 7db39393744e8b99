import Foundation
import Postgres
import TestSupport
import Testing

/// Programs that are killed at any moment, and what the next one says of their operations.
@Suite struct KilledProgramTests {
    /// What doctor says became of each operation that was left open.
    private func left(
        _ ledger: CommandLedger, _ environment: [String: String]
    ) async throws -> [String: String] {
        let result = try await Program.run(
            ["doctor", "--json", "--connect", ledger.connectionString], environment: environment)
        #expect(result.status == 0, "\(result.errors)")
        let operations = try #require(try result.object()["left"] as? [[String: Any]])
        var outcomes: [String: String] = [:]
        for operation in operations {
            let reference = try #require(operation["reference"] as? String)
            #expect(outcomes[reference] == nil)
            outcomes[reference] = try #require(operation["outcome"] as? String)
        }
        return outcomes
    }

    @Test func whateverTheMomentOfItsDeathTheNextOneKnowsWhatBecameOfTheOperation() async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "576", "--name", "Anna", "--currency", "CZK")
        let state = try TemporaryDirectory()
        let environment = ["XDG_STATE_HOME": state.path]
        var told: Set<String> = []
        var posted: Set<String> = []
        var found: [String: String] = [:]
        for round in 0..<40 {
            let reference = "kill-\(round)"
            let program = try Program.start(
                ["deposit", "576", "1.00", "--reference", reference, "--connect", ledger.connectionString],
                environment: environment)
            // From before it has read its settings to after its end.
            try await Task.sleep(for: .milliseconds(2 * round))
            kill(program.identifier, SIGKILL)
            let result = try await program.wait()
            if result.output.hasPrefix("posted") { told.insert(reference) }
            found.merge(try await left(ledger, environment)) { _, new in new }
            let shown = try await Program.run(["show", reference, "--connect", ledger.connectionString])
            if shown.status == 0 { posted.insert(reference) }
        }
        #expect(told.isSubset(of: posted))
        // Nobody was told of these while the program lived, so the next one says it.
        for reference in posted.subtracting(told) { #expect(found[reference] == "posted", "\(reference)") }
        for (reference, outcome) in found where outcome == "posted" { #expect(posted.contains(reference)) }
        for (reference, outcome) in found where outcome != "posted" {
            #expect(outcome == "undecided" && !posted.contains(reference), "\(reference): \(outcome)")
        }
        // What has been told is not told again.
        #expect(try await left(ledger, environment).values.allSatisfy { $0 == "undecided" })
        // Sent again under its reference, each is posted once.
        for round in 0..<40 {
            try await ledger.run("deposit", "576", "1.00", "--reference", "kill-\(round)")
        }
        #expect(try await ledger.account("576", "ledger") == "40.00")
    }

    /// The statement of a transfer is on its way before its commit is; that of a change of an account is a transaction by
    /// itself, and goes on at the server without the program.
    @Test func aCommandThatPostsSaysThatSomethingWasLeftOpen() async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "576", "--name", "Anna", "--currency", "CZK")
        let state = try TemporaryDirectory()
        let environment = ["XDG_STATE_HOME": state.path]
        let blocker = try await ledger.database.connect()
        try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let program = try Program.start(
            [
                "account", "freeze", "576", "--reason", "lost card", "--reference", "held-up", "--connect",
                ledger.connectionString,
            ],
            environment: environment)
        try await ledger.waitForABlockedSession()
        kill(program.identifier, SIGKILL)
        #expect(try await program.wait().status == 128 + SIGKILL)
        let second = try await Program.run(
            ["deposit", "576", "2.00", "--deadline", "0.2", "--connect", ledger.connectionString],
            environment: environment)
        #expect(second.status == 75)
        #expect(second.errors.contains("1 operation was sent by a program that was killed"))
        #expect(try await left(ledger, environment) == ["held-up": "undecided"])
        // The dead program's statement goes on as soon as it can, and then there is an answer.
        try await blocker.run(script: "COMMIT")
        await blocker.close()
        try await ledger.waitUntilChanged("held-up")
        #expect(try await left(ledger, environment) == ["held-up": "posted"])
        #expect(try await left(ledger, environment).isEmpty)
    }

    @Test func theConsoleTellsWhatWasLeftOpenAtItsStart() async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "576", "--name", "Anna", "--currency", "CZK")
        let state = try TemporaryDirectory()
        let blocker = try await ledger.database.connect()
        try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let program = try Program.start(
            [
                "account", "freeze", "576", "--reason", "lost card", "--reference", "card-9", "--connect",
                ledger.connectionString,
            ],
            environment: ["XDG_STATE_HOME": state.path])
        try await ledger.waitForABlockedSession()
        kill(program.identifier, SIGKILL)
        _ = try await program.wait()
        let terminal = try await Tmux(environment: ["XDG_STATE_HOME": state.path])
        let start = "\(Program.executable) --connect '\(ledger.connectionString)'; echo ended $?"
        try await terminal.type(start)
        try await terminal.press("Enter")
        try await terminal.wait(for: "(card-9)")
        try await blocker.run(script: "COMMIT")
        await blocker.close()
        try await terminal.wait(for: "on the books: card-9")
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
        // Nobody has taken note of it yet.
        try await terminal.type("clear; " + start)
        try await terminal.press("Enter")
        try await terminal.wait(for: "on the books: card-9")
        try await terminal.press("Escape")
        try await terminal.wait("the line gone") { $0.contains("Anna") && !$0.contains("card-9.") }
        try await terminal.press("q")
        try await terminal.wait(for: "ended 0")
        #expect(try await left(ledger, ["XDG_STATE_HOME": state.path]).isEmpty)
    }

    @Test func nothingIsSentWhenTheDiskOfTheOutboxIsFull() async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "576", "--name", "Anna", "--currency", "CZK")
        let directory = try TemporaryDirectory()
        let disk = try SmallDisk(at: directory.path + "/disk", kilobytes: 64)
        defer { disk.unmount() }
        try disk.fill()
        let settings = try directory.write(
            "[outbox]\ndirectory = \"\(disk.path)/outbox\"\n", to: "bursar.toml")
        let result = try await Program.run([
            "deposit", "576", "1.00", "--reference", "full", "--json", "--config", settings, "--connect",
            ledger.connectionString,
        ])
        #expect(result.status == 70)
        let object = try result.object()
        #expect(object["outcome"] as? String == "failed")
        #expect((object["message"] as? String)?.contains("nothing was posted") == true)
        try await ledger.run("show", "full", status: 65)
        try disk.free()
        let again = try await Program.run([
            "deposit", "576", "1.00", "--reference", "full", "--config", settings, "--connect",
            ledger.connectionString,
        ])
        #expect(again.status == 0, "\(again.errors)")
    }
}

extension CommandLedger {
    private static let patience = Duration.seconds(60)

    /// Waits until a session of this database waits for a lock.
    fileprivate func waitForABlockedSession() async throws {
        try await wait(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()"
                + " AND wait_event_type = 'Lock'")
    }

    fileprivate func waitUntilChanged(_ reference: String) async throws {
        try await wait("SELECT count(*) > 0 FROM bursar.account_records WHERE reference = '\(reference)'")
    }

    private func wait(_ condition: String) async throws {
        let connection = try await database.connect()
        let deadline = ContinuousClock.now + Self.patience
        while try await connection.query(.init(name: "condition", sql: condition)).first?.decode(
            0, as: Bool.self) != true
        {
            try #require(ContinuousClock.now < deadline, "never: \(condition)")
            try await Task.sleep(for: .milliseconds(5))
        }
        await connection.close()
    }
}

/// A disk of a few kilobytes, which only root can make.
private struct SmallDisk {
    let path: String

    init(at path: String, kilobytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Self.run("/bin/mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k,mode=700", "none", path)
    }

    func fill() throws {
        let file = open(path + "/filler", O_WRONLY | O_CREAT, 0o600)
        defer { close(file) }
        let bytes = [UInt8](repeating: 0, count: 4096)
        while write(file, bytes, bytes.count) > 0 {}
        try #require(errno == ENOSPC)
    }

    func free() throws { try FileManager.default.removeItem(atPath: path + "/filler") }

    func unmount() { try? Self.run("/bin/umount", path) }

    private static func run(_ words: String...) throws {
        let process = try Process.run(URL(fileURLWithPath: words[0]), arguments: Array(words.dropFirst()))
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(words)")
    }
}
