import Ledger
import LedgerStore

/// One attempt after the other: read, decide, write, and what to do when that did not work.
extension LedgerService {
    /// Takes the batch one step further: at least one operation ends, or the next attempt may begin.
    func attempt(_ batch: inout Batch) async {
        let begun = environment.uptime()
        if Task.isCancelled { return await finish(&batch, batch.pending.count) { _ in .cancelled } }
        let stopped = batch.bringForward(\.isCancelled)
        if stopped > 0 { return await finish(&batch, stopped) { _ in .cancelled } }
        let over = batch.bringForward { isOver($0, at: begun) }
        if over > 0 { return await finish(&batch, over) { .gaveUp(givingUp($0, at: begun)) } }
        let count = batch.chunk
        let new = batch.beginAttempt(of: count)
        publish(batch, new) { _ in .started }
        var fromMemory = false
        do throws(StoreFailure) {
            var plan = try await decide(&batch, count, &fromMemory)
            if !plan.decisions.isEmpty, isToLock(batch, count) {
                if await endUnkept(&batch, count, after: environment.uptime() - begun) { return }
                fromMemory = false
                if let locked = try await writeLocked(batch, count, plan.view) {
                    batch.leave(locked.accounts, fromMemory: false)
                    return await finish(&batch, locked.results, attemptTime: environment.uptime() - begun)
                }
                plan = try await decideAfresh(&batch, count)
            }
            if let kind = batch.pending.first?.operation.writeKind, !plan.decisions.isEmpty {
                try await write(
                    plan.writing ?? Writing(plan.decisions, kind: kind), timeout: timeLeft(batch),
                    when: isKept(batch, count))
                batch.leave(plan.accounts, fromMemory: fromMemory)
            } else if !plan.found.isEmpty {
                // What this attempt did not write itself may be known to one server alone.
                batch.noteFound(plan.found)
                try await confirm(timeout: timeLeft(batch))
            }
            if plan.decisions.isEmpty, await endUnkept(&batch, count, after: environment.uptime() - begun) {
                return
            }
            await finish(&batch, plan.results, attemptTime: environment.uptime() - begun)
        } catch {
            batch.distrust(fromMemory: fromMemory)
            if await endUnkept(&batch, count, after: environment.uptime() - begun) { return }
            await handle(error, &batch, count, after: environment.uptime() - begun)
        }
    }

    /// What the first write of operations is committed after: that they are in the outbox.
    private func isKept(_ batch: Batch, _ count: Int) -> (@Sendable () async -> Bool)? {
        let keepings = batch.keepings(of: count)
        if keepings.isEmpty { return nil }
        return {
            for keeping in keepings where await keeping.failure() != nil { return false }
            return true
        }
    }

    /// Waits until the operations are in the outbox, and ends those that cannot be: nothing of them is on the books. The
    /// attempt of the others never was.
    /// - Returns: whether there were any.
    private func endUnkept(_ batch: inout Batch, _ count: Int, after time: Duration) async -> Bool {
        for keeping in batch.keepings(of: count) {
            guard let failure = await keeping.failure() else { continue }
            let others = batch.pending.prefix(count).count { $0.keeping !== keeping }
            let unkept = batch.bringForward { $0.keeping === keeping }
            await finish(&batch, Array(repeating: failure, count: unkept), attemptTime: time)
            batch.goOn(with: [], of: others)
            return true
        }
        return false
    }

    /// Whether there is to be no further attempt of the operation.
    private func isOver(_ item: Batch.Item, at now: Duration) -> Bool {
        item.attempts >= policy.maximumAttempts || now - item.start >= policy.deadline
    }

    /// Until the first deadline of the operations; those that have more time go on without the one that has none.
    private func timeLeft(_ batch: Batch) -> Duration {
        let start = batch.pending.prefix(batch.chunk).map(\.start).min() ?? .zero
        return max(policy.deadline - (environment.uptime() - start), .milliseconds(1))
    }

