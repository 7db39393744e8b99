/// One line of an account's history: the record, and the head of its transaction when it is an entry.
public struct HistoryLine: Hashable, Sendable {
    public let record: AccountRecord
    public let transaction: JournalTransaction?

    public init(record: AccountRecord, transaction: JournalTransaction?) {
        self.record = record
        self.transaction = transaction
    }

    /// The reference of the operation that wrote the record.
    public var reference: Reference? {
        if let transaction { return transaction.reference }
        if case .change(let change) = record.content { return change.reference }
        return nil
    }

    public var actor: String {
        if let transaction { return transaction.actor }
        if case .change(let change) = record.content { return change.actor }
        return ""
    }

    /// The day on which the record counts: an entry's value date, the day of booking for a change.
    public var valueDate: CalendarDate { transaction?.valueDate ?? record.bookedAt.date }

    /// What people wrote about it: the narrative of an entry, the reason of a change.
    public var remark: String {
        if let transaction {
            return [transaction.reasonCode, transaction.reason, transaction.narrative]
                .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " · ")
        }
        if case .change(let change) = record.content { return change.reason }
        return ""
    }
}

/// One line of a list of accounts.
public struct AccountListing: Hashable, Sendable {
    public let account: Account
    /// When the account's last record was booked.
    public let lastBookedAt: Timestamp

    /// The ``Magnitude`` that lists by balance find the account by, near that of its ledger balance.
    public let magnitude: Int

    /// - Parameter magnitude: as the books have it; nil for that of the ledger balance.
    public init(account: Account, lastBookedAt: Timestamp, magnitude: Int? = nil) {
        self.account = account
        self.lastBookedAt = lastBookedAt
        self.magnitude = magnitude ?? Magnitude.of(account.ledger)
    }
}

/// How many accounts a filter matches; counting stops at a bound, so that it costs the same on any ledger.
public struct BoundedCount: Hashable, Sendable {
    public let count: Int
    /// Whether there may be more.
    public let isBounded: Bool

    public init(count: Int, isBounded: Bool) {
        self.count = count
        self.isBounded = isBounded
    }
}

/// All accounts of one currency added up. In sound books the two sums are equal.
public struct TrialBalance: Hashable, Sendable {
    public let currency: Currency
    public let debits: Money
    public let credits: Money

    public init(debits: Money, credits: Money) {
        currency = debits.currency
        self.debits = debits
        self.credits = credits
    }

    public var isBalanced: Bool { debits == credits }
}
