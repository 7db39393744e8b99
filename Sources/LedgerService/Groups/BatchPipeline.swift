import Ledger
import LedgerStore

/// Posts batches one after the other, and decides each while the one before it is at the server: for a program that knows
/// what comes next, such as an import.
///
/// A batch is decided from the accounts as those before it are to leave them. Nothing of it is written before they are on
/// the books; where that comes otherwise than was decided, it is decided anew.
public actor BatchPipeline {
    private struct Stage {
        let deciding: Task<Decided, Never>
        let posting: Task<[OperationOutcome], Never>
    }

    private struct Decided {
        var batch: Batch
        let turn: Int
        /// The accounts as it is to leave them; nil when that is not known before its turn.
        let accounts: [AccountCode: Account]?
    }

    private let service: LedgerService
    private var last: Stage?
    private var memory = AccountMemory()
    /// The accounts as the batches that are under way are to leave them.
    private var ahead: [AccountCode: Account] = [:]
    /// Goes up when a batch ended otherwise than was decided, so that what was decided after it does not hold.
    private var turn = 0
    /// Whether the last batch ended as was decided. While others work on the same accounts, deciding ahead is of no use.
    private var isSteady = true

    /// The most operations of a statement.
    private static let largest = 1000

    init(service: LedgerService) { self.service = service }

    /// Posts these operations of one kind after all that were added before.
    ///
    /// When an operation of those ended without an outcome on the books, these are cancelled.
    ///
    /// At most two additions should be under way at a time: each one is held in memory.
    /// - Returns: the outcomes, in the order of the operations, as ``LedgerService/perform(_:confirmed:)-([Operation],_)``
    ///   gives them. Cancelling the task stops the operations, as there.
    public func add(_ operations: [Operation]) -> Task<[OperationOutcome], Never> {
        let stages = stride(from: 0, to: operations.count, by: Self.largest).map { first in
            stage(Array(operations[first..<min(first + Self.largest, operations.count)])).posting
        }
        if stages.count == 1 { return stages[0] }
        return Task {
            await withTaskCancellationHandler {
                var outcomes: [OperationOutcome] = []
                for posting in stages { outcomes += await posting.value }
                return outcomes
            } onCancel: {
                for posting in stages { posting.cancel() }
            }
        }
    }

    private func stage(_ operations: [Operation]) -> Stage {
        let start = service.environment.uptime()
        let keeping = service.outbox == nil ? nil : Keeping()
        let items = operations.map { operation in
            var item = Batch.Item(
                id: service.environment.newIdentifier(), operation: operation, confirmation: nil, start: start
            )
            item.keeping = keeping
            return item
        }
        if let keeping { Task { [service] in keeping.end(await service.keep(operations)) } }
        let before = last
        let deciding = Task { await self.decide(items, after: before) }
        let posting = Task { await self.post(deciding, after: before) }
        let stage = Stage(deciding: deciding, posting: posting)
        last = stage
        return stage
    }

    // MARK: Deciding

    private func decide(_ items: [Batch.Item], after before: Stage?) async -> Decided {
        if let before {
            let isKnown = await before.deciding.value.accounts != nil
            if !isKnown || !isSteady { _ = await before.posting.value }
        }
        let turn = turn
        var batch = Batch(items, known: recall(items))
        let accounts = await service.decideAhead(&batch, certain: ahead)
        guard turn == self.turn, let accounts else {
            batch.forgetKnown()
            return Decided(batch: batch, turn: turn, accounts: nil)
        }
        ahead.merge(accounts) { $1 }
        return Decided(batch: batch, turn: turn, accounts: accounts)
    }

    private func recall(_ items: [Batch.Item]) -> Batch.Known? {
        guard let origin = service.store.currentOrigin else { return nil }
        let (accounts, missing) = memory.recall(
            for: items.lazy.map(\.operation), certain: ahead, at: service.environment.uptime())
        var view = LedgerView(accounts: accounts)
        view.origin = origin
        return Batch.Known(view: view, isFresh: false, missing: missing)
    }

    // MARK: Posting

    private func post(_ deciding: Task<Decided, Never>, after before: Stage?) async -> [OperationOutcome] {
        let decided = await deciding.value
        var batch = decided.batch
        if let before, await !before.posting.value.allSatisfy(\.isDecided) {
            return await cancelled(batch.pending)
        }
        if decided.turn != turn { batch.forgetKnown() }
        let (outcomes, report) = await service.post(batch)
        end(decided, outcomes, report)
        return outcomes
    }

    private func end(_ decided: Decided, _ outcomes: [OperationOutcome], _ report: Batch.Report) {
        isSteady = outcomes.allSatisfy { $0.attempts == 1 }
        if !isSteady { memory.forgetAll() }
        memory.remember(report.left.values, at: service.environment.uptime())
        if let held = report.memoryHeld { memory.learn(held: held) }
        guard let accounts = decided.accounts, decided.turn == turn, isSteady else {
            turn += 1
            ahead = [:]
            return
        }
        for (code, account) in accounts where ahead[code]?.version == account.version { ahead[code] = nil }
    }

    private func cancelled(_ items: [Batch.Item]) async -> [OperationOutcome] {
        // What is struck off the outbox must be in it.
        _ = await items.first?.keeping?.failure()
        let now = service.environment.uptime()
        return items.map { item in
            OperationOutcome(
                reference: item.operation.reference, result: .cancelled, attempts: 0, conflicts: [],
                elapsed: now - item.start)
        }
    }
}