    /// Decides the first operations: from what is known of their accounts, as long as all of them are to be posted. A
    /// refusal, or that something is on the books already, only the books can say.
    private func decide(
        _ batch: inout Batch, _ count: Int, _ fromMemory: inout Bool
    ) async throws(StoreFailure) -> Batch.Plan {
        if var known = batch.takeKnown() {
            if let plan = known.plan, plan.results.count == count {
                fromMemory = true
                look(&batch, count, at: plan.view)
                return plan
            }
            if !known.missing.isEmpty { try await complete(&known, for: batch) }
            let plan = batch.plan(count, in: known.view, bookedAt: environment.now())
            if known.isFresh || plan.postsAll {
                fromMemory = !known.isFresh
                look(&batch, count, at: known.view)
                return plan
            }
        }
        return try await decideAfresh(&batch, count)
    }

    /// Decides a batch that is not to be written yet, from what is known of its accounts.
    /// - Parameter certain: the accounts as they will be by then, whatever is read of them now.
    /// - Returns: the accounts as it is to leave them; nil, and it is to be decided at its turn, when not all of it is to be
    ///   posted as far as is known.
    func decideAhead(
        _ batch: inout Batch, certain: [AccountCode: Account]
    ) async -> [AccountCode: Account]? {
        guard var known = batch.takeKnown(), batch.chunk == batch.pending.count else { return nil }
        do throws(StoreFailure) {
            if !known.missing.isEmpty {
                try await complete(&known, for: batch)
                for code in known.view.accounts.keys { certain[code].map { known.view.accounts[code] = $0 } }
            }
        } catch {
            return nil
        }
        var plan = batch.plan(batch.chunk, in: known.view, bookedAt: environment.now())
        guard plan.postsAll, let kind = batch.pending.first?.operation.writeKind else { return nil }
        plan.writing = Writing(plan.decisions, kind: kind)
        batch.know(plan)
        return plan.accounts
    }

    private func decideAfresh(_ batch: inout Batch, _ count: Int) async throws(StoreFailure) -> Batch.Plan {
        let view = try await read(batch.pending.prefix(count).map(\.operation), timeout: timeLeft(batch))
        let plan = batch.plan(count, in: view, bookedAt: environment.now())
        look(&batch, count, at: view)
        return plan
    }

    /// Whether the first operations have lost so many races that they are to lock their accounts.
    private func isToLock(_ batch: Batch, _ count: Int) -> Bool {
        batch.pending.first?.operation.writeKind.isDecidedFromAccounts == true
            && batch.hasLost(policy.racesBeforeLocking, among: count)
    }

    /// Decides once more with the accounts locked, and writes.
    ///
    /// Only what is to be posted is decided in this way: whether a reference is on the books was asked before the
    /// accounts were locked, or not at all, and a posting of this very operation may be what makes it impossible.
    /// - Returns: nil when not all of it is to be posted. Nothing was written then.
    private func writeLocked(
        _ batch: Batch, _ count: Int, _ view: LedgerView
    ) async throws(StoreFailure) -> Batch.Plan? {
        guard let kind = batch.pending.first?.operation.writeKind else { return nil }
        let environment = environment
        return try await write(
            locking: view.accounts.values.map(\.id).sorted(), kind: kind, timeout: timeLeft(batch)
        ) { locked in
            var view = view
            for account in locked { view.accounts[account.code] = account }
            let plan = batch.plan(count, in: view, bookedAt: environment.now())
            return plan.postsAll ? (plan.decisions, plan) : ([], nil)
        }
    }

    /// Reads what is missing of the accounts. What is remembered stays as it is, since this program's own writes may have
    /// come after what is read.
    private func complete(_ known: inout Batch.Known, for batch: Batch) async throws(StoreFailure) {
        let view = try await read(
            known.missing.map { batch.pending[$0].operation }, isFinal: false, timeout: timeLeft(batch))
        known.view.accounts.merge(view.accounts) { remembered, _ in remembered }
        known.view.settled = view.settled
        known.missing = []
    }

    /// Tells what the view shows of what happened before, and keeps it for the next attempt to be compared with.
    private func look(_ batch: inout Batch, _ count: Int, at view: LedgerView) {
        publishRereads(batch, count, view)
        batch.remember(view)
        publishResolutions(batch, count, view)
    }

