import Glibc
import Ledger
import Postgres
import Synchronization

/// Who our sessions are to the database: the newest one says it, since a server that was failed over to may see us
/// from elsewhere.
///
/// What is decided carries it, and the database writes its own view of it; the posting statements refuse to write
/// where the two differ.
final class SessionOrigin: Sendable {
    private let program: String
    private let known = Mutex<Origin?>(nil)

    /// - Parameter program: what the sessions call themselves; the machine's name is added.
    init(program: String) {
        let machine = Self.machineName()
        let name = program.isEmpty ? "a program without a name" : program
        self.program = machine.isEmpty ? name : "\(name) on \(machine)"
    }

    /// Nil before the first session.
    var current: Origin? { known.withLock { $0 } }

    func ask(_ connection: Connection, timeout: Duration? = nil) async throws(PostgresError) {
        let rows = try await connection.query(Self.select, timeout: timeout)
        guard let row = rows.first else { return }
        let origin = Origin(
            databaseUser: try row.decode(0), address: try row.decode(1), program: program)
        known.withLock { $0 = origin }
    }

    private static func machineName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What the columns `db_user` and `address` get by default: see the third step of the schema.
    static let userSQL = "session_user::text"
    static let addressSQL = "coalesce(host(inet_client_addr()), 'local')"

    private static let select = Statement(name: "select_origin", sql: "SELECT \(userSQL), \(addressSQL)")
}
