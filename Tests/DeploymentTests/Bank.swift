import Ledger
import LedgerService
import LedgerStore
import Logging
import Postgres
import TestSupport

/// A ledger on a server that a test brings.
extension TestLedger {
    /// - Parameter makesSchema: whether it is a new one; otherwise it must be there.
    static func on(
        _ connectionString: String, writers: Int = 4, makesSchema: Bool = true,
        deadline: Duration = .seconds(60), environment: ServiceEnvironment = .live
    ) async throws -> TestLedger {
        let store = try await LedgerStore.open(
            ConnectionSettings(connectionString), writers: writers, readers: 2)
        if makesSchema { try await store.migrate() }
        return TestLedger(
            store: store,
            service: LedgerService(
                store: store, policy: RetryPolicy(maximumAttempts: 10_000, deadline: deadline),
                environment: environment, log: quietLog))
    }

    /// What a check of all books finds.
    func problems() async throws -> [LedgerProblem] {
        try await Verifier(store: store, pageSize: 100).run().problems
    }

    func isOnTheBooks(_ reference: Reference) async throws -> Bool {
        try await store.queries.settled(references: [reference])[reference] != nil
    }
}

extension OperationOutcome {
    /// The result in one word.
    var word: String {
        switch result {
        case .posted: "posted"
        case .alreadyPosted: "already posted"
        case .refused(let refusal): refusal.name
        case .failed: "failed"
        case .unknown: "unknown"
        case .gaveUp: "gave up"
        case .cancelled: "cancelled"
        }
    }
}
