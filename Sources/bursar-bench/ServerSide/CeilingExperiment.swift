import Ledger
import LedgerService
import LedgerStore

/// How fast groups get onto the books that were decided and encoded before the clock starts: what the server, its disk
/// and the way to it allow one connection.
struct CeilingExperiment: Experiment {
    private struct Way: Sendable {
        /// Its writers are a group's operations.
        let posting: PostingCase
        let commit: Commit

        var title: String {
            switch commit {
            case .apart: posting.name
            case .behindOutbox: "  with an outbox"
            case .withStatement: "  without BEGIN, COMMIT"
            }
        }
    }

    private enum Commit: CaseIterable {
        /// A statement of its own, as it is where an outbox has to be waited for, which is ready at once here.
        case apart
        /// The same, with an outbox that the operations are on their way into meanwhile.
        case behindOutbox
        /// With the statement, since there is nothing to wait for.
        case withStatement
    }

    private struct Group: Sendable {
        let writing: Writing
        let operations: [Operation]
    }

    let name = "ceiling"
    let unit = "transfers a second"

    private let chosen: [Way]
    /// Transfers that are decided for each second that a turn lasts. Who posts more is done before it is over.
    private let fastest: Int

    init(
        _ cases: [String] = ["1x2", "16x2", "16xcash", "16x10", "16x1000", "500x1000"], fastest: Int = 40_000
    ) {
        chosen = cases.compactMap(PostingCase.init).flatMap { posting in
            Commit.allCases.map { Way(posting: posting, commit: $0) }
        }
        self.fastest = fastest
    }

    var ways: [String] { chosen.map(\.title) }

    func arena(_ way: Int, on server: BenchServer) -> Arena {
        let posting = chosen[way].posting
        return Arena(server: server, database: "bench_\(name)_\(posting.name)", accounts: posting.accounts)
    }

    func prepare(_ way: Int, on server: BenchServer) async throws {
        if chosen[way].commit == .apart { try await arena(way, on: server).fill() }
    }

    func run(_ way: Int, _ trial: Trial, on server: BenchServer) async throws -> TrialResult {
        let (posting, commit) = (chosen[way].posting, chosen[way].commit)
        let store = try await arena(way, on: server).openStore(sessions: 1)
        let groups = try await decide(posting, trial, for: store)
        let outbox = Outbox(directory: "\(server.work)/outbox", ledger: name)
        try await server.run("CHECKPOINT", in: "postgres")
        let processor = server.processorTime
        let begun = ContinuousClock.now
        // Without changing threads for each of them, as a group's own task.
        let sent = try await withTaskExecutorPreference(LedgerStore.executor) {
            var sent = 0
            for group in groups where ContinuousClock.now - begun < .seconds(trial.seconds) {
                switch commit {
                case .apart: try await store.write(group.writing, when: { true })
                case .behindOutbox: try await write(group, to: store, behind: outbox)
                case .withStatement: try await store.write(group.writing, when: nil)
                }
                sent += 1
            }
            return sent
        }
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        await outbox.close()
        await store.close()
        // A closed session's processor time is counted when its process has ended.
        try await Task.sleep(for: .milliseconds(100))
        let posted = Double(sent * posting.writers)
        var result = TrialResult(
            rate: posted / seconds, facts: ["group ms": seconds * 1000 / Double(max(sent, 1))])
        if let processor, let now = server.processorTime {
            result.facts["server µs"] = (now - processor) * 1e6 / max(posted, 1)
        }
        return result
    }

    private func write(_ group: Group, to store: LedgerStore, behind outbox: Outbox) async throws {
        let now = ServiceEnvironment.live.now()
        let entries = group.operations.map { OutboxEntry(operation: $0, begunAt: now, overAt: now) }
        let keeping = Task(executorPreference: LedgerStore.executor) { try await outbox.keep(entries) }
        do {
            try await store.write(group.writing, when: { (try? await keeping.value) != nil })
        } catch {
            // Where it is the outbox that failed, that is the reason.
            try await keeping.value
            throw error
        }
        // The next group's lines strike these off.
        _ = outbox.noteTold(group.operations.map(\.reference))
    }

    /// One group after the other, each from the accounts as the one before is to leave them.
    private func decide(
        _ posting: PostingCase, _ trial: Trial, for store: LedgerStore
    ) async throws -> [Group] {
        let environment = ServiceEnvironment.live
        var requests = Requests(
            accounts: Requests.codes(posting.accounts), traffic: posting.traffic, actor: "teller 0",
            seed: trial.seed)
        func next() throws -> Operation {
            try requests.next(Reference(generatedFrom: environment.newIdentifier()))
        }
        var view = try await store.view(
            of: (0..<posting.accounts * 10).map { _ in try next() }, timeout: .seconds(60))
        return try (0..<fastest * trial.seconds / posting.writers).map { _ in
            let operations = try (0..<posting.writers).map { _ in try next() }
            let decisions = try operations.map { operation in
                let context = DecisionContext(bookedAt: environment.now(), id: environment.newIdentifier())
                guard case .post(let decision) = view.decide(operation, context: context) else {
                    throw Problem("an operation on an account of the benchmark was not to be posted")
                }
                view.apply(decision)
                return decision
            }
            return Group(writing: Writing(decisions, kind: .entries), operations: operations)
        }
    }

    func finish(on server: BenchServer) async throws {
        for way in ways.indices where chosen[way].commit == .apart { try await arena(way, on: server).drop() }
    }
}
