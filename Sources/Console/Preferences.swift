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
    /// The screen that was seen last; nil for the first one.
    public var screen: SeenScreen?

    /// A screen that can be shown again.
    public struct SeenScreen: Sendable, Hashable {
        public let place: Place
        /// The account's code or the transaction's reference; empty where a screen is about neither.
        public let subject: String
        public let filter: String

        public init(place: Place, subject: String = "", filter: String = "") {
            self.place = place
            self.subject = subject
            self.filter = filter
        }
    }

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

    /// These preferences with what changed between two others: how several consoles share what is remembered, each
    /// adding what was changed in it.
    public func applying(changesFrom before: Preferences, to after: Preferences) -> Preferences {
        var merged = self
        func take<Value: Equatable>(_ part: WritableKeyPath<Preferences, Value>) {
            if before[keyPath: part] != after[keyPath: part] { merged[keyPath: part] = after[keyPath: part] }
        }
        take(\.filter)
        take(\.sort)
        take(\.theme)
        take(\.usesMouse)
        take(\.screen)
        merged.hiddenColumns.subtract(before.hiddenColumns.subtracting(after.hiddenColumns))
        merged.hiddenColumns.formUnion(after.hiddenColumns.subtracting(before.hiddenColumns))
        let added = after.savedFilters.filter { !before.savedFilters.contains($0) }
        let removed = before.savedFilters.filter { !after.savedFilters.contains($0) }
        merged.savedFilters.removeAll { filter in
            removed.contains(filter) || added.contains { $0.name == filter.name }
        }
        merged.savedFilters = Array((added + merged.savedFilters).prefix(Self.maximumFilters))
        merged.savedFilters.sort { $0.name < $1.name }
        return merged
    }
}
