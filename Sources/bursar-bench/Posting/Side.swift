import Glibc
import LedgerService
import LedgerStore

/// A contender that is ready to be measured, any number of times.
enum Side: Sendable {
    case program(BursarSide, LedgerStore)
    case workers(Contender)
    case peer(Contender)

    static func open(_ contender: Contender, _ run: CaseRun) async throws -> Side {
        guard contender.isBursar else { return .peer(contender) }
        if run.posting.processes > 1 { return .workers(contender) }
        let store = try await run.arena(of: contender).openStore(sessions: run.effort.sessions)
        let outbox = contender == .bursar ? "\(run.arena.server.work)/outbox" : nil
        return .program(
            BursarSide(store: store, outbox: outbox, posting: run.posting, writers: run.posting.writers),
            store)
    }

    /// - Parameter rate: operations a second that come by themselves; nil for as many as there can be.
    func run(_ run: CaseRun, seconds: Int, seed: UInt64, rate: Double?) async throws -> Measurement {
        switch self {
        case .program(let side, _): return await side.work(seconds: Double(seconds), seed: seed, rate: rate)
        case .workers(let contender):
            return try Workers(
                arena: run.arena(of: contender), posting: run.posting, hasOutbox: contender == .bursar,
                sessions: run.effort.sessions
            ).work(seconds: seconds, seed: seed)
        case .peer(let contender):
            let server = run.arena.server
            return try Pgbench(
                program: server.pgbench, connection: server.connectionString(run.arena.database),
                directory: server.work
            ).run(contender, run.posting, seconds: seconds, seed: seed, rate: rate)
        }
    }

    func close() async {
        if case .program(let side, let store) = self {
            await side.service.outbox?.close()
            await store.close()
        }
    }
}

extension BursarSide {
    /// - Parameter outbox: its directory; nil for none.
    init(store: LedgerStore, outbox: String?, posting: PostingCase, writers: Int) {
        service = LedgerService(
            store: store, log: Self.quiet, outbox: outbox.map { Outbox(directory: $0, ledger: "bench") })
        codes = Requests.codes(posting.accounts)
        traffic = posting.traffic
        self.writers = writers
    }
}