    private func handle(
        _ failure: StoreFailure, _ batch: inout Batch, _ count: Int, after time: Duration
    ) async {
        log.info("attempt ended: \(failure.kind) \(failure.sqlState ?? "-") \(failure.statement ?? "-")")
        log.debug("server said: \(failure.detail)")
        switch failure.kind {
        case .referenceTaken, .lostRace:
            switch await sight(of: batch, count, after: failure) {
            case .clear: await retry(failure, &batch, count, after: time)
            case .unclear: batch.halve(count)
            case .blocked(let refusal): await finish(&batch, count, after: time) { _ in .refused(refusal) }
            }
        case .conflict, .overloaded, .unavailable:
            await retry(failure, &batch, count, after: time)
        case .unknownOutcome:
            batch.noteLostAnswer(of: count)
            let lost = Failure(message: failure.cause, sqlState: failure.sqlState)
            publish(batch, Array(0..<count)) { _ in .unknown(lost) }
            await retry(failure, &batch, count, after: time)
        case .ruleViolated where count > 1, .failed where count > 1:
            // One of them is the reason: halves find it without giving up the rest.
            batch.halve(count)
        case .ruleViolated, .failed:
            let message = failure.cause + Failure.nothingWritten
            log.error("failed: \(failure.detail)")
            let failed = Failure(message: message, sqlState: failure.sqlState)
            await finish(&batch, count, after: time) { _ in .failed(failed) }
        case .notPermitted:
            await finish(&batch, count, after: time) { _ in .refused(.notPermitted(why: failure.cause)) }
        case .deadlineExceeded:
            // It was the deadline of the one that has waited longest.
            let now = environment.uptime()
            let over = max(1, batch.bringForward { isOver($0, at: now) })
            await finish(&batch, over) { .gaveUp(givingUp($0, at: now)) }
        case .cancelled:
            await finish(&batch, batch.pending.count) { _ in .cancelled }
        }
    }

    /// Notes the conflict on those operations that it is about, and waits as the policy says.
    private func retry(_ failure: StoreFailure, _ batch: inout Batch, _ count: Int, after time: Duration)
        async
    {
        let hit = await singleOut(failure, &batch, count)
        batch.note(failure, on: hit)
        if failure.kind != .unknownOutcome {
            publish(batch, hit) { .conflicted($0.conflicts[$0.conflicts.count - 1], after: time) }
        }
        batch.goOn(with: hit, of: count)
        if failure.kind == .unavailable || failure.kind == .unknownOutcome {
            await recover(within: timeLeft(batch))
        }
        let isLocking = isToLock(batch, batch.chunk)
        let wait = policy.wait(
            after: failure.kind, attempt: batch.pending[0].attempts, isLocking: isLocking,
            hadTurn: batch.hadTurn, random: environment.random())
        let remaining = policy.deadline - (environment.uptime() - batch.pending[0].start)
        guard wait > .zero, remaining > .zero else { return }
        batch.forgetKnown()
        publish(batch, Array(0..<hit.count)) { _ in .waiting(min(wait, remaining)) }
        if isLocking, let alarm = batch.alarm {
            return await alarm.sleep(for: min(wait, remaining), in: environment)
        }
        // A wait that is cut short by cancelling is over, and the next step sees that.
        try? await environment.sleep(min(wait, remaining))
    }

    /// Brings the server up again, where that is for us to do, as far as the operations' deadline allows. It may go on
    /// after that: the next operation needs it as well.
    private func recover(within limit: Duration) async {
        guard let recover else { return }
        let (end, continuation) = AsyncStream.makeStream(of: Never.self)
        Task {
            await recover()
            continuation.finish()
        }
        let clock = Task { [environment] in
            try? await environment.sleep(limit)
            continuation.finish()
        }
        for await _ in end {}
        clock.cancel()
    }

    /// Which operations of several the failure is about: those whose accounts moved on since they were decided, or whose
    /// references are taken. What the server says of it names one account at the most, and often none.
    private func singleOut(_ failure: StoreFailure, _ batch: inout Batch, _ count: Int) async -> [Int] {
        let all = Array(0..<count)
        guard count > 1, [.conflict, .lostRace, .referenceTaken].contains(failure.kind) else { return all }
        do throws(StoreFailure) {
            let view = try await read(
                batch.pending.prefix(count).map(\.operation), timeout: timeLeft(batch))
            batch.know(view)
            return batch.hit(count, in: view)
        } catch {
            // The next attempt meets the same and says so.
            return all
        }
    }

