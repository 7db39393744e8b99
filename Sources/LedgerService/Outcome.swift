import Ledger
import LedgerStore

/// How an operation ended, and what it took.
public struct OperationOutcome: Sendable, Equatable {
    public let reference: Reference
    public let result: Result
    /// Tries of the serializable transaction, from 1; 0 when it never came to one.
    public let attempts: Int
    /// The attempts that came to nothing, in order, those with a lost answer among them.
    public let conflicts: [Conflict]
    /// From the call to the answer.
    public let elapsed: Duration

    public enum Result: Sendable, Equatable {
        case posted(Receipt)
        /// The reference was on the books already, with the same request. Nothing was written now.
        case alreadyPosted(Receipt)
        /// The ledger's rules say no. Nothing was written.
        case refused(Refusal)
        /// Nothing was written, and trying again as it is will not help.
        case failed(Failure)
        /// It may have been written: the answer got lost and could not be found out within the deadline.
        case unknown(Failure)
        /// Nothing was written within the deadline and the attempts allowed. Safe to send again.
        case gaveUp(Failure)
        /// Stopped by the caller. Nothing was written.
        case cancelled
    }

    public init(
        reference: Reference, result: Result, attempts: Int, conflicts: [Conflict], elapsed: Duration
    ) {
        self.reference = reference
        self.result = result
        self.attempts = attempts
        self.conflicts = conflicts
        self.elapsed = elapsed
    }

    /// How many of ``conflicts`` are attempts whose answer got lost, which may have been written.
    public var lostAnswers: Int { conflicts.count { $0.isLostAnswer } }

    /// How many of them are attempts for which the server was not to be reached.
    public var outages: Int { conflicts.count { $0.isOutage } }

    /// How many of them are attempts that lost against somebody else's.
    public var conflictCount: Int { conflicts.count - lostAnswers - outages }

    /// Whether the ledger has had the last word on it: it is on the books, or its rules refuse it.
    var isDecided: Bool {
        switch result {
        case .posted, .alreadyPosted, .refused: true
        case .failed, .unknown, .gaveUp, .cancelled: false
        }
    }

    /// The receipt of an operation that is on the books.
    public var receipt: Receipt? {
        switch result {
        case .posted(let receipt), .alreadyPosted(let receipt): receipt
        default: nil
        }
    }
}

/// An attempt that the database refused in favour of another, or that an overloaded or restarting server could
/// not take. Nothing was written by it, unless ``isLostAnswer``.
public struct Conflict: Sendable, Hashable {
    /// The attempt's number, from 1.
    public let attempt: Int
    /// The five characters of SQLSTATE; empty where there is none.
    public let sqlState: String
    /// What happened, in plain words, such as `another transaction changed account 704 first`.
    public let cause: String
    /// The account it was about, where the server says.
    public let account: AccountCode?
    /// The name of the statement.
    public let statement: String?
    /// The server's own detail, for those who want it; empty when there is none.
    public let detail: String
    /// Whether its answer got lost, so that it may have been written all the same.
    public let isLostAnswer: Bool
    /// Whether the server was not to be reached: nobody was in the way.
    public let isOutage: Bool

    /// SQLSTATE and cause; the cause alone where the program itself found it, or the network did.
    public var text: String { sqlState.isEmpty ? cause : "\(sqlState) \(cause)" }

    public init(
        attempt: Int, sqlState: String, cause: String, account: AccountCode? = nil, statement: String? = nil,
        detail: String = "", isLostAnswer: Bool = false, isOutage: Bool = false
    ) {
        self.attempt = attempt
        self.sqlState = sqlState
        self.cause = cause
        self.account = account
        self.statement = statement
        self.detail = detail
        self.isLostAnswer = isLostAnswer
        self.isOutage = isOutage
    }
}

/// What went wrong, what state the ledger is in, and what to do next: one or two plain sentences.
public struct Failure: Sendable, Hashable {
    public let message: String
    public let sqlState: String?

    public init(message: String, sqlState: String? = nil) {
        self.message = message
        self.sqlState = sqlState
    }

    /// Follows the reason where it is certain.
    static let nothingWritten = "; nothing was written"
}

extension Conflict {
    init(_ failure: StoreFailure, attempt: Int, account: AccountCode?) {
        let cause =
            if let account { failure.cause.replacing("the account", with: "account \(account)") } else {
                failure.cause
            }
        self.init(
            attempt: attempt, sqlState: failure.sqlState ?? "", cause: cause, account: account,
            statement: failure.statement, detail: failure.detail,
            isLostAnswer: failure.kind == .unknownOutcome, isOutage: failure.kind == .unavailable)
    }
}

extension Duration {
    /// Seconds with three decimals, such as `0.047`.
    public var secondsText: String {
        let milliseconds = Int64(self / .milliseconds(1))
        return Money.text(milliseconds, digits: 3, grouping: false)
    }

    /// Milliseconds with a fraction.
    public var milliseconds: Double { self / .milliseconds(1) }
}
