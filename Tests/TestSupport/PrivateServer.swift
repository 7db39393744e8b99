import Glibc
import Postgres

/// A bare PostgreSQL server, made without the program's own means: a fresh data directory and a unix socket, and
/// 127.0.0.1 where a test asks for it. Anybody may connect as any role but `locked` and its members, which need a
/// password.
///
/// PostgreSQL refuses to run as root; as root it runs as the user `postgres`.
public actor PrivateServer {
    /// The server that most tests share, started with the first of them.
    public static var shared: PrivateServer {
        get async throws { try await starting.value }
    }

    private static let starting = Task { try await PrivateServer.start() }

    /// How a server is to be made.
    public struct Options: Sendable {
        /// Settings for the command line, such as `["TimeZone": "Pacific/Chatham"]`.
        public var settings: [String: String] = [:]
        /// What initdb is told of the database's encoding and locale.
        public var locale = ["-E", "UTF8", "--locale=C.UTF-8"]
        /// Whether it listens on 127.0.0.1 too.
        public var usesTCP = false
        /// What it shows to those who connect with TLS, which they then must; without, it does not know TLS.
        public var certificate: Certificate?
        /// The size of a disk of its own for its data, which only root can make; nil for the disk of /tmp.
        public var diskMegabytes: Int?

        public init() {}
    }

    /// What the role `locked` is let in with.
    public static let lockedPassword = "open-sesame"

    /// The directory of the socket, the log and the data.
    public nonisolated let directory: String
    /// On 127.0.0.1; nil where it listens on its socket alone.
    public nonisolated let port: Int?
    private let options: Options
    nonisolated var data: String { directory + "/data" }

    private init(directory: String, port: Int?, options: Options) {
        self.directory = directory
        self.port = port
        self.options = options
    }

    /// Creates a server and starts it. Throws `ServerFailure` when there is none on this machine.
    public static func start(_ options: Options = Options()) async throws -> PrivateServer {
        let server = try await make(options)
        try await server.create()
        try await server.launch()
        let connection = try await server.connect()
        try await connection.run(script: "CREATE ROLE locked LOGIN PASSWORD '\(lockedPassword)'")
        await connection.close()
        return server
    }

    /// A standby of this server, which streams from it under the name `standby`.
    public func startStandby() async throws -> PrivateServer {
        var options = options
        options.settings["synchronous_standby_names"] = nil
        let standby = try await Self.make(options)
        try await standby.makeDisk()
        let source = connectionString("application_name=standby")
        try await ServerProcesses.run([
            ServerProcesses.binaries + "/pg_basebackup", "--no-sync", "-c", "fast", "-R", "-X", "stream",
            "-d", source, "-D", standby.data,
        ])
        try await standby.launch()
        return standby
    }

    private static func make(_ options: Options) async throws -> PrivateServer {
        guard access(ServerProcesses.binaries + "/initdb", X_OK) == 0 else {
            throw ServerFailure("no PostgreSQL in \(ServerProcesses.binaries): install postgresql-15")
        }
        let port = options.usesTCP || options.certificate != nil ? try ServerProcesses.freePort() : nil
        return PrivateServer(
            directory: try await ServerProcesses.makeDirectory(), port: port, options: options)
    }

    /// A connection string for this server. `user` and `more` are keyword/value pairs as libpq takes them.
    public nonisolated func connectionString(
        user: String = "tester", database: String = "postgres", _ more: String = ""
    ) -> String {
        "host=\(directory)\(port.map { " port=\($0)" } ?? "") dbname=\(database) user=\(user) \(more)"
    }

    public nonisolated func connect(database: String = "postgres") async throws -> Connection {
        try await Connection.connect(
            ConnectionSettings(connectionString(database: database)), timeout: .seconds(20))
    }

    /// Runs SQL as the superuser.
    public nonisolated func run(_ script: String, in database: String = "postgres") async throws {
        let connection = try await connect(database: database)
        do {
            try await connection.run(script: script, timeout: .seconds(30))
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// Ends the postmaster; its processes end when they notice.
    public func crash() async throws { kill(try await postmaster(), SIGKILL) }

    /// Ends all its processes at one moment, as the failure of the machine would.
    public func crashMachine() async throws { try await signal(SIGKILL) }

    /// Stops all its processes where they are: to others it looks as if the machine hung.
    public func pause() async throws { try await signal(SIGSTOP) }

    public func resume() async throws { try await signal(SIGCONT) }

    private func signal(_ number: Int32) async throws {
        let postmaster = try await postmaster()
        // Stopped first, so that it starts nothing that is missed.
        if number != SIGCONT { kill(postmaster, SIGSTOP) }
        for process in ServerProcesses.family(of: postmaster) { kill(process, number) }
    }

    private func postmaster() async throws -> pid_t {
        let text = try await ServerProcesses.run(["cat", data + "/postmaster.pid"], asServer: false)
        guard let line = text.split(separator: "\n").first, let process = Int32(line) else {
            throw ServerFailure("no postmaster in \(directory)")
        }
        return process
    }

    /// Whether there is a postmaster.
    public var isRunning: Bool {
        get async {
            guard let process = try? await postmaster() else { return false }
            return Glibc.kill(process, 0) == 0
        }
    }

    private func makeDisk() async throws {
        guard let megabytes = options.diskMegabytes else { return }
        try await ServerProcesses.run(["mkdir", data])
        try await ServerProcesses.run(
            ["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m,mode=700", "none", data], asServer: false)
        try await ServerProcesses.run(["chown", "postgres", data], asServer: false)
    }

    /// Leaves no byte on the disk of its own.
    public func fillDisk() async throws {
        precondition(options.diskMegabytes != nil, "it has no disk of its own")
        let text = "dd if=/dev/zero of='\(data)/filler' bs=1M 2>/dev/null || true"
        try await ServerProcesses.run(["sh", "-c", text])
    }

    public func freeDisk() async throws { try await ServerProcesses.run(["rm", "-f", data + "/filler"]) }

    /// Starts the server again after a crash. The processes of the crashed one may hold its lock a while.
    public func restart() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            do {
                return try await launch()
            } catch {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Makes a standby the server that is written to. Returns when it is.
    public func promote() async throws {
        try await ServerProcesses.run([
            ServerProcesses.binaries + "/pg_ctl", "promote", "-w", "-t", "30", "-D", data,
        ])
    }

    /// Ends it and deletes what it kept.
    public func destroy() async {
        // It may have crashed before, and the janitor deletes what is left.
        try? await crashMachine()
        if options.diskMegabytes != nil {
            _ = try? await ServerProcesses.run(["umount", data], asServer: false)
        }
        _ = try? await ServerProcesses.run(["rm", "-rf", data], asServer: false)
    }

    private func create() async throws {
        try await makeDisk()
        try await ServerProcesses.run(
            [ServerProcesses.binaries + "/initdb", "--no-sync", "-A", "trust", "-U", "tester", "-D", data]
                + options.locale)
        let host = options.certificate == nil ? "host" : "hostssl"
        try await ServerProcesses.write(
            """
            local all +locked scram-sha-256
            local all all trust
            local replication all trust
            \(host) all +locked 127.0.0.1/32 scram-sha-256
            \(host) all all 127.0.0.1/32 trust

            """, to: data + "/pg_hba.conf")
    }

    private func launch() async throws {
        var settings = [
            "unix_socket_directories": directory, "listen_addresses": port == nil ? "" : "127.0.0.1",
            "max_connections": "200", "fsync": "off",
        ]
        if let port { settings["port"] = "\(port)" }
        if let certificate = options.certificate {
            try await certificate.install(in: data)
            settings["ssl"] = "on"
        }
        settings.merge(options.settings) { _, own in own }
        let flags = settings.sorted { $0.key < $1.key }.map { "-c '\($0.key)=\($0.value)'" }
        try await ServerProcesses.run([
            ServerProcesses.binaries + "/pg_ctl", "start", "-w", "-t", "30", "-D", data, "-l",
            directory + "/log", "-o", flags.joined(separator: " "),
        ])
    }
}