    private func givingUp(_ item: Batch.Item, at now: Duration) -> Failure {
        let tries = item.attempts == 1 ? "1 attempt" : "\(item.attempts) attempts"
        let last = item.conflicts.last.map { ", the last one because \($0.cause)" } ?? ""
        return Failure(
            message:
                "gave up after \(tries) in \((now - item.start).secondsText) s\(last)\(Failure.nothingWritten), "
                + "and it is safe to run it again",
            sqlState: item.conflicts.last?.sqlState)
    }
}

// MARK: - Ends

extension LedgerService {
    /// The first operations end in this way, without having been written by an attempt that we know of; but where the
    /// answer to one got lost, the books have the last word.
    private func finish(
        _ batch: inout Batch, _ count: Int, after attemptTime: Duration = .zero,
        _ result: (Batch.Item) -> OperationOutcome.Result
    ) async {
        // What is told may be struck off the outbox, and must be in it by then.
        for keeping in batch.keepings(of: count) { _ = await keeping.failure() }
        let settled = await lateAnswers(batch, count)
        let results = batch.pending.prefix(count).map { item in
            if let operation = settled[item.operation.reference] {
                OperationOutcome.Result.posted(operation.receipt)
            } else {
                item.ending(result(item))
            }
        }
        await finish(&batch, results, attemptTime: attemptTime)
    }

    /// Asks once more about operations that may be on the books, also when our own task was cancelled or is out
    /// of time: an answer now spares somebody a search later.
    private func lateAnswers(_ batch: Batch, _ count: Int) async -> [Reference: SettledOperation] {
        let open = batch.pending.prefix(count).filter { $0.mayBePosted || $0.isFound }
        if open.isEmpty { return [:] }
        let references = open.map(\.operation.reference)
        let known =
            await Task { [store] in
                do {
                    let queries = store.queries(within: Self.lateAnswer)
                    let known = try await queries.settled(references: references)
                    if !known.isEmpty { try await store.confirm(timeout: Self.lateAnswer) }
                    return known
                } catch {
                    return [:]
                }
            }.value
        let fingerprints = open.map { ($0.operation.reference, $0.operation.fingerprint) }
        return known.filter { entry in fingerprints.contains { $0 == (entry.key, entry.value.fingerprint) } }
    }

    /// For a server that answers nothing any more, or has been waiting for its standby all the time: it will hardly
    /// begin now.
    private static let lateAnswer = Duration.seconds(2)

    private func finish(
        _ batch: inout Batch, _ results: [OperationOutcome.Result], attemptTime: Duration
    ) async {
        let now = environment.uptime()
        if feed.isHeard {
            let at = environment.now()
            feed.publish(
                zip(batch.pending, results).map { item, result in
                    AttemptEvent(
                        item, at: at, .init(result, attemptTime: attemptTime, elapsed: now - item.start))
                })
        }
        batch.finish(results, at: now)
    }

    private func publish(
        _ batch: Batch, _ places: [Int], _ phase: (Batch.Item) -> AttemptEvent.Phase
    ) {
        // Nobody listens in most programs, and events are not free.
        guard feed.isHeard else { return }
        let at = environment.now()
        feed.publish(
            places.map { place in AttemptEvent(batch.pending[place], at: at, phase(batch.pending[place])) })
    }

    /// Says what others did to the accounts since the attempt before.
    private func publishRereads(_ batch: Batch, _ count: Int, _ view: LedgerView) {
        guard feed.isHeard else { return }
        let at = environment.now()
        let reread = batch.pending.prefix(count).filter { $0.attempts > 1 }.compactMap { item in
            let changes = batch.changes(for: item, in: view)
            return changes.isEmpty ? nil : AttemptEvent(item, at: at, .reread(changes))
        }
        if !reread.isEmpty { feed.publish(reread) }
    }

    /// Says what was found out about operations whose answer had been lost.
    private func publishResolutions(_ batch: Batch, _ count: Int, _ view: LedgerView) {
        guard feed.isHeard else { return }
        let at = environment.now()
        let resolved = batch.pending.prefix(count).filter(\.mayBePosted).map { item in
            AttemptEvent(item, at: at, .resolved(posted: view.settled[item.operation.reference] != nil))
        }
        if !resolved.isEmpty { feed.publish(resolved) }
    }
}

extension AttemptEvent {
    fileprivate init(_ item: Batch.Item, at: Timestamp, _ phase: Phase) {
        self.init(
            at: at, operation: OperationSummary(item.operation), attempt: item.attempts,
            conflicts: item.conflictsTold, phase: phase)
    }
}
