import Ledger
import LedgerService
import LedgerStore
import Postgres

/// A ledger of its own on a server that lets anybody in as any role, with an owner who is no superuser and a person of
/// each level. The roles have the ledger's own name in theirs, since roles are of the whole server.
public struct AccessLedger: Sendable {
    public let server: PrivateServer
    public let name: String
    /// As the owner.
    public let store: LedgerStore

    public enum Person: String, Sendable, CaseIterable {
        case owner, viewer, `operator`, supervisor
    }

    public static func make() async throws -> AccessLedger {
        let server = try await PrivateServer.shared
        let name = "l" + String(UInt64.random(in: .min ... .max), radix: 36)
        let administrator = try await server.connect()
        try await administrator.run(script: "CREATE ROLE \(name)_owner LOGIN CREATEROLE")
        try await administrator.run(script: "CREATE DATABASE \(name) OWNER \(name)_owner")
        await administrator.close()
        let settings = try ConnectionSettings(
            server.connectionString(user: "\(name)_owner", "dbname=\(name)"))
        let store = try await LedgerStore.open(settings, writers: 2, readers: 2)
        try await store.migrate()
        guard try await store.makeRoles() == nil else {
            throw ServerFailure("the roles could not be made")
        }
        let ledger = AccessLedger(server: server, name: name, store: store)
        for person in Person.allCases where person != .owner {
            try await ledger.run("CREATE ROLE \(ledger.role(person)) LOGIN", as: .owner)
            try await ledger.run("GRANT bursar_\(person.rawValue) TO \(ledger.role(person))", as: .owner)
        }
        return ledger
    }

    public func role(_ person: Person) -> String { "\(name)_\(person.rawValue)" }

    public func connectionString(role: String) -> String {
        server.connectionString(user: role, "dbname=\(name)")
    }

    public func connect(_ role: String) async throws -> Connection {
        try await Connection.connect(ConnectionSettings(connectionString(role: role)), timeout: .seconds(20))
    }

    /// Runs SQL in a session of this person's own.
    public func run(_ script: String, as person: Person) async throws {
        try await run(script, role: role(person))
    }

    public func run(_ script: String, role: String) async throws {
        let connection = try await connect(role)
        do {
            try await connection.run(script: script)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// One number that a question of this role is answered with.
    public func count(_ sql: String, role: String) async throws -> Int64 {
        let connection = try await connect(role)
        let rows = try await connection.query(Statement(name: "count", sql: "SELECT (\(sql))::bigint"))
        await connection.close()
        return try rows.first?.decode(0) ?? -1
    }

    /// A program of this role's, with operations in short.
    public func program(_ role: String, writers: Int = 2) async throws -> TestLedger {
        let settings = try ConnectionSettings(
            connectionString(role: role), overrides: ["application_name": "till"])
        let store = try await LedgerStore.open(settings, writers: writers, readers: 2)
        return TestLedger(
            store: store,
            service: LedgerService(
                store: store, policy: RetryPolicy(maximumAttempts: 1000, deadline: .seconds(60)),
                log: TestLedger.quietLog))
    }

    public func program(_ person: Person, writers: Int = 2) async throws -> TestLedger {
        try await program(role(person), writers: writers)
    }
}
