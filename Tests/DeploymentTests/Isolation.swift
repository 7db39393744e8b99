import Postgres
import TestSupport

/// From now on, has the server itself note for each transaction that writes a record at which level it runs: a default
/// is asked within the statement that inserts.
func recordIsolation(_ server: PrivateServer, _ database: String) async throws {
    try await server.run(
        """
        ALTER TABLE bursar.account_records
            ADD COLUMN seen_isolation text DEFAULT current_setting('transaction_isolation');
        UPDATE bursar.account_records SET seen_isolation = NULL;
        """, in: database)
}

/// The levels at which records were written since.
func isolations(_ server: PrivateServer, _ database: String) async throws -> Set<String> {
    let connection = try await server.connect(database: database)
    let statement = Statement(
        name: "isolations",
        sql: "SELECT DISTINCT seen_isolation FROM bursar.account_records WHERE seen_isolation IS NOT NULL")
    let rows = try await connection.query(statement)
    await connection.close()
    return Set(try rows.map { try $0.decode(0, as: String.self) })
}

extension PrivateServer {
    /// A database of a test's own.
    /// - Parameter options: what follows `CREATE DATABASE name`.
    func makeDatabase(_ options: String = "") async throws -> String {
        let name = "test_" + String(UInt64.random(in: .min ... .max), radix: 36)
        try await run("CREATE DATABASE \(name) \(options)")
        return name
    }
}
