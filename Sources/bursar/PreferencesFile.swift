import Console
import Glibc
import Ledger
import Logging
import TOMLKit

/// What the console remembers, in a file of its own under the user's state directory: written when it changes, so
/// that it outlives a killed program. A file that cannot be read or written is no reason to stop.
struct PreferencesFile {
    private let path: String
    /// What the settings say, for what the file does not.
    private let defaults: Preferences
    private let log: Logger
    private var saved: Preferences?

    private static let maximumBytes = 1 << 18

    init(_ context: CommandContext) {
        path = context.environment.consoleMemoryPath
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
        do {
            let bytes = try readFile(path, limit: Self.maximumBytes)
            guard let text = String(validating: bytes, as: UTF8.self) else { return preferences }
            read(try TOMLText.table(text), into: &preferences)
        } catch let error as FileError {
            if error.code != ENOENT { log.warning("\(path) was not read: \(error.message)") }
        } catch {
            log.warning("\(path) is damaged and was not read")
        }
        return preferences
    }

    private func read(_ table: TOMLTable, into preferences: inout Preferences) {
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
        if let theme = table["theme"]?.string.flatMap(Theme.init) { preferences.theme = theme }
        preferences.usesMouse = table["mouse"]?.bool ?? preferences.usesMouse
        preferences.hiddenColumns = Set(table["columns"]?.array?.compactMap(\.string) ?? [])
        let filters = table["filters"]?.array?.compactMap(\.table) ?? []
        preferences.savedFilters = filters.prefix(Preferences.maximumFilters).compactMap { filter in
            guard let name = filter["name"]?.string, let text = filter["text"]?.string else { return nil }
            return Preferences.SavedFilter(name: name, text: text)
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
        let table = TOMLTable()
        table["filter"] = preferences.filter
        table["order"] = preferences.sort.order.rawValue
        table["descending"] = preferences.sort.isDescending
        if let screen = preferences.screen {
            table["screen"] = screen.place.rawValue
            table["screen_subject"] = screen.subject
            table["screen_filter"] = screen.filter
        }
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
}
