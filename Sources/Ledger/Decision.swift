/// What is to be written for one operation: journal row, records with their numbers and hashes, and the
/// accounts' new totals, each with the account it was decided from.
///
/// A class because it is handed on often and never changed.
public final class Decision: Hashable, Sendable {
    public let fingerprint: Digest
    /// Nil for an account change.
    public let transaction: JournalTransaction?
    /// In the order in which they are numbered.
    public let records: [AccountRecord]
    /// One for each account that the operation touches.
    public let transitions: [Transition]
    public let receipt: Receipt
    /// The reference of the transaction that this one reverses.
    public let reverses: Reference?

    init(
        fingerprint: Digest, transaction: JournalTransaction?, records: [AccountRecord],
        transitions: [Transition], receipt: Receipt, reverses: Reference?
    ) {
        self.fingerprint = fingerprint
        self.transaction = transaction
        self.records = records
        self.transitions = transitions
        self.receipt = receipt
        self.reverses = reverses
    }

    public static func == (left: Decision, right: Decision) -> Bool {
        (left.fingerprint, left.transaction, left.records, left.transitions, left.receipt, left.reverses)
            == (
                right.fingerprint, right.transaction, right.records, right.transitions, right.receipt,
                right.reverses
            )
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(fingerprint)
        hasher.combine(receipt.reference)
    }

    /// An account before and after the operation.
    public struct Transition: Hashable, Sendable {
        /// Nil for an account that is opened.
        public let before: Account?
        public internal(set) var after: Account

        public init(before: Account?, after: Account) {
            self.before = before
            self.after = after
        }
    }

    /// The available balances that this decision ends at, of the accounts that people look after: what an
    /// operator confirms. House accounts are left out, since every deposit of everybody moves them. An account change
    /// moves no money, so whatever the balance is meanwhile, it does what was confirmed.
    public var confirmation: Confirmation {
        if transaction == nil { return Confirmation(available: [:]) }
        var available: [AccountCode: Money] = [:]
        for transition in transitions where !HouseAccount.reserves(transition.after.code) {
            available[transition.after.code] = transition.after.available
        }
        return Confirmation(available: available)
    }

    /// - Throws: ``Refusal/outcomeChanged(account:confirmed:now:)`` when this is not what was confirmed.
    public func check(against confirmation: Confirmation) throws(Refusal) {
        for transition in transitions {
            let now = transition.after.available
            if let confirmed = confirmation.available[transition.after.code], confirmed != now {
                throw .outcomeChanged(account: transition.after.code, confirmed: confirmed, now: now)
            }
        }
    }
}

/// What somebody was shown and said yes to: the available balances after the operation.
public struct Confirmation: Hashable, Sendable {
    public let available: [AccountCode: Money]

    public init(available: [AccountCode: Money]) { self.available = available }
}

/// The answer to an operation, from a view of the ledger.
public enum Verdict: Hashable, Sendable {
    case post(Decision)
    /// The reference is on the books with the same request.
    case alreadyPosted(Receipt)
    case refuse(Refusal)
}

/// Everything that a decision depends on besides the ledger: brought in, so that deciding has no clock and no
/// chance in it.
public struct DecisionContext: Hashable, Sendable {
    /// The booking time.
    public let bookedAt: Timestamp
    /// The id of the transaction; the ids of accounts that are opened follow it.
    public let id: Identifier

    public init(bookedAt: Timestamp, id: Identifier) {
        self.bookedAt = bookedAt
        self.id = id
    }
}
