import Ledger
import LedgerService

/// Names a question, so that the answer to an older one is known for what it is.
public struct RequestID: Hashable, Sendable {
    let number: Int
}

/// Where a page of accounts begins, by code or by name.
public enum AccountsStart: Hashable, Sendable {
    case first
    case after(AccountKey)
    /// The page that ends just before this account, still in the order of the list.
    case before(AccountKey)
    /// The page that ends with the last account, still in the order of the list.
    case last
}

/// How a transaction is found.
public enum TransactionKey: Hashable, Sendable {
    case reference(Reference)
    case id(Identifier)
}

/// What the console wants to know of the ledger. Each question looks at a bounded number of rows.
public enum Question: Hashable, Sendable {
    /// By code or by name.
    case accounts(AccountFilter, AccountSort, from: AccountsStart, limit: Int)
    /// By balance or by activity; nil for the first part.
    case ranking(AccountFilter, AccountSort, from: RankingPlace?, limit: Int)
    /// These accounts as they are now; in any order, unknown ones left out.
    case listings([AccountCode])
    /// Accounts that may be meant by what is typed of a code or a name.
    case completions(String, limit: Int)
    /// Records newest first, from number `newestSeq` down.
    case history(Identifier, newestSeq: Int64, limit: Int)
    /// The same, of those that the filter holds for.
    case filteredHistory(Account, HistoryFilter, newestSeq: Int64, limit: Int)
    /// The number of the newest record whose value date is on or before the day.
    case recordNumber(Identifier, onOrBefore: CalendarDate)
    /// The ledger balance at so many moments, evenly spread over the time of the whole history.
    case balanceSamples(Account, count: Int)
    case journal(JournalFilter, before: Identifier?, limit: Int)
    /// Transactions that came after this one, newest first.
    case newerJournal(than: Identifier, limit: Int)
    case accountCount(AccountFilter)
    case trialBalance
    case trialBalanceByClass
    /// What would become of these operations, each decided by itself.
    case preview([Operation])
    case transaction(TransactionKey)
    /// Whether an operation of this reference is on the books, of any kind.
    /// `forGood` asks also whether that is the last word, which costs a write to the server's log.
    case settled(Reference, forGood: Bool)
    /// What became of operations that programs before this one sent and were killed over.
    case leftOperations
    /// Sessions of the server that wait for others.
    case blockedSessions
    /// Checks the whole ledger. Tells its progress by ``ConsoleAction/progressed(_:_:)``.
    case verify
    /// Writes a table to a file that does not exist yet.
    case export(ExportTable, path: String)
    /// Writes all accounts of a list to a file that does not exist yet, a page at a time. Tells its progress by
    /// ``ConsoleAction/exported(_:accounts:)``, and is answered as ``export(_:path:)`` is.
    case exportAccounts(AccountFilter, AccountSort, path: String)
}

/// The answer to a ``Question``, the case of the same name.
public enum Answer: Sendable {
    case accounts(AccountPage)
    case ranking(RankingPart)
    case listings([AccountListing])
    case completions([AccountListing])
    case history([HistoryLine])
    case filteredHistory(HistoryPage)
    case recordNumber(Int64?)
    case balanceSamples([BalanceSample])
    case journal(JournalPage)
    case newerJournal([PostedTransaction])
    case accountCount(BoundedCount)
    case trialBalance([TrialBalance])
    case trialBalanceByClass([TrialBalanceLine])
    case preview([Verdict])
    case transaction(TransactionDetail?)
    /// Nil where there is none; final where no commit that is under way can change that.
    case settled(SettledOperation?, isFinal: Bool)
    case leftOperations([LeftOperation])
    case blockedSessions([BlockedSession])
    case verify(VerificationReport)
    /// The file's full path.
    case export(path: String)
}

/// A transaction with the ones that it is linked to.
public struct TransactionDetail: Hashable, Sendable {
    public let transaction: PostedTransaction
    /// What it reverses.
    public let original: JournalTransaction?
    /// What it is reversed by, oldest first.
    public let reversals: [JournalTransaction]

    public init(
        transaction: PostedTransaction, original: JournalTransaction?, reversals: [JournalTransaction]
    ) {
        self.transaction = transaction
        self.original = original
        self.reversals = reversals
    }
}

/// What is shown, as a table for a file.
public struct ExportTable: Hashable, Sendable {
    public let columns: [String]
    public let rows: [[String]]

    public init(columns: [String], rows: [[String]]) {
        self.columns = columns
        self.rows = rows
    }
}

/// Accounts as a table for a file.
public enum AccountTable {
    public static let columns = [
        "account", "name", "currency", "class", "status", "ledger", "held", "available", "minimum",
        "last_booked_at",
    ]

    public static func row(_ listing: AccountListing) -> [String] {
        let account = listing.account
        return [
            account.code.text, account.name, account.currency.code, account.accountClass.rawValue,
            account.status.rawValue, account.ledger.description,
            Money(units: account.held, currency: account.currency).description,
            account.available.description,
            account.minimum.map { Money(units: $0, currency: account.currency).description } ?? "none",
            listing.lastBookedAt.description,
        ]
    }
}

/// Gives each request its own number.
struct RequestCounter: Sendable {
    private var last = 0

    mutating func next() -> RequestID {
        last += 1
        return RequestID(number: last)
    }
}

/// A question that is asked again and again while its answer is seen: one at a time, and never more often than
/// a twentieth of the time that answering takes.
struct Poll: Sendable {
    private(set) var request: RequestID?
    private var asked: Timestamp?
    /// How long to wait after ``asked``; nil for not at all.
    private var interval: Duration?
    /// After failures, nothing is asked for so long after the last.
    private var failure: (at: Timestamp, pause: Duration)?
    /// When the last answer came.
    private(set) var answeredAt: Timestamp?

    /// - Returns: the request's name, when it is time to ask.
    mutating func begin(_ counter: inout RequestCounter, now: Timestamp) -> RequestID? {
        guard request == nil else { return nil }
        if let failure, !now.is(failure.pause, after: failure.at) { return nil }
        if let interval, let asked, !now.is(interval, after: asked) { return nil }
        let id = counter.next()
        request = id
        asked = now
        return id
    }

    /// - Returns: whether it was the answer that is waited for.
    mutating func end(_ id: RequestID, now: Timestamp, interval: Duration) -> Bool {
        guard request == id else { return false }
        let took = max(0, now.microseconds - (asked ?? now).microseconds)
        request = nil
        answeredAt = now
        asked = now
        failure = nil
        self.interval = max(interval, .microseconds(took) * 20)
        return true
    }

    /// The question could not be answered; it is asked again after a while, each time a longer one.
    mutating func fail(_ id: RequestID, now: Timestamp) -> Bool {
        guard request == id else { return false }
        request = nil
        failure = (now, min((failure?.pause ?? .seconds(1)) * 2, .seconds(60)))
        return true
    }

    /// The question was not answered and nobody waits for that any more.
    mutating func drop(_ id: RequestID) -> Bool {
        guard request == id else { return false }
        request = nil
        interval = nil
        return true
    }

    /// Asks again as soon as may be: at once, but for the pause after a failure.
    mutating func hurry() { interval = nil }

    /// Asks again at once, also after a failure: somebody wants it, or what it failed for is over.
    mutating func retry() {
        interval = nil
        failure = nil
    }
}
