import Console
import EmbeddedPostgres
import Glibc
import Ledger
import LedgerService
import Logging

/// A value in effect and where it came from.
struct Setting<Value: Sendable>: Sendable {
    let value: Value
    let origin: SettingOrigin
}

enum SettingOrigin: Sendable, CustomStringConvertible {
    case flag(String)
    case environment(String)
    case file(String)
    case builtIn

    var description: String {
        switch self {
        case .flag(let name): name
        case .environment(let name): "environment \(name)"
        case .file(let path): path
        case .builtIn: "built in"
        }
    }
}

/// Everything that can be set, each value from the first place that has it: flag, environment, settings file,
/// built in.
struct Settings: Sendable {
    /// Which ledger.
    enum Target: Sendable, Equatable {
        /// The private server in this directory.
        case embedded(directory: String)
        /// A libpq connection string; empty for libpq's own variables and files.
        case server(connectionString: String)
    }

    let target: Setting<Target>
    /// The name of the environment for screens, such as `production`; empty where there is none.
    let environmentName: Setting<String>
    /// The colour of the console's top line.
    let environmentColor: Setting<LedgerEnvironment.Color>
    let actor: Setting<String>
    let deadline: Setting<Duration>
    let maximumAttempts: Setting<Int>
    /// Sessions that post at a time, and that look at a time.
    let writers: Setting<Int>
    let readers: Setting<Int>
    /// Rows that an import posts together.
    let importBatch: Setting<Int>
    /// Whether the private server stays up after the last program.
    let keepsRunning: Setting<Bool>
    /// Where PostgreSQL's programs are; empty to look in the usual places.
    let serverBinaries: Setting<String>
    /// The user that the private server runs as when Bursar is run by root.
    let serverUser: Setting<String>
    let color: Setting<Bool>
    let theme: Setting<Theme>
    let usesMouse: Setting<Bool>
    let keymap: Keymap
    /// The commands whose keys are not the built-in ones, and where that is said.
    let changedKeys: Setting<[String: [String]]>
    /// The directory where operations are kept until somebody has been told their outcome.
    let outbox: Setting<String>
    let logFile: Setting<String>
    let logLevel: Setting<Logger.Level>
    /// The settings file that was read, or would be if it were there.
    let file: String
    let fileIsRead: Bool

    /// What the console begins with when it remembers nothing.
    var preferences: Preferences {
        var preferences = Preferences()
        preferences.theme = theme.value
        preferences.usesMouse = usesMouse.value
        return preferences
    }

    var policy: RetryPolicy {
        RetryPolicy(maximumAttempts: maximumAttempts.value, deadline: deadline.value)
    }

    /// Name, value and origin of each, for people. The connection string is left out, since it may hold a password;
    /// what a session says of itself does not.
    func listing(of session: Session? = nil) -> [(name: String, value: String, origin: String)] {
        func line<Value>(
            _ name: String, _ setting: Setting<Value>, _ text: String
        ) -> (name: String, value: String, origin: String) {
            (name, text, setting.origin.description)
        }
        let ledger =
            switch target.value {
            case _ where session?.isThrowAway == true: "a throw-away one"
            case .embedded(let directory): "embedded in \(directory)"
            case .server: session?.connection ?? "a server"
            }
        let keys = changedKeys.value.sorted { $0.key < $1.key }.map { command, keys in
            line("keys.\(command)", changedKeys, keys.isEmpty ? "none" : keys.joined(separator: ", "))
        }
        return [
            line("ledger", target, ledger),
            line("environment", environmentName, environmentName.value),
            line("environment_color", environmentColor, environmentColor.value.rawValue),
            line("actor", actor, actor.value),
            line("retry.deadline", deadline, "\(deadline.value.secondsText) s"),
            line("retry.max_attempts", maximumAttempts, "\(maximumAttempts.value)"),
            line("pool.writers", writers, "\(writers.value)"),
            line("pool.readers", readers, "\(readers.value)"),
            line("import.batch", importBatch, "\(importBatch.value)"),
            line("embedded.keep_running", keepsRunning, "\(keepsRunning.value)"),
            line("embedded.binaries", serverBinaries, serverBinaries.value),
            line("embedded.system_user", serverUser, serverUser.value),
            line("display.color", color, "\(color.value)"),
            line("display.theme", theme, theme.value.rawValue),
            line("display.mouse", usesMouse, "\(usesMouse.value)"),
            line("outbox.directory", outbox, outbox.value),
            line("log.file", logFile, logFile.value),
            line("log.level", logLevel, logLevel.value.rawValue),
        ] + keys
    }
}

