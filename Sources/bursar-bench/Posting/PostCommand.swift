import ArgumentParser
import FoundationEssentials

struct PostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "post", abstract: "Measure posting beside the ways in which it is done today.",
        discussion: """
            Everybody works on the same server with durable commits, on tables with the same accounts, one after the
            other, several rounds. Without --private or --connect the server is private and thrown away afterwards.

            A case is named by writers and accounts (16x1000), by writers and traffic (16xcash, 16xskewed), with /4 for
            four programs. `goals` and `all` are sets of cases.
            """)

    @Option(help: "The directory of a private server.") var `private`: String?
    @Option(help: "A libpq connection string of keywords and values, for somebody who may create databases.")
    var connect: String?
    @Option(help: "Cases, separated by commas.") var cases = "goals"
    @Option(help: "Who is measured, separated by commas; all if not given.") var contenders: String?
    @Option(help: "How often each is measured.") var rounds = 5
    @Option(help: "How long each time.") var seconds = 5
    @Option(help: "The same requests for the same seed.") var seed: UInt64 = 1
    @Option(help: "Writes all figures to this file, too.") var json: String?

    func validate() throws {
        if `private` != nil, connect != nil { throw ValidationError("give --connect or --private, not both") }
        if !(1...100).contains(rounds) { throw ValidationError("--rounds takes a number from 1 to 100") }
        if !(1...3600).contains(seconds) { throw ValidationError("--seconds takes a number from 1 to 3600") }
        _ = try chosenCases()
        _ = try chosenContenders()
    }

    private func chosenCases() throws -> [PostingCase] {
        try cases.split(separator: ",").flatMap { name -> [PostingCase] in
            switch name {
            case "goals": return PostingCase.goals.compactMap(PostingCase.init)
            case "all": return PostingCase.all.compactMap(PostingCase.init)
            default:
                guard let posting = PostingCase(String(name)) else {
                    throw ValidationError("no case “\(name)”")
                }
                return [posting]
            }
        }
    }

    private func chosenContenders() throws -> [Contender] {
        guard let contenders else { return Contender.allCases }
        return try contenders.split(separator: ",").map { name in
            guard let contender = Contender(rawValue: String(name)) else {
                let known = Contender.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("no contender “\(name)”; there are \(known)")
            }
            return contender
        }
    }

    func run() async throws {
        let plan = PostPlan(
            cases: try chosenCases(), contenders: try chosenContenders(), rounds: rounds, seconds: seconds,
            seed: seed)
        let report = try await BenchServer.with(connect: connect, directory: `private`) { server in
            print(CaseResult.header)
            return try await plan.run(on: server) { print($0.table) }
        }
        for verdict in report.verdicts { print(verdict.line) }
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            try Files.write(String(decoding: try encoder.encode(report), as: UTF8.self) + "\n", to: json)
        }
        if !report.isSound { throw ExitCode(1) }
    }
}

/// What is measured, how often and how long.
struct PostPlan: Sendable {
    var cases: [PostingCase]
    var contenders: [Contender]
    var rounds: Int
    var seconds: Int
    var seed: UInt64

    /// Cases with as many accounts share a database.
    func run(
        on server: BenchServer, report: (CaseResult) -> Void
    ) async throws -> PostReport {
        var results = PostReport(rounds: rounds, seconds: seconds)
        let sizes = cases.reduce(into: [Int]()) { if !$0.contains($1.accounts) { $0.append($1.accounts) } }
        for accounts in sizes {
            note("\(accounts) accounts are made ready")
            let arena = try await Arena.make(on: server, accounts: accounts)
            for posting in cases where posting.accounts == accounts {
                let result = try await CaseRun(
                    arena: arena, posting: posting, contenders: contenders, rounds: rounds, seconds: seconds,
                    seed: seed
                ).run()
                results.cases.append(result)
                report(result)
            }
            try await arena.drop()
        }
        results.verdicts = results.judge()
        return results
    }
}
