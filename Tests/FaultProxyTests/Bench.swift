import FaultProxy
import Postgres
import TestSupport
import Testing

/// A proxy before the shared server, and a table of the test's own.
struct Bench {
    let proxy: FaultProxy
    let server: PrivateServer
    /// Goes to the server directly.
    let observer: Connection
    let table: String

    static func make(listensOnTCP: Bool = false) async throws -> Bench {
        let server = try await PrivateServer.shared
        let proxy = try await FaultProxy.start(
            upstream: .unixSocket(directory: server.directory), listensOnTCP: listensOnTCP)
        let observer = try await server.connect()
        let table = "purse_" + String(UInt64.random(in: .min ... .max), radix: 36)
        try await observer.run(script: "CREATE TABLE \(table) (n int4 PRIMARY KEY)")
        return Bench(proxy: proxy, server: server, observer: observer, table: table)
    }

    /// Runs `body` on a bench of its own, and takes the bench down whatever happens.
    static func use(listensOnTCP: Bool = false, _ body: (Bench) async throws -> Void) async throws {
        let bench = try await make(listensOnTCP: listensOnTCP)
        do {
            try await body(bench)
        } catch {
            await bench.end()
            throw error
        }
        await bench.end()
    }

    private func end() async {
        await proxy.stop()
        try? await observer.run(script: "DROP TABLE \(table)", timeout: .seconds(10))
        await observer.close()
    }

    // MARK: Statements

    var insert: Statement { Statement(name: "insert", sql: "INSERT INTO \(table) VALUES ($1)") }
    var one: Statement { Statement(name: "one", sql: "SELECT 1::int4") }
    let begin = Statement(name: "begin", sql: "BEGIN")
    let commit = Statement(name: "commit", sql: "COMMIT")
    let rollback = Statement(name: "rollback", sql: "ROLLBACK")

    func inserting(_ number: Int32) -> Query { Query(insert, [.value(number)]) }

    // MARK: Means

    func settings(_ more: String = "") throws -> ConnectionSettings {
        try ConnectionSettings("\(proxy.connectionString) dbname=postgres user=tester \(more)")
    }

    /// A connection through the proxy.
    func connect(_ more: String = "") async throws -> Connection {
        try await Connection.connect(settings(more), timeout: .seconds(20))
    }

    func script(_ trigger: Trigger, _ fault: Fault, times: Int? = nil, seed: UInt64 = 1) async {
        let rule = FaultRule(when: trigger, fault: fault, times: times)
        await proxy.setScript(FaultScript(seed: seed, rules: [rule]))
    }

    /// What is in the table, asked of the server itself.
    func numbers() async throws -> [Int32] {
        let statement = Statement(name: "numbers", sql: "SELECT n FROM \(table) ORDER BY n")
        return try await observer.query(statement, timeout: .seconds(20)).map { try $0.decode(0) }
    }

    func wait(
        until what: String, _ condition: () async throws -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "never: \(what)", sourceLocation: sourceLocation)
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// The error that a call fails with.
    func failure(
        sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
    ) async throws -> PostgresError {
        try await #require(throws: PostgresError.self, sourceLocation: sourceLocation) { try await body() }
    }
}
