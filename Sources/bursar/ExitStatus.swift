import EmbeddedPostgres
import Ledger
import LedgerService
import LedgerStore
import Postgres

/// What the program ends with, after `sysexits.h`. Scripts depend on the numbers.
enum ExitStatus: Int32, Sendable {
    case done = 0
    /// The command line is wrong.
    case usage = 64
    /// The ledger's rules say no, or the input is bad.
    case refused = 65
    /// The server is not reachable.
    case unreachable = 69
    /// An internal error, or an unsound ledger.
    case unsound = 70
    /// Nothing was written, and it is safe to run again.
    case gaveUp = 75
    /// `bursar show REFERENCE` will tell.
    case unknown = 76
    case notPermitted = 77
    /// Settings, schema or data directory cannot be worked with.
    case badSettings = 78

    init(_ outcome: OperationOutcome) {
        self =
            switch outcome.result {
            case .posted, .alreadyPosted: .done
            case .refused(.notPermitted): .notPermitted
            case .refused: .refused
            case .failed: .unsound
            case .unknown: .unknown
            case .gaveUp, .cancelled: .gaveUp
            }
    }
}

/// Something that stops a command: what is wrong and what to do about it, and the status that says so.
struct CommandError: Error, Equatable {
    let message: String
    let status: ExitStatus
    var sqlState: String?
    /// The rule that said no.
    var refusal: Refusal?

    init(_ message: String, _ status: ExitStatus, sqlState: String? = nil, refusal: Refusal? = nil) {
        self.message = message
        self.status = status
        self.sqlState = sqlState
        self.refusal = refusal
    }
}
