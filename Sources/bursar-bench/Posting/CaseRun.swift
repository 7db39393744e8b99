import Ledger
import LedgerService
import LedgerStore

/// What all rounds of a case came to.
struct CaseResult: Codable, Sendable {
    let name: String
    var contenders: [ContenderResult]

    func of(_ contender: Contender) -> ContenderResult? { contenders.first { $0.contender == contender } }

    /// How many times the other's rate this one's is: the median of the rounds, each of which compares what ran side
    /// by side; nil unless both ran.
    func ratio(_ one: Contender, to other: Contender) -> Double? {
        guard let one = of(one), let other = of(other) else { return nil }
        let ratios = zip(one.rounds, other.rounds).filter { $1.rate > 0 }.map { $0.rate / $1.rate }
        return ratios.isEmpty ? nil : median(ratios)
    }
}

struct ContenderResult: Codable, Sendable {
    let contender: Contender
    var rounds: [Measurement]
    /// What the books say against the rounds; empty when they agree.
    var problems: [String]

    var rate: Double { median(rounds.map(\.rate)) }

    /// From the slowest round to the fastest, as a share of the median.
    var spread: Double {
        let rates = rounds.map(\.rate)
        return rate > 0 ? ((rates.max() ?? 0) - (rates.min() ?? 0)) / rate : 0
    }

    /// Of all rounds together.
    var latencies: Latencies { rounds.reduce(into: Latencies()) { $0.add($1.latencies) } }

    var syncTime: Double { median(rounds.compactMap(\.syncTime)) }

    var clientMicroseconds: Double { median(rounds.map(\.clientMicroseconds)) }
    var serverMicroseconds: Double? {
        let known = rounds.compactMap(\.serverMicroseconds)
        return known.isEmpty ? nil : median(known)
    }

    /// Figures that follow from the rounds are written too, for whoever reads the file without this program.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(contender, forKey: .contender)
        try container.encode(rounds, forKey: .rounds)
        try container.encode(problems, forKey: .problems)
        var figures = encoder.container(keyedBy: FigureKeys.self)
        let latencies = latencies
        try figures.encode(rate, forKey: .rate)
        try figures.encode(spread, forKey: .spread)
        try figures.encode(latencies.percentile(50), forKey: .p50Milliseconds)
        try figures.encode(latencies.percentile(99), forKey: .p99Milliseconds)
        try figures.encode(latencies.percentile(99.9), forKey: .p999Milliseconds)
        try figures.encode(latencies.percentile(100), forKey: .longestMilliseconds)
        try figures.encode(clientMicroseconds, forKey: .clientMicroseconds)
        try figures.encode(syncTime, forKey: .syncMilliseconds)
        try figures.encodeIfPresent(serverMicroseconds, forKey: .serverMicroseconds)
    }

    private enum FigureKeys: String, CodingKey {
        case rate, spread
        case p50Milliseconds = "p50_ms"
        case p99Milliseconds = "p99_ms"
        case p999Milliseconds = "p999_ms"
        case longestMilliseconds = "longest_ms"
        case syncMilliseconds = "sync_ms"
        case clientMicroseconds = "client_us"
        case serverMicroseconds = "server_us"
    }

    func sum(_ count: KeyPath<Measurement, Int>) -> Int { rounds.reduce(0) { $0 + $1[keyPath: count] } }
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    if sorted.isEmpty { return 0 }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}

/// One case with all its contenders, who take turns.
struct CaseRun: Sendable {
    let arena: Arena
    let posting: PostingCase
    let contenders: [Contender]
    let effort: Effort

    /// A first round warms everything up and is not counted; where operations come by themselves, it tells how many
    /// can.
    func run() async throws -> CaseResult {
        var result = CaseResult(
            name: posting.name,
            contenders: contenders.map { ContenderResult(contender: $0, rounds: [], problems: []) })
        var sides: [Contender: Side] = [:]
        var rates: [Contender: Double] = [:]
        for contender in contenders { sides[contender] = try await Side.open(contender, self) }
        for round in 0...effort.rounds {
            // Nobody is always the one who comes after the same other.
            for place in contenders.indices {
                let index = (place + round) % contenders.count
                let contender = contenders[index]
                guard let side = sides[contender] else { continue }
                let (measurement, problem) = try await measure(side, contender, round, rate: rates[contender])
                if let problem { result.contenders[index].problems.append(problem) }
                if round > 0 {
                    result.contenders[index].rounds.append(measurement)
                } else if let load = posting.load {
                    rates[contender] = max(measurement.rate * Double(load) / 100, 1)
                }
            }
            note("\(posting.name): \(round == 0 ? "warmed up" : "round \(round) of \(effort.rounds)")")
        }
        for side in sides.values { await side.close() }
        return result
    }

    func arena(of contender: Contender) -> Arena { contender == .bursarWithoutOutbox ? arena.double : arena }

    private func measure(
        _ side: Side, _ contender: Contender, _ round: Int, rate: Double?
    ) async throws -> (Measurement, problem: String?) {
        try await arena.settle()
        let before = try await Books.read(contender, in: arena(of: contender))
        let syncTime = try Files.syncTime(in: arena.server.work)
        let processor = arena.server.processorTime
        var measurement = try await side.run(
            self, seconds: round == 0 && posting.load == nil ? 1 : effort.seconds,
            seed: effort.seed &+ UInt64(round) &* 7919, rate: rate)
        measurement.syncTime = syncTime
        if let processor {
            // Sessions that were just closed are counted when the server has collected them.
            try await Task.sleep(for: .milliseconds(100))
            measurement.serverTime = arena.server.processorTime.map { $0 - processor }
        }
        let after = try await Books.read(contender, in: arena(of: contender))
        return (measurement, after.problem(since: before, posted: measurement.posted))
    }
}

/// How often and how long each is measured.
struct Effort: Codable, Sendable {
    var rounds: Int
    var seconds: Int
    /// The same requests for the same seed.
    var seed: UInt64
    /// How many sessions one program of Bursar's posts through.
    var sessions: Int
}
