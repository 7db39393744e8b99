/// One page of a list of accounts.
public struct AccountPage: Hashable, Sendable {
    /// In the order of the list, whichever way it was asked for.
    public let listings: [AccountListing]
    /// Where the question stopped looking because it had looked at as many accounts as it may: the next question
    /// goes on from there, in the same direction. Nil when the page is full or the list is exhausted.
    public let continuesAt: AccountKey?
    /// Whether there is nothing beyond this page in the direction that was asked for.
    public let isComplete: Bool

    public init(listings: [AccountListing], continuesAt: AccountKey?, isComplete: Bool) {
        self.listings = listings
        self.continuesAt = continuesAt
        self.isComplete = isComplete
    }
}

/// One page of the journal, newest first.
public struct JournalPage: Hashable, Sendable {
    public let transactions: [PostedTransaction]
    /// Where the question stopped looking because it had looked at as many transactions as it may: the next one
    /// goes on before it. Nil when the page is full or the journal is exhausted.
    public let continuesAt: Identifier?
    /// Whether there is nothing older.
    public let isComplete: Bool

    public init(transactions: [PostedTransaction], continuesAt: Identifier?, isComplete: Bool) {
        self.transactions = transactions
        self.continuesAt = continuesAt
        self.isComplete = isComplete
    }
}

/// One page of an account's history, newest first.
public struct HistoryPage: Hashable, Sendable {
    public let lines: [HistoryLine]
    /// The record that the next question begins with, when this one stopped because it had looked at as many as
    /// it may. Nil when the page is full or the history is exhausted.
    public let continuesAt: Int64?
    /// Whether there is nothing older.
    public let isComplete: Bool

    public init(lines: [HistoryLine], continuesAt: Int64?, isComplete: Bool) {
        self.lines = lines
        self.continuesAt = continuesAt
        self.isComplete = isComplete
    }
}

/// An account's ledger balance after one of its records.
public struct BalanceSample: Hashable, Sendable {
    public let seq: Int64
    /// When the record was booked. Balances follow each other in this order, not in that of value dates.
    public let bookedAt: Timestamp
    /// Minor units, on the account's normal side.
    public let units: Int64

    public init(seq: Int64, bookedAt: Timestamp, units: Int64) {
        self.seq = seq
        self.bookedAt = bookedAt
        self.units = units
    }
}

/// The accounts of one class and currency added up.
public struct TrialBalanceLine: Hashable, Sendable {
    public let accountClass: AccountClass
    public let currency: Currency
    /// How many accounts they are.
    public let accounts: Int64
    public let debits: Money
    public let credits: Money

    public init(accountClass: AccountClass, accounts: Int64, debits: Money, credits: Money) {
        self.accountClass = accountClass
        currency = debits.currency
        self.accounts = accounts
        self.debits = debits
        self.credits = credits
    }
}

/// A session of the database that waits for others.
public struct BlockedSession: Hashable, Sendable {
    /// Of the session at the server.
    public let processID: Int32
    /// The sessions that it waits for.
    public let blockers: [Blocker]
    /// The role that it is connected as; empty where the server does not tell us.
    public let role: String
    /// What the program calls itself; empty where the server does not tell us.
    public let application: String
    /// Such as `active`; empty where the server does not tell us.
    public let state: String
    /// How long its statement has been running; zero where the server does not tell us.
    public let waiting: Duration
    /// At most ``statementLimit`` characters of what it runs; empty where the server does not tell us.
    public let statement: String

    /// The most characters of a statement that are kept.
    public static let statementLimit = 500

    /// A session that is in the way.
    public struct Blocker: Hashable, Sendable {
        /// Zero for a prepared transaction, which has no session.
        public let processID: Int32
        /// Empty where the server does not tell us, as are the others.
        public let role: String
        public let application: String
        /// Such as `active` or `idle in transaction`.
        public let state: String
        /// At most ``statementLimit`` characters of what it runs, or ran last.
        public let statement: String

        public init(
            processID: Int32, role: String, application: String, state: String, statement: String
        ) {
            self.processID = processID
            self.role = role
            self.application = application
            self.state = state
            self.statement = String(statement.unicodeScalars.prefix(statementLimit))
        }
    }

    public init(
        processID: Int32, blockers: [Blocker], role: String, application: String, state: String,
        waiting: Duration, statement: String
    ) {
        self.processID = processID
        self.blockers = blockers
        self.role = role
        self.application = application
        self.state = state
        self.waiting = waiting
        self.statement = String(statement.unicodeScalars.prefix(Self.statementLimit))
    }
}
