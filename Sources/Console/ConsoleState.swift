import Ledger
import LedgerService

/// Everything that the console knows and shows.
///
/// It changes through ``update(_:)`` alone and is drawn by ``view()``; neither has a clock, chance or any input and
/// output in it.
public struct ConsoleState: Sendable {
    var identity: Identity
    let surroundings: Surroundings
    var symbols: Symbols { surroundings.symbols }

    var now: Timestamp
    var size: Size
    /// The pane of the first screen that has the keys.
    var focus = Pane.accounts
    /// Whether that pane has the whole screen.
    var isEnlarged = false
    var accounts = AccountsPane()
    var history = HistoryPane()
    var attempts = AttemptsPane()
    var books = BooksCheck()
    /// Screens over the first one; the last is seen.
    var screens: [any Screen] = []
    /// The height of the seen screen, as it was last laid out. It is kept since the layout depends on what a dialog
    /// shows, which may depend on the screen under it.
    var screenRows = 1
    var dialog: Dialog?
    /// What there is to say about the last key, until the next one.
    var notice: Notice?
    /// Why the ledger cannot be reached; nil while it can.
    var connectionProblem: String?
    /// Why the last question was not answered; nil once one is.
    var queryProblem: String?
    /// Operations that were sent and whose outcome is not known.
    var unresolved: [UnresolvedOperation] = []
    /// The forms that they were sent from.
    var unresolvedForms: [Reference: FormDialog] = [:]
    /// Operations whose outcome was unknown and that were found on the books, until somebody has seen it.
    var foundOnBooks: [Receipt] = []
    /// What programs before this one left open.
    var left = LeftWork()
    /// The form of the last operation that was posted, for the next one like it.
    var lastForm: FormDialog?
    var requests = RequestCounter()
    /// When a key was last pressed or an attempt last seen.
    var lastActivity: Timestamp
    var interruptions = 0
    var hasWarnedOfQuitting = false
    /// The transaction that a form is to be filled in from, and the question about it.
    var templating: (request: RequestID?, transaction: Identifier, place: Place)?
    /// The export whose file is being written, and what it was asked for with.
    var exporting: (request: RequestID, prompt: PromptDialog)?
    /// What is remembered for the next time.
    public internal(set) var preferences: Preferences

    /// What does not change while the console runs.
    public struct Surroundings: Sendable {
        /// ``Symbols/ascii`` where the terminal shows no Unicode.
        public var symbols: Symbols
        public var keymap: Keymap
        /// The settings in effect.
        public var settings: [SettingLine]
        /// The text of a statement by its name, as far as it is known.
        public var statementText: @Sendable (String) -> String?
        /// A new, unique reference at each call; each operation is given one before it is first sent.
        public var makeReference: @Sendable () -> Reference

        public init(
            symbols: Symbols = .unicode, keymap: Keymap = .standard, settings: [SettingLine] = [],
            statementText: @escaping @Sendable (String) -> String? = { _ in nil },
            makeReference: @escaping @Sendable () -> Reference
        ) {
            self.symbols = symbols
            self.keymap = keymap
            self.settings = settings
            self.statementText = statementText
            self.makeReference = makeReference
        }
    }

    enum Pane: Sendable, CaseIterable {
        case accounts, history, attempts
    }

    struct Notice: Sendable, Hashable {
        let text: String
        let role: Role
    }

    public init(
        identity: Identity, surroundings: Surroundings, preferences: Preferences = Preferences(),
        now: Timestamp, size: Size
    ) {
        self.identity = identity
        self.surroundings = surroundings
        self.preferences = preferences
        self.now = now
        self.size = size
        lastActivity = now
        accounts.filter.field.set(preferences.filter)
        accounts.sort = preferences.sort
        if let screen = preferences.screen { reopen(screen) }
    }

    /// The first questions; to be carried out before the first action.
    public mutating func start() -> [ConsoleEffect] { nextEffects() }

    /// How long the screen may stand still without an action before it wants ``ConsoleAction/ticked(_:)``: a second,
    /// for the age of the data, and less while an operation is under way.
    public var nextTick: Duration {
        if case .form(let form) = dialog, form.place == .posting { return .milliseconds(250) }
        return .seconds(1)
    }

    /// Operations whose outcome is not known, for the last words of the program.
    public var unknownReferences: [Reference] { unresolved.map(\.proposal.operation.reference) }

    /// How often what is seen is read again.
    var refreshInterval: Duration {
        now < lastActivity.advanced(by: .seconds(60)) ? .seconds(2) : .seconds(10)
    }

    /// Where keys go now.
    var place: Place {
        switch dialog {
        case .form(let form): return form.place
        case .prompt(let prompt): return prompt.place
        case .menu: return .menu
        case .palette: return .palette
        case .help: return .help
        case nil: return browsingPlace
        }
    }

    /// Where keys go when no dialog is open.
    var browsingPlace: Place {
        if let screen = screens.last { return screen.filter?.isTyping == true ? .filter : screen.place }
        return switch focus {
        case .accounts: accounts.filter.isTyping ? .filter : .accounts
        case .history: .history
        case .attempts: .attempts
        }
    }

    /// What commands are about now.
    var selection: Selection {
        if let screen = screens.last { return screen.selection(self) }
        return switch focus {
        case .accounts: accountsSelection
        case .history: historySelection
        case .attempts: attempts.selection(self)
        }
    }
}
