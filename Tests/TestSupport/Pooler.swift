import Glibc

/// PgBouncer before a server, on a unix socket. It refuses root, as PostgreSQL does.
public actor Pooler {
    /// When a server's session goes back to be lent to another client.
    public enum Mode: String, Sendable {
        case session, transaction, statement
    }

    public nonisolated let directory: String
    private static let port = 6432

    private init(directory: String) {
        self.directory = directory
    }

    /// - Parameter sessions: at the server, for all clients together. With few, each statement of a client soon
    ///   meets a session that another client has used.
    public static func start(
        before server: PrivateServer, mode: Mode, sessions: Int = 3
    ) async throws -> Pooler {
        guard access("/usr/sbin/pgbouncer", X_OK) == 0 else {
            throw ServerFailure("no PgBouncer in /usr/sbin: install the package pgbouncer")
        }
        let pooler = Pooler(directory: try await ServerProcesses.makeDirectory())
        let directory = pooler.directory
        let target = "host=\(server.directory)\(server.port.map { " port=\($0)" } ?? "")"
        try await ServerProcesses.write(
            """
            [databases]
            * = \(target)
            [pgbouncer]
            listen_addr =
            listen_port = \(port)
            unix_socket_dir = \(directory)
            auth_type = trust
            auth_file = \(directory)/users
            pool_mode = \(mode.rawValue)
            default_pool_size = \(sessions)
            max_client_conn = 200
            server_round_robin = 1
            logfile = \(directory)/log
            pidfile = \(directory)/pgbouncer.pid

            """, to: directory + "/pgbouncer.ini")
        try await ServerProcesses.write("\"tester\" \"\"\n", to: directory + "/users")
        try await ServerProcesses.run(["/usr/sbin/pgbouncer", "-d", "-q", directory + "/pgbouncer.ini"])
        // It goes into the background before it listens.
        let deadline = ContinuousClock.now + .seconds(20)
        while access("\(directory)/.s.PGSQL.\(port)", F_OK) != 0 {
            guard ContinuousClock.now < deadline else { throw ServerFailure("PgBouncer does not listen") }
            try await Task.sleep(for: .milliseconds(5))
        }
        return pooler
    }

    public nonisolated func connectionString(database: String = "postgres", _ more: String = "") -> String {
        "host=\(directory) port=\(Self.port) dbname=\(database) user=tester \(more)"
    }
}
