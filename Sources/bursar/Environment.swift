import Glibc

/// The process's surroundings: variables, user, working directory, and where files of which kind belong
/// (XDG Base Directory Specification 0.8).
struct Environment: Sendable {
    let variables: [String: String]
    let userName: String
    let workingDirectory: String

    /// An empty variable counts as one that is not set.
    subscript(_ name: String) -> String? {
        guard let value = variables[name], !value.isEmpty else { return nil }
        return value
    }

    static var current: Environment {
        var variables: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return Environment(
            variables: variables, userName: currentUserName(), workingDirectory: currentDirectory())
    }

    private var home: String { self["HOME"] ?? "/" }

    private func directory(_ variable: String, _ fallback: String) -> String {
        // The specification has relative paths ignored.
        if let path = self[variable], path.hasPrefix("/") { return path }
        return home + "/" + fallback
    }

    var configPath: String { directory("XDG_CONFIG_HOME", ".config") + "/bursar/bursar.toml" }

    var logPath: String { directory("XDG_STATE_HOME", ".local/state") + "/bursar/bursar.log" }

    /// What the console remembers from one time to the next.
    var consoleMemoryPath: String { directory("XDG_STATE_HOME", ".local/state") + "/bursar/console.toml" }

    /// Where operations are kept until somebody has been told their outcome.
    var outboxPath: String { directory("XDG_STATE_HOME", ".local/state") + "/bursar/outbox" }

    /// Where throw-away ledgers are made.
    var temporaryDirectory: String { self["TMPDIR"] ?? "/tmp" }

    func absolute(_ path: String) -> String {
        if path == "~" || path.hasPrefix("~/") { return home + path.dropFirst() }
        return path.hasPrefix("/") ? path : workingDirectory + "/" + path
    }

    private static func currentUserName() -> String {
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else {
            return "uid-\(getuid())"
        }
        return String(cString: name)
    }

    private static func currentDirectory() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}
