import Ledger

/// What the console remembers from one time to the next.
public struct Preferences: Sendable, Hashable {
    /// The filter of the accounts.
    public var filter = ""
    public var sort = AccountSort(.code)
    /// Columns of the accounts that are not shown, by title.
    public var hiddenColumns: Set<String> = []
    public var savedFilters: [SavedFilter] = []
    public var theme: Theme = .standard
    public var usesMouse = false
    /// The screen that was seen last, as its command is called; empty for the first.
    public var screen = ""

    public struct SavedFilter: Sendable, Hashable {
        public let name: String
        public let text: String

        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// The most filters that are kept.
    public static let maximumFilters = 50

    public init() {}
}
