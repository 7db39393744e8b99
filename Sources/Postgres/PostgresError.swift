/// What went wrong between this program and a PostgreSQL server.
///
/// `description` is bland: kind, SQLSTATE and the name of our statement, nothing that a server or a user wrote.
/// `debugDescription` holds everything and belongs in a log. Neither ever holds the connection's password.
public struct PostgresError: Error, Sendable, Equatable {
    public enum Kind: String, Sendable, Equatable {
        /// There never was a session: refused, no such host, wrong password, too old, out of time.
        case cannotConnect
        /// The server answers, and is one that this program cannot work with.
        case unsupportedServer
        /// There was a session, and it broke; what was in flight may or may not have happened.
        case connectionLost
        /// The same in a transaction whose commit had not been sent: nothing of it happened.
        case lostBeforeCommit
        /// The server answered with an error.
        case server
        /// Our deadline ended the wait: the server confirmed that the statement was cancelled (57014) or rolled back, or
        /// the statement was never sent.
        case deadlineExceeded
        /// The task was cancelled: the server confirmed it (57014, or a rollback), or the statement was never sent.
        case cancelled
        /// The server did what it was asked, and warned: the wait for its standbys was cancelled, so that it may be
        /// lost with the server. Only the forms of ``Connection/commit(_:timeout:)`` say so.
        case unconfirmed
        /// A value or an answer that cannot be sent or decoded: wrong type, wrong number of columns or
        /// parameters. When it is about parameters, nothing was executed.
        case protocolViolation
    }

    public private(set) var kind: Kind
    /// The server's code, nil when the server sent none.
    public let sqlState: SQLState?
    /// The primary message, one line, without control characters.
    public let message: String
    public let detail: String?
    public let hint: String?
    public let schema: String?
    public let table: String?
    public let column: String?
    public let constraint: String?
    /// The function of the server's own source that reported the error, in PostgreSQL and YugabyteDB. Messages come in the
    /// language of the server's `lc_messages`; this does not.
    public let routine: String?
    /// The name of our statement, when the error belongs to one.
    public private(set) var statement: String?

    public init(
        kind: Kind, sqlState: SQLState? = nil, message: String, detail: String? = nil, hint: String? = nil,
        schema: String? = nil, table: String? = nil, column: String? = nil, constraint: String? = nil,
        routine: String? = nil, statement: String? = nil
    ) {
        self.kind = kind
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.hint = hint
        self.schema = schema
        self.table = table
        self.column = column
        self.constraint = constraint
        self.routine = routine
        self.statement = statement
    }

    /// The same facts under another kind: a server's last words before it hung up become a lost connection.
    public func with(kind: Kind) -> PostgresError {
        var error = self
        error.kind = kind
        return error
    }

    /// The same error with the name of the statement that met it, unless it has one.
    func naming(_ statement: String?) -> PostgresError {
        var error = self
        error.statement = error.statement ?? statement
        return error
    }

    /// Whether the server no longer has a statement as it was prepared, or its columns have other types since. Nothing of it
    /// was executed, and it is prepared anew with its next use.
    public var saysStaleStatement: Bool {
        switch sqlState {
        case .invalidStatementName: true
        // Many things are not supported. CockroachDB names other functions.
        case .featureNotSupported:
            routine == "RevalidateCachedQuery" || message == "cached plan must not change result type"
        default: false
        }
    }

    static func violation(_ message: String, statement: String? = nil) -> PostgresError {
        PostgresError(kind: .protocolViolation, message: message, statement: statement)
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        var text: String
        switch kind {
        case .cannotConnect: text = "cannot connect to the server"
        case .unsupportedServer: text = "the server is too old"
        case .connectionLost: text = "the connection to the server was lost"
        case .lostBeforeCommit: text = "the connection to the server was lost before the commit"
        case .server: text = "the server answered with an error"
        case .deadlineExceeded: text = "the deadline passed"
        case .cancelled: text = "cancelled"
        case .unconfirmed: text = "the server committed with a warning"
        case .protocolViolation: text = "a value or an answer could not be understood"
        }
        if let sqlState { text += " (\(sqlState))" }
        if let statement { text += " in \(statement)" }
        return text
    }

    public var debugDescription: String {
        var text = "PostgresError(\(kind.rawValue)"
        let facts: [(String, String?)] = [
            ("sqlState", sqlState?.rawValue), ("message", message), ("detail", detail), ("hint", hint),
            ("schema", schema), ("table", table), ("column", column), ("constraint", constraint),
            ("routine", routine), ("statement", statement),
        ]
        for case (let name, let value?) in facts {
            text += ", \(name): \(value)"
        }
        return text + ")"
    }
}
