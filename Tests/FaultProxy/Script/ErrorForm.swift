/// An error as a server sends it (PostgreSQL manual, "Error and Notice Message Fields").
public struct ErrorForm: Sendable, Equatable {
    public enum Severity: String, Sendable {
        case error = "ERROR"
        /// The session ends after it.
        case fatal = "FATAL"
        /// The session ends after it.
        case panic = "PANIC"
        /// A notice, after which the session ends without a further word: so PostgreSQL says 57P02.
        case warning = "WARNING"
    }

    public var severity: Severity
    /// Five characters.
    public var sqlState: String
    public var message: String
    public var detail: String?
    public var hint: String?
    public var schema: String?
    public var table: String?
    public var column: String?
    public var constraint: String?
    /// The function of the server's source that reports it.
    public var routine: String?

    public init(
        _ sqlState: String, _ message: String, severity: Severity = .error, detail: String? = nil,
        hint: String? = nil, schema: String? = nil, table: String? = nil, column: String? = nil,
        constraint: String? = nil, routine: String? = nil
    ) {
        self.severity = severity
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.hint = hint
        self.schema = schema
        self.table = table
        self.column = column
        self.constraint = constraint
        self.routine = routine
    }

    /// Whether the connection is closed after it.
    public var endsSession: Bool { severity != .error }

    /// The same with severity FATAL, as errors while connecting have it.
    public var fatal: ErrorForm {
        var form = self
        form.severity = .fatal
        return form
    }

    /// ErrorResponse or NoticeResponse.
    var bytes: [UInt8] {
        let fields: [(Character, String?)] = [
            ("S", severity.rawValue), ("V", severity.rawValue), ("C", sqlState), ("M", message),
            ("D", detail), ("H", hint), ("s", schema), ("t", table), ("c", column), ("n", constraint),
            ("R", routine),
        ]
        var body: [UInt8] = []
        for case (let field, let value?) in fields {
            body.append(field.asciiValue ?? 0)
            body.append(contentsOf: Message.text(value))
        }
        return Message.make(severity == .warning ? "N" : "E", body + [0])
    }
}
