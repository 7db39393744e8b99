import ArgumentParser
import Glibc

struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Measure how the server's settings and the form of tables bear on posting.",
        discussion: """
            Each experiment has several ways of doing the same, which take turns on one private server; ratios are to
            the first way. `in place` are updates of account rows that needed no new entry in an index.
            """)

    @Option(help: "Experiments, separated by commas; all if not given.") var experiments: String?
    @Option(help: "The directory of a private server.") var `private`: String?
    @Option(help: "The case that is posted, where one is.") var posting = "16x1000/4"
    @Option(help: "How often each is measured.") var rounds = 5
    @Option(help: "How long each time.") var seconds = 5
    @Option(help: "The same requests for the same seed.") var seed: UInt64 = 1
    @Option(help: "Sessions of one program, as in its setting pool.writers.") var sessions = BursarSide
        .sessions
    @OptionGroup var wakefulness: Wakefulness
    @Flag(help: "One JSON object a line.") var json = false

    func validate() throws {
        if !(1...100).contains(rounds) { throw ValidationError("--rounds takes a number from 1 to 100") }
        if !(1...3600).contains(seconds) { throw ValidationError("--seconds takes a number from 1 to 3600") }
        _ = try chosen()
    }

    private func chosen() throws -> [any Experiment] {
        guard let posting = PostingCase(posting) else { throw ValidationError("no case “\(posting)”") }
        let all: [any Experiment] =
            PostingExperiment.all(posting, sessions: sessions)
            + [CeilingExperiment(), KeyExperiment(), LoadExperiment(), PlanExperiment()]
        guard let experiments else { return all }
        return try experiments.split(separator: ",").map { name in
            guard let experiment = all.first(where: { $0.name == name }) else {
                let known = all.map(\.name).joined(separator: ", ")
                throw ValidationError("no experiment “\(name)”; there are \(known)")
            }
            return experiment
        }
    }

    func run() async throws {
        let experiments = try chosen()
        let effort = Effort(rounds: rounds, seconds: seconds, seed: seed, sessions: sessions)
        try await wakefulness.hold {
            try await BenchServer.with(connect: nil, directory: `private`) { server in
                for experiment in experiments {
                    let result = try await experiment.measure(on: server, effort)
                    print(try json ? result.json : result.table)
                    fflush(nil)
                }
            }
        }
    }
}
