import FoundationEssentials
import Glibc

/// What an import of one file came to.
struct ImportResult: Codable, Sendable {
    var rows: Int
    var posted: Int
    /// From the start of the program to its end.
    var seconds: Double
    /// CPU seconds of the program.
    var clientTime: Double
    /// KiB at the most.
    var peakMemory: Int

    var rate: Double { seconds > 0 ? Double(posted) / seconds : 0 }

    var line: String {
        """
        imported \(Columns.grouped(Double(rows))) rows: \(Columns.grouped(rate)) a second, \
        \(Columns.decimal(clientTime * 1e6 / Double(max(posted, 1)), 1)) µs of the program for each, peak memory \
        \(peakMemory / 1024) MB
        """
    }
}

/// Has the program itself import files, each into a ledger of its own.
struct ImportRun: Sendable {
    let server: BenchServer
    /// The path of `bursar`.
    let bursar: String
    let seed: UInt64

    private static let accounts = 1000

    func run(rows: Int) async throws -> ImportResult {
        let database = "bench_import"
        try await server.make(database)
        let file = "\(server.work)/import.csv"
        try write(rows: rows, to: file)
        let ledger = ["--connect", server.connectionString(database), "--config", "/dev/null"]
        // The outbox is on the same disk as everything else.
        let environment = ["XDG_STATE_HOME": "\(server.work)/state"]
        let errors = "\(server.work)/errors"
        _ = try ChildProcess.run(bursar, ["init"] + ledger, environment: environment, errors: errors)
        let begun = ContinuousClock.now
        let end = try ChildProcess.run(
            bursar,
            ["import", file, "--json", "--open-accounts", "--currency", "EUR", "--minimum", "none"] + ledger,
            environment: environment, errors: errors)
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        let summary = try JSONDecoder().decode(
            Summary.self, from: Data((end.output.split(separator: "\n").last ?? "").utf8))
        try await server.drop(database)
        unlink(file)
        return ImportResult(
            rows: rows, posted: summary.posted, seconds: seconds, clientTime: end.cpuSeconds,
            peakMemory: end.peakMemory)
    }

    private struct Summary: Codable {
        let posted: Int
    }

    private func write(rows: Int, to path: String) throws {
        guard let file = fopen(path, "w") else { throw Problem("\(path) cannot be written") }
        var random = SplitMix(seed: seed)
        fputs("date,reference,account,type,amount,counter_account,narrative\n", file)
        for row in 1...rows {
            let from = Int.random(in: 0..<Self.accounts, using: &random)
            let to = (from + Int.random(in: 1..<Self.accounts, using: &random)) % Self.accounts
            let amount = Int.random(in: 100...5099, using: &random)
            let money = "\(amount / 100).\(amount % 100 / 10)\(amount % 10)"
            let line =
                row.isMultiple(of: 10)
                ? "2026-01-31,row-\(row),i\(from),deposit,\(money),,cash paid in\n"
                : "2026-01-31,row-\(row),i\(from),transfer,\(money),i\(to),invoice \(row)\n"
            fputs(line, file)
        }
        if fclose(file) != 0 { throw Problem("\(path) cannot be written") }
    }
}
