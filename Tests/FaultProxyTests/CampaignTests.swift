import FaultProxy
import Foundation
import Postgres
import TestSupport
import Testing

/// A long run of the real thing in short: many clients, a random script, and in the end what the clients were
/// told is compared with what is in the table.
@Suite(.timeLimit(.minutes(10))) struct CampaignTests {
    private struct Told: Sendable {
        var done: Set<Int32> = []
        var notDone: Set<Int32> = []
        var unknown: Set<Int32> = []
    }

    private static let seeds: [UInt64] =
        ProcessInfo.processInfo.environment["FAULT_PROXY_CAMPAIGNS"].flatMap { UInt64($0) }
        .map { Array(1...$0) } ?? [1, 2, 3]

    @Test(arguments: seeds)
    func tellsTheTruthWhateverHappens(seed: UInt64) async throws {
        try await Bench.use { bench in
            await bench.proxy.setScript(.random(seed: seed, intensity: 0.3))
            let told = try await withThrowingTaskGroup(of: Told.self) { group in
                for client: Int32 in 0..<8 {
                    group.addTask { await insert(bench, (client * 1_000)..<(client * 1_000 + 60)) }
                }
                return try await group.reduce(into: Told()) { all, told in
                    all.done.formUnion(told.done)
                    all.notDone.formUnion(told.notDone)
                    all.unknown.formUnion(told.unknown)
                }
            }
            await bench.proxy.setScript(.none)
            // What is under way arrives, and then nothing more does.
            await bench.proxy.apply(.heal)
            try await bench.wait(until: "all is closed") { await bench.proxy.openConnections == 0 }
            try await bench.wait(until: "the server's sessions have ended") {
                let others = Statement(
                    name: "others",
                    sql: "SELECT 1 FROM pg_stat_activity WHERE application_name = $1")
                return try await bench.observer.query(others, [.value(bench.table)]).isEmpty
            }
            let there = Set(try await bench.numbers())
            #expect(told.done.isSubset(of: there), "lost: \(told.done.subtracting(there).sorted())")
            #expect(told.notDone.isDisjoint(with: there), "\(told.notDone.intersection(there).sorted())")
            #expect(told.done.count + told.notDone.count + told.unknown.count == 480)
            let journal = await bench.proxy.journal
            #expect(journal.total > 50, "\(journal.summary)")
            #expect(journal.counts.count >= 6, "\(journal.summary)")
        }
    }

    /// Tries each number once.
    private func insert(_ bench: Bench, _ numbers: Range<Int32>) async -> Told {
        var told = Told()
        var connection: Connection?
        for number in numbers {
            if await connection?.isUsable != true {
                let settings = try? bench.settings("application_name=\(bench.table)")
                connection = nil
                while connection == nil, let settings {
                    connection = try? await Connection.connect(settings, timeout: .seconds(5))
                }
            }
            do {
                _ = try await connection?.pipeline([bench.inserting(number)], timeout: .seconds(2))
                told.done.insert(number)
            } catch {
                switch error.kind {
                case .connectionLost: told.unknown.insert(number)
                case .server where error.sqlState == .statementCompletionUnknown: told.unknown.insert(number)
                default: told.notDone.insert(number)
                }
            }
        }
        await connection?.close()
        return told
    }
}
