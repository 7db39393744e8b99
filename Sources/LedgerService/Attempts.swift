import Ledger
import LedgerStore

/// One attempt after the other: read, decide, write, and what to do when that did not work.
extension LedgerService {
    /// Takes the batch one step further: at least one operation ends, or the next attempt may begin.
    func attempt(_ batch: inout Batch) async {
        let count = batch.chunk
        let begun = environment.uptime()
        let remaining = policy.deadline - (begun - batch.start)
        if Task.isCancelled { return await finish(&batch, .cancelled) }
        if let item = batch.pending.first, item.attempts >= policy.maximumAttempts || remaining <= .zero {
            return await finish(&batch, .gaveUp(givingUp(item, after: begun - batch.start)))
        }
        batch.beginAttempt(of: count)
        await publish(batch, count) { _ in .started }
        do throws(StoreFailure) {
            let operations = batch.pending.prefix(count).map(\.operation)
            let view = try await read(operations, timeout: remaining)
            let plan = batch.plan(count, in: view, bookedAt: environment.now())
            await publishRereads(batch, count, view)
            batch.remember(view)
            await publishResolutions(batch, count, view)
            if let kind = operations.first?.writeKind, !plan.decisions.isEmpty {
                let left = policy.deadline - (environment.uptime() - batch.start)
                try await write(plan.decisions, kind: kind, timeout: max(left, .milliseconds(1)))
            } else if !plan.found.isEmpty {
                // What this attempt did not write itself may be known to one server alone.
                batch.noteFound(plan.found)
                let left = policy.deadline - (environment.uptime() - batch.start)
                try await confirm(timeout: max(left, .milliseconds(1)))
            }
            await finish(&batch, plan.results, attemptTime: environment.uptime() - begun)
        } catch {
            await handle(error, &batch, count, after: environment.uptime() - begun)
        }
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
            case .blocked(let refusal): await finish(&batch, count, .refused(refusal), attemptTime: time)
            }
        case .conflict, .overloaded, .unavailable:
            await retry(failure, &batch, count, after: time)
        case .unknownOutcome:
            batch.noteLostAnswer(of: count)
            let lost = Failure(message: failure.cause, sqlState: failure.sqlState)
            await publish(batch, count) { _ in .unknown(lost) }
            await retry(failure, &batch, count, after: time)
        case .ruleViolated where count > 1:
            batch.halve(count)
        case .ruleViolated, .failed:
            let message = failure.cause + Failure.nothingWritten
            log.error("failed: \(failure.detail)")
            let failed = Failure(message: message, sqlState: failure.sqlState)
            await finish(&batch, count, .failed(failed), attemptTime: time)
        case .notPermitted:
            await finish(&batch, count, .refused(.notPermitted(why: failure.cause)), attemptTime: time)
        case .deadlineExceeded:
            let item = batch.pending[0]
            await finish(&batch, .gaveUp(givingUp(item, after: environment.uptime() - batch.start)))
        case .cancelled:
            await finish(&batch, .cancelled)
        }
    }

    /// Notes the conflict and waits as the policy says.
    private func retry(_ failure: StoreFailure, _ batch: inout Batch, _ count: Int, after time: Duration)
        async
    {
        batch.note(failure, on: count)
        if failure.kind != .unknownOutcome {
            await publish(batch, count) { item in
                .conflicted(item.conflicts[item.conflicts.count - 1], after: time)
            }
        }
        if failure.kind == .unavailable || failure.kind == .unknownOutcome { await recover?() }
        let wait = policy.wait(
            after: failure.kind, attempt: batch.pending[0].attempts, random: environment.random())
        let remaining = policy.deadline - (environment.uptime() - batch.start)
        guard wait > .zero, remaining > .zero else { return }
        await publish(batch, count) { _ in .waiting(min(wait, remaining)) }
        // A wait that is cut short by cancelling is over, and the next step sees that.
        try? await environment.sleep(min(wait, remaining))
    }

    private func givingUp(_ item: Batch.Item, after elapsed: Duration) -> Failure {
        let tries = item.attempts == 1 ? "1 attempt" : "\(item.attempts) attempts"
        let last = item.conflicts.last.map { ", the last one because \($0.cause)" } ?? ""
        return Failure(
            message: "gave up after \(tries) in \(elapsed.secondsText) s\(last)\(Failure.nothingWritten), "
                + "and it is safe to run it again",
            sqlState: item.conflicts.last?.sqlState)
    }
}

// MARK: - Ends

extension LedgerService {
    /// Everything that is left ends in this way, without having been written by an attempt that we know of.
    private func finish(_ batch: inout Batch, _ result: OperationOutcome.Result) async {
        await finish(&batch, batch.pending.count, result, attemptTime: .zero)
    }

    /// The first operations end in this way; but where the answer to an attempt got lost, the books have the last word.
    private func finish(
        _ batch: inout Batch, _ count: Int, _ result: OperationOutcome.Result, attemptTime: Duration
    ) async {
        let settled = await lateAnswers(batch, count)
        let results = batch.pending.prefix(count).map { item in
            if let operation = settled[item.operation.reference] {
                OperationOutcome.Result.posted(operation.receipt)
            } else {
                item.ending(result)
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
        let items = batch.pending.prefix(results.count)
        let at = environment.now()
        let elapsed = now - batch.start
        var events: [AttemptEvent] = []
        for (item, result) in zip(items, results) {
            events.append(
                AttemptEvent(
                    at: at, operation: OperationSummary(item.operation), attempt: item.attempts,
                    phase: .init(result, attemptTime: attemptTime, elapsed: elapsed)))
        }
        batch.finish(results, at: now)
        await feed.publish(events)
    }

    private func publish(
        _ batch: Batch, _ count: Int, _ phase: (Batch.Item) -> AttemptEvent.Phase
    ) async {
        let at = environment.now()
        await feed.publish(
            batch.pending.prefix(count).map {
                AttemptEvent(
                    at: at, operation: OperationSummary($0.operation), attempt: $0.attempts, phase: phase($0))
            })
    }

    /// Says what others did to the accounts since the attempt before.
    private func publishRereads(_ batch: Batch, _ count: Int, _ view: LedgerView) async {
        let at = environment.now()
        let reread = batch.pending.prefix(count).filter { $0.attempts > 1 }.compactMap { item in
            let changes = batch.changes(for: item, in: view)
            return changes.isEmpty
                ? nil
                : AttemptEvent(
                    at: at, operation: OperationSummary(item.operation), attempt: item.attempts,
                    phase: .reread(changes))
        }
        if !reread.isEmpty { await feed.publish(reread) }
    }

    /// Says what was found out about operations whose answer had been lost.
    private func publishResolutions(_ batch: Batch, _ count: Int, _ view: LedgerView) async {
        let at = environment.now()
        let resolved = batch.pending.prefix(count).filter(\.mayBePosted).map { item in
            AttemptEvent(
                at: at, operation: OperationSummary(item.operation), attempt: item.attempts,
                phase: .resolved(posted: view.settled[item.operation.reference] != nil))
        }
        if !resolved.isEmpty { await feed.publish(resolved) }
    }
}
