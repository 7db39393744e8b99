import CLibPQ

/// The fields of an error or notice, as libpq keeps them in a result. The letters are those of the protocol
/// (PostgreSQL manual, "Error and Notice Message Fields"); libpq's macros for them do not reach Swift.
private enum Field: Int32 {
    case severity = 0x56  // V, never translated
    case shownSeverity = 0x53  // S
    case sqlState = 0x43  // C
    case message = 0x4D  // M
    case detail = 0x44  // D
    case hint = 0x48  // H
    case schema = 0x73  // s
    case table = 0x74  // t
    case column = 0x63  // c
    case constraint = 0x6E  // n
    case routine = 0x52  // R, never translated
}

/// An error or a notice as the server sent it.
struct ServerMessage {
    let error: PostgresError
    let consequence: Consequence
    let severity: String

    enum Consequence {
        /// The statement failed, no more.
        case none
        /// What we know as prepared is not, or not any more: gone, taken, or planned before a table changed.
        /// The server says so before the execution begins.
        case staleStatement
        /// The session is over: the server hangs up after this message.
        case sessionEnds
    }

    /// Reads the fields out of a result that stays the caller's.
    init(_ result: OpaquePointer, redactor: Redactor) {
        func text(_ field: Field) -> String? {
            guard let value = PQresultErrorField(result, field.rawValue) else { return nil }
            return redactor.line(String(cString: value))
        }
        // Old servers of CockroachDB send S alone, which they do not translate.
        let severity = text(.severity) ?? text(.shownSeverity) ?? ""
        let sqlState = text(.sqlState).map(SQLState.init(rawValue:))
        // Without fields, the message comes from libpq itself.
        let whole = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
        let message = text(.message) ?? redactor.line(whole)
        // 08P01 as a plain ERROR is a Bind with the wrong number of parameters: refused before execution.
        let isViolation = sqlState == .protocolViolation && severity == "ERROR"
        error = PostgresError(
            kind: isViolation ? .protocolViolation : .server, sqlState: sqlState, message: message,
            detail: text(.detail), hint: text(.hint), schema: text(.schema), table: text(.table),
            column: text(.column), constraint: text(.constraint), routine: text(.routine))
        consequence =
            if severity == "FATAL" || severity == "PANIC" {
                .sessionEnds
            } else if error.saysStaleStatement || sqlState == .duplicatePreparedStatement {
                .staleStatement
            } else {
                .none
            }
        self.severity = severity
    }
}

/// A message that the server sent besides its answers.
public struct Notice: Sendable, Equatable {
    /// `NOTICE`, `WARNING` and so on, never translated.
    public let severity: String
    public let sqlState: SQLState?
    /// One line, without control characters.
    public let message: String
}

/// Where libpq delivers notices; without it they would go to stderr, in the middle of a screen.
///
/// Sendable though unchecked: it belongs to a connection and is used by the thread that drives it, first the
/// one that connects, then the event loop's.
final class NoticeLog: @unchecked Sendable {
    /// Older notices make room for newer ones beyond this number.
    static let limit = 64

    private let redactor: Redactor
    private var notices: [Notice] = []
    /// The number of warnings since the connection was made.
    private(set) var warnings: UInt64 = 0
    /// What a server said when it ended an idle session; no statement was there to fail.
    private(set) var lastWords: PostgresError?

    init(redactor: Redactor) {
        self.redactor = redactor
    }

    func install(on connection: OpaquePointer) {
        // The log lives as long as its session, which closes the connection first.
        _ = PQsetNoticeReceiver(
            connection,
            { argument, result in
                guard let argument, let result else { return }
                Unmanaged<NoticeLog>.fromOpaque(argument).takeUnretainedValue().receive(result)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The newest warning that nobody has taken yet.
    var lastWarning: String? { notices.last { $0.severity == "WARNING" }?.message }

    func take() -> [Notice] {
        defer { notices = [] }
        return notices
    }

    private func receive(_ result: OpaquePointer) {
        let message = ServerMessage(result, redactor: redactor)
        if message.consequence == .sessionEnds { lastWords = message.error.with(kind: .connectionLost) }
        if message.severity == "WARNING" { warnings += 1 }
        if notices.count >= Self.limit { notices.removeFirst() }
        let error = message.error
        notices.append(
            Notice(severity: message.severity, sqlState: error.sqlState, message: error.message))
    }
}
