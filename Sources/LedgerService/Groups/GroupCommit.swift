import Ledger
import LedgerStore
import Synchronization

/// Posts operations of many callers together: those that come while a statement is in flight are decided in order and
/// written as one, so that a busy account costs one update of its row for a whole group, and the group one commit.
///
/// Groups that share no account are written at the same time, on a few connections. Each operation keeps its own
/// attempts, deadline and outcome; a group that is refused for the sake of one lets the others go again at once.
actor GroupCommit {
    /// What callers have brought and nobody has looked at. They put it here by themselves: to change to the actor and back
    /// would be two jobs for each operation.
    private struct Inbox {
        var arrivals: [Arrival] = []
        /// How many operations they have.
        var count = 0
        var lastCall = 0
        /// Whether ``attend(_:)`` is at work, and looks here once more before it ends.
        var isAttended = false
    }

    private struct Arrival {
        let call: Int
        let items: [Batch.Item]
        let answer: CheckedContinuation<[OperationOutcome], Never>
    }

    /// Somebody who waits for the outcomes of some operations.
    private final class Call {
        let number: Int
        /// Those of more than one operation: most callers bring one.
        private var outcomes: [OperationOutcome?] = []
        private var open: Int
        private let answer: CheckedContinuation<[OperationOutcome], Never>

        init(_ arrival: Arrival) {
            number = arrival.call
            open = arrival.items.count
            answer = arrival.answer
            if open > 1 { outcomes = Array(repeating: nil, count: open) }
        }

        /// The last outcome that is missing answers the caller.
        func settle(_ index: Int, _ outcome: OperationOutcome) {
            open -= 1
            if outcomes.isEmpty { return answer.resume(returning: [outcome]) }
            outcomes[index] = outcome
            if open == 0 { answer.resume(returning: outcomes.compactMap { $0 }) }
        }
    }

    /// Where the outcome of an operation goes.
    private struct Address {
        let call: Call
        let index: Int
    }

    private struct Running {
        let task: Task<Void, Never>
        /// For when the group waits for its turn.
        let alarm: Alarm
        var open: [Identifier]
        var cancelled: Set<Identifier> = []
    }

    /// The most operations that are decided on the connections' own thread, which must not be held up for long.
    private static let small = 64

    /// The most groups that are under way at a time.
    private let lanes: Int
    private nonisolated let inbox = Mutex(Inbox())
    private var addresses: [Identifier: Address] = [:]
    /// What is not on its way into the outbox yet.
    private var unkept: [Batch.Item] = []
    private var line = PostingLine()
    private var memory = AccountMemory()
    private var size = GroupSize()
    private var running: [Int: Running] = [:]
    /// How many were answered since the last group was made up.
    private var returning = 0
    private var patience = Patience()
    private var turn = Turn()

    init(lanes: Int) { self.lanes = lanes }

    /// Posts these operations with whatever else is to be posted, in their order.
    nonisolated(nonsending) func post(
        _ items: [Batch.Item], by service: LedgerService
    ) async -> [OperationOutcome] {
        let call = inbox.withLock { inbox in
            inbox.lastCall += 1
            return inbox.lastCall
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                bring(Arrival(call: call, items: items, answer: continuation), service)
                // The handler may have come too early to find it.
                if Task.isCancelled { Task { await cancel(call, service) } }
            }
        } onCancel: {
            Task { await cancel(call, service) }
        }
    }

    /// Something else of this program has changed these accounts, with which nothing here is to get into conflict.
    func forget(_ codes: [AccountCode]) { memory.forget(codes) }

    /// How many operations wait for a group.
    var waiting: Int { line.count }

    /// How many operations of groups under way their callers do not want any more.
    var stopping: Int { running.values.reduce(0) { $0 + $1.cancelled.count } }

    // MARK: Arrivals

    private nonisolated func bring(_ arrival: Arrival, _ service: LedgerService) {
        inbox.withLock { inbox in
            inbox.arrivals.append(arrival)
            inbox.count += arrival.items.count
        }
        haveAttended(service)
    }

    private nonisolated func haveAttended(_ service: LedgerService) {
        let isAttended = inbox.withLock { inbox in
            defer { inbox.isAttended = true }
            return inbox.isAttended
        }
        if isAttended { return }
        Task(executorPreference: LedgerStore.executor) { await self.attend(service) }
    }

    /// Sends on what came, until nothing more has come.
    private func attend(_ service: LedgerService) async {
        repeat {
            await awaitReturn(service)
            admit()
            await keepAndDispatch(service)
        } while !isIdle()
        // A group may have ended meanwhile.
        dispatch(service)
    }

    /// Whether there is nothing to do; then the next one who brings something has to say so.
    private func isIdle() -> Bool {
        guard unkept.isEmpty else { return false }
        return inbox.withLock { inbox in
            inbox.isAttended = !inbox.arrivals.isEmpty
            return !inbox.isAttended
        }
    }

    private func admit() {
        let arrivals = inbox.withLock { inbox in
            defer { (inbox.arrivals, inbox.count) = ([], 0) }
            return inbox.arrivals
        }
        for arrival in arrivals {
            let call = Call(arrival)
            for (index, item) in arrival.items.enumerated() {
                addresses[item.id] = Address(call: call, index: index)
            }
            unkept += arrival.items
        }
    }

    /// Those who were answered together mostly ask again together, and a group of all of them costs little more than one of
    /// the first. They are waited for, as long as that proves right.
    private func awaitReturn(_ service: LedgerService) async {
        let clock = service.environment.uptime
        let end = clock() + patience.duration
        repeat { await Task.yield() } while inbox.withLock(\.count) < returning && clock() < end
        if returning > 0 { patience.learn(cameBack: inbox.withLock(\.count) >= returning) }
        returning = 0
    }

    /// The operations are decided, and sent, while they are being kept: only their commit has to wait for that. Keeping
    /// begins first, so that it goes on beside the deciding and not only behind it.
    private func keepAndDispatch(_ service: LedgerService) async {
        let keeping = service.outbox == nil || unkept.isEmpty ? nil : Keeping()
        for place in unkept.indices { unkept[place].keeping = keeping }
        let operations = unkept.map(\.operation)
        line.add(unkept)
        unkept = []
        let kept = keeping.map { keeping in
            Task(executorPreference: LedgerStore.executor) { keeping.end(await service.keep(operations)) }
        }
        dispatch(service)
        await kept?.value
    }

    // MARK: Groups

    private func dispatch(_ service: LedgerService) {
        let hadTurn = turn.wasHad(since: service.environment.uptime() - service.policy.lockingWait * 2)
        while running.count < lanes, let group = line.takeGroup(limit: size.limit) {
            let alarm = Alarm()
            let batch = Batch(
                group.items, sparesOthers: true, known: recall(group.items, service), alarm: alarm,
                hadTurn: hadTurn)
            // Between its statements a group does little, and next to its connection it does it without changing threads.
            let task = Task(executorPreference: group.items.count <= Self.small ? LedgerStore.executor : nil)
            {
                await self.run(batch, number: group.number, by: service)
            }
            running[group.number] = Running(task: task, alarm: alarm, open: group.items.map(\.id))
        }
    }

    /// What the group may be decided from without reading it all: nil where nothing is remembered.
    private func recall(_ items: [Batch.Item], _ service: LedgerService) -> Batch.Known? {
        guard let origin = service.store.currentOrigin else { return nil }
        let (accounts, missing) = memory.recall(
            for: items.lazy.map(\.operation), at: service.environment.uptime())
        if missing.count == items.count { return nil }
        var view = LedgerView(accounts: accounts)
        view.origin = origin
        return Batch.Known(view: view, isFresh: false, missing: missing)
    }

    private nonisolated func run(_ batch: Batch, number: Int, by service: LedgerService) async {
        var batch = batch
        let count = batch.pending.count
        let start = service.environment.uptime()
        while !batch.isFinished {
            await service.attempt(&batch)
            let report = batch.takeReport()
            batch.cancel(await settle(number, report, batch.pending, service))
        }
        await end(number, of: count, took: service.environment.uptime() - start, service)
    }

    /// Hands out what an attempt came to, and lets others have the accounts that the group is done with.
    /// - Returns: which operations of the group their callers do not want any more.
    private func settle(
        _ number: Int, _ report: Batch.Report, _ pending: [Batch.Item], _ service: LedgerService
    ) -> Set<Identifier> {
        guard var group = running[number] else { return [] }
        let hasPosted = report.ended.contains { $0.outcome.receipt != nil }
        // Before anybody is told: who asks again finds it noted.
        if hasPosted { turn.notePosting(at: service.environment.uptime()) }
        for end in report.ended { answer(end.id, end.outcome) }
        returning += report.ended.count
        if hasPosted { ring(besides: number) }
        memory.forget(report.touched.lazy.filter { report.left[$0] == nil })
        memory.remember(report.left.values, at: service.environment.uptime())
        if let held = report.memoryHeld { memory.learn(held: held) }
        group.open = pending.map(\.id)
        line.release(number, except: pending)
        running[number] = group
        let unwanted = report.spared.filter { group.cancelled.contains($0.id) }
        answer(unwanted, .cancelled, service)
        if !report.spared.isEmpty {
            line.putBack(report.spared.filter { !group.cancelled.contains($0.id) })
        }
        if !pending.isEmpty { dispatch(service) }
        return group.cancelled
    }

    /// Who posts while others of the same program wait for a turn has it: they go along, instead of keeping the accounts
    /// that they wait with from everybody else in the program.
    private func ring(besides number: Int) {
        for (other, group) in running where other != number { group.alarm.ring() }
    }

    private func end(_ number: Int, of count: Int, took time: Duration, _ service: LedgerService) {
        running[number] = nil
        size.learn(count, took: time)
        patience.longest = time / 3
        haveAttended(service)
    }

    // MARK: Answers

    private func answer(_ id: Identifier, _ outcome: OperationOutcome) {
        guard let address = addresses.removeValue(forKey: id) else { return }
        address.call.settle(address.index, outcome)
    }

    private func answer(
        _ items: [Batch.Item], _ result: OperationOutcome.Result, _ service: LedgerService
    ) {
        let now = service.environment.uptime()
        for item in items {
            answer(
                item.id,
                OperationOutcome(
                    reference: item.operation.reference, result: item.ending(result), attempts: item.attempts,
                    conflicts: item.conflicts, elapsed: now - item.start))
        }
    }

    /// Stops the operations of a call: those that wait at once, those of a group at its next attempt. A statement is
    /// cancelled at the server when nobody else has a part in it.
    private func cancel(_ call: Int, _ service: LedgerService) {
        admit()
        let ids = Set(addresses.filter { $0.value.call.number == call }.map(\.key))
        if ids.isEmpty { return }
        let early = unkept.filter { ids.contains($0.id) }
        unkept.removeAll { ids.contains($0.id) }
        answer(early, .cancelled, service)
        let waiting = line.remove(ids)
        if !waiting.isEmpty {
            Task {
                // What is struck off the outbox must be in it.
                for item in waiting { _ = await item.keeping?.failure() }
                answer(waiting, .cancelled, service)
            }
        }
        for (number, group) in running where !ids.isDisjoint(with: group.open) {
            running[number]?.cancelled.formUnion(ids)
            if ids.union(group.cancelled).isSuperset(of: group.open) { group.task.cancel() }
        }
    }
}
