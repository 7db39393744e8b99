import Ledger
import LedgerService

/// What would be posted, shown before it is.
struct Proposal: Sendable, Hashable {
    let operation: Operation
    let decision: Decision
    /// What had been confirmed before, when it is no longer what would be posted.
    let previous: Decision?
    /// Whether somebody agreed to post at whatever balance.
    var atAnyBalance = false

    var answers: [ConfirmationAnswer] { previous == nil ? [.back, .post] : [.back, .post, .postAnyway] }

    /// What is sent along with the operation, for the service to hold it to.
    var confirmation: Confirmation? { atAnyBalance ? nil : decision.confirmation }
}

/// An operation that was sent, and whose answer got lost.
struct UnresolvedOperation: Sendable, Hashable {
    let kind: FormKind
    let proposal: Proposal
    var failure: Failure
    /// When it became clear that the outcome is not known.
    let since: Timestamp
    /// Whether it is not on the books and cannot come there any more, unless it is sent again.
    var isGone = false
    /// When it was last looked up, and was not on the books.
    var missingAt: Timestamp?
    var request: RequestID?
    /// When it was last asked about.
    var askedAt: Timestamp?
    /// Why the ledger could not be asked; nil while it can.
    var problem: String?

    var answers: [ConfirmationAnswer] { isGone ? [.lookUp, .sendAgain, .forget] : [.lookUp, .sendAgain] }

    /// Whether every write of it is over by this time, one way or the other.
    func isOver(at now: Timestamp) -> Bool { now.is(LedgerService.longestWrite, after: since) }
}

/// The same change of several accounts: each an operation of its own, posted one after the other.
struct BulkRun: Sendable {
    let operations: [Operation]
    /// What would become of each, as it was shown.
    let verdicts: [Verdict]
    /// Of those that are over, in order.
    var outcomes: [OperationOutcome] = []
    var isStopping = false

    /// The operation that is under way, or comes next.
    var current: Operation? {
        operations.indices.contains(outcomes.count) ? operations[outcomes.count] : nil
    }

    var postable: Int {
        verdicts.count { if case .post = $0 { true } else { false } }
    }

    /// The operation with what it was shown to do; nil when that is nothing.
    func proposal(at index: Int) -> Proposal? {
        guard case .post(let decision) = verdicts[index] else { return nil }
        return Proposal(operation: operations[index], decision: decision, previous: nil)
    }
}

/// What can be answered to a confirmation.
enum ConfirmationAnswer: Hashable, Sendable {
    case back, post, postAnyway
    case lookUp, sendAgain, forget

    var title: String {
        switch self {
        case .back: "Back"
        case .post: "Post"
        case .postAnyway: "Post at whatever balance"
        case .lookUp: "Look it up"
        case .sendAgain: "Send again"
        case .forget: "Forget it"
        }
    }
}
