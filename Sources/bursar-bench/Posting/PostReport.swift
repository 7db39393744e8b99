import FoundationEssentials
import Ledger

/// What a whole run came to, for people as a table and for programs as JSON.
struct PostReport: Codable, Sendable {
    /// What the server says of itself, and the machine's processors.
    var server: String
    var processors: Int
    /// Whether the processors were kept from sleeping.
    var isAwake: Bool
    var effort: Effort
    var cases: [CaseResult] = []
    var batches: BatchResult?
    var imports: [ImportResult] = []
    var growth: GrowthResult?
    var verdicts: [Verdict] = []

    /// What the figures are of.
    var conditions: String { "\(server), \(processors) processors\(isAwake ? " kept awake" : "")" }

    /// Whether the books agreed after every run.
    var isSound: Bool {
        cases.allSatisfy { $0.contenders.allSatisfy(\.problems.isEmpty) } && growth?.problems.isEmpty ?? true
    }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        }
    }
}

extension CaseResult {
    static let header = Columns.line(
        "case, who",
        [
            "a second", "spread", "bursar is", "p50 ms", "p99 ms", "p99.9", "longest", "conflicts", "gave up",
            "client µs", "server µs", "sync ms",
        ])

    /// One line for each contender.
    var table: String {
        let bursar = contenders.first { $0.contender == .bursar }?.contender
        let lines = contenders.map { result in
            let latencies = result.latencies
            let ratio = bursar.flatMap { $0 == result.contender ? nil : self.ratio($0, to: result.contender) }
            return Columns.line(
                "\(name) \(result.contender.rawValue)",
                [
                    Columns.grouped(result.rate), "\(Int(result.spread * 100))%",
                    ratio.map { Columns.decimal($0, 2) + "x" } ?? "",
                    Columns.decimal(latencies.percentile(50), 3),
                    Columns.decimal(latencies.percentile(99), 2),
                    Columns.decimal(latencies.percentile(99.9), 2),
                    Columns.decimal(latencies.percentile(100), 1),
                    "\(result.sum(\.conflicts))", "\(result.sum(\.gaveUp) + result.sum(\.failed))",
                    Columns.decimal(result.clientMicroseconds, 1),
                    result.serverMicroseconds.map { Columns.decimal($0, 1) } ?? "",
                    Columns.decimal(result.syncTime, 2),
                ])
        }
        let problems = contenders.flatMap { result in
            result.problems.map { "  \(result.contender.rawValue): \($0)" }
        }
        return (lines + problems).joined(separator: "\n")
    }
}

/// Text in columns.
enum Columns {
    static func line(_ title: String, _ cells: [String]) -> String {
        let padded = title + String(repeating: " ", count: max(1, 28 - title.count))
        return padded + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
    }

    static func grouped(_ value: Double) -> String {
        Money.text(Int64(value.rounded()), digits: 0, grouping: true)
    }

    static func decimal(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return Money.text(Int64((value * scale).rounded()), digits: digits, grouping: false)
    }
}
