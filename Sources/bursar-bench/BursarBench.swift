import ArgumentParser
import EmbeddedPostgres
import Glibc
import Ledger
import LedgerStore
import Postgres

@main
struct BursarBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bursar-bench",
        abstract: "Measures posting, and builds large ledgers and measures the questions of the console.",
        subcommands: [
            PostCommand.self, PostWorkerCommand.self, TablesCommand.self, ServerCommand.self,
            BuildCommand.self,
            QueriesCommand.self,
            ConsoleCommand.self, FramesCommand.self,
        ])
}

/// Where the ledger is.
struct Target: ParsableArguments {
    @Option(help: "A libpq connection string.") var connect: String?
    @Option(help: "The directory of a private server, which keeps running.") var `private`: String?

    func validate() throws {
        if (connect == nil) == (`private` == nil) {
            throw ValidationError("give either --connect or --private")
        }
    }

    /// Runs `body` with settings for the ledger's database.
    func with<Result>(_ body: (ConnectionSettings) async throws -> Result) async throws -> Result {
        try await withConnectionString { try await body(ConnectionSettings($0)) }
    }

    /// Runs `body` with the ledger's connection string; a private server is started first, and keeps running.
    func withConnectionString<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        if let connect { return try await body(connect) }
        let server = try await EmbeddedServer.open(
            .init(directory: `private` ?? "", settings: ["max_wal_size": "4GB"], keepsRunning: true)
        ) { note($0.description) }
        note("connection string: \(server.connectionString)")
        do {
            let result = try await body(server.connectionString)
            await server.leave()
            return result
        } catch {
            await server.leave()
            throw error
        }
    }
}

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Fill an empty ledger with accounts and records.")

    @OptionGroup var target: Target
    @Option(help: "How many accounts.") var accounts: Int64 = 1_000_000
    @Option(help: "How many records, of all accounts together.") var records: Int64 = 10_000_000
    @Option(help: "How many of them are of the account “busy”.") var busyRecords: Int64 = 1_000_000

    func validate() throws {
        if accounts < 10 { throw ValidationError("--accounts takes a number from 10 up") }
        if busyRecords < 1 { throw ValidationError("--busy-records takes a number from 1 up") }
        if records < accounts * 2 + 2 * busyRecords {
            throw ValidationError("--records must be at least twice the accounts and twice the busy records")
        }
    }

    func run() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        try await target.with { settings in
            let store = try await LedgerStore.open(settings, writers: 1, readers: 1)
            try await store.migrate()
            let isEmpty = try await store.queries.accounts(after: Identifier(high: 0, low: 0), limit: 1)
                .isEmpty
            await store.close()
            if !isEmpty { throw ValidationError("the ledger is not empty; build into a new database") }
            let connection = try await Connection.connect(settings, timeout: .seconds(20))
            let builder = LedgerBuilder(
                connection: connection,
                size: .init(accounts: accounts, records: records, busyRecords: busyRecords),
                end: Timestamp(microseconds: Int64(time(nil)) * 1_000_000 - 3_600_000_000)
            ) { step in note("\(clock.now - start)  \(step)") }
            try await builder.build()
            await connection.close()
        }
        note("built in \(clock.now - start)")
    }
}

/// Progress, which is no result.
func note(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}
