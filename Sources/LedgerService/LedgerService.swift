import Ledger
import LedgerStore
import Logging

/// The only writer: takes operations, posts each exactly once or not at all, and says which.
///
/// Each operation is decided from a serializable read, written as one statement, and tried again on a conflict
/// until it is posted, refused, or out of time. Every step is an event of ``feed``.
public struct LedgerService: Sendable {
    public let store: LedgerStore
    public let policy: RetryPolicy
    public let feed: AttemptFeed
    public let environment: ServiceEnvironment
    public let log: Logger
    /// Where operations are kept until somebody has been told their outcome; nil for a ledger that is gone with the
    /// program.
    public let outbox: Outbox?
    /// Called when no session is to be had, before the next attempt: brings an embedded server back.
    public let recover: (@Sendable () async -> Void)?
    let groups: GroupCommit

    /// - Parameter lanes: the most groups of operations that are written at the same time.
    public init(
        store: LedgerStore, policy: RetryPolicy = RetryPolicy(), feed: AttemptFeed = AttemptFeed(),
        environment: ServiceEnvironment = .live, log: Logger = Logger(label: "bursar.service"),
        outbox: Outbox? = nil, lanes: Int = 2, recover: (@Sendable () async -> Void)? = nil
    ) {
        self.store = store
        self.policy = policy
        self.feed = feed
        self.environment = environment
        self.log = log
        self.outbox = outbox
        self.recover = recover
        groups = GroupCommit(lanes: lanes)
    }

    /// A service that posts as another program would, with the same sessions and on the same feed: what it posts is never
    /// written together with what this one posts, and the two meet in the database alone.
    public func another() -> LedgerService {
        LedgerService(
            store: store, policy: policy, feed: feed, environment: environment, log: log, outbox: outbox,
            recover: recover)
    }

    /// Posts one operation.
    ///
    /// The caller says by ``acknowledge(_:)-([OperationOutcome])`` when somebody has been told the outcome.
    ///
    /// Cancelling the task between two attempts stops the operation. Cancelling it during a write asks the
    /// server to cancel, and then finds out what became of it.
    /// - Parameter confirmation: what somebody was shown and agreed to; nil when nobody was asked.
    public nonisolated(nonsending) func perform(
        _ operation: Operation, confirmed confirmation: Confirmation? = nil
    ) async -> OperationOutcome {
        let item = Batch.Item(
            id: environment.newIdentifier(), operation: operation, confirmation: confirmation,
            start: environment.uptime())
        // A batch answers for every operation, so there is one.
        return await post([item], of: operation.writeKind)[0]
    }

    /// Posts operations as if one came after the other, in few statements.
    ///
    /// Each has its own outcome: one that is refused does not hold up the rest. They are written together, so
    /// a batch is as fast as its statement, and a few hundred are faster than as many single ones.
    /// - Parameter operations: with different references; a reference that comes twice is answered as posted
    ///   already the second time, or refused.
    /// - Returns: the outcomes, in the order of the operations.
    public func perform(
        _ operations: [Operation], confirmed confirmations: [Reference: Confirmation] = [:]
    ) async -> [OperationOutcome] {
        let start = environment.uptime()
        var rest = operations.map { operation in
            Batch.Item(
                id: environment.newIdentifier(), operation: operation,
                confirmation: confirmations[operation.reference], start: start)
        }[...]
        var outcomes: [OperationOutcome] = []
        while let kind = rest.first?.operation.writeKind {
            let run = Array(rest.prefix { $0.operation.writeKind == kind })
            rest = rest.dropFirst(run.count)
            outcomes += await post(run, of: kind)
        }
        return outcomes
    }

    /// Entries are written together with those of other callers.
    private nonisolated(nonsending) func post(_ items: [Batch.Item], of kind: WriteKind) async
        -> [OperationOutcome]
    {
        if kind == .entries { return await groups.post(items, by: self) }
        if let failure = await keep(items.map(\.operation)) {
            let now = environment.uptime()
            return items.map {
                OperationOutcome(
                    reference: $0.operation.reference, result: failure, attempts: 0, conflicts: [],
                    elapsed: now - $0.start)
            }
        }
        return await post(Batch(items, hadTurn: false)).outcomes
    }

    /// - Returns: the outcomes in the order of the operations, and what became of their accounts.
    func post(_ batch: Batch) async -> (outcomes: [OperationOutcome], report: Batch.Report) {
        var batch = batch
        let ids = batch.pending.map(\.id)
        while !batch.isFinished { await attempt(&batch) }
        let report = batch.takeReport()
        let outcomes = Dictionary(uniqueKeysWithValues: report.ended.map { ($0.id, $0.outcome) })
        await groups.forget(outcomes.values.flatMap { $0.receipt?.lines.map(\.account) ?? [] })
        return (ids.compactMap { outcomes[$0] }, report)
    }

    /// Posts batches that follow each other, of transactions.
    public func pipeline() -> BatchPipeline { BatchPipeline(service: self) }

    /// What would be posted now, or why not. Writes nothing.
    /// - Throws: ``StoreFailure`` when the ledger cannot be read.
    public func preview(_ operation: Operation) async throws -> Verdict {
        do throws(StoreFailure) {
            let view = try await read([operation], timeout: policy.deadline)
            return view.decide(operation, context: newContext())
        } catch {
            throw error
        }
    }

    /// What is on the books under this reference: nil when nothing is.
    public func settled(_ reference: Reference) async throws -> SettledOperation? {
        try await store.queries.settled(references: [reference])[reference]
    }

    /// The same, and whether that is the last word: no commit that the server is at now can change it. A write that is
    /// under way still can, for ``longestWrite``.
    public func settledForGood(
        _ reference: Reference
    ) async throws -> (operation: SettledOperation?, isFinal: Bool) {
        // A commit that waits for a standby is not on the books yet, and waits as long as it takes.
        let isFinal = (try? await store.confirm(timeout: Self.confirmation)) != nil
        return (try await settled(reference), isFinal)
    }

    func newContext() -> DecisionContext {
        DecisionContext(bookedAt: environment.now(), id: environment.newIdentifier())
    }

    func read(
        _ operations: [Operation], isFinal: Bool = true, timeout: Duration
    ) async throws(StoreFailure) -> LedgerView {
        do {
            return try await store.view(of: operations, isFinal: isFinal, timeout: timeout)
        } catch {
            throw StoreFailure(error, writing: false, dialect: store.dialect)
        }
    }

    func write<Result: Sendable>(
        locking accounts: [Identifier], kind: WriteKind, timeout: Duration,
        deciding decide: @Sendable ([Account]) -> ([Decision], Result)
    ) async throws(StoreFailure) -> Result {
        do {
            return try await store.write(locking: accounts, kind: kind, timeout: timeout, deciding: decide)
        } catch {
            throw StoreFailure(error, writing: true, dialect: store.dialect)
        }
    }

    func confirm(timeout: Duration) async throws(StoreFailure) {
        do {
            try await store.confirm(timeout: timeout)
        } catch {
            throw StoreFailure(error, writing: true, dialect: store.dialect)
        }
    }

    func write(
        _ writing: Writing, timeout: Duration, when isWanted: (@Sendable () async -> Bool)?
    ) async throws(StoreFailure) {
        do {
            try await store.write(writing, timeout: timeout, when: isWanted)
        } catch {
            throw StoreFailure(error, writing: true, dialect: store.dialect)
        }
    }
}
