import Ledger
import LedgerStore

/// Operations decided one after the other without writing any: what would happen, for `--dry-run`.
///
/// It remembers how each account that it touched would stand, so that a file of millions of rows is decided as
/// it would be when posted. Memory grows with the number of accounts and references, not with what they hold.
public struct Rehearsal: Sendable {
    private let service: LedgerService
    private var view = LedgerView()

    public init(service: LedgerService) { self.service = service }

    /// What would become of these operations after all those before.
    /// - Throws: ``StoreFailure`` when the ledger cannot be read.
    public mutating func decide(_ operations: [Operation]) async throws -> [Verdict] {
        let fresh = try await service.store.view(of: operations, timeout: service.policy.deadline)
        view.accounts.merge(fresh.accounts) { rehearsed, _ in rehearsed }
        view.settled.merge(fresh.settled) { rehearsed, _ in rehearsed }
        view.originals.merge(fresh.originals) { rehearsed, _ in rehearsed }
        return operations.map { operation in
            let verdict = view.decide(operation, context: service.newContext())
            if case .post(let decision) = verdict { view.apply(decision) }
            return verdict
        }
    }
}
