import Console
import Glibc
import TOMLKit

/// The settings file, read once: its values by dotted key, such as `retry.deadline`.
struct SettingsFile {
    let path: String
    let isRead: Bool
    private let values: [String: Value]

    /// A value of the kinds that settings have.
    private enum Value {
        case text(String)
        case flag(Bool)
        case whole(Int)
        case real(Double)
        case texts([String])
        case other

        init(_ value: TOMLValueConvertible) {
            self =
                if let text = value.string {
                    .text(text)
                } else if let flag = value.bool {
                    .flag(flag)
                } else if let whole = value.int {
                    .whole(whole)
                } else if let real = value.double {
                    .real(real)
                } else if let array = value.array, array.allSatisfy({ $0.string != nil }) {
                    .texts(array.compactMap(\.string))
                } else {
                    .other
                }
        }
    }

    /// Every key that there is. `config/bursar.toml` explains each.
    static let keys: Set<String> = [
        "connect", "environment", "actor", "retry.deadline", "retry.max_attempts", "pool.writers",
        "pool.readers", "import.batch", "embedded.directory", "embedded.keep_running", "embedded.binaries",
        "embedded.system_user", "display.color", "display.theme", "display.mouse", "environment_color",
        "outbox.directory", "log.file", "log.level",
    ]

    /// Keys of the console stand under this, each named like the command that it gives.
    private static let keyPrefix = "keys."

    /// No settings file is longer.
    private static let maximumBytes = 1 << 20

    /// - Parameter mustExist: whether it was asked for by name.
    init(path: String, mustExist: Bool) throws(CommandError) {
        let bytes: [UInt8]
        do {
            bytes = try readFile(path, limit: Self.maximumBytes)
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR, !mustExist {
                self.init(path: path, isRead: false, values: [:])
                return
            }
            throw CommandError("the settings file \(path) cannot be read: \(error.message)", .badSettings)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError("the settings file \(path) is not UTF-8 text; convert it", .badSettings)
        }
        try self.init(text: text, path: path)
    }

    /// - Parameter path: of the file that the text is in, for messages.
    init(text: String, path: String) throws(CommandError) {
        do throws(TOMLText.Problem) {
            var values: [String: Value] = [:]
            Self.flatten(try TOMLText.table(text), prefix: "", into: &values)
            self.init(path: path, isRead: true, values: values)
        } catch {
            throw CommandError("\(path), \(error.place): \(error.message)", .badSettings)
        }
    }

    private init(path: String, isRead: Bool, values: [String: Value]) {
        self.path = path
        self.isRead = isRead
        self.values = values
    }

    private static func flatten(
        _ table: TOMLTable, prefix: String, into values: inout [String: Value]
    ) {
        for (key, value) in table {
            if let inner = value.table {
                flatten(inner, prefix: prefix + key + ".", into: &values)
            } else {
                values[prefix + key] = Value(value)
            }
        }
    }

    func text(_ key: String) throws(CommandError) -> Setting<String>? {
        try value(key, "a text in quotes") { if case .text(let text) = $0 { text } else { nil } }
    }

    func flag(_ key: String) throws(CommandError) -> Setting<Bool>? {
        try value(key, "true or false") { if case .flag(let flag) = $0 { flag } else { nil } }
    }

    func number(_ key: String, within range: ClosedRange<Int>) throws(CommandError) -> Setting<Int>? {
        try value(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
            if case .whole(let number) = $0, range.contains(number) { number } else { nil }
        }
    }

    func seconds(_ key: String, within range: ClosedRange<Double>) throws(CommandError) -> Setting<Duration>?
    {
        try value(key, "seconds, from \(range.lowerBound) to \(range.upperBound)") { value in
            switch value {
            case .real(let seconds) where range.contains(seconds): .seconds(seconds)
            case .whole(let seconds) where range.contains(Double(seconds)): .seconds(seconds)
            default: nil
            }
        }
    }

    /// A text that is one of a few.
    func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ key: String
    ) throws(CommandError) -> Setting<Choice>? where Choice.RawValue == String {
        guard let text = try text(key) else { return nil }
        guard let choice = Choice(rawValue: text.value) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandError("\(path): \(key) is one of \(names)", .badSettings)
        }
        return Setting(value: choice, origin: text.origin)
    }

    /// The keys of the console that are not as they are built in, by the name of the command.
    func consoleKeys() throws(CommandError) -> [String: [String]] {
        var keys: [String: [String]] = [:]
        for (key, value) in values where key.hasPrefix(Self.keyPrefix) {
            let command = String(key.dropFirst(Self.keyPrefix.count))
            switch value {
            case .text(let name): keys[command] = [name]
            case .texts(let names): keys[command] = names
            default:
                throw CommandError(
                    "\(path): \(key) must be a key's name in quotes, or a list of them", .badSettings)
            }
        }
        return keys
    }

    private func value<Result: Sendable>(
        _ key: String, _ form: String, _ read: (Value) -> Result?
    ) throws(CommandError) -> Setting<Result>? {
        assert(Self.keys.contains(key), "\(key) is missing from the list of keys")
        guard let found = values[key] else { return nil }
        guard let value = read(found) else {
            throw CommandError("\(path): \(key) must be \(form)", .badSettings)
        }
        return Setting(value: value, origin: .file(path))
    }

    /// A misspelt key would otherwise be a setting that silently does nothing.
    func refuseUnknownKeys() throws(CommandError) {
        let unknown = values.keys.filter { !Self.keys.contains($0) && !$0.hasPrefix(Self.keyPrefix) }
        guard let unknown = unknown.sorted().first else { return }
        let known = Self.keys.sorted().joined(separator: ", ")
        // A key may be as long as the file.
        let name = SafeText.printable(unknown, columns: 80)
        throw CommandError("\(path): there is no setting “\(name)”; there are \(known)", .badSettings)
    }
}
