import Glibc
import Postgres

/// A bare PostgreSQL server, made without the program's own means: a fresh data directory, a unix socket and no
/// TCP. Anybody may connect as any role but `locked`, which needs a password.
///
/// PostgreSQL refuses to run as root; as root it runs as the user `postgres`.
public actor PrivateServer {
    /// The server that most tests share, started with the first of them.
    public static var shared: PrivateServer {
        get async throws { try await starting.value }
    }

    private static let starting = Task { try await PrivateServer.start() }
    private static let binaries = "/usr/lib/postgresql/15/bin"

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// What the role `locked` is let in with.
    public static let lockedPassword = "open-sesame"

    /// The directory of the socket, the log and the data; short, because a socket's path has 107 bytes.
    public nonisolated let directory: String
    private var data: String { directory + "/data" }

    private init(directory: String) {
        self.directory = directory
    }

    /// Creates a server and starts it. Throws `Failure` when there is none on this machine.
    public static func start() async throws -> PrivateServer {
        guard access(binaries + "/initdb", X_OK) == 0 else {
            throw Failure(description: "no PostgreSQL in \(binaries): install the package postgresql-15")
        }
        var template = Array("/tmp/pgt.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "no directory in /tmp: \(errno)") }
        let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        if getuid() == 0 {
            try await run(["chown", "postgres", directory], asServer: false)
        }
        let server = PrivateServer(directory: directory)
        try Janitor.start(watching: directory)
        try await server.create()
        try await server.launch()
        let connection = try await server.connect()
        try await connection.run(script: "CREATE ROLE locked LOGIN PASSWORD '\(lockedPassword)'")
        await connection.close()
        return server
    }

    /// A connection string for this server. `user` and `more` are keyword/value pairs as libpq takes them.
    public nonisolated func connectionString(user: String = "tester", _ more: String = "") -> String {
        "host=\(directory) dbname=postgres user=\(user) \(more)"
    }

    public nonisolated func connect() async throws -> Connection {
        try await Connection.connect(ConnectionSettings(connectionString()), timeout: .seconds(20))
    }

    /// Ends the postmaster and all its processes as a crash of the machine would.
    public func crash() async throws {
        let text = try await Self.run(["cat", data + "/postmaster.pid"], asServer: false)
        guard let line = text.split(separator: "\n").first, let process = Int32(line) else {
            throw Failure(description: "no postmaster in \(directory)")
        }
        kill(process, SIGKILL)
    }

    /// Starts the server again after `crash`. The processes of the crashed one may hold its lock a while.
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

    private func create() async throws {
        try await Self.run([
            Self.binaries + "/initdb", "--no-sync", "-A", "trust", "-U", "tester", "-E", "UTF8",
            "--locale=C.UTF-8", "-D", data,
        ])
        let rules = "local all locked scram-sha-256\\nlocal all all trust\\n"
        try await Self.run(["sh", "-c", "printf '\(rules)' >'\(data)/pg_hba.conf'"])
    }

    private func launch() async throws {
        let options = "-k \(directory) -c listen_addresses= -c max_connections=200 -c fsync=off"
        try await Self.run([
            Self.binaries + "/pg_ctl", "start", "-w", "-t", "30", "-D", data, "-l", directory + "/log",
            "-o", options,
        ])
    }

    // MARK: Processes

    /// Runs a command to its end and returns what it wrote.
    @discardableResult
    private static func run(_ command: [String], asServer: Bool = true) async throws -> String {
        let command = asServer ? asServerUser(command) : command
        let (status, text) = await withCheckedContinuation { continuation in
            // On a thread of its own: waiting for a process must not block the cooperative pool.
            runOnThread { continuation.resume(returning: runAndWait(command)) }
        }
        guard status == 0 else {
            throw Failure(description: "\(command.joined(separator: " ")) failed (\(status)): \(text)")
        }
        return text
    }

    private static func asServerUser(_ command: [String]) -> [String] {
        guard getuid() == 0 else { return command }
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] + command
    }
}

private func runOnThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    let status = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, box)
    precondition(status == 0, "no thread left")
    pthread_detach(thread)
}

private func runAndWait(_ command: [String]) -> (status: Int32, text: String) {
    // A file and not a pipe: a server that is started here would hold the pipe open.
    guard let file = tmpfile() else { return (-1, "no temporary file") }
    defer { fclose(file) }
    guard let process = spawn(command, input: -1, output: fileno(file)) else {
        return (-1, "it cannot be started")
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    rewind(file)
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = fread(&bytes, 1, bytes.count, file)
    return (status, String(decoding: bytes[..<count], as: UTF8.self))
}

/// Starts a command in `/`; -1 as input or output means /dev/null.
private func spawn(_ command: [String], input: Int32, output: Int32) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, target) in [(input, Int32(0)), (output, 1), (output, 2)] {
        if descriptor < 0 {
            posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
        } else {
            posix_spawn_file_actions_adddup2(&actions, descriptor, target)
        }
    }
    var arguments = (["env", "-C", "/"] + command).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process: pid_t = 0
    guard posix_spawnp(&process, "env", &actions, nil, &arguments, environ) == 0 else { return nil }
    return process
}
