/// What was promised of the speed, and whether a run kept it.
struct Verdict: Codable, Sendable {
    let goal: String
    let figure: String
    let isKept: Bool

    var line: String { "\(isKept ? "kept  " : "missed")  \(goal): \(figure)" }
}

extension PostReport {
    /// A verdict on each goal whose cases ran.
    func judge() -> [Verdict] {
        oneWriter + sixteenWriters + fourProcesses + imported + flat + processorTime + room
    }

    private func result(_ name: String) -> CaseResult? { cases.first { $0.name == name } }

    private var oneWriter: [Verdict] {
        ["1x2", "1x1000"].compactMap { name in
            guard let result = result(name), let own = result.of(.bursar),
                let peer = result.of(.functionReadCommitted), peer.latencies.count > 0
            else { return nil }
            let ratio = own.latencies.percentile(50) / peer.latencies.percentile(50)
            let conflicts = own.sum(\.conflicts)
            return Verdict(
                goal: "\(name): latency at most 1.1 x the function's, no conflicts",
                figure: "\(Columns.decimal(ratio, 2)) x, \(conflicts) conflicts",
                isKept: ratio <= 1.1 && conflicts == 0)
        }
    }

    private var sixteenWriters: [Verdict] {
        [("16x2", 8.0), ("16xcash", 8.0), ("16x10", 4.0), ("16x1000", 2.0)].flatMap {
            name, wanted -> [Verdict] in
            guard let result = result(name), let own = result.of(.bursar),
                let ratio = result.ratio(.bursar, to: .functionReadCommitted)
            else { return [] }
            let wait = own.latencies.percentile(99.9) / max(own.latencies.percentile(50), 0.001)
            return [
                Verdict(
                    goal: "\(name): at least \(Columns.decimal(wanted, 0)) x the function at READ COMMITTED",
                    figure: "\(Columns.decimal(ratio, 2)) x", isKept: ratio >= wanted),
                Verdict(
                    goal: "\(name): at least 18,000 a second", figure: Columns.grouped(own.rate),
                    isKept: own.rate >= 18_000),
                Verdict(
                    goal: "\(name): p99.9 at most 20 x the median", figure: "\(Columns.decimal(wait, 1)) x",
                    isKept: wait <= 20),
            ]
        }
    }

    private var fourProcesses: [Verdict] {
        guard let result = result("16x10/4"), let own = result.of(.bursar) else { return [] }
        let ratios = [Contender.rowLocks, .orderedLocks, .function].compactMap {
            result.ratio(.bursar, to: $0)
        }
        let gaveUp = own.sum(\.gaveUp) + own.sum(\.failed)
        guard let ratio = ratios.min() else { return [] }
        return [
            Verdict(
                goal: "16x10/4: at least 2 x the best peer at SERIALIZABLE",
                figure: "\(Columns.decimal(ratio, 2)) x", isKept: ratio >= 2),
            Verdict(goal: "16x10/4: nobody gives up", figure: "\(gaveUp) gave up", isKept: gaveUp == 0),
        ]
    }
}

extension PostReport {
    private var imported: [Verdict] {
        guard let first = imports.first, let last = imports.last else { return [] }
        let rate = imports.map(\.rate).min() ?? 0
        let memory = Double(last.peakMemory) / Double(max(first.peakMemory, 1))
        return [
            Verdict(
                goal: "import: at least 25,000 transactions a second", figure: Columns.grouped(rate),
                isKept: rate >= 25_000),
            Verdict(
                goal: "import: memory does not depend on the size of the file",
                figure:
                    "\(Columns.decimal(memory, 2)) x for \(last.rows / max(first.rows, 1)) times the rows",
                isKept: memory <= 1.1 && last.rows > first.rows),
        ]
    }

    private var flat: [Verdict] {
        guard let growth else { return [] }
        return [
            Verdict(
                goal:
                    "with \(Columns.grouped(Double(growth.records))) records at least 0.9 x the empty ledger's rate",
                figure: "\(Columns.decimal(growth.rate, 2)) x", isKept: growth.rate >= 0.9),
            Verdict(
                goal: "latency does not depend on an account's history",
                figure: "\(Columns.decimal(growth.latency, 2)) x", isKept: growth.latency <= 1.1),
        ]
    }

    private var processorTime: [Verdict] {
        let sides = cases.filter { $0.name.hasPrefix("16x") && !$0.name.contains("@") }.compactMap { result in
            result.of(.bursar).flatMap { own in
                own.serverMicroseconds.map { (result.name, own.clientMicroseconds, $0) }
            }
        }
        let verdicts = sides.map { name, client, server in
            Verdict(
                goal: "\(name): the client costs less than the server",
                figure: "\(Columns.decimal(client, 1)) and \(Columns.decimal(server, 1)) µs for a transfer",
                isKept: client < server)
        }
        guard let batches else { return verdicts }
        let client = batches.measurement.clientMicroseconds
        return verdicts + [
            Verdict(
                goal: "batches: less than 25 µs of the client for a transfer",
                figure: "\(Columns.decimal(client, 1)) µs", isKept: client < 25)
        ]
    }

    private var room: [Verdict] {
        guard let batches else { return [] }
        let own = BatchResult.total(batches.own)
        let share = own / max(BatchResult.total(batches.equalContent), 1)
        return [
            Verdict(
                goal: "bytes on disk at most 1.2 x those of plain tables with the same content",
                figure: "\(Columns.decimal(own, 0)) for a transfer, \(Columns.decimal(share, 2)) x",
                isKept: share <= 1.2)
        ]
    }
}
