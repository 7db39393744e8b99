/// Where keys go: each place has its own commands.
public enum Place: String, Hashable, Sendable, CaseIterable {
    /// The three panes of the first screen.
    case accounts, history, attempts
    /// Screens of their own.
    case account, journal, transaction, allAttempts, operation, trialBalance, verify, settings
    /// A filter is being typed.
    case filter
    case form
    /// A code is being typed, and accounts that begin with it are offered.
    case suggestions
    /// Before and after are shown, and an answer is asked for.
    case confirmation
    case posting
    case receipt
    /// The outcome of an operation is not known.
    case unknown
    /// One line is asked for, such as a date.
    case prompt
    /// One of a few things is to be chosen.
    case menu
    /// A command's name is being typed, over the screen or in the help.
    case palette, help

    static let panes: Set<Place> = [.accounts, .history, .attempts]
    static let screens: Set<Place> = [
        .account, .journal, .transaction, .allAttempts, .operation, .trialBalance, .verify, .settings,
    ]
    /// Where nothing is being typed or asked.
    static let browsing = panes.union(screens)

    /// What help calls it.
    var title: String {
        switch self {
        case .accounts: "Accounts"
        case .history: "History"
        case .attempts: "Attempts"
        case .account: "Account"
        case .journal: "Journal"
        case .transaction: "Transaction"
        case .allAttempts: "All attempts"
        case .operation: "Operation"
        case .trialBalance: "Trial balance"
        case .verify: "Verify"
        case .settings: "Settings"
        case .filter: "Filter"
        case .form: "Forms"
        case .suggestions: "Suggestions"
        case .confirmation: "Confirmation"
        case .posting: "While it is being posted"
        case .receipt: "Receipt"
        case .unknown: "Outcome unknown"
        case .prompt: "Prompt"
        case .menu: "Menu"
        case .palette: "Command palette"
        case .help: "Help"
        }
    }
}
