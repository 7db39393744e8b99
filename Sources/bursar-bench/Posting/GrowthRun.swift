import Ledger
import LedgerStore

/// The same case on an empty ledger and on one with many records, and an account with a long history beside a new one.
struct GrowthResult: Codable, Sendable {
    var records: Int64
    var empty: [Measurement]
    var grown: [Measurement]
    /// One writer's deposits to an account with a tenth of all records, and to one with none.
    var longHistory: [Measurement]
    var noHistory: [Measurement]
    var problems: [String]

    /// The grown ledger's rate as a share of the empty one's: the median of rounds side by side.
    var rate: Double { median(zip(grown, empty).map { $0.rate / max($1.rate, 1) }) }

    /// The median latency with a long history as a share of that with none.
    var latency: Double { Self.typical(longHistory) / max(Self.typical(noHistory), 0.001) }

    private static func typical(_ rounds: [Measurement]) -> Double {
        median(rounds.map { $0.latencies.percentile(50) })
    }

    var table: String {
        """
        \(GrowthRun.posting.name), empty: \(Columns.grouped(median(empty.map(\.rate)))) a second; with \
        \(Columns.grouped(Double(records))) records: \(Columns.grouped(median(grown.map(\.rate)))); \
        \(Columns.decimal(rate, 2)) x
        one writer, p50 of a deposit to an account with \(Columns.grouped(Double(records / 10))) records: \
        \(Columns.decimal(Self.typical(longHistory), 3)) ms, with none: \
        \(Columns.decimal(Self.typical(noHistory), 3)) ms; \(Columns.decimal(latency, 2)) x
        """ + problems.map { "\n  \($0)" }.joined()
    }
}

struct GrowthRun: Sendable {
    let server: BenchServer
    let records: Int64
    let effort: Effort

    static let posting = PostingCase(writers: 16, accounts: 1000)

    /// One side of a comparison, ready to be measured again and again.
    private struct Ready {
        let arena: Arena
        let store: LedgerStore
        let side: BursarSide
    }

    func run() async throws -> GrowthResult {
        let empty = try await Arena.make(on: server, accounts: Self.posting.accounts)
        note("a ledger of \(records) records is built")
        let grown = try await Arena.makeGrown(on: server, accounts: Self.posting.accounts, records: records)
        let fresh = AccountCode(stored: "fresh")
        try await grown.openFresh(fresh)
        let deposits = PostingCase(writers: 1, accounts: 2, traffic: .cash)
        let sides = [
            try await open(empty, Self.posting, nil), try await open(grown, Self.posting, nil),
            try await open(grown, deposits, AccountCode(stored: LedgerBuilder.busyCode)),
            try await open(grown, deposits, fresh),
        ]
        let before = [try await Books.read(.bursar, in: empty), try await Books.read(.bursar, in: grown)]
        var rounds = sides.map { _ in [Measurement]() }
        var posted = [0, 0]
        for round in 0...effort.rounds {
            for place in sides.indices {
                let index = (place + round) % sides.count
                let measurement = try await measure(sides[index], round)
                posted[index == 0 ? 0 : 1] += measurement.posted
                if round > 0 { rounds[index].append(measurement) }
            }
            note("growth: \(round == 0 ? "warmed up" : "round \(round) of \(effort.rounds)")")
        }
        let after = [try await Books.read(.bursar, in: empty), try await Books.read(.bursar, in: grown)]
        for ready in sides {
            await ready.side.service.outbox?.close()
            await ready.store.close()
        }
        for arena in [empty, grown] { try await arena.drop() }
        return GrowthResult(
            records: records, empty: rounds[0], grown: rounds[1], longHistory: rounds[2],
            noHistory: rounds[3],
            problems: (0...1).compactMap { after[$0].problem(since: before[$0], posted: posted[$0]) })
    }

    /// - Parameter account: the only one that is posted to; nil for those of the case.
    private func open(_ arena: Arena, _ posting: PostingCase, _ account: AccountCode?) async throws -> Ready {
        let store = try await arena.openStore(sessions: effort.sessions)
        let outbox = "\(server.work)/outbox"
        var side = BursarSide(store: store, outbox: outbox, posting: posting, writers: posting.writers)
        if let account { side.codes = [account] }
        return Ready(arena: arena, store: store, side: side)
    }

    /// Nobody else posts here, so that all that is posted is told.
    private func measure(_ ready: Ready, _ round: Int) async throws -> Measurement {
        try await ready.arena.settle()
        let processor = server.processorTime
        var measurement = await ready.side.work(
            seconds: Double(round == 0 ? 1 : effort.seconds), seed: effort.seed &+ UInt64(round) &* 7919)
        if let processor { measurement.serverTime = server.processorTime.map { $0 - processor } }
        return measurement
    }
}
