import EmbeddedPostgres
import Glibc
import Postgres

/// The server that everybody in a run is measured on, and a directory for what clients write, on the same disk.
struct BenchServer: Sendable {
    /// Keywords and values, as libpq takes them, without a database.
    let connection: String
    /// The directory for scripts, logs and outboxes.
    let work: String
    /// The first process of a private server; nil when it is somebody else's.
    let postmaster: pid_t?
    /// Where `pgbench` is.
    let pgbench: String
    /// This program, of which some cases start copies.
    var program = "/proc/self/exe"

    /// More room than the program's own server has, so that checkpoints do not fall into the middle of a run and
    /// there are sessions enough for everybody.
    private static let settings = ["max_connections": "400", "max_wal_size": "4GB"]

    /// Runs `body` with a server: the given one, or a private one in a directory, or a private one that is gone
    /// afterwards.
    static func with<Result>(
        connect: String?, directory: String?, _ body: (BenchServer) async throws -> Result
    ) async throws -> Result {
        if let connect {
            guard !connect.contains("://") else {
                throw Problem("give --connect as keywords and values, such as \"host=db1 user=bench\"")
            }
            let work = "\(throwAway)\(getpid())-work"
            return try await with(work) {
                try await body(
                    BenchServer(connection: connect, work: work, postmaster: nil, pgbench: findPgbench()))
            }
        }
        await destroyAbandoned()
        let place = directory ?? "\(throwAway)\(getpid())"
        let server = try await EmbeddedServer.open(.init(directory: place, settings: settings)) {
            note($0.description)
        }
        do {
            let result = try await with("\(place)-work") {
                try await body(
                    BenchServer(
                        connection: server.connectionString, work: "\(place)-work",
                        postmaster: postmaster(of: place), pgbench: findPgbench()))
            }
            await leave(server, isThrownAway: directory == nil, place)
            return result
        } catch {
            await leave(server, isThrownAway: directory == nil, place)
            throw error
        }
    }

    /// The number of the process follows, so that the next one can tell what a killed one left behind.
    private static let throwAway = "/tmp/bursar-bench-"

    private static func destroyAbandoned() async {
        for path in (try? Files.list("/tmp", prefix: "bursar-bench-")) ?? [] {
            let name = path.dropFirst(throwAway.count)
            guard let process = pid_t(name.prefix { $0.isNumber }), kill(process, 0) != 0, errno == ESRCH
            else {
                continue
            }
            if name.hasSuffix("-work") {
                try? Files.removeTree(path)
            } else {
                // What is no server's is left alone.
                try? await EmbeddedServer.destroy(path)
            }
        }
    }

    private static func leave(_ server: EmbeddedServer, isThrownAway: Bool, _ directory: String) async {
        await server.leave()
        guard isThrownAway else { return }
        do throws(EmbeddedServerError) {
            try await EmbeddedServer.destroy(directory)
        } catch {
            note("\(directory) is left over: \(error.message)")
        }
    }

    private static func with<Result>(_ work: String, _ body: () async throws -> Result) async throws -> Result
    {
        try Files.makeDirectory(work)
        do {
            let result = try await body()
            try Files.removeTree(work)
            return result
        } catch {
            try? Files.removeTree(work)
            throw error
        }
    }

    private static func postmaster(of directory: String) -> pid_t? {
        Files.read("\(directory)/data/postmaster.pid").flatMap { $0.split(separator: "\n").first }
            .flatMap { pid_t($0) }
    }

    /// It stands beside the server's programs, newest version first, or in the usual places for programs.
    static func findPgbench() throws -> String {
        let versions = ((try? Files.list("/usr/lib/postgresql")) ?? [])
            .sorted {
                (Int($0.split(separator: "/").last ?? "") ?? 0)
                    > (Int($1.split(separator: "/").last ?? "") ?? 0)
            }
            .map { $0 + "/bin" }
        for place in versions + ["/usr/local/pgsql/bin", "/usr/bin", "/usr/local/bin"]
        where access(place + "/pgbench", X_OK) == 0 {
            return place + "/pgbench"
        }
        throw Problem("pgbench is not installed; run: sudo apt-get install postgresql")
    }

    // MARK: Databases

    func connectionString(_ database: String) -> String { "\(connection) dbname=\(database)" }

    /// Makes a database, in the place of one of this name that an earlier run left behind.
    func make(_ database: String) async throws {
        try await drop(database)
        try await run("CREATE DATABASE \(database) TEMPLATE template0 ENCODING 'UTF8'", in: "postgres")
    }

    func drop(_ database: String) async throws {
        try await run("DROP DATABASE IF EXISTS \(database) WITH (FORCE)", in: "postgres")
    }

    func run(_ script: String, in database: String) async throws {
        try await with(database) { try await $0.run(script: script) }
    }

    /// Runs `body` with a session of its own.
    func with<Result: Sendable>(
        _ database: String, _ body: (Connection) async throws -> Result
    ) async throws -> Result {
        let connection = try await Connection.connect(
            ConnectionSettings(connectionString(database)), timeout: .seconds(20))
        do {
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    /// CPU seconds of the server so far; nil where it is not ours to look at.
    var processorTime: Double? { postmaster.map { ProcessorTime.server(postmaster: $0) } }
}
