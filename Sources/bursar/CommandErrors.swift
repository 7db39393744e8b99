import EmbeddedPostgres
import Interchange
import Ledger
import LedgerService
import LedgerStore
import Postgres
import Terminal

extension CommandError {
    /// What an error means for the person or script that ran the command.
    init(_ error: any Error) {
        switch error {
        case let error as CommandError: self = error
        case let refusal as Refusal:
            let isPermission = if case .notPermitted = refusal { true } else { false }
            self.init(refusal.message, isPermission ? .notPermitted : .refused, refusal: refusal)
        case let error as StoreError: self.init(error.message, .badSettings)
        case let error as EmbeddedServerError:
            let status: ExitStatus = error.kind.needsOtherSettings ? .badSettings : .unreachable
            self.init("\(error.message); \(error.advice)", status)
        case let error as ImportError: self.init(error.message, .refused)
        case let failure as StoreFailure: self.init(failure)
        case let error as PostgresError where error.kind == .unsupportedServer:
            self.init("\(error.message); upgrade it, or name another with --connect", .badSettings)
        case let error as PostgresError: self.init(StoreFailure(error, writing: false))
        case let error as TerminalError: self.init(error.description, .usage)
        case is CancellationError: self.init("stopped; nothing was written", .gaveUp)
        default: self.init("\(error)", .unsound)
        }
    }

    private init(_ failure: StoreFailure) {
        let (message, status): (String, ExitStatus) =
            switch failure.kind {
            case .notPermitted:
                ("\(failure.cause); ask for the right or connect as another role", .notPermitted)
            case .unavailable where failure.sqlState == "3D000":
                ("\(failure.cause); create it, or name another with --connect", .badSettings)
            case .unavailable where failure.sqlState == "25006":
                (
                    "\(failure.cause); connect to a server and as a role that may write: with several hosts, "
                        + "target_session_attrs=read-write finds the primary", .unreachable
                )
            case .unavailable where failure.sqlState == nil && failure.isAboutTLS:
                (
                    "\(failure.cause); nothing was sent: compare sslmode and sslrootcert with what the server shows",
                    .unreachable
                )
            case .unavailable, .unknownOutcome, .overloaded:
                ("\(failure.cause); start the server, or name another with --connect", .unreachable)
            case .cancelled: ("stopped; nothing was written", .gaveUp)
            case .deadlineExceeded: ("the deadline passed; nothing was written", .gaveUp)
            default: (failure.cause, .unsound)
            }
        self.init(message, status, sqlState: failure.sqlState)
    }
}

extension StoreFailure {
    /// libpq's words for it name one of these in every language.
    fileprivate var isAboutTLS: Bool { cause.contains("SSL") || cause.contains("certificate") }
}

extension EmbeddedServerError.Kind {
    /// Whether it is about where and how the server is to be kept, and not about its being up.
    fileprivate var needsOtherSettings: Bool {
        switch self {
        case .binariesMissing, .unknownSystemUser, .foreignDirectory, .notPermitted, .readOnly, .otherVersion,
            .pathTooLong, .badSetting, .system:
            true
        case .diskFull, .busy, .startFailed, .startTimedOut, .cancelled, .left: false
        }
    }
}
