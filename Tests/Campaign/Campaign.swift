import FaultProxy
import Foundation
import LedgerService
import LedgerStore
import Postgres

/// Programs of tellers work on few accounts while connections, servers and the programs themselves are broken; then a
/// checker that trusts nothing but the tellers' logs and its own SQL compares what they were told with the books.
public struct Campaign: Sendable {
    private let plan: CampaignPlan
    /// The program that runs a teller.
    private let executable: String
    private let say: @Sendable (String) -> Void

    /// - Parameters:
    ///   - executable: the `run-campaign` program.
    ///   - say: told what happens, a line each.
    public init(
        _ plan: CampaignPlan, executable: String, say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.plan = plan
        self.executable = executable
        self.say = say
    }

    public func run() async throws -> CampaignReport {
        let directory = try plan.directory ?? Self.makeDirectory()
        let servers = try await LedgerServers.start()
        do {
            let report = try await run(in: directory, servers)
            await servers.stop()
            if plan.directory == nil, report.anomalies.isEmpty {
                try? FileManager.default.removeItem(atPath: directory)
            }
            return report
        } catch {
            await servers.stop()
            throw error
        }
    }

    private static func makeDirectory() throws -> String {
        var template = Array("/tmp/campaign-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CampaignError("no directory in /tmp: \(errno)") }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private func run(in directory: String, _ servers: LedgerServers) async throws -> CampaignReport {
        var report = CampaignReport(plan: plan, directory: directory)
        let accounts = try await prepare(servers)
        var script = FaultScript.random(seed: plan.seed, intensity: plan.intensity, role: "teller")
        script.rules = (plan.sabotage?.rules ?? []) + script.rules
        script.rewrites = plan.sabotage?.rewrites ?? []
        await servers.proxy.setScript(script)
        let staff = TellerStaff(
            executable: executable, connectionString: servers.connectionString, directory: directory,
            accounts: accounts, seed: plan.seed)
        do {
            for _ in 0..<plan.programs { try await staff.hire() }
            report.disasters = try await withUpkeep(of: servers) { try await disasters(servers, staff) }
        } catch {
            await staff.dismiss()
            throw error
        }
        // The last operations are ended, or given up, in a world that is whole again.
        await servers.proxy.setScript(FaultScript(seed: plan.seed, rewrites: script.rewrites))
        await servers.proxy.apply(.heal)
        await staff.dismiss()
        report.faults = await servers.proxy.journal.counts
        await servers.proxy.setScript(.none)
        say("looking back")
        try await findOutTheRest(servers, directory)
        let events = try readTellerLogs(in: directory)
        let connection = try await servers.connect()
        let books = try await Books(reading: connection)
        await connection.close()
        report.take(Checker(books: books, events: events).check())
        if plan.sabotage == nil { try await verify(servers, &report) }
        return report
    }

    /// Makes the ledger, and opens the accounts, each with enough for a while.
    private func prepare(_ servers: LedgerServers) async throws -> [String] {
        let store = try await LedgerStore.open(
            ConnectionSettings(servers.directString), writers: 1, readers: 1)
        try await store.migrate()
        let accounts = (1...plan.accounts).map { "A\($0)" }
        try await Teller.open(accounts, in: store)
        await store.close()
        for script in plan.sabotage?.preparation ?? [] {
            let connection = try await servers.connect()
            try await connection.run(script: script)
            await connection.close()
        }
        return accounts
    }

    /// Does what a planted bug needs doing again and again, while the body runs.
    private func withUpkeep<Result>(
        of servers: LedgerServers, _ body: () async throws -> Result
    ) async throws -> Result {
        let upkeep = Task { try await keepUp(servers) }
        defer { upkeep.cancel() }
        return try await body()
    }

    private func keepUp(_ servers: LedgerServers) async throws {
        guard let upkeep = plan.sabotage?.upkeep else { return }
        while !Task.isCancelled {
            if let connection = try? await servers.connect() {
                try? await connection.run(script: upkeep)
                await connection.close()
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    // MARK: Disasters

    private func disasters(_ servers: LedgerServers, _ staff: TellerStaff) async throws -> [Disaster: Int] {
        var random = SeededGenerator(seed: plan.seed ^ 0xd15a)
        var counts: [Disaster: Int] = [:]
        let end = ContinuousClock.now + .seconds(plan.seconds)
        let choices = Disaster.allCases.filter { plan.disasters.contains($0) }
            .flatMap { Array(repeating: $0, count: $0.weight) }
        while ContinuousClock.now < end {
            let pause = Duration.milliseconds(Int.random(in: 200...3000, using: &random))
            try await Task.sleep(until: min(end, .now + pause))
            try await staff.replaceTheDead()
            guard ContinuousClock.now < end, let disaster = choices.randomElement(using: &random) else {
                continue
            }
            say(disaster.rawValue)
            counts[disaster, default: 0] += 1
            try await strike(disaster, servers, staff, &random)
        }
        return counts
    }

    private func strike(
        _ disaster: Disaster, _ servers: LedgerServers, _ staff: TellerStaff, _ random: inout SeededGenerator
    ) async throws {
        let time = Duration.milliseconds(Int.random(in: 100...3000, using: &random))
        switch disaster {
        case .serverKilled: try await servers.kill()
        case .backendKilled: try await servers.killBackend(&random)
        case .serverPaused: try await servers.pause(for: time)
        case .diskFull: try await servers.fillDisk(for: time * 0.66)
        case .programKilled: try await staff.killOne(&random)
        case .failOver:
            try await servers.addStandby()
            try await servers.waitForTheStandby()
            // Some operations that only the standby will know of.
            try await Task.sleep(for: time)
            try await servers.failOver()
        }
    }

    // MARK: Looking back

    /// What nobody was told yet is found out as the next start of a program would, when nothing is under way any more.
    private func findOutTheRest(_ servers: LedgerServers, _ directory: String) async throws {
        let teller = Teller(
            connectionString: await servers.directString, directory: directory, name: "last", accounts: [],
            seed: 0)
        try await servers.waitUntilNothingIsUnderWay()
        try await teller.findOutTheRest()
    }

    private func verify(_ servers: LedgerServers, _ report: inout CampaignReport) async throws {
        let store = try await LedgerStore.open(
            ConnectionSettings(servers.directString), writers: 1, readers: 1)
        let found = try await Verifier(store: store).run()
        await store.close()
        report.anomalies += found.problems.map {
            "verify: \($0.account?.text ?? "") #\($0.seq ?? 0) \($0.message)"
        }
    }
}
