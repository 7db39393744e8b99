import Ledger

/// One step of one operation, as it happens. Screen, log and `--json` output are consumers of these.
public struct AttemptEvent: Sendable, Equatable {
    public let at: Timestamp
    public let operation: OperationSummary
    /// The attempt that this is about, from 1; 0 before the first.
    public let attempt: Int
    /// The conflicts of the operation so far, this one included.
    public let conflicts: Int
    public let phase: Phase

    public enum Phase: Sendable, Equatable {
        /// An attempt began.
        case started
        /// An attempt after the first read these accounts of the operation differently from the attempt before.
        case reread([BalanceChange])
        /// The attempt was refused in favour of another, or did not reach the server, after this time.
        case conflicted(Conflict, after: Duration)
        /// The wait before the next attempt.
        case waiting(Duration)
        /// The last attempt took `attemptTime`, the whole operation `elapsed`.
        case posted(Receipt, attemptTime: Duration, elapsed: Duration)
        case alreadyPosted(Receipt, elapsed: Duration)
        case refused(Refusal, elapsed: Duration)
        case failed(Failure, elapsed: Duration)
        /// The answer to a write got lost; its outcome is being looked up by reference.
        case unknown(Failure)
        /// The look-up gave an answer: true, it is on the books; false, it is not, and it is tried again.
        case resolved(posted: Bool)
        case gaveUp(Failure, elapsed: Duration)
        case cancelled(elapsed: Duration)
    }

    public init(at: Timestamp, operation: OperationSummary, attempt: Int, conflicts: Int, phase: Phase) {
        self.at = at
        self.operation = operation
        self.attempt = attempt
        self.conflicts = conflicts
        self.phase = phase
    }

    /// When the operation began, as far as this event says: it may be the first that somebody is handed.
    public var began: Timestamp {
        switch phase {
        case .conflicted(_, let time) where attempt <= 1: at.advanced(by: .zero - time)
        case .posted(_, _, let elapsed), .alreadyPosted(_, let elapsed), .refused(_, let elapsed),
            .failed(_, let elapsed), .gaveUp(_, let elapsed), .cancelled(let elapsed):
            at.advanced(by: .zero - elapsed)
        case .started, .reread, .conflicted, .waiting, .unknown, .resolved: at
        }
    }

    /// Whether the operation is over with this event.
    public var isFinal: Bool {
        switch phase {
        case .posted, .alreadyPosted, .refused, .failed, .gaveUp, .cancelled: true
        case .started, .reread, .conflicted, .waiting, .unknown, .resolved: false
        }
    }
}

/// An account that moved on between two attempts of an operation.
public struct BalanceChange: Sendable, Hashable {
    public let account: AccountCode
    /// The available balance as the attempt before read it, and as this one did.
    public let before: Money
    public let after: Money
    /// The number of the account's last record, then and now.
    public let versionBefore: Int64
    public let versionAfter: Int64

    public init(
        account: AccountCode, before: Money, after: Money, versionBefore: Int64, versionAfter: Int64
    ) {
        self.account = account
        self.before = before
        self.after = after
        self.versionBefore = versionBefore
        self.versionAfter = versionAfter
    }
}

/// An operation in one line.
public struct OperationSummary: Sendable, Hashable {
    public let reference: Reference
    public let kind: String
    /// Those that it names; of a reversal, which names none, those that it was posted to.
    public private(set) var accounts: [AccountCode]
    /// The same accounts by the side that they are entered on.
    public private(set) var route: AccountRoute
    /// The amount as it was asked for; nil where there is none.
    public let amount: String?
    public let actor: String

    public init(_ operation: Operation) {
        reference = operation.reference
        kind = operation.kindName
        actor = operation.actor
        switch operation.action {
        case .deposit(let account, let amount), .withdrawal(let account, let amount):
            accounts = [account]
            route = AccountRoute(only: account)
            self.amount = amount.description
        case .transfer(let from, let to, let amount):
            accounts = [from, to]
            route = AccountRoute(debited: [from], credited: [to])
            self.amount = amount.description
        case .adjustment(let account, let amount, let side, _, let against):
            let others = against.map { [$0] } ?? []
            accounts = [account] + others
            route =
                side == .debit
                ? AccountRoute(debited: [account], credited: others)
                : AccountRoute(debited: others, credited: [account])
            self.amount = amount.description
        case .journalEntry(let legs):
            accounts = legs.map(\.account)
            route = AccountRoute(
                debited: legs.filter { $0.side == .debit }.map(\.account),
                credited: legs.filter { $0.side == .credit }.map(\.account))
            amount = nil
        case .reversal(_, let amount, _):
            accounts = []
            route = AccountRoute()
            self.amount = amount?.description
        case .accountChange(let account, _, _):
            accounts = [account]
            route = AccountRoute(only: account)
            amount = nil
        }
    }

    /// It was posted with this receipt.
    public mutating func take(_ receipt: Receipt) {
        guard accounts.isEmpty else { return }
        func named(on side: Side) -> [AccountCode] {
            receipt.lines.filter { $0.side == side }.map(\.account)
        }
        route = AccountRoute(debited: named(on: .debit), credited: named(on: .credit))
        self.accounts = route.sides.flatMap { $0 }
    }

    /// Such as `transfer 576 → 704`.
    public var title: String {
        [kind, route.text()].filter { !$0.isEmpty }.joined(separator: " ")
    }
}

extension AttemptEvent.Phase {
    /// The event that an operation ends with.
    init(_ result: OperationOutcome.Result, attemptTime: Duration, elapsed: Duration) {
        self =
            switch result {
            case .posted(let receipt): .posted(receipt, attemptTime: attemptTime, elapsed: elapsed)
            case .alreadyPosted(let receipt): .alreadyPosted(receipt, elapsed: elapsed)
            case .refused(let refusal): .refused(refusal, elapsed: elapsed)
            case .failed(let failure): .failed(failure, elapsed: elapsed)
            case .unknown(let failure): .unknown(failure)
            case .gaveUp(let failure): .gaveUp(failure, elapsed: elapsed)
            case .cancelled: .cancelled(elapsed: elapsed)
            }
    }
}
