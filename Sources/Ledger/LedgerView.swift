/// The part of the ledger that some operations need to be decided, as one serializable read saw it.
public struct LedgerView: Sendable {
    public var accounts: [AccountCode: Account]
    /// Operations that are on the books already, among the references that were asked for.
    public var settled: [Reference: SettledOperation]
    /// Transactions that are to be reversed, by their references, as far as they exist.
    public var originals: [Reference: PostedTransaction]
    /// Who we are to the database, which will be written with what is decided; nil where nothing will be written.
    public var origin: Origin?
    /// The minor units that applied operations reversed of transactions which were applied before them.
    private var reversedHere: [Reference: Int64] = [:]

    public init(
        accounts: [AccountCode: Account] = [:], settled: [Reference: SettledOperation] = [:],
        originals: [Reference: PostedTransaction] = [:]
    ) {
        self.accounts = accounts
        self.settled = settled
        self.originals = originals
    }

    /// The view as it will be once `decision` is on the books, so that the next operation of a batch is decided
    /// as if it came after it.
    public mutating func apply(_ decision: Decision) {
        for place in decision.transitions.indices {
            accounts[decision.transitions[place].after.code] = decision.transitions[place].after
        }
        settled[decision.receipt.reference] = SettledOperation(
            fingerprint: decision.fingerprint, receipt: decision.receipt)
        if let reversed = decision.reverses {
            let units = decision.receipt.debitUnits
            if let original = originals[reversed] {
                originals[reversed]?.reversedUnits = original.reversedUnits.addingSaturated(units)
            } else {
                reversedHere[reversed] = (reversedHere[reversed] ?? 0).addingSaturated(units)
            }
        }
    }

    /// The transaction with this reference as a reversal needs it: read from the books, or applied to this view
    /// before.
    func reversible(_ reference: Reference) -> ReversibleTransaction? {
        if let original = originals[reference] {
            return ReversibleTransaction(original.receipt, reversedUnits: original.reversedUnits)
        }
        // What is settled without having been read as an original was applied before.
        guard let receipt = settled[reference]?.receipt else { return nil }
        return ReversibleTransaction(receipt, reversedUnits: reversedHere[reference] ?? 0)
    }
}

/// What a reversal has to know of the transaction that it mirrors.
struct ReversibleTransaction {
    let id: Identifier
    let reference: Reference
    let isReversal: Bool
    let legs: [(account: AccountCode, side: Side, amount: Money)]
    /// Minor units, all currencies added up.
    let leftUnits: Int64

    /// Whether its debits equal its credits in each currency. To a role that sees some of the accounts only, the
    /// database shows a transaction without its other entries.
    var isBalanced: Bool {
        var sums: [Currency: Int64] = [:]
        for leg in legs {
            let units = leg.side == .debit ? leg.amount.units : -leg.amount.units
            sums[leg.amount.currency, default: 0] = sums[leg.amount.currency, default: 0].addingSaturated(
                units)
        }
        return sums.values.allSatisfy { $0 == 0 }
    }

    /// Nil for the receipt of an account change, which has no entries.
    init?(_ receipt: Receipt, reversedUnits: Int64) {
        guard let id = receipt.transaction else { return nil }
        self.id = id
        reference = receipt.reference
        isReversal = receipt.kind == TransactionKind.reversal.rawValue
        legs = receipt.lines.compactMap { line in
            guard let side = line.side, let amount = line.amount else { return nil }
            return (line.account, side, amount)
        }
        leftUnits = receipt.debitUnits.subtractingSaturated(reversedUnits)
    }
}

/// An operation that was posted, now or earlier.
public struct SettledOperation: Hashable, Sendable {
    public let fingerprint: Digest
    public let receipt: Receipt

    public init(fingerprint: Digest, receipt: Receipt) {
        self.fingerprint = fingerprint
        self.receipt = receipt
    }
}

/// What a posted operation did, as the caller is told: the same for every time the operation is sent.
public struct Receipt: Hashable, Sendable {
    public let reference: Reference
    /// The transaction's kind, such as `transfer`, or that of an account change's record, such as `status`.
    public let kind: String
    /// Nil for an account change.
    public let transaction: Identifier?
    public let bookedAt: Timestamp
    public let lines: [Line]

    /// One record of one account.
    public struct Line: Hashable, Sendable {
        public let account: AccountCode
        public let seq: Int64
        /// Nil for an account change.
        public let side: Side?
        public let amount: Money?
        /// Balances after the record.
        public let ledger: Money
        public let available: Money

