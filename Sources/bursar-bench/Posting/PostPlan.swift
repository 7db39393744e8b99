import Glibc
import Postgres

/// What is measured, how often and how long.
struct PostPlan: Sendable {
    var cases: [PostingCase] = []
    var contenders: [Contender]
    var effort: Effort
    var hasBatches = false
    var hasImport = false
    var hasGrowth = false
    var growthRecords: Int64
    var batchTransfers: Int
    var importRows: [Int]
    /// The program that imports.
    var bursar: String
    /// Whether the processors are kept from sleeping, as the report says.
    var isAwake = false

    /// Adds a case or a set of cases by its name.
    /// - Returns: whether there is one of that name.
    mutating func add(_ name: String) -> Bool {
        switch name {
        case "batches": hasBatches = true
        case "import": hasImport = true
        case "growth": hasGrowth = true
        case "goals", "all":
            cases += (name == "goals" ? PostingCase.goals : PostingCase.all).compactMap { PostingCase($0) }
            (hasBatches, hasImport, hasGrowth) = (true, true, true)
        default:
            guard let posting = PostingCase(name) else { return false }
            cases.append(posting)
        }
        return true
    }

    /// - Parameter report: told the lines of the table as they come.
    func run(on server: BenchServer, report: (String) -> Void) async throws -> PostReport {
        var results = PostReport(
            server: try await Self.version(of: server), processors: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
            isAwake: isAwake, effort: effort)
        report(results.conditions)
        try await runCases(on: server, &results, report: report)
        if hasBatches {
            let arena = try await Arena.make(on: server, accounts: 1000)
            let batches = try await BatchRun(arena: arena, effort: effort, transfers: batchTransfers).run()
            try await arena.drop()
            results.batches = batches
            report(batches.table)
        }
        if hasImport {
            for rows in importRows {
                note("\(rows) rows are imported")
                let result = try await ImportRun(server: server, bursar: bursar, seed: effort.seed).run(
                    rows: rows)
                results.imports.append(result)
                report(result.line)
            }
        }
        if hasGrowth {
            let growth = try await GrowthRun(server: server, records: growthRecords, effort: effort).run()
            results.growth = growth
            report(growth.table)
        }
        results.verdicts = results.judge()
        return results
    }

    /// Cases with as many accounts share a database.
    private func runCases(
        on server: BenchServer, _ results: inout PostReport, report: (String) -> Void
    ) async throws {
        if !cases.isEmpty { report(CaseResult.header) }
        let sizes = cases.reduce(into: [Int]()) { if !$0.contains($1.accounts) { $0.append($1.accounts) } }
        for accounts in sizes {
            note("\(accounts) accounts are made ready")
            let arena = try await Arena.make(on: server, accounts: accounts)
            if contenders.contains(.bursarWithoutOutbox) { try await arena.double.fill() }
            for posting in cases where posting.accounts == accounts {
                let result = try await CaseRun(
                    arena: arena, posting: posting, contenders: contenders, effort: effort
                ).run()
                results.cases.append(result)
                report(result.table)
            }
            try await arena.drop()
            try await arena.double.drop()
        }
    }

    private static func version(of server: BenchServer) async throws -> String {
        try await server.with("postgres") { connection in
            let statement = Statement(name: "version", sql: "SELECT current_setting('server_version')")
            return "PostgreSQL " + (try await connection.query(statement).first?.decode(0) ?? "")
        }
    }
}
