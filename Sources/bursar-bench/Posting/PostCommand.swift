import ArgumentParser
import Glibc

struct PostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "post", abstract: "Measure posting beside the ways in which it is done today.",
        discussion: """
            Everybody works on the same server with durable commits, on tables with the same accounts, one after the
            other, several rounds. Without --private or --connect the server is private and thrown away afterwards.

            A case is named by writers and accounts (16x1000), by writers and traffic (16xcash, 16xskewed), with /4 for
            four programs, with @50 for operations that come by themselves at half of the highest rate. Besides these
            there are `batches` (and the room on disk), `import`, and `growth`; `goals` and `all` are sets of cases.
            """)

    @Option(help: "The directory of a private server.") var `private`: String?
    @Option(help: "A libpq connection string of keywords and values, for a superuser.")
    var connect: String?
    @Option(help: "Cases, separated by commas.") var cases = "goals"
    @Option(help: "Who is measured, separated by commas; all if not given.") var contenders: String?
    @Option(help: "How often each is measured.") var rounds = 5
    @Option(help: "How long each time.") var seconds = 5
    @Option(help: "The same requests for the same seed.") var seed: UInt64 = 1
    @Option(help: "Sessions of one program, as in its setting pool.writers.") var sessions = BursarSide
        .sessions
    @OptionGroup var wakefulness: Wakefulness
    @Option(help: "Records of the ledger that has grown.") var growthRecords: Int64 = 10_000_000
    @Option(help: "Transfers that are posted in batches.") var batchTransfers = 200_000
    @Option(help: "Rows of the files that are imported, separated by commas.") var importRows =
        "200000,1000000"
    @Option(help: "The program that imports; if not given, the one beside this.") var bursar: String?
    @Option(help: "Writes all figures to this file, too.") var json: String?

    func validate() throws {
        if `private` != nil, connect != nil { throw ValidationError("give --connect or --private, not both") }
        if !(1...100).contains(rounds) { throw ValidationError("--rounds takes a number from 1 to 100") }
        if !(1...3600).contains(seconds) { throw ValidationError("--seconds takes a number from 1 to 3600") }
        if !(1...150).contains(sessions) { throw ValidationError("--sessions takes a number from 1 to 150") }
        if growthRecords < 100 { throw ValidationError("--growth-records takes a number from 100 up") }
        if batchTransfers < 1 { throw ValidationError("--batch-transfers takes a number from 1 up") }
        _ = try plan()
    }

    private func plan() throws -> PostPlan {
        var plan = PostPlan(
            contenders: try chosenContenders(),
            effort: Effort(rounds: rounds, seconds: seconds, seed: seed, sessions: sessions),
            growthRecords: growthRecords, batchTransfers: batchTransfers,
            importRows: try importRows.split(separator: ",").map { text in
                guard let rows = Int(text), rows > 0 else {
                    throw ValidationError("--import-rows takes numbers")
                }
                return rows
            },
            bursar: try bursar ?? Self.sibling("bursar"), isAwake: wakefulness.awake)
        for name in cases.split(separator: ",").map(String.init) {
            if !plan.add(name) { throw ValidationError("no case “\(name)”") }
        }
        return plan
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

    /// A program that was built together with this one.
    private static func sibling(_ name: String) throws -> String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &path, path.count)
        guard length > 0 else { throw Problem("this program does not know where it stands") }
        let own = String(decoding: path[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return own.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/" + name
    }

    func run() async throws {
        let plan = try plan()
        let report = try await wakefulness.hold {
            try await BenchServer.with(connect: connect, directory: `private`) { server in
                try await plan.run(on: server) { text in
                    print(text)
                    // It takes long, and whoever waits for it wants to see how far it is.
                    fflush(nil)
                }
            }
        }
        for verdict in report.verdicts { print(verdict.line) }
        if let json { try Files.write(try report.json, to: json) }
        if !report.isSound { throw ExitCode(1) }
    }
}
