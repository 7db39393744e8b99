/// Where keys go: each place has its own commands.
enum Place: Hashable, Sendable, CaseIterable {
    case accounts, history, attempts
    /// The filter is being typed.
    case filter
    case form
    /// Before and after are shown, and an answer is asked for.
    case confirmation
    case posting
    case receipt
    /// The outcome of an operation is not known.
    case unknown
    case transaction
    case help

    static let panes: Set<Place> = [.accounts, .history, .attempts]

    /// What help calls it.
    var title: String {
        switch self {
        case .accounts: "Accounts"
        case .history: "History"
        case .attempts: "Attempts"
        case .filter: "Filter"
        case .form: "Forms"
        case .confirmation: "Confirmation"
        case .posting: "While it is being posted"
        case .receipt: "Receipt"
        case .unknown: "Outcome unknown"
        case .transaction: "Transaction"
        case .help: "Help"
        }
    }
}

/// Names a command in code. What it is called, its keys and its help stand in ``Command/all``.
enum CommandID: Hashable, Sendable, CaseIterable {
    case moveUp, moveDown, pageUp, pageDown, moveFirst, moveLast
    case openHistory, openTransaction, nextPane, previousPane, back, enlarge, freeze
    case filter, keepFilter, clearFilter
    case deposit, withdraw, transfer, changeStatus, reverse, showUnknown
    case nextField, previousField, nextChoice, previousChoice, submit, leaveForm
    case nextAnswer, previousAnswer, answer, backToForm
    case stopPosting, closeReceipt, leaveUnknown, closeTransaction, closeHelp
    case reload, redraw, help, suspend, quit, quitNow
}

/// One entry of the table that drives keys, footer and help.
struct Command: Sendable {
    let id: CommandID
    /// The first is the one that is shown.
    let keys: [Key]
    /// One or two words, for the footer.
    let title: String
    /// One sentence without a full stop, for help.
    let help: String
    let places: Set<Place>
    /// Shown in the footer, those with the lowest number first; nil for help alone.
    let footer: Int?
    /// Whether the footer leaves it out, rather than dimmed, while it cannot be given.
    var hidesWhenUnavailable = false

    /// The command that a key gives in a place.
    static func find(_ key: Key, in place: Place) -> Command? { byKey[place]?[key] }

    static func find(_ id: CommandID) -> Command? { byID[id] }

    private static let byID: [CommandID: Command] = Dictionary(
        all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })

    private static let byKey: [Place: [Key: Command]] = {
        var table: [Place: [Key: Command]] = [:]
        for command in all {
            for place in command.places {
                for key in command.keys { table[place, default: [:]][key] = command }
            }
        }
        return table
    }()
}

/// Whether a command can be given now.
enum Availability: Hashable, Sendable {
    case available
    /// With the reason, as a sentence without a full stop.
    case unavailable(String)
}

extension Key {
    /// What is printed on the key.
    func label(_ symbols: Symbols) -> String {
        switch self {
        case .space: "Space"
        case .character(let character): String(character)
        case .control(let letter): "Ctrl-" + letter.uppercased()
        case .paste: "Paste"
        case .enter: "Enter"
        case .tab: "Tab"
        case .backTab: "Shift-Tab"
        case .escape: "Esc"
        case .backspace: "Backspace"
        case .delete: "Del"
        case .up: symbols.up
        case .down: symbols.down
        case .left: symbols.left
        case .right: symbols.right
        case .home: "Home"
        case .end: "End"
        case .pageUp: "PgUp"
        case .pageDown: "PgDn"
        case .function(let number): "F\(number)"
        }
    }
}
