import ArgumentParser
import Campaign
import Dispatch
import Foundation

/// `swift run run-campaign --minutes 30`: breaks everything that can be broken, and checks the books afterwards.
@main
struct RunCampaign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-campaign",
        abstract: "Posts while connections, servers and programs are broken, and checks what comes of it.",
        subcommands: [Run.self, TellerCommand.self], defaultSubcommand: Run.self)
}

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Run a campaign.")

    @Option(help: "How long, in minutes.") var minutes = 2.0
    @Option(help: "Decides the faults; a fresh one is chosen and printed otherwise.") var seed: UInt64?
    @Option(help: "Programs of tellers at a time.") var programs = 3
    @Option(help: "Accounts that they share.") var accounts = 6
    @Option(help: "The part of all statements that meet a fault, from 0 through 1.") var intensity = 0.03
    @Option(help: "Of \(Disaster.allCases.map(\.rawValue).joined(separator: ", ")): only these, with commas.")
    var disasters: String?
    @Option(help: "A bug to put in: \(Sabotage.allCases.map(\.rawValue).joined(separator: ", ")).")
    var sabotage: String?
    @Option(help: "Where the tellers' logs go, and stay; else they are deleted when there is no anomaly.")
    var directory: String?

    func run() async throws {
        let chosen = disasters.map { $0.split(separator: ",").compactMap { Disaster(rawValue: String($0)) } }
        let plan = CampaignPlan(
            seconds: Int(minutes * 60), seed: seed ?? UInt64.random(in: 0..<1 << 32), programs: programs,
            accounts: accounts, intensity: intensity, disasters: Set(chosen ?? Disaster.allCases),
            sabotage: sabotage.flatMap(Sabotage.init), directory: directory)
        print("seed \(plan.seed)")
        let start = Date()
        let campaign = Campaign(plan, executable: CommandLine.arguments[0]) { line in
            FileHandle.standardError.write(
                Data("\(String(format: "%7.1f", Date().timeIntervalSince(start)))  \(line)\n".utf8))
        }
        let report = try await campaign.run()
        print(report.text)
        if report.anomalies.isEmpty == (plan.sabotage != nil) { throw ExitCode(70) }
    }
}

/// One program of tellers; a campaign starts and kills them.
struct TellerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "teller", shouldDisplay: false)

    @Option var connect: String
    @Option var directory: String
    @Option var name: String
    @Option var accounts: String
    @Option var seed: UInt64

    func run() async throws {
        let teller = Teller(
            connectionString: connect, directory: directory, name: name,
            accounts: accounts.split(separator: ",").map(String.init), seed: seed)
        let work = Task { try await teller.run() }
        signal(SIGTERM, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM)
        source.setEventHandler { work.cancel() }
        source.resume()
        do {
            try await work.value
        } catch is CancellationError {
            // The campaign ended while it was still waiting for a server to begin with.
        }
        source.cancel()
    }
}
