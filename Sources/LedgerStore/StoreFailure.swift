import Ledger
import Postgres

/// What an error of the database means for an operation, by the table of retries: see ``Kind``.
public struct StoreFailure: Error, Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// The database refused the transaction in favour of another (40001, 40P01). Nothing was written.
        case conflict
        /// An account moved on since it was read, or was opened by somebody else. Nothing was written.
        case lostRace
        /// The reference is on the books. Nothing was written.
        case referenceTaken
        /// A CHECK said no, which the domain should have caught. Nothing was written.
        case ruleViolated
        /// The answer got lost while a write was in flight: it may be on the books, now or in a moment.
        case unknownOutcome
        /// No session to be had just now, or one that may not write (a standby). Nothing was written.
        case unavailable
        /// The server is short of something for now. Nothing was written.
        case overloaded
        /// Our deadline passed, and the server confirmed that it stopped. Nothing was written.
        case deadlineExceeded
        /// Our caller cancelled, and the server confirmed that it stopped. Nothing was written.
        case cancelled
        /// The database does not let this role do it. Nothing was written.
        case notPermitted
        /// Anything else. Nothing was written.
        case failed
    }

    public let kind: Kind
    /// Whether somebody else was faster.
    public var isRace: Bool { kind.isRace }
    /// Five characters; nil when the server sent none.
    public let sqlState: String?
    /// In plain words.
    public let cause: String
    public let statement: String?
    /// The server's own words, for the log and for those who ask.
    public let detail: String
    /// The account that it was about, where the server says.
    public let account: Identifier?

    /// - Parameters:
    ///   - writing: whether a write was in flight, so that a broken connection leaves its outcome open.
    ///   - dialect: who says it; not every server means by an error that nothing was written.
    public init(_ error: any Error, writing: Bool, dialect: Dialect = .postgresql) {
        guard let error = error as? PostgresError else {
            self.init(
                kind: .failed, sqlState: nil, cause: "\(error)", statement: nil, detail: "", account: nil)
            return
        }
        let kind = Kind(error, writing: writing, dialect: dialect)
        self.init(
            kind: kind, sqlState: error.sqlState?.rawValue, cause: Self.cause(error, kind),
            statement: error.statement, detail: Self.detail(error), account: Self.account(in: error))
    }

    private init(
        kind: Kind, sqlState: String?, cause: String, statement: String?, detail: String, account: Identifier?
    ) {
        self.kind = kind
        self.sqlState = sqlState
        self.cause = cause
        self.statement = statement
        self.detail = detail
        self.account = account
    }

    private static func detail(_ error: PostgresError) -> String {
        [error.message, error.detail, error.hint].compactMap { $0 }.joined(separator: " · ")
    }

    /// The id that a detail such as `Key (account_id, seq)=(…, 41) already exists.` or `Failing row contains
    /// (…, null, …` begins with.
    private static func account(in error: PostgresError) -> Identifier? {
        guard error.table == "account_records", let detail = error.detail,
            let equals = detail.range(ofLast: "(")
        else { return nil }
        return Identifier(String(detail[equals...].prefix(36)))
    }
}

extension StoreFailure.Kind {
    /// Whether somebody else was faster.
    public var isRace: Bool { self == .conflict || self == .lostRace }

    init(_ error: PostgresError, writing: Bool, dialect: Dialect) {
        if writing, error.mayHideCommit(dialect) {
            self = .unknownOutcome
            return
        }
        switch error.kind {
        case .cannotConnect:
            self = error.sqlState.map(Self.refusesUs) == true ? .notPermitted : .unavailable
        case .connectionLost: self = writing ? .unknownOutcome : .unavailable
        case .lostBeforeCommit: self = .unavailable
        case .unconfirmed: self = .unknownOutcome
        case .deadlineExceeded: self = .deadlineExceeded
        case .cancelled: self = .cancelled
        case .protocolViolation, .unsupportedServer: self = .failed
        case .server: self = Self.server(error, writing: writing)
        }
    }

