/// What kind of journal transaction it is.
public enum TransactionKind: String, Sendable, CaseIterable {
    case deposit, withdrawal, transfer, adjustment
    case journalEntry = "journal-entry"
    case reversal
}

/// The head of a journal transaction: who, when and why. Its entries are records of their accounts.
///
/// A class because it is handed on often and never changed: a copy would count the references of all its texts.
public final class JournalTransaction: Hashable, Sendable, Identifiable {
    public let id: Identifier
    public let reference: Reference
    public let fingerprint: Digest
    public let kind: TransactionKind
    public let narrative: String
    /// The code of an adjustment's cause.
    public let reasonCode: String?
    /// Why a reversal was made.
    public let reason: String?
    public let actor: String
    /// When it was recorded.
    public let bookedAt: Timestamp
    /// The day on which it counts.
    public let valueDate: CalendarDate
    /// The transaction that this one reverses, whole or in part.
    public let reverses: Identifier?
    /// Nil for what was written before the ledger kept it.
    public let origin: Origin?

    public init(
        id: Identifier, reference: Reference, fingerprint: Digest, kind: TransactionKind, narrative: String,
        reasonCode: String?, reason: String?, actor: String, bookedAt: Timestamp, valueDate: CalendarDate,
        reverses: Identifier?, origin: Origin? = nil
    ) {
        self.id = id
        self.reference = reference
        self.fingerprint = fingerprint
        self.kind = kind
        self.narrative = narrative
        self.reasonCode = reasonCode
        self.reason = reason
        self.actor = actor
        self.bookedAt = bookedAt
        self.valueDate = valueDate
        self.reverses = reverses
        self.origin = origin
    }

    public static func == (left: JournalTransaction, right: JournalTransaction) -> Bool {
        (left.id, left.reference, left.fingerprint, left.kind, left.narrative, left.reasonCode)
            == (right.id, right.reference, right.fingerprint, right.kind, right.narrative, right.reasonCode)
            && (left.reason, left.actor, left.bookedAt, left.valueDate, left.reverses, left.origin)
                == (right.reason, right.actor, right.bookedAt, right.valueDate, right.reverses, right.origin)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(id) }

    /// The same as a program without origins would have written it.
    var withoutOrigin: JournalTransaction {
        JournalTransaction(
            id: id, reference: reference, fingerprint: fingerprint, kind: kind, narrative: narrative,
            reasonCode: reasonCode, reason: reason, actor: actor, bookedAt: bookedAt, valueDate: valueDate,
            reverses: reverses)
    }
}

/// One line of an account's numbered history.
public struct AccountRecord: Hashable, Sendable {
    public let accountID: Identifier
    /// The record's number in its account, from 1, without gaps.
    public let seq: Int64
    public let content: Content
    /// The account's totals and holds after this record, in minor units.
    public let debits: Int64
    public let credits: Int64
    public let held: Int64
    public let bookedAt: Timestamp
    /// Covers everything that the record and its transaction say, and the hash of the record before.
    public internal(set) var hash: Digest
    /// Nil for what was written before the ledger kept it.
    public let origin: Origin?

    public enum Content: Hashable, Sendable {
        /// A debit or credit; `amount` in minor units, greater than zero.
        case entry(transaction: Identifier, side: Side, amount: Int64)
        /// Indirect because nearly all records are entries, and much smaller.
        indirect case change(Change)
    }

    /// A record without money: an operation of its own, with its own reference.
    public struct Change: Hashable, Sendable {
        public let kind: Kind
        public let reference: Reference
        public let fingerprint: Digest
        public let actor: String
        public let reason: String

        public enum Kind: Hashable, Sendable {
            case opened(name: String, minimum: Int64?)
            case renamed(name: String)
            case status(AccountStatus)
            case minimum(Int64?)
        }

        public init(kind: Kind, reference: Reference, fingerprint: Digest, actor: String, reason: String) {
            self.kind = kind
            self.reference = reference
            self.fingerprint = fingerprint
            self.actor = actor
            self.reason = reason
        }
    }

    public init(
        accountID: Identifier, seq: Int64, content: Content, debits: Int64, credits: Int64, held: Int64,
        bookedAt: Timestamp, hash: Digest, origin: Origin? = nil
    ) {
        self.accountID = accountID
        self.seq = seq
        self.content = content
        self.debits = debits
        self.credits = credits
        self.held = held
        self.bookedAt = bookedAt
        self.hash = hash
        self.origin = origin
    }

    /// The same as a program without origins would have written it.
    var withoutOrigin: AccountRecord {
        AccountRecord(
            accountID: accountID, seq: seq, content: content, debits: debits, credits: credits, held: held,
            bookedAt: bookedAt, hash: hash)
    }

    /// The name of the record's kind, as the `kind` column holds it.
    public var kindName: String {
        switch content {
        case .entry: "entry"
        case .change(let change):
            switch change.kind {
            case .opened: "opened"
            case .renamed: "renamed"
            case .status: "status"
            case .minimum: "minimum"
            }
        }
    }

    /// The ledger balance after this record, in minor units, for an account of this class. Saturates where the
    /// books are unsound.
    public func ledgerUnits(_ accountClass: AccountClass) -> Int64 {
        accountClass.normalBalance(debits: debits, credits: credits)
    }
}
