import LedgerStore
import Postgres

/// A database of its own for one test, made from a template on the test server.
public struct TestDatabase: Sendable {
    public let name: String
    public let server: TestServer

    public enum Template: String, Sendable {
        /// Nothing in it.
        case empty = "template1"
        /// The schema of the ledger, as `bursar init` makes it.
        case ledger = "bursar_template"
    }

    public static func make(template: Template = .empty) async throws -> TestDatabase {
        let server = try await TestServer.shared
        let name = "test_" + String(UInt64.random(in: .min ... .max), radix: 36)
        // The template is being copied from by other tests as well, which the server allows one at a time.
        try await server.administer("CREATE DATABASE \(name) TEMPLATE \(template.rawValue)")
        return TestDatabase(name: name, server: server)
    }

    public var connectionString: String { server.connectionString(database: name) }

    public func settings() throws -> ConnectionSettings { try ConnectionSettings(connectionString) }

    /// Runs SQL as the owner.
    public func run(_ script: String) async throws {
        let connection = try await connect()
        do {
            try await connection.run(script: script)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    public func connect() async throws -> Connection {
        try await Connection.connect(settings(), timeout: .seconds(20))
    }
}
