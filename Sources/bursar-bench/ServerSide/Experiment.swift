import FoundationEssentials
import Ledger
import Postgres

/// One question about the server, answered by ways of doing it that take turns in one run.
protocol Experiment: Sendable {
    var name: String { get }
    /// What its rate counts.
    var unit: String { get }
    /// The first is what the others are compared with.
    var ways: [String] { get }
    func prepare(_ way: Int, on server: BenchServer) async throws
    func run(_ way: Int, _ trial: Trial, on server: BenchServer) async throws -> TrialResult
    func finish(on server: BenchServer) async throws
}

/// Which turn it is, and how long it lasts.
struct Trial: Sendable {
    let seconds: Int
    let seed: UInt64
}

struct TrialResult: Codable, Sendable {
    /// A second.
    var rate: Double
    /// Other figures that answer the question, by name.
    var facts: [String: Double] = [:]
}

struct ExperimentResult: Codable, Sendable {
    let name: String
    let unit: String
    var ways: [Way]

    struct Way: Codable, Sendable {
        let title: String
        var rounds: [TrialResult]

        var rate: Double { median(rounds.map(\.rate)) }

        func fact(_ name: String) -> Double { median(rounds.compactMap { $0.facts[name] }) }
    }

    /// The rate as a share of the first way's: the median of rounds side by side.
    private func ratio(_ way: Way) -> Double {
        guard let first = ways.first else { return 0 }
        return median(zip(way.rounds, first.rounds).filter { $1.rate > 0 }.map { $0.rate / $1.rate })
    }

    /// One line.
    var json: String {
        get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    var table: String {
        let facts = Set(ways.flatMap { $0.rounds.flatMap(\.facts.keys) }).sorted()
        let header = Columns.line(name, [unit, "ratio"] + facts)
        let lines = ways.map { way in
            Columns.line(
                "  \(way.title)",
                [Columns.grouped(way.rate), Columns.decimal(ratio(way), 2) + "x"]
                    + facts.map { Columns.decimal(way.fact($0), 2) })
        }
        return ([header] + lines).joined(separator: "\n")
    }
}

extension Experiment {
    /// All ways in turn, as often as there are rounds, after one that is not counted.
    func measure(on server: BenchServer, _ effort: Effort) async throws -> ExperimentResult {
        var result = ExperimentResult(
            name: name, unit: unit, ways: ways.map { .init(title: $0, rounds: []) })
        for way in ways.indices { try await prepare(way, on: server) }
        for round in 0...effort.rounds {
            for place in ways.indices {
                let way = (place + round) % ways.count
                try await server.run("CHECKPOINT", in: "postgres")
                let trial = Trial(
                    seconds: round == 0 ? 1 : effort.seconds, seed: effort.seed &+ UInt64(round) &* 7919)
                let outcome = try await run(way, trial, on: server)
                if round > 0 { result.ways[way].rounds.append(outcome) }
            }
            note("\(name): \(round == 0 ? "warmed up" : "round \(round) of \(effort.rounds)")")
        }
        try await finish(on: server)
        return result
    }
}

extension BenchServer {
    /// Bytes of write-ahead log so far.
    var writtenLog: Double {
        get async throws {
            try await with("postgres") { connection in
                let statement = Statement(
                    name: "written_log", sql: "SELECT (pg_current_wal_lsn() - '0/0')::bigint")
                return Double(try await connection.query(statement).first?.decode(0, as: Int64.self) ?? 0)
            }
        }
    }
}