        public init(
            account: AccountCode, seq: Int64, side: Side?, amount: Money?, ledger: Money, available: Money
        ) {
            self.account = account
            self.seq = seq
            self.side = side
            self.amount = amount
            self.ledger = ledger
            self.available = available
        }

        /// The line of this record.
        public init(_ record: AccountRecord, account: Account) {
            let ledger = record.ledgerUnits(account.accountClass)
            var entry: (side: Side, amount: Money)?
            if case .entry(_, let side, let amount) = record.content {
                entry = (side, Money(units: amount, currency: account.currency))
            }
            self.init(
                account: account.code, seq: record.seq, side: entry?.side, amount: entry?.amount,
                ledger: Money(units: ledger, currency: account.currency),
                available: Money(
                    units: ledger.subtractingSaturated(record.held), currency: account.currency))
        }
    }

    /// - Parameter lines: in any order; they are kept with debits first, then by account and number, so that a
    ///   receipt made from the books is the one that was first given.
    public init(
        reference: Reference, kind: String, transaction: Identifier?, bookedAt: Timestamp, lines: [Line]
    ) {
        self.reference = reference
        self.kind = kind
        self.transaction = transaction
        self.bookedAt = bookedAt
        // Those of a transfer mostly come in this order.
        let isOrdered = lines.indices.dropFirst().allSatisfy { !Self.precedes(lines[$0], lines[$0 - 1]) }
        self.lines = isOrdered ? lines : lines.sorted(by: Self.precedes)
    }

    private static func precedes(_ left: Line, _ right: Line) -> Bool {
        let (isLeftDebit, isRightDebit) = (left.side == .debit, right.side == .debit)
        if isLeftDebit != isRightDebit { return isLeftDebit }
        return (left.account, left.seq) < (right.account, right.seq)
    }

    /// The receipt of an account change.
    public init(_ change: AccountRecord.Change, of record: AccountRecord, account: Account) {
        self.init(
            reference: change.reference, kind: record.kindName, transaction: nil, bookedAt: record.bookedAt,
            lines: [Line(record, account: account)])
    }

    /// The sum of its debits: what a reversal takes from what is left to reverse.
    /// Saturates where the books are unsound.
    var debitUnits: Int64 {
        lines.reduce(0) { $0.addingSaturated($1.side == .debit ? $1.amount?.units ?? 0 : 0) }
    }
}

/// A journal transaction with its entries, and how much of it has been reversed.
public struct PostedTransaction: Hashable, Sendable {
    public let head: JournalTransaction
    public let entries: [Entry]
    /// The sum of the debits of all transactions that reverse this one, in minor units.
    public var reversedUnits: Int64

    public struct Entry: Hashable, Sendable {
        public let account: AccountCode
        public let currency: Currency
        public let accountClass: AccountClass
        public let seq: Int64
        public let side: Side
        /// Minor units, greater than zero.
        public let amount: Int64
        /// The account's totals and holds after the entry.
        public let debits: Int64
        public let credits: Int64
        public let held: Int64

        public init(
            account: AccountCode, currency: Currency, accountClass: AccountClass, seq: Int64, side: Side,
            amount: Int64, debits: Int64, credits: Int64, held: Int64
        ) {
            self.account = account
            self.currency = currency
            self.accountClass = accountClass
            self.seq = seq
            self.side = side
            self.amount = amount
            self.debits = debits
            self.credits = credits
            self.held = held
        }

        /// The ledger balance after the entry. Saturates where the books are unsound.
        public var ledger: Money {
            Money(
                units: accountClass.normalBalance(debits: debits, credits: credits), currency: currency)
        }
    }

    public init(head: JournalTransaction, entries: [Entry], reversedUnits: Int64) {
        self.head = head
        self.entries = entries
        self.reversedUnits = reversedUnits
    }

    /// The sum of its debits, in minor units, all currencies added up. Saturates where the books are unsound.
    public var debitUnits: Int64 {
        entries.reduce(0) { $0.addingSaturated($1.side == .debit ? $1.amount : 0) }
    }

    /// What is left to reverse, in minor units.
    public var leftUnits: Int64 { debitUnits.subtractingSaturated(reversedUnits) }

    /// The receipt that its poster was given.
    public var receipt: Receipt {
        Receipt(
            reference: head.reference, kind: head.kind.rawValue, transaction: head.id,
            bookedAt: head.bookedAt,
            lines: entries.map { entry in
                Receipt.Line(
                    account: entry.account, seq: entry.seq, side: entry.side,
                    amount: Money(units: entry.amount, currency: entry.currency), ledger: entry.ledger,
                    available: Money(
                        units: entry.ledger.units.subtractingSaturated(entry.held), currency: entry.currency))
            })
    }
}
