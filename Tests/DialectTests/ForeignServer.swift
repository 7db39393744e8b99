import FaultProxy
import Ledger
import LedgerStore
import Postgres
import TestSupport

@testable import LedgerService

/// A database as it presents itself, by its documentation: see `config/portability.md`.
struct ForeignServer: Sendable, CustomStringConvertible {
    let description: String
    let dialect: Dialect
    /// What `SELECT version()` answers.
    let version: String
    /// What it reports of its settings when a session begins.
    let parameters: [String: String]

    static let cockroach = ForeignServer(
        description: "CockroachDB 24.1", dialect: .cockroachdb,
        version: "CockroachDB CCL v24.1.18 (x86_64-pc-linux-gnu, built 2025/05/05 12:00:00, go1.22.8)",
        parameters: ["server_version": "13.0.0"])
    static let cockroachNow = ForeignServer(
        description: "CockroachDB 26.3", dialect: .cockroachdb,
        version: "CockroachDB CCL v26.3.0 (x86_64-pc-linux-gnu, built 2026/08/05 12:00:00, go1.25.0)",
        parameters: ["server_version": "18.0.0", "in_hot_standby": "off"])
    static let yugabyte = ForeignServer(
        description: "YugabyteDB 2025.1", dialect: .yugabytedb,
        version: "PostgreSQL 15.12-YB-2025.1.4.0-b0 on aarch64-unknown-linux-gnu, compiled by clang "
            + "version 19.1.0, 64-bit",
        parameters: ["server_version": "15.12-YB-2025.1.4.0-b0"])
    static let oldYugabyte = ForeignServer(
        description: "YugabyteDB 2.20", dialect: .yugabytedb,
        version: "PostgreSQL 11.2-YB-2.20.0.0-b0 on x86_64-pc-linux-gnu, compiled by clang version 16.0.6, "
            + "64-bit",
        parameters: ["server_version": "11.2-YB-2.20.0.0-b0"])
    /// Through the proxy as the others are, and as itself.
    static let postgresql = ForeignServer(
        description: "PostgreSQL", dialect: .postgresql, version: "", parameters: [:])

    var rules: [FaultRule] {
        if version.isEmpty { return [] }
        return [
            FaultRule(when: .connection(), fault: .rewriteParameters(parameters)),
            FaultRule(
                when: .statement(containing: "SELECT version()"),
                fault: .rewriteAnswer([ColumnRewrite(column: 0, text: version)])),
        ]
    }
}

/// A real ledger on PostgreSQL, seen through a proxy that gives it the face of another server.
struct ForeignLedger {
    /// On the server itself, for what is true.
    let real: TestLedger
    let server: ForeignServer
    let proxy: FaultProxy
    let store: LedgerStore
    let service: LedgerService

    /// Account `a` with 100.00 and account `b` with nothing more than that.
    static func use(
        _ server: ForeignServer, policy: RetryPolicy = RetryPolicy(deadline: .seconds(60)),
        _ body: (ForeignLedger) async throws -> Void
    ) async throws {
        let real = try await TestLedger.make(writers: 2)
        try await real.open(["a", "b"], balance: "100.00")
        let (proxy, settings) = try await Self.proxy(before: real.database, as: server)
        do {
            let store = try await LedgerStore.open(settings, writers: 2, readers: 2)
            let service = LedgerService(store: store, policy: policy, log: TestLedger.quietLog)
            let ledger = ForeignLedger(
                real: real, server: server, proxy: proxy, store: store, service: service)
            do {
                try await body(ledger)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
        } catch {
            await proxy.stop()
            throw error
        }
        await proxy.stop()
    }

    /// A proxy before the server of this database, and what leads to it.
    static func proxy(
        before database: TestDatabase, as server: ForeignServer
    ) async throws -> (FaultProxy, ConnectionSettings) {
        let settings = try database.settings()
        let directory = settings["host"] ?? ""
        let port = settings["port"].flatMap(Int.init) ?? 5432
        let proxy = try await FaultProxy.start(upstream: .unixSocket(directory: directory, port: port))
        await proxy.setScript(FaultScript(rules: server.rules))
        let through = try ConnectionSettings(
            database.connectionString, overrides: ["host": proxy.directory, "port": "5432"])
        return (proxy, through)
    }

    /// Lets these faults come from now on, besides what makes the server look foreign.
    func script(_ rules: [FaultRule]) async {
        await proxy.setScript(FaultScript(rules: rules + server.rules))
    }

    /// Does this to the next statement of the name, so many times. At the server only the letters of a name are kept.
    func script(_ fault: Fault, to name: String = "postentries", times: Int = 1) async {
        await script([FaultRule(when: .statement(named: name), fault: fault, times: times)])
    }

    /// Performs the operations and collects what was said of them meanwhile.
    func perform(_ operations: [Ledger.Operation]) async -> ([OperationOutcome], [AttemptEvent]) {
        let mailbox = service.feed.listen(.everything)
        let outcomes = await service.perform(operations)
        // Each event was published before the outcome was known.
        return (outcomes, mailbox.take().events)
    }

    /// The transactions under this reference that are really on the books.
    func transactions(_ reference: Reference) async throws -> Int64 {
        let connection = try await real.database.connect()
        let statement = Statement(
            name: "count_reference", sql: "SELECT count(*) FROM bursar.journal WHERE reference = $1::text")
        let count = try await connection.query(statement, [.value(reference.text)]).first?
            .decode(0, as: Int64.self)
        await connection.close()
        return count ?? -1
    }

    func available(_ code: String) async throws -> String? {
        try await real.account(code)?.available.description
    }
}

extension [AttemptEvent] {
    var conflicts: [String] {
        compactMap { if case .conflicted(let conflict, _) = $0.phase { conflict.sqlState } else { nil } }
    }

    var unknowns: [String?] {
        compactMap { if case .unknown(let failure) = $0.phase { .some(failure.sqlState) } else { nil } }
    }

    var resolutions: [Bool] {
        compactMap { if case .resolved(let posted) = $0.phase { posted } else { nil } }
    }
}
