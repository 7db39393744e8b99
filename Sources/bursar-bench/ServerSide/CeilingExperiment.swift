import Ledger
import LedgerService
import LedgerStore
import Synchronization

/// How fast groups get onto the books that were decided and encoded before the clock starts: what the server, its disk
/// and the way to it allow one connection. Then what is left of that when what any program has to do is done as well.
struct CeilingExperiment: Experiment {
    private struct Way: Sendable {
        /// Its writers are a group's operations.
        let posting: PostingCase
        let commit: Commit

        var title: String {
            switch commit {
            case .apart: posting.name
            case .behindOutbox: "  with an outbox"
            case .forCallers: "  and callers"
            case .decided: "  and deciding"
            case .withStatement: "  without BEGIN, COMMIT"
            }
        }
    }

    private enum Commit: CaseIterable {
        /// A statement of its own, as it is where an outbox has to be waited for, which is ready at once here.
        case apart
        /// The same, with an outbox that the operations are on their way into meanwhile.
        case behindOutbox
        /// The same, for as many tasks as there are operations, each of which asks again when it has been told.
        case forCallers
        /// The same, decided and encoded when all have asked.
        case decided
        /// With the statement, since there is nothing to wait for.
        case withStatement
    }

    private struct Group: Sendable {
        let operations: [Operation]
        /// Nil where it is decided at its turn.
        let writing: Writing?
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
        let prepared = try await prepare(posting, trial, for: store, isDecided: commit != .decided)
        var decider = prepared.decider
        let outbox = Outbox(directory: "\(server.work)/outbox", ledger: name)
        try await server.run("CHECKPOINT", in: "postgres")
        let processor = server.processorTime
        let begun = ContinuousClock.now
        let desk = Desk(callers: commit == .forCallers || commit == .decided ? posting.writers : 0)
        // Without changing threads for each of them, as a group's own task.
        let sent = try await withTaskExecutorPreference(LedgerStore.executor) {
            try await withThrowingTaskGroup(of: Void.self) { callers in
                for _ in 0..<desk.callers { callers.addTask { while await desk.ask() {} } }
                defer { desk.close() }
                var sent = 0
                for group in prepared.groups where ContinuousClock.now - begun < .seconds(trial.seconds) {
                    await desk.gather()
                    let writing = try group.writing ?? decider.decide(group.operations)
                    switch commit {
                    case .apart: try await store.write(writing, when: { true })
                    case .behindOutbox, .forCallers, .decided:
                        try await write(writing, group.operations, to: store, behind: outbox)
                    case .withStatement: try await store.write(writing, when: nil)
                    }
                    desk.tell()
                    sent += 1
                }
                return sent
            }
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

    private func write(
        _ writing: Writing, _ operations: [Operation], to store: LedgerStore, behind outbox: Outbox
    ) async throws {
        let now = ServiceEnvironment.live.now()
        let entries = operations.map { OutboxEntry(operation: $0, begunAt: now, overAt: now) }
        let keeping = Task(executorPreference: LedgerStore.executor) { try await outbox.keep(entries) }
        do {
            try await store.write(writing, when: { (try? await keeping.value) != nil })
        } catch {
            // Where it is the outbox that failed, that is the reason.
            try await keeping.value
            throw error
        }
        // The next group's lines strike these off.
        _ = outbox.noteTold(operations.map(\.reference))
    }

    /// One group after the other, each from the accounts as the one before is to leave them.
    /// - Returns: the groups, and who decides those that are not decided.
    private func prepare(
        _ posting: PostingCase, _ trial: Trial, for store: LedgerStore, isDecided: Bool
    ) async throws -> (groups: [Group], decider: Decider) {
        var requests = Requests(
            accounts: Requests.codes(posting.accounts), traffic: posting.traffic, actor: "teller 0",
            seed: trial.seed)
        func next() throws -> Operation {
            try requests.next(Reference(generatedFrom: ServiceEnvironment.live.newIdentifier()))
        }
        var decider = Decider(
            view: try await store.view(
                of: (0..<posting.accounts * 10).map { _ in try next() }, timeout: .seconds(60)))
        let groups = try (0..<fastest * trial.seconds / posting.writers).map { _ in
            let operations = try (0..<posting.writers).map { _ in try next() }
            return Group(
                operations: operations, writing: isDecided ? try decider.decide(operations) : nil)
        }
        return (groups, decider)
    }

    private struct Decider: Sendable {
        var view: LedgerView
        private let environment = ServiceEnvironment.live

        init(view: LedgerView) { self.view = view }

        mutating func decide(_ operations: [Operation]) throws -> Writing {
            // A group is not asked about those before it.
            view.settled = [:]
            let decisions = try operations.map { operation in
                let context = DecisionContext(bookedAt: environment.now(), id: environment.newIdentifier())
                guard case .post(let decision) = view.decide(operation, context: context) else {
                    throw Problem("an operation on an account of the benchmark was not to be posted")
                }
                view.apply(decision)
                return decision
            }
            return Writing(decisions, kind: .entries)
        }
    }

    func finish(on server: BenchServer) async throws {
        for way in ways.indices where chosen[way].commit == .apart { try await arena(way, on: server).drop() }
    }
}

/// Where callers wait until they are told, and who serves them until all have come.
private final class Desk: Sendable {
    private struct State {
        var waiting: [CheckedContinuation<Bool, Never>] = []
        var server: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    let callers: Int
    private let state = Mutex(State())

    init(callers: Int) { self.callers = callers }

    /// - Returns: whether there is anything more to ask.
    func ask() async -> Bool {
        await withCheckedContinuation { continuation in
            let (server, isClosed) = state.withLock { state in
                if state.isClosed { return (CheckedContinuation<Void, Never>?.none, true) }
                state.waiting.append(continuation)
                guard state.waiting.count == callers else { return (nil, false) }
                defer { state.server = nil }
                return (state.server, false)
            }
            server?.resume()
            if isClosed { continuation.resume(returning: false) }
        }
    }

    /// Returns when all callers have asked.
    func gather() async {
        await withCheckedContinuation { continuation in
            let isComplete = state.withLock { state in
                if state.waiting.count < callers { state.server = continuation }
                return state.waiting.count == callers
            }
            if isComplete { continuation.resume() }
        }
    }

    func tell() { resume(returning: true) }

    func close() {
        state.withLock { $0.isClosed = true }
        resume(returning: false)
    }

    private func resume(returning isOpen: Bool) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: isOpen) }
    }
}
