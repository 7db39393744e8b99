/// Names a command in code; the raw value is its name in the palette and in the settings. What it is called, its
/// keys and its help stand in ``Command/all``.
enum CommandID: String, Hashable, Sendable, CaseIterable {
    case moveUp = "up"
    case moveDown = "down"
    case pageUp = "page-up"
    case pageDown = "page-down"
    case moveFirst = "first"
    case moveLast = "last"
    case open
    case nextPane = "next-pane"
    case previousPane = "previous-pane"
    case back
    case enlarge
    case freezeView = "freeze-view"
    case showAccounts = "accounts"
    case showJournal = "journal"
    case showAttempts = "attempts"
    case showTrialBalance = "trial-balance"
    case showVerify = "verify"
    case showSettings = "settings"
    case goToAccount = "account"
    case goToReference = "reference"
    case jumpToDate = "date"
    case filter
    case keepFilter = "keep-filter"
    case clearFilter = "clear-filter"
    case savedFilters = "saved-filters"
    case sort
    case columns
    case mark
    case markAll = "mark-all"
    case deposit
    case withdraw
    case transfer
    case adjust
    case journalEntry = "journal-entry"
    case reverse
    case changeStatus = "status"
    case openAccount = "open-account"
    case repeatLast = "repeat"
    case template
    case showUnknown = "unknown"
    case export
    case copy
    case nextField = "next-field"
    case previousField = "previous-field"
    case nextChoice = "next-choice"
    case previousChoice = "previous-choice"
    case submit
    case leaveForm = "leave-form"
    case acceptSuggestion = "accept"
    case nextSuggestion = "next-suggestion"
    case previousSuggestion = "previous-suggestion"
    case dismissSuggestions = "dismiss"
    case nextAnswer = "next-answer"
    case previousAnswer = "previous-answer"
    case answer
    case backToForm = "back-to-form"
    case stopPosting = "stop"
    case closeReceipt = "close"
    case leaveUnknown = "leave"
    case acceptPrompt = "accept-prompt"
    case leavePrompt = "leave-prompt"
    case choose
    case removeChoice = "remove"
    case leaveMenu = "leave-menu"
    case nextCommand = "next-command"
    case previousCommand = "previous-command"
    case completeCommand = "complete"
    case runCommand = "run"
    case leavePalette = "leave-palette"
    case reload
    case palette
    case help
    case formHelp = "form-help"
    case theme
    case mouse
    case redraw
    case suspend
    case quit
    case quitNow = "quit-now"
}

/// One entry of the table that drives keys, footer, help, palette and the page of keys.
struct Command: Sendable {
    let id: CommandID
    /// As they are built in; the first is the one that is shown. The settings may give others: see ``Keymap``.
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

    static func find(_ id: CommandID) -> Command? { byID[id] }

    private static let byID: [CommandID: Command] = Dictionary(
        all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
}

/// Whether a command can be given now.
enum Availability: Hashable, Sendable {
    case available
    /// With the reason, as a sentence without a full stop.
    case unavailable(String)
}
