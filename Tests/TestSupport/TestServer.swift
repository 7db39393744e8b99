import LedgerStore
import Postgres

/// The PostgreSQL server of this test process: started with the first test that needs one.
public actor TestServer {
    private let base: String

    private init(base: String) { self.base = base }

    public static var shared: TestServer {
        get async throws { try await starting.value }
    }

    private static let starting = Task {
        let server = TestServer(base: "host=/tmp/pgdev user=bursar")
        try? await server.administer("DROP DATABASE IF EXISTS bursar_template")
        try await server.administer("CREATE DATABASE bursar_template")
        let store = try await LedgerStore.open(
            ConnectionSettings(server.connectionString(database: "bursar_template")), writers: 1)
        try await store.migrate()
        await store.close()
        return server
    }

    public nonisolated func connectionString(database: String) -> String { "\(base) dbname=\(database)" }

    /// Runs one statement on the server's own database, one at a time.
    public func administer(_ statement: String) async throws {
        let settings = try ConnectionSettings(connectionString(database: "postgres"))
        let connection = try await Connection.connect(settings, timeout: .seconds(20))
        do {
            try await connection.run(script: statement)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }
}
