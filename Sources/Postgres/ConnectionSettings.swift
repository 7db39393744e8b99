import CLibPQ

/// Where and as whom to connect, in libpq's terms.
public struct ConnectionSettings: Sendable, Equatable {
    /// What was given, by libpq keyword; what is absent is left to libpq's own defaults.
    let given: [String: String]

    /// A URI or keyword/value string as libpq takes it (PostgreSQL manual, "Connection Strings"); empty means
    /// libpq's own defaults: PG* variables, service file, password file.
    ///
    /// Entries of `overrides` win over the string. Throws `cannotConnect` for a string that libpq cannot read
    /// or a keyword that it does not know; the message quotes nothing of the string, which may hold a password.
    public init(_ dsn: String, overrides: [String: String] = [:]) throws(PostgresError) {
        var values: [String: String] = [:]
        var message: UnsafeMutablePointer<CChar>?
        guard !dsn.utf8.contains(0), let options = PQconninfoParse(dsn, &message) else {
            PQfreemem(message)
            throw PostgresError(kind: .cannotConnect, message: "the connection string cannot be read")
        }
        defer { PQconninfoFree(options) }
        var known: Set<String> = []
        Self.forEach(options) { keyword, value in
            known.insert(keyword)
            if let value { values[keyword] = value }
        }
        for (keyword, value) in overrides {
            guard known.contains(keyword), !value.utf8.contains(0) else {
                throw PostgresError(
                    kind: .cannotConnect, message: "no connection setting \(singleLine(keyword))")
            }
            values[keyword] = value
        }
        given = values
    }

    /// The effective value of a libpq keyword: what was given, else libpq's default from the environment or
    /// its build; nil where libpq has none. What a `service` names is read only when connecting.
    public subscript(_ keyword: String) -> String? {
        if let value = given[keyword] { return value }
        guard let options = PQconndefaults() else { return nil }
        defer { PQconninfoFree(options) }
        var found: String?
        Self.forEach(options) { name, value in
            if name == keyword { found = value }
        }
        return found
    }

    /// The target for screens and logs: `host=… port=… dbname=… user=…`, effective values, never a password.
    public var redacted: String {
        target + (self["user"].map { " user=\(singleLine($0))" } ?? "")
    }

    /// The database for screens and logs, whoever connects to it: `host=… port=… dbname=…`.
    public var target: String {
        var parts: [String] = []
        if let service = self["service"] { parts.append("service=\(singleLine(service))") }
        parts.append("host=\(singleLine(self["host"] ?? self["hostaddr"] ?? "[local]"))")
        if let port = self["port"] { parts.append("port=\(singleLine(port))") }
        if let database = self["dbname"] ?? self["user"] { parts.append("dbname=\(singleLine(database))") }
        return parts.joined(separator: " ")
    }

    /// Takes the secrets of these settings out of messages.
    var redactor: Redactor {
        Redactor(["password", "sslpassword"].compactMap { self[$0] })
    }

    private static func forEach(
        _ options: UnsafeMutablePointer<PQconninfoOption>, _ body: (String, String?) -> Void
    ) {
        var option = options
        while let keyword = option.pointee.keyword {
            body(String(cString: keyword), option.pointee.val.map { String(cString: $0) })
            option += 1
        }
    }
}

// However settings end up in a log, `print` and `dump` included: what was given holds a password.
extension ConnectionSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { redacted }
    public var debugDescription: String { redacted }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
