import EmbeddedPostgres
import Glibc
import Ledger
import LedgerService
import LedgerStore
import Logging
import Postgres

/// A ledger, open: the private server if there is one, the store and the service.
struct Session: Sendable {
    let store: LedgerStore
    let service: LedgerService
    let embedded: EmbeddedServer?
    /// For screens: `embedded`, or host and database without anything secret.
    let ledgerName: String
    /// Host, database and user, without anything secret.
    let connection: String
    /// Host and database, whoever connects to it.
    let database: String
    /// What is wrong with how the connection string names several hosts, and with the file of passwords.
    let connectionWarnings: [String]
    private let throwAwayDirectory: String?

    /// Whether the ledger is gone when the session is closed.
    var isThrowAway: Bool { throwAwayDirectory != nil }

    /// How many sessions a command needs.
    struct Size: Sendable {
        var writers: Int
        var readers: Int
    }

    /// What is to be found of the schema.
    enum SchemaNeed: Sendable {
        /// It must be there, in this program's version. In a private server it is made.
        case current
        /// Nobody looks.
        case any
    }

    static func open(
        _ context: CommandContext, size: Size? = nil, schema: SchemaNeed = .current
    ) async throws -> Session {
        switch context.settings.target.value {
        case .embedded(let directory):
            let configuration = context.settings.embeddedConfiguration(directory: directory)
            return try await open(embedded: configuration, context, size: size, throwAway: false)
        case .server(let connectionString):
            let settings = try connectionSettings(connectionString)
            let session = try await make(
                settings, embedded: nil, context, size: size, throwAwayDirectory: nil)
            do {
                if schema == .current { try await session.store.requireSchema() }
                return session
            } catch {
                await session.close()
                throw error
            }
        }
    }

    /// A ledger of its own that is gone when the session is closed.
    static func openThrowAway(_ context: CommandContext, size: Size) async throws -> Session {
        let parent = context.environment.temporaryDirectory
        await destroyAbandoned(in: parent, context)
        let directory = "\(parent)/\(throwAwayPrefix)\(getpid())"
        let configuration = context.settings.embeddedConfiguration(directory: directory)
        return try await open(embedded: configuration, context, size: size, throwAway: true)
    }

    /// The number of the process follows, so that the next one can tell what a killed one left behind.
    private static let throwAwayPrefix = "bursar-throwaway-"

    private static func destroyAbandoned(in parent: String, _ context: CommandContext) async {
        guard let entries = opendir(parent) else { return }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix(throwAwayPrefix), let process = Int32(name.dropFirst(throwAwayPrefix.count)),
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            do throws(EmbeddedServerError) {
                try await EmbeddedServer.destroy("\(parent)/\(name)")
            } catch {
                context.log.warning("\(parent)/\(name) is left over: \(error.message)")
            }
        }
    }

    private static func open(
        embedded configuration: EmbeddedServer.Configuration, _ context: CommandContext, size: Size?,
        throwAway: Bool
    ) async throws -> Session {
        let output = context.output
        let server = try await EmbeddedServer.open(configuration) { output.progress($0.description) }
        do {
            let settings = try connectionSettings(server.connectionString)
            let session = try await make(
                settings, embedded: server, context, size: size,
                throwAwayDirectory: throwAway ? configuration.directory : nil)
            do {
                try await session.store.migrate()
            } catch {
                await session.store.close()
                throw error
            }
            output.endProgress()
            return session
        } catch {
            await server.leave()
            throw error
        }
    }

    private static func connectionSettings(
        _ string: String
    ) throws(CommandError) -> ConnectionSettings {
        do throws(PostgresError) {
            return try ConnectionSettings(string, overrides: ["application_name": "bursar"])
        } catch {
            throw CommandError(
                "\(error.message); write it as \"host=… dbname=… user=…\" or postgresql://user@host/dbname",
                .badSettings)
        }
    }

    private static func make(
        _ settings: ConnectionSettings, embedded: EmbeddedServer?, _ context: CommandContext, size: Size?,
        throwAwayDirectory: String?
    ) async throws -> Session {
        let size =
            size
            ?? Size(writers: context.settings.writers.value, readers: context.settings.readers.value)
        let store = try await LedgerStore.open(settings, writers: size.writers, readers: size.readers)
        let log = context.log
        let service = LedgerService(
            store: store, policy: context.settings.policy, environment: context.serviceEnvironment, log: log,
            // Nothing of a ledger that is thrown away is asked about later.
            outbox: throwAwayDirectory == nil
                ? Outbox(directory: context.settings.outbox.value, ledger: settings.target) : nil,
            recover: embedded.map { server in
                { @Sendable in
                    do throws(EmbeddedServerError) {
                        try await server.ensureRunning()
                    } catch {
                        log.error("the private server did not come back: \(error.message)")
                    }
                }
            })
        let name =
            throwAwayDirectory != nil ? "throw-away ledger" : embedded != nil ? "embedded" : settings.redacted
        return Session(
            store: store, service: service, embedded: embedded, ledgerName: name,
            connection: settings.redacted, database: settings.target,
            connectionWarnings: [settings.hostWarning, settings.passwordFileProblem].compactMap { $0 },
            throwAwayDirectory: throwAwayDirectory)
    }

    /// For commands that write: says at once that nothing can be written, instead of trying until the deadline.
    func requireWritable() async throws {
        do throws(PostgresError) {
            try await store.requireWritable()
        } catch {
            // Whatever else stands in the way may be over when it is tried.
            if error.sqlState == .readOnlyTransaction { throw error }
        }
    }

    func close() async {
        await service.outbox?.close()
        await store.close()
        await embedded?.leave()
        guard let throwAwayDirectory else { return }
        do throws(EmbeddedServerError) {
            try await EmbeddedServer.destroy(throwAwayDirectory)
        } catch {
            // The next program that makes one deletes it.
            service.log.warning("\(throwAwayDirectory) is left over: \(error.message)")
        }
    }
}

extension Settings {
    func embeddedConfiguration(directory: String) -> EmbeddedServer.Configuration {
        EmbeddedServer.Configuration(
            directory: directory,
            binaries: serverBinaries.value.isEmpty ? nil : serverBinaries.value,
            systemUser: serverUser.value, keepsRunning: keepsRunning.value)
    }
}
