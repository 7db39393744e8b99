import Glibc

/// The file that libpq takes passwords from (PostgreSQL manual, "The Password File").
///
/// libpq leaves out a file that others may read, and says so on stderr, each time that it connects: in the middle of
/// a screen. So the file is looked at before, and kept from libpq when it is no good.
enum PasswordFile {
    /// Names no file, so that libpq looks for none.
    static let none = "/dev/null/none"

    /// Why the password file of these settings is not used; nil when it is, or when there is none.
    static func problem(_ settings: ConnectionSettings) -> String? {
        // A password that is given another way makes the file superfluous.
        if settings["password"]?.isEmpty == false { return nil }
        guard let path = path(settings) else { return nil }
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        if status.st_mode & S_IFMT != S_IFREG {
            return "the password file \(singleLine(path)) is no plain file and was not used"
        }
        guard status.st_mode & 0o077 != 0 else { return nil }
        return "the password file \(singleLine(path)) can be read by others and was not used: chmod 600 it"
    }

    private static func path(_ settings: ConnectionSettings) -> String? {
        if let path = settings["passfile"], !path.isEmpty { return path }
        guard let home = getenv("HOME").map({ String(cString: $0) }), !home.isEmpty else { return nil }
        return home + "/.pgpass"
    }
}

extension ConnectionSettings {
    /// Why the file with passwords is not used; nil when it is, or when there is none.
    public var passwordFileProblem: String? { PasswordFile.problem(self) }
}
