import Foundation
import TestSupport
import Testing

/// The built `bursar`, run as a user would.
struct Program: Sendable {
    /// Beside the test bundle, where `swift build` puts all products.
    static let executable: String = {
        let words = CommandLine.arguments
        let bundle = words.firstIndex(of: "--test-bundle-path").map { words[$0 + 1] } ?? words[0]
        let parts = bundle.split(separator: "/", omittingEmptySubsequences: false)
        return parts.prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/") + "/bursar"
    }()

    /// Runs it to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> ChildProcess.Result {
        try await start(arguments, environment: environment).wait()
    }

    static func start(_ arguments: [String], environment: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess(executable, arguments, environment: Self.environment(with: environment))
    }

    /// The surroundings of a user who has set nothing.
    static func environment(with extra: [String: String] = [:]) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { name, _ in
            // The last one is set by the runner of the tests, and prints over the screen of a program that crashes.
            !["PG", "BURSAR", "XDG", "NO_COLOR", "SWIFT_BACKTRACE"].contains { name.hasPrefix($0) }
        }
        environment["XDG_STATE_HOME"] = "/tmp/bursar-test-state-\(getpid())"
        environment["XDG_CONFIG_HOME"] = "/nonexistent"
        environment["LC_ALL"] = "C.UTF-8"
        return environment.merging(extra) { _, new in new }
    }
}

extension ChildProcess.Result {
    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// The objects of JSON Lines.
    func objects() throws -> [[String: Any]] {
        try lines.map { line in
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try #require(value as? [String: Any], "not an object: \(line)")
        }
    }

    func object() throws -> [String: Any] {
        let objects = try objects()
        try #require(objects.count == 1, "\(output)\(errors)")
        return objects[0]
    }
}

/// A ledger on the test server that commands are pointed at.
struct CommandLedger: Sendable {
    let database: TestDatabase

    var connectionString: String { database.connectionString }

    static func make() async throws -> CommandLedger {
        CommandLedger(database: try await TestDatabase.make(template: .ledger))
    }

    @discardableResult
    func run(_ arguments: String..., status: Int32? = 0) async throws -> ChildProcess.Result {
        let result = try await Program.run(arguments + ["--connect", connectionString])
        if let status {
            try #require(result.status == status, "\(arguments): \(result.output)\(result.errors)")
        }
        return result
    }

    /// The value of a field of an account, as `account show --json` has it.
    func account(_ code: String, _ field: String) async throws -> String {
        let object = try await run("account", "show", code, "--json").object()
        return try #require(object[field] as? String)
    }
}