extension Settings {
    /// - Throws: ``CommandError`` with ``ExitStatus/badSettings`` when a value cannot be used.
    init(_ options: CommonOptions, environment: Environment) throws(CommandError) {
        let path = options.config ?? environment["BURSAR_CONFIG"] ?? environment.configPath
        let isNamed = options.config != nil || environment["BURSAR_CONFIG"] != nil
        let file = try SettingsFile(path: path, mustExist: isNamed)
        self.file = path
        fileIsRead = file.isRead
        target = try Self.target(options, environment, file)
        environmentName = try file.text("environment") ?? Setting(value: "", origin: .builtIn)
        environmentColor = try file.choice("environment_color") ?? Setting(value: .none, origin: .builtIn)
        actor = try Self.actor(options, environment, file)
        let flags = (
            deadline: options.deadline.map {
                Setting(value: Duration.seconds($0), origin: .flag("--deadline"))
            },
            attempts: options.maxAttempts.map { Setting(value: $0, origin: .flag("--max-attempts")) }
        )
        let fileDeadline = try file.seconds("retry.deadline", within: 0.001...86_400)
        let fileAttempts = try file.number("retry.max_attempts", within: 1...1_000_000)
        deadline = flags.deadline ?? fileDeadline ?? Setting(value: .seconds(30), origin: .builtIn)
        maximumAttempts = flags.attempts ?? fileAttempts ?? Setting(value: 100, origin: .builtIn)
        writers = try file.number("pool.writers", within: 1...1000) ?? Setting(value: 4, origin: .builtIn)
        readers = try file.number("pool.readers", within: 1...1000) ?? Setting(value: 4, origin: .builtIn)
        importBatch =
            try file.number("import.batch", within: 1...10_000) ?? Setting(value: 1000, origin: .builtIn)
        keepsRunning =
            try file.flag("embedded.keep_running") ?? Setting(value: false, origin: .builtIn)
        serverBinaries = try file.text("embedded.binaries") ?? Setting(value: "", origin: .builtIn)
        serverUser =
            try file.text("embedded.system_user") ?? Setting(value: "postgres", origin: .builtIn)
        color = try Self.color(options, environment, file)
        theme = try file.choice("display.theme") ?? Setting(value: .standard, origin: .builtIn)
        usesMouse = try file.flag("display.mouse") ?? Setting(value: false, origin: .builtIn)
        changedKeys = try Setting(value: file.consoleKeys(), origin: .file(path))
        keymap = try Self.keymap(changedKeys.value, file)
        let outbox =
            try file.text("outbox.directory") ?? Setting(value: environment.outboxPath, origin: .builtIn)
        self.outbox = Setting(value: environment.absolute(outbox.value), origin: outbox.origin)
        logFile = try file.text("log.file") ?? Setting(value: environment.logPath, origin: .builtIn)
        logLevel = try Self.logLevel(file)
        try file.refuseUnknownKeys()
    }

    private static func target(
        _ options: CommonOptions, _ environment: Environment, _ file: SettingsFile
    ) throws(CommandError) -> Setting<Target> {
        let configured = try file.text("embedded.directory")
        let standard =
            configured
            ?? Setting(
                value: EmbeddedServer.defaultDirectory(environment: environment.variables), origin: .builtIn)
        if let directory = options.embedded {
            let path = directory.isEmpty ? standard.value : environment.absolute(directory)
            return Setting(value: .embedded(directory: path), origin: .flag("--embedded"))
        }
        if let string = options.connect {
            return Setting(value: .server(connectionString: string), origin: .flag("--connect"))
        }
        if let string = environment["BURSAR_CONNECT"] {
            return Setting(
                value: .server(connectionString: string), origin: .environment("BURSAR_CONNECT"))
        }
        if let string = try file.text("connect") {
            return Setting(value: .server(connectionString: string.value), origin: string.origin)
        }
        for name in ["PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE", "PGPORT", "PGUSER"]
        where environment[name] != nil {
            return Setting(value: .server(connectionString: ""), origin: .environment(name))
        }
        return Setting(
            value: .embedded(directory: environment.absolute(standard.value)), origin: standard.origin)
    }

    private static func actor(
        _ options: CommonOptions, _ environment: Environment, _ file: SettingsFile
    ) throws(CommandError) -> Setting<String> {
        let setting: Setting<String>
        if let name = options.actor {
            setting = Setting(value: name, origin: .flag("--actor"))
        } else if let name = environment["BURSAR_ACTOR"] {
            setting = Setting(value: name, origin: .environment("BURSAR_ACTOR"))
        } else if let name = try file.text("actor") {
            setting = name
        } else if let name = environment["SUDO_USER"] {
            setting = Setting(value: name, origin: .environment("SUDO_USER"))
        } else {
            setting = Setting(value: environment.userName, origin: .builtIn)
        }
        do throws(Refusal) {
            // An operation is made here only to have the actor's name looked at by the domain's own rule.
            _ = try Operation(
                reference: Reference("x"), action: .journalEntry(legs: []), actor: setting.value)
            return setting
        } catch {
            throw CommandError("\(setting.origin): \(error.message)", .badSettings)
        }
    }

    private static func color(
        _ options: CommonOptions, _ environment: Environment, _ file: SettingsFile
    ) throws(CommandError) -> Setting<Bool> {
        let configured = try file.flag("display.color")
        if options.noColor { return Setting(value: false, origin: .flag("--no-color")) }
        if environment["NO_COLOR"] != nil {
            return Setting(value: false, origin: .environment("NO_COLOR"))
        }
        return configured ?? Setting(value: true, origin: .builtIn)
    }

    private static func keymap(
        _ keys: [String: [String]], _ file: SettingsFile
    ) throws(CommandError) -> Keymap {
        do throws(KeymapProblem) {
            return try Keymap(keys)
        } catch {
            throw CommandError("\(file.path): [keys]: \(error.message)", .badSettings)
        }
    }

    private static func logLevel(_ file: SettingsFile) throws(CommandError) -> Setting<Logger.Level> {
        guard let text = try file.text("log.level") else { return Setting(value: .info, origin: .builtIn) }
        guard let level = Logger.Level(rawValue: text.value) else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandError("\(file.path): log.level is one of \(names)", .badSettings)
        }
        return Setting(value: level, origin: text.origin)
    }
}