    private static func server(_ error: PostgresError, writing: Bool) -> Self {
        guard let state = error.sqlState else { return writing ? .unknownOutcome : .failed }
        switch state {
        case .serializationFailure, .deadlockDetected: return .conflict
        case .statementCompletionUnknown: return writing ? .unknownOutcome : .unavailable
        case .uniqueViolation: return uniqueViolation(error.violatedConstraint)
        case .notNullViolation where error.saysOtherOrigin: return .unavailable
        case .notNullViolation where error.saysOtherLevel: return .failed
        case .notNullViolation: return error.nullColumn == "seq" ? .lostRace : .ruleViolated
        case .checkViolation: return .ruleViolated
        // A server that shuts down may say so of a commit that it made, and told nobody of.
        case .adminShutdown, .crashShutdown: return writing ? .unknownOutcome : .unavailable
        case .cannotConnectNow, .readOnlyTransaction: return .unavailable
        case .lockNotAvailable, .queryCanceled: return .overloaded
        case .insufficientPrivilege: return .notPermitted
        default:
            if state.isConnectionException { return writing ? .unknownOutcome : .unavailable }
            if state.isShortage || error.saysTooOld || error.saysStaleStatement { return .overloaded }
            return refusesUs(state) ? .notPermitted : .failed
        }
    }

    private static func uniqueViolation(_ constraint: String?) -> Self {
        switch constraint {
        case "account_records_pkey", "accounts_code_key", "accounts_pkey": .lostRace
        case "journal_reference_key", "account_records_reference_key", "journal_pkey": .referenceTaken
        default: .ruleViolated
        }
    }

    private static func refusesUs(_ state: SQLState) -> Bool {
        state == .invalidPassword || state == .invalidAuthorization
    }
}

extension StoreFailure {
    /// What happened, in the operator's words. A conflict's reason is only in the server's message and detail.
    private static func cause(_ error: PostgresError, _ kind: Kind) -> String {
        let said = error.message + " " + (error.detail ?? "")
        switch kind {
        case .conflict where error.sqlState == .deadlockDetected:
            return "deadlock: two transactions waited for each other, this one gave way"
        case .conflict where said.contains("concurrent update") || said.contains("concurrent delete"):
            return "another transaction changed the account first"
        case .conflict where said.contains("read/write dependencies"):
            return "read/write dependency, cancelled"
                + (said.contains("commit attempt") ? " at commit" : " before it was written")
        case .conflict: return "another transaction got in the way"
        case .lostRace where error.violatedConstraint?.hasPrefix("accounts_") == true:
            return "somebody else opened the account first"
        case .lostRace: return "another transaction posted to the account first"
        case .referenceTaken: return "the reference is on the books already"
        case .ruleViolated:
            return "the database's own rules refused it "
                + "(\(error.constraint ?? error.column ?? error.quotedName ?? "?"))"
        case .unknownOutcome where error.kind == .unconfirmed:
            return "the server committed it without waiting for its standby"
        case .unknownOutcome where error.kind != .connectionLost && error.sqlState != nil:
            return "the server could not say whether it was written"
        case .unknownOutcome: return "the connection was lost before the answer came"
        case .unavailable where error.sqlState == .readOnlyTransaction && error.kind != .cannotConnect:
            return "the server is a standby and takes no writes"
        case .unavailable where error.saysOtherOrigin:
            return "the server sees this session as another user or from another address than before"
        case .unavailable: return error.kind == .cannotConnect ? error.message : "the server is not reachable"
        case .overloaded where error.saysTooOld:
            return "the transaction took so long that the server no longer keeps what it has to read"
        case .overloaded where error.saysStaleStatement: return "the server had lost the program's statements"
        case .overloaded: return overload(error.sqlState)
        case .deadlineExceeded: return "the deadline passed"
        case .cancelled: return "cancelled"
        case .notPermitted:
            return error.kind == .cannotConnect ? error.message : denial(error)
        case .failed where error.saysOtherLevel:
            return "the transaction was not serializable, though that was asked for: something before the "
                + "server, such as a pooler, changes sessions; connect to the server itself"
        case .failed where error.saysOtherSchema:
            return
                "the ledger's tables are not those that this program knows: a newer Bursar has upgraded it "
                + "meanwhile; start this one again"
        case .failed: return error.message
        }
    }

