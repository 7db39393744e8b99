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

    struct Result: Sendable {
        let status: Int32
        let output: String
        let errors: String

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

    /// Runs it to its end.
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
        let process = try start(arguments, environment: environment)
        return process.wait()
    }

    static func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Running {
        try Running(arguments, environment: environment)
    }

    /// One that runs.
    final class Running {
        let process = Process()
        private let output = Pipe()
        private let errors: FileHandle
        private let errorsPath: String

        fileprivate init(_ arguments: [String], environment: [String: String]) throws {
            process.executableURL = URL(fileURLWithPath: Program.executable)
            process.arguments = arguments
            process.environment = Program.environment(with: environment)
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            errorsPath = NSTemporaryDirectory() + "/bursar-errors-\(UUID().uuidString)"
            try Data().write(to: URL(fileURLWithPath: errorsPath))
            errors = try #require(FileHandle(forUpdatingAtPath: errorsPath))
            process.standardError = errors
            try process.run()
        }

        func wait() -> Result {
            let data = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            let text = FileManager.default.contents(atPath: errorsPath) ?? Data()
            try? FileManager.default.removeItem(atPath: errorsPath)
            return Result(
                status: process.terminationReason == .exit
                    ? process.terminationStatus : 128 + process.terminationStatus,
                output: String(decoding: data, as: UTF8.self),
                errors: String(decoding: text, as: UTF8.self))
        }
    }

    /// The surroundings of a user who has set nothing.
    static func environment(with extra: [String: String] = [:]) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { name, _ in
            !name.hasPrefix("PG") && !name.hasPrefix("BURSAR") && !name.hasPrefix("XDG") && name != "NO_COLOR"
        }
        environment["XDG_STATE_HOME"] = "/tmp/bursar-test-state-\(getpid())"
        environment["XDG_CONFIG_HOME"] = "/nonexistent"
        environment["LC_ALL"] = "C.UTF-8"
        return environment.merging(extra) { _, new in new }
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
    func run(_ arguments: String..., status: Int32? = 0) throws -> Program.Result {
        let result = try Program.run(arguments + ["--connect", connectionString])
        if let status {
            try #require(result.status == status, "\(arguments): \(result.output)\(result.errors)")
        }
        return result
    }

    /// The value of a field of an account, as `account show --json` has it.
    func account(_ code: String, _ field: String) throws -> String {
        let object = try run("account", "show", code, "--json").object()
        return try #require(object[field] as? String)
    }
}
