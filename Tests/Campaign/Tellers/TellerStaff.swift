import FaultProxy
import Foundation

/// The programs of tellers that work at a time, each a process of its own.
actor TellerStaff {
    private let executable: String
    private let connectionString: String
    private let directory: String
    private let accounts: [String]
    private let seed: UInt64
    private var members: [Process] = []
    private var hired = 0

    init(executable: String, connectionString: String, directory: String, accounts: [String], seed: UInt64) {
        self.executable = executable
        self.connectionString = connectionString
        self.directory = directory
        self.accounts = accounts
        self.seed = seed
    }

    func hire() throws {
        hired += 1
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = [
            "teller", "--connect", connectionString, "--directory", directory, "--name", "t\(hired)",
            "--accounts",
            accounts.joined(separator: ","), "--seed", "\(seed &+ UInt64(hired) &* 1000)",
        ]
        process.standardInput = FileHandle.nullDevice
        try process.run()
        members.append(process)
    }

    func killOne(_ random: inout SeededGenerator) throws {
        guard let member = members.randomElement(using: &random) else { return }
        kill(member.processIdentifier, SIGKILL)
        member.waitUntilExit()
        try replaceTheDead()
    }

    func replaceTheDead() throws {
        let dead = members.filter { !$0.isRunning }
        members.removeAll { !$0.isRunning }
        for _ in dead { try hire() }
    }

    /// Lets everybody end what they have begun.
    func dismiss() async {
        for member in members { kill(member.processIdentifier, SIGTERM) }
        let deadline = ContinuousClock.now + .seconds(60)
        for member in members {
            while member.isRunning, ContinuousClock.now < deadline {
                try? await Task.sleep(for: .milliseconds(20))
            }
            if member.isRunning { kill(member.processIdentifier, SIGKILL) }
        }
        members = []
    }
}
