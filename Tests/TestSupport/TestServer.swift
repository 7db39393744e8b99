import EmbeddedPostgres
import Glibc
import LedgerStore
import Postgres

/// The PostgreSQL server of this test process: the program's own embedded one, started with the first test that
/// needs one and deleted when the process ends.
public actor TestServer {
    private let server: EmbeddedServer

    private init(server: EmbeddedServer) { self.server = server }

    public static var shared: TestServer {
        get async throws { try await starting.value }
    }

    private static let starting = Task {
        let directory = "/tmp/bursar-test-server-\(getpid())"
        try Janitor.start(watching: directory)
        let server = TestServer(
            server: try await EmbeddedServer.open(
                .init(directory: directory, settings: ["fsync": "off", "max_connections": "400"])))
        try await server.administer("CREATE DATABASE bursar_template")
        let store = try await LedgerStore.open(
            ConnectionSettings(server.connectionString(database: "bursar_template")), writers: 1)
        try await store.migrate()
        await store.close()
        return server
    }

    public nonisolated func connectionString(database: String) -> String {
        "\(server.connectionString) dbname=\(database)"
    }

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
