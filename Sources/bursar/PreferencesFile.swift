import Console
import Glibc
import Ledger
import Logging
import TOMLKit

/// What the console remembers, in a file of its own under the user's state directory: written when it changes, so
/// that it outlives a killed program. A file that cannot be read or written is no reason to stop.
///
/// Filter, order and screen are those of one ledger: an account of one is a stranger to another. The rest is the user's.
struct PreferencesFile {
    private let path: String
    private let ledger: String
    /// What the settings say, for what the file does not.
    private let defaults: Preferences
    private let log: Logger
    private var saved: Preferences?

    private static let maximumBytes = 1 << 18
    /// The ledgers of which something is remembered; those that were left longest ago are forgotten.
    private static let maximumLedgers = 50

    /// - Parameter ledger: which one it is, whoever connects to it.
    init(_ context: CommandContext, ledger: String) {
        path = context.environment.consoleMemoryPath
        self.ledger = ledger
        defaults = context.settings.preferences
        log = context.log
    }

    /// Reads the file; what it does not hold, or holds in a wrong form, is as the settings have it.
    mutating func load() -> Preferences {
        let preferences = read()
        saved = preferences
        return preferences
    }

    private func read() -> Preferences {
        var preferences = defaults
        if let table = readTable() { read(table, into: &preferences) }
        return preferences
    }

    private func readTable() -> TOMLTable? {
        do {
            let bytes = try readFile(path, limit: Self.maximumBytes)
            guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
            return try TOMLText.table(text)
        } catch let error as FileError {
            if error.code != ENOENT { log.warning("\(path) was not read: \(error.message)") }
        } catch {
            log.warning("\(path) is damaged and was not read")
        }
        return nil
    }

    private func read(_ table: TOMLTable, into preferences: inout Preferences) {
        if let ledger = Self.ledgers(table).first(where: { $0.name == ledger })?.table {
            readLedger(ledger, into: &preferences)
        }
        if let theme = table["theme"]?.string.flatMap(Theme.init) { preferences.theme = theme }
        preferences.usesMouse = table["mouse"]?.bool ?? preferences.usesMouse
        preferences.hiddenColumns = Set(table["columns"]?.array?.compactMap(\.string) ?? [])
        let filters = table["filters"]?.array?.compactMap(\.table) ?? []
        preferences.savedFilters = filters.prefix(Preferences.maximumFilters).compactMap { filter in
            guard let name = filter["name"]?.string, let text = filter["text"]?.string else { return nil }
            return Preferences.SavedFilter(name: name, text: text)
        }
    }

    private func readLedger(_ table: TOMLTable, into preferences: inout Preferences) {
        preferences.filter = table["filter"]?.string ?? ""
        if let order = table["order"]?.string.flatMap(AccountOrder.init) {
            preferences.sort = AccountSort(order)
            preferences.sort.isDescending = table["descending"]?.bool ?? preferences.sort.isDescending
        }
        if let place = table["screen"]?.string.flatMap(Place.init) {
            preferences.screen = Preferences.SeenScreen(
                place: place, subject: table["screen_subject"]?.string ?? "",
                filter: table["screen_filter"]?.string ?? "")
        }
    }

    private static func ledgers(_ table: TOMLTable) -> [(name: String, table: TOMLTable)] {
        (table["ledgers"]?.array?.compactMap(\.table) ?? []).compactMap { table in
            table["name"]?.string.map { ($0, table) }
        }
    }

    /// Adds to the file what changed here since the last time, if anything did. What another console has changed
    /// meanwhile stays.
    mutating func save(_ preferences: Preferences) {
        guard let before = saved, preferences != before else { return }
        saved = preferences
        do {
            if let slash = path.lastIndex(of: "/") { try makeDirectories(String(path[..<slash])) }
            let lock = try lockFile(path + ".lock")
            defer { close(lock) }
            try write(read().applying(changesFrom: before, to: preferences))
        } catch {
            log.warning("\(path) was not written: \(error.message)")
        }
    }

    private func write(_ preferences: Preferences) throws(FileError) {
        let others = readTable().map(Self.ledgers)?.filter { $0.name != ledger } ?? []
        let ledgers = TOMLArray()
        ledgers.append(ledgerTable(preferences))
        for other in others.prefix(Self.maximumLedgers - 1) { ledgers.append(other.table) }
        let table = TOMLTable()
        table["ledgers"] = ledgers
        // What is as the settings have it follows them when they change.
        if preferences.theme != defaults.theme { table["theme"] = preferences.theme.rawValue }
        if preferences.usesMouse != defaults.usesMouse { table["mouse"] = preferences.usesMouse }
        let columns = TOMLArray()
        for title in preferences.hiddenColumns.sorted() { columns.append(title) }
        table["columns"] = columns
        let filters = TOMLArray()
        for filter in preferences.savedFilters {
            let entry = TOMLTable()
            entry["name"] = filter.name
            entry["text"] = filter.text
            filters.append(entry)
        }
        table["filters"] = filters
        try replaceFile(path, Array(table.convert(to: .toml).utf8))
    }
    private func ledgerTable(_ preferences: Preferences) -> TOMLTable {
        let table = TOMLTable()
        table["name"] = ledger
        table["filter"] = preferences.filter
        table["order"] = preferences.sort.order.rawValue
        table["descending"] = preferences.sort.isDescending
        if let screen = preferences.screen {
            table["screen"] = screen.place.rawValue
            table["screen_subject"] = screen.subject
            table["screen_filter"] = screen.filter
        }
        return table
    }
}
