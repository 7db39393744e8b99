import Ledger
import LedgerService
import LedgerStore
import Logging
import Postgres

/// A database in which Bursar and its peers each have their tables, with the same accounts and the same balances.
struct Arena: Sendable {
    let server: BenchServer
    let database: String
    let accounts: Int
    /// What each account begins with, in minor units. So much that nobody is refused for want of funds: a refusal is
    /// cheaper than a posting.
    var balance: Int64 = 1_000_000_000

    /// Operations that are posted together while accounts are made ready.
    private static let page = 1000

    static func make(on server: BenchServer, accounts: Int) async throws -> Arena {
        let arena = Arena(server: server, database: "bench_\(accounts)", accounts: accounts)
        try await arena.fill()
        return arena
    }

    /// Another one like it, for a second Bursar: a program remembers the accounts that it wrote, and is not to find
    /// that somebody else has written them while it was not its turn.
    var double: Arena { Arena(server: server, database: database + "_double", accounts: accounts) }

    /// Makes the database with the accounts of both sides, each in an empty ledger.
    func fill() async throws {
        try await server.make(database)
        try await fillLedger()
        try await server.run(Peers.schema(accounts: accounts, balance: balance), in: database)
        // VACUUM must stand alone.
        try await server.run("VACUUM (ANALYZE)", in: database)
    }

    /// Bursar's tables alone, with so many records of other accounts in them: see ``LedgerBuilder``.
    static func makeGrown(on server: BenchServer, accounts: Int, records: Int64) async throws -> Arena {
        let arena = Arena(server: server, database: "bench_grown", accounts: accounts)
        try await server.make(arena.database)
        let store = try await arena.openStore(sessions: 1)
        try await store.migrate()
        await store.close()
        let size = LedgerBuilder.Size(
            accounts: max(records / 10, 10), records: records, busyRecords: max(records / 10, 1))
        try await server.with(arena.database) { connection in
            let end = ServiceEnvironment.live.now().microseconds - 3_600_000_000
            try await LedgerBuilder(
                connection: connection, size: size, end: Timestamp(microseconds: end)
            ) { note("  \($0)") }.build()
        }
        try await arena.fillLedger()
        return arena
    }

    func drop() async throws { try await server.drop(database) }

    /// Makes what was written durable, so that no contender pays for what another one wrote.
    func settle() async throws { try await server.run("CHECKPOINT", in: database) }

    func openStore(sessions: Int) async throws -> LedgerStore {
        let settings = try ConnectionSettings(
            server.connectionString(database), overrides: ["application_name": "bursar-bench"])
        return try await LedgerStore.open(settings, writers: sessions, readers: min(sessions, 4))
    }

    private func fillLedger() async throws {
        let store = try await openStore(sessions: 1)
        try await store.migrate()
        let service = LedgerService(store: store, log: BursarSide.quiet)
        let balance = DecimalAmount(Money(units: self.balance, currency: Requests.currency))
        for first in stride(from: 1, through: accounts, by: Self.page) {
            let numbers = first...min(first + Self.page - 1, accounts)
            let codes = numbers.map { AccountCode(stored: "a\($0)") }
            try await post(service, codes.map { Self.opening($0, Requests.currency) })
            try await post(service, codes.map { .deposit(account: $0, amount: balance) })
        }
        await store.close()
    }

    /// Opens an account that has no history, in the currency of the one with the long history.
    func openFresh(_ code: AccountCode) async throws {
        let store = try await openStore(sessions: 1)
        let service = LedgerService(store: store, log: BursarSide.quiet)
        try await post(service, [Self.opening(code, Currency("CZK"))])
        await store.close()
    }

    private static func opening(_ code: AccountCode, _ currency: Currency) -> Operation.Action {
        .accountChange(
            account: code,
            change: .open(
                name: "Account \(code)", currency: currency, accountClass: .liability, minimum: .zero),
            reason: "benchmark")
    }

    private func post(_ service: LedgerService, _ actions: [Operation.Action]) async throws {
        let operations = try actions.map {
            try Operation(
                reference: Reference(generatedFrom: service.environment.newIdentifier()), action: $0,
                actor: "bench", narrative: "opening balance")
        }
        for outcome in await service.perform(operations) where outcome.receipt == nil {
            throw Problem("the accounts could not be made ready: \(outcome.result)")
        }
    }
}
