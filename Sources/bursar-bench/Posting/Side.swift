import Glibc
import LedgerService
import LedgerStore

/// A contender that is ready to be measured, any number of times.
enum Side: Sendable {
    case program(BursarSide, LedgerStore)
    case workers(hasOutbox: Bool)
    case peer(Contender)

    static func open(_ contender: Contender, _ run: CaseRun) async throws -> Side {
        guard contender.isBursar else { return .peer(contender) }
        if run.posting.processes > 1 { return .workers(hasOutbox: contender == .bursar) }
        let store = try await run.arena.openStore(sessions: BursarSide.sessions)
        let outbox = contender == .bursar ? "\(run.arena.server.work)/outbox" : nil
        return .program(
            BursarSide(store: store, outbox: outbox, posting: run.posting, writers: run.posting.writers),
            store)
    }

    func run(_ run: CaseRun, seconds: Int, seed: UInt64) async throws -> Measurement {
        switch self {
        case .program(let side, _): return await side.work(seconds: Double(seconds), seed: seed)
        case .workers(let hasOutbox):
            return try Workers(
                arena: run.arena, posting: run.posting, hasOutbox: hasOutbox
            ).work(seconds: seconds, seed: seed)
        case .peer(let contender):
            let server = run.arena.server
            return try Pgbench(
                program: server.pgbench, connection: server.connectionString(run.arena.database),
                directory: server.work
            ).run(contender, run.posting, seconds: seconds, seed: seed)
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
