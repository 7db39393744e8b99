import Ledger

/// What lies over the screen.
enum Dialog: Sendable {
    case form(FormDialog)
    case prompt(PromptDialog)
    case menu(MenuDialog)
    /// The commands, over the screen.
    indirect case palette(CommandSearch)
    /// The commands with all that there is to say of them, on the whole screen.
    indirect case help(CommandSearch)
}

/// Asks for one line.
struct PromptDialog: Sendable {
    let kind: Kind
    var field: LineField
    /// What was wrong with the line.
    var message: String?
    /// Accounts that are offered for what is typed, where an account is asked for.
    var suggestions = Suggestions()

    var offered: [AccountListing] { kind == .account ? suggestions.offered(for: typed) : [] }
    var typed: String { field.text.trimmingSpaces }
    var place: Place { offered.isEmpty ? .prompt : .suggestions }

    enum Kind: Sendable, Hashable {
        case account, reference
        /// What kind of day it is: `day of booking`.
        case date(String)
        /// A name for the filter of the accounts.
        case filterName
        case exportPath(ExportTable)
        case exportAccounts(AccountFilter, AccountSort)

        var title: String {
            switch self {
            case .account: "Go to account"
            case .reference: "Go to reference"
            case .date(let meaning): "Jump to a \(meaning)"
            case .filterName: "Save the filter as"
            case .exportPath(let table): "Export \(Wording.counted(table.rows.count, "row")) to the file"
            case .exportAccounts: "Export all accounts of the list to the file"
            }
        }

        var hint: String {
            switch self {
            case .account: "the account's code"
            case .reference: "the reference of a transaction"
            case .date: "YYYY-MM-DD"
            case .filterName: "a name of your own; a filter of that name is replaced"
            case .exportPath, .exportAccounts: "CSV; a file that exists is not written over"
            }
        }
    }

    init(_ kind: Kind, text: String = "") {
        self.kind = kind
        field = LineField(text, limit: 1000)
    }
}

/// Offers a few things of which one is chosen.
struct MenuDialog: Sendable {
    let kind: Kind
    var items: [Item]
    var selected = 0

    enum Kind: Sendable, Hashable {
        case sort, columns, savedFilters, theme, copy
        /// Whether a saved filter is really to be removed.
        case removeFilter(Preferences.SavedFilter)

        var title: String {
            switch self {
            case .sort: "Order of the accounts"
            case .columns: "Columns of the accounts"
            case .savedFilters: "Saved filters"
            case .theme: "Theme"
            case .copy: "Copy"
            case .removeFilter(let filter): "Remove the saved filter \(filter.name)?"
            }
        }
    }

    struct Item: Sendable, Hashable {
        var title: String
        /// Said behind it.
        var detail: String
        /// Whether it is the one in effect; nil where that makes no sense.
        var isOn: Bool?

        init(_ title: String, _ detail: String = "", isOn: Bool? = nil) {
            self.title = title
            self.detail = detail
            self.isOn = isOn
        }
    }
}
