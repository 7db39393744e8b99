import Ledger
import LedgerStore

/// What a role that is confined to some of the accounts runs into without seeing it.
enum Sight {
    /// What is in the way can be seen, so that the next attempt will decide by it.
    case clear
    /// One of several operations may run into something out of sight: each is to be tried by itself.
    case unclear
    /// The operation runs into something out of sight, and every further attempt would.
    case blocked(Refusal)
}

extension LedgerService {
    /// Whether a reference, or the code of an account, is taken by something out of the role's sight.
    func sight(of batch: Batch, _ count: Int, after failure: StoreFailure) async -> Sight {
        guard let operation = batch.pending.first?.operation else { return .clear }
        // A race for an account's next record is an everyday event, and never out of sight.
        if failure.kind == .lostRace, operation.writeKind != .openings { return .clear }
        guard let access = try? await store.access(timeout: policy.deadline), access.isConfined else {
            return .clear
        }
        if count > 1 { return .unclear }
        let queries = store.queries(within: policy.deadline)
        if failure.kind == .referenceTaken {
            let settled = try? await queries.settled(references: [operation.reference])
            return settled?.isEmpty == true ? .blocked(.referenceReused(operation.reference)) : .clear
        }
        guard let code = operation.namedAccounts.first,
            let listings = try? await queries.accounts(codes: [code]), listings.isEmpty
        else { return .clear }
        return .blocked(.accountExists(code))
    }
}
