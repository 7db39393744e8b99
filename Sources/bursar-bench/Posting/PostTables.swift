import ArgumentParser
import FoundationEssentials

struct TablesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tables",
        abstract: "Write the figures of `post` as tables in Markdown, for the documentation.",
        discussion: "Several files, each of some of the cases, make one page.")

    @Argument(help: "Files that `post --json` wrote.") var files: [String]

    func run() throws {
        var report: PostReport?
        for file in files {
            guard let text = Files.read(file) else { throw Problem("\(file) cannot be read") }
            let read = try PostReport(json: text)
            if let report, report.isAwake != read.isAwake {
                throw Problem("\(file) is of \(read.conditions), those before it are of \(report.conditions)")
            }
            report?.add(read)
            if report == nil { report = read }
        }
        guard let report else { return }
        print(report.markdown, terminator: "")
    }
}

extension PostReport {
    init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(PostReport.self, from: Data(json.utf8))
    }

    /// Takes what another run measured too; where both measured the same, the later one counts.
    mutating func add(_ other: PostReport) {
        cases = cases.filter { own in !other.cases.contains { $0.name == own.name } } + other.cases
        batches = other.batches ?? batches
        if !other.imports.isEmpty { imports = other.imports }
        growth = other.growth ?? growth
        verdicts = judge()
    }

    var markdown: String {
        var parts = [
            "\(conditions), \(effort.rounds) rounds of \(effort.seconds) s each.\n"
        ]
        let closed = cases.filter { !$0.name.contains("@") }
        let open = cases.filter { $0.name.contains("@") }
        if !verdicts.isEmpty { parts += ["### Goals\n", verdictTable] }
        if !closed.isEmpty { parts += ["### Transfers a second\n", Self.rates(closed)] }
        if !closed.isEmpty {
            parts += ["### Latency, every writer asking again at once\n", Self.latencies(closed)]
        }
        if !open.isEmpty {
            parts += ["### Latency, operations coming by themselves at a share of the highest rate\n"]
            parts += [Self.latencies(open)]
        }
        if !closed.isEmpty { parts += ["### Processor time and conflicts\n", Self.costs(closed)] }
        if let batches { parts += ["### Batches and room on disk\n", batches.markdown] }
        if !imports.isEmpty { parts += ["### Import\n", importTable] }
        if let growth { parts += ["### Growth\n", growth.markdown] }
        return parts.joined(separator: "\n")
    }

    private var verdictTable: String {
        Markdown.table(
            ["goal", "figure", "kept"], verdicts.map { [$0.goal, $0.figure, $0.isKept ? "yes" : "**no**"] })
    }

    /// The case and its contenders, each with its rate and how many times that Bursar's is.
    private static func rates(_ cases: [CaseResult]) -> String {
        let contenders = Contender.allCases.filter { one in cases.contains { $0.of(one) != nil } }
        return Markdown.table(
            ["case"] + contenders.map(\.rawValue),
            cases.map { result in
                [result.name]
                    + contenders.map { contender in
                        guard let own = result.of(contender) else { return "" }
                        let rate = "\(Columns.grouped(own.rate)) ±\(Int(own.spread * 50))%"
                        guard !contender.isBursar, let ratio = result.ratio(.bursar, to: contender) else {
                            return rate
                        }
                        return rate + " (\(Columns.decimal(ratio, 1)) x)"
                    }
            })
    }

    private static func latencies(_ cases: [CaseResult]) -> String {
        Markdown.table(
            ["case", "who", "a second", "p50 ms", "p99 ms", "p99.9 ms", "longest ms"],
            cases.flatMap { result in
                result.contenders.filter { $0.contender != .bursarWithoutOutbox }.map { own in
                    let latencies = own.latencies
                    return [result.name, own.contender.rawValue, Columns.grouped(own.rate)]
                        + [50, 99, 99.9, 100].map { Columns.decimal(latencies.percentile($0), 2) }
                }
            })
    }

    private static func costs(_ cases: [CaseResult]) -> String {
        Markdown.table(
            ["case", "who", "client µs", "server µs", "disk's sync ms", "conflicts", "not posted"],
            cases.flatMap { result in
                result.contenders.map { own in
                    let share = Double(own.sum(\.conflicts)) * 100 / Double(max(own.sum(\.posted), 1))
                    return [
                        result.name, own.contender.rawValue, Columns.decimal(own.clientMicroseconds, 1),
                        own.serverMicroseconds.map { Columns.decimal($0, 1) } ?? "",
                        Columns.decimal(own.syncTime, 2),
                        "\(Columns.decimal(share, 1))%",
                        "\(own.sum(\.gaveUp) + own.sum(\.failed))",
                    ]
                }
            })
    }

    private var importTable: String {
        Markdown.table(
            ["rows", "a second", "program µs a row", "peak memory MB"],
            imports.map {
                [
                    Columns.grouped(Double($0.rows)), Columns.grouped($0.rate),
                    Columns.decimal($0.clientTime * 1e6 / Double(max($0.posted, 1)), 1),
                    "\($0.peakMemory / 1024)",
                ]
            })
    }
}

extension BatchResult {
    fileprivate var markdown: String {
        let rooms = [("bursar", own), ("equal content", equalContent), ("peers", peers)].flatMap {
            title, rooms in
            rooms.filter { $0.bytes >= 0.1 }.map { [title, $0.name, Columns.decimal($0.bytes, 0)] }
                + [[title, "**all**", Columns.decimal(Self.total(rooms), 0)]]
        }
        return """
            Batches of \(size): \(Columns.grouped(measurement.rate)) transfers a second, client \
            \(Columns.decimal(measurement.clientMicroseconds, 1)) µs and server \
            \(measurement.serverMicroseconds.map { Columns.decimal($0, 1) } ?? "?") µs for each.


            """ + Markdown.table(["whose", "table or index", "bytes for a transfer"], rooms)
    }
}

extension GrowthResult {
    fileprivate var markdown: String { table.split(separator: "\n").map { "- \($0)\n" }.joined() }
}

enum Markdown {
    static func table(_ header: [String], _ rows: [[String]]) -> String {
        ([header, header.map { _ in "---" }] + rows).map { "| " + $0.joined(separator: " | ") + " |\n" }
            .joined()
    }
}
