import Ledger
import LedgerService

/// Everything that the console knows and shows.
///
/// It changes through ``update(_:)`` alone and is drawn by ``view()``; neither has a clock, chance or any input and
/// output in it.
public struct ConsoleState: Sendable {
    let identity: Identity
    let symbols: Symbols
    let makeReference: @Sendable () -> Reference

    var now: Timestamp
    var size: Size
    var focus = Pane.accounts
    /// Whether the pane that has the keys has the whole screen.
    var isEnlarged = false
    var accounts = AccountsPane()
    var history = HistoryPane()
    var attempts = AttemptsPane()
    var books = BooksCheck()
    var dialog: Dialog?
    /// What there is to say about the last key, until the next one.
    var notice: Notice?
    /// Why the ledger cannot be reached; nil while it can.
    var connectionProblem: String?
    /// Why the last question was not answered; nil once one is.
    var queryProblem: String?
    /// Operations that were sent and whose outcome is not known.
    var unresolved: [UnresolvedOperation] = []
    var requests = RequestCounter()
    /// When a key was last pressed or an attempt last seen.
    var lastActivity: Timestamp
    var interruptions = 0

    /// Who is looking at which ledger.
    public struct Identity: Sendable, Hashable {
        /// Such as `embedded`, or a host's name.
        public var ledger: String
        public var actor: String
        /// Such as `operator`.
        public var role: String
        /// Whether the role may post transactions.
        public var mayPost: Bool
        /// Whether the role may change accounts.
        public var mayChangeAccounts: Bool

        public init(ledger: String, actor: String, role: String, mayPost: Bool, mayChangeAccounts: Bool) {
            self.ledger = ledger
            self.actor = actor
            self.role = role
            self.mayPost = mayPost
            self.mayChangeAccounts = mayChangeAccounts
        }
    }

    enum Pane: Sendable, CaseIterable {
        case accounts, history, attempts
    }

    struct Notice: Sendable, Hashable {
        let text: String
        let role: Role
    }

    /// - Parameters:
    ///   - symbols: ``Symbols/ascii`` where the terminal shows no Unicode.
    ///   - makeReference: a new, unique reference at each call; each operation is given one before it is first
    ///     sent.
    public init(
        identity: Identity, now: Timestamp, size: Size, symbols: Symbols = .unicode,
        makeReference: @escaping @Sendable () -> Reference
    ) {
        self.identity = identity
        self.now = now
        self.size = size
        self.symbols = symbols
        self.makeReference = makeReference
        lastActivity = now
    }

    /// The first questions; to be carried out before the first action.
    public mutating func start() -> [ConsoleEffect] { nextEffects() }

    /// How long the screen may stand still without an action before it wants ``ConsoleAction/ticked(_:)``: a second,
    /// for the age of the data, and less while an operation is under way.
    public var nextTick: Duration {
        if case .form(let form) = dialog, case .posting = form.stage { return .milliseconds(250) }
        return .seconds(1)
    }

    /// How often what is seen is read again.
    var refreshInterval: Duration {
        now < lastActivity.advanced(by: .seconds(60)) ? .seconds(2) : .seconds(10)
    }

    /// Where keys go now.
    var place: Place {
        switch dialog {
        case .help: return .help
        case .transaction: return .transaction
        case .form(let form): return form.place
        case nil:
            if accounts.isFiltering { return .filter }
            return switch focus {
            case .accounts: .accounts
            case .history: .history
            case .attempts: .attempts
            }
        }
    }
}
