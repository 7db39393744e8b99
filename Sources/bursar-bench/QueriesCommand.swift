import ArgumentParser
import Ledger
import LedgerStore
import Postgres

struct QueriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queries",
        abstract: "Time the questions of the console on a ledger that was built here.")

    @OptionGroup var target: Target
    @Option(help: "How often each question is asked.") var runs = 200
    @Option(help: "Only questions whose title contains this.") var only: String?
    @Option(help: "The seed of the chosen keys.") var seed: UInt64 = 1
    @Flag(help: "One JSON object a line.") var json = false

    func validate() throws {
        if runs < 1 { throw ValidationError("--runs takes a number from 1 up") }
    }

    func run() async throws {
        try await target.with { settings in
            let store = try await LedgerStore.open(settings, writers: 1, readers: 1)
            try await store.requireSchema()
            let sample = try await Sample(store.queries, seed: seed)
            if !json { print(Timing.header) }
            for question in Question.all(sample) {
                if let only, !question.title.contains(only) { continue }
                let timing = try await time(question, store.queries)
                print(json ? timing.json : timing.line)
            }
            await store.close()
        }
    }

    private func time(_ question: Question, _ queries: LedgerQueries) async throws -> Timing {
        var random = SplitMix(seed: seed)
        let clock = ContinuousClock()
        var times: [Duration] = []
        var rows = 0
        let runs = question.isLong ? max(1, runs / 20) : runs
        for _ in 0..<runs {
            let choice = random.next()
            let start = clock.now
            rows += try await question.ask(queries, choice)
            times.append(clock.now - start)
        }
        return Timing(title: question.title, times: times, rows: rows / runs)
    }
}

/// What one question took.
struct Timing {
    let title: String
    private let sorted: [Duration]
    private let rows: Int

    init(title: String, times: [Duration], rows: Int) {
        self.title = title
        sorted = times.sorted()
        self.rows = rows
    }

    static var header: String {
        padded("question", 46) + ["p50 ms", "p99 ms", "max ms", "rows"].map(right).joined()
    }

    var line: String {
        Self.padded(title, 46) + numbers.map { Self.right($0) }.joined() + Self.right(String(rows))
    }

    var json: String {
        let numbers = numbers
        return """
            {"question": "\(title)", "p50_ms": \(numbers[0]), "p99_ms": \(numbers[1]), "max_ms": \(numbers[2]), \
            "runs": \(sorted.count), "rows": \(rows)}
            """
    }

    private var numbers: [String] {
        [0.5, 0.99, 1].map { share in
            let place = min(sorted.count - 1, Int(Double(sorted.count) * share))
            let microseconds = sorted[place] / .microseconds(1)
            return Money.text(Int64(microseconds / 10), digits: 2, grouping: false)
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func right(_ text: String) -> String {
        String(repeating: " ", count: max(1, 10 - text.count)) + text
    }
}

/// Numbers that are the same for a seed on every machine (Steele, Lea and Flood's SplitMix64).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