    /// What the role may not do, and who may.
    private static func denial(_ error: PostgresError) -> String {
        if error.routine == "ExecWithCheckOptions" || error.message.contains("row-level security") {
            return "the database role may not touch this account: it is confined to others"
        }
        return switch PostingStatements.all.first(where: { $0.statement.name == error.statement })?.kind {
        case .entries: "the database role may not post; that takes an operator"
        case .reversals: "the database role may not reverse transactions; that takes a supervisor"
        case .changes: "the database role may not change accounts; that takes a supervisor"
        case .openings: "the database role may not open accounts; that takes a supervisor"
        case nil: "the database role may not do this"
        }
    }

    private static func overload(_ state: SQLState?) -> String {
        switch state {
        case .tooManyConnections: "the server has no connection left"
        case .outOfMemory: "the server is out of memory"
        case .diskFull: "the server's disk is full"
        case let state? where state.isShortage: "the server is short of something"
        case .lockNotAvailable: "waited too long for a lock"
        default: "the server cancelled the statement"
        }
    }
}

extension PostgresError {
    /// The column that a NULL did not fit. CockroachDB names it in its message alone.
    fileprivate var nullColumn: String? { column ?? quotedName }

    /// The constraint that a second row of the kind would break. YugabyteDB names it in its message alone.
    var violatedConstraint: String? { constraint ?? quotedName }

    /// The first name that the message has in quotes.
    fileprivate var quotedName: String? {
        let words = message.split(separator: "\"", omittingEmptySubsequences: false)
        return words.count > 2 ? String(words[1]) : nil
    }

    /// Whether the transaction was refused for its age: the server no longer keeps what it would have to read. The
    /// second form is CockroachDB's, which has no code of its own for it.
    fileprivate var saysTooOld: Bool {
        sqlState == .snapshotTooOld || message.contains("must be after replica GC threshold")
    }

    /// Whether the transaction may be on the books although the server reports this error. PostgreSQL commits in one
    /// place and knows; the others commit by messages between machines. There a cancelled statement may have been
    /// committed already, and an ambiguous commit may come as an error of another kind around it (classes XX, 58).
    fileprivate func mayHideCommit(_ dialect: Dialect) -> Bool {
        guard dialect != .postgresql, let state = sqlState else { return false }
        switch kind {
        case .server, .deadlineExceeded, .cancelled:
            return state == .queryCanceled || state.isInternal
        case .cannotConnect, .unsupportedServer, .connectionLost, .lostBeforeCommit, .unconfirmed,
            .protocolViolation:
            return false
        }
    }

    /// Whether a posting statement found that the session is not who the decision says: see `PostingStatements`.
    var saysOtherOrigin: Bool {
        sqlState == .notNullViolation && ["id", "account_id"].contains(nullColumn)
    }

    /// Whether the statement names something that is not in the database, although the schema was looked at when the
    /// program began.
    fileprivate var saysOtherSchema: Bool { sqlState == .undefinedColumn || sqlState == .undefinedTable }

    /// Whether a posting statement found itself in a transaction that is not serializable: see `PostingStatements`.
    fileprivate var saysOtherLevel: Bool { sqlState == .notNullViolation && nullColumn == "kind" }
}

extension String {
    /// The index just behind the last place where `character` is followed by what could be an id.
    fileprivate func range(ofLast character: Character) -> Index? {
        lastIndex(of: character).map { index(after: $0) }
    }
}
