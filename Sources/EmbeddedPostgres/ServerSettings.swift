/// The server's configuration files; all of them are written anew at each start, so that a newer program's
/// settings take effect on old data.
struct ServerSettings: Sendable {
    /// In the order in which they are written; later ones win.
    private(set) var lines: [(name: String, value: String)]
    /// What stands on the server's command line.
    let arguments: [String]

    /// The server's reachability and where its files are is not for settings to change.
    private static let reserved: Set<String> = [
        "listen_addresses", "port", "unix_socket_directories", "unix_socket_permissions", "unix_socket_group",
        "data_directory", "hba_file", "ident_file", "config_file", "external_pid_file", "logging_collector",
        "include",
        "include_if_exists", "include_dir",
    ]

    init(extra: [String: String], socketDirectory: String) throws(EmbeddedServerError) {
        lines = Self.own(socketDirectory: socketDirectory)
        arguments = Self.reachability(socketDirectory: socketDirectory).flatMap {
            ["-c", "\($0.name)=\($0.value)"]
        }
        for (name, value) in extra.sorted(by: { $0.key < $1.key }) {
            let lowered = name.lowercased()
            let isName =
                !name.isEmpty && name.utf8.count <= 63
                && lowered.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
                        || byte == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                }
            guard isName, !Self.reserved.contains(lowered) else {
                throw EmbeddedServerError(
                    .badSetting, "the server setting \(name) cannot be set for the private server",
                    advice: "take it out of the settings")
            }
            guard value.utf8.count <= 1000, !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
                throw EmbeddedServerError(
                    .badSetting,
                    "the value of the server setting \(name) is too long or has control characters",
                    advice: "correct it in the settings")
            }
            lines.append((lowered, value))
        }
    }

    /// How the server is reached, and where it logs. Also given on its command line, where ALTER SYSTEM cannot overrule it.
    private static func reachability(socketDirectory: String) -> [(name: String, value: String)] {
        [
            ("listen_addresses", ""),
            ("port", String(Layout.port)),
            ("unix_socket_directories", socketDirectory),
            ("unix_socket_permissions", "0700"),
            ("logging_collector", "off"),
        ]
    }

    private static func own(socketDirectory: String) -> [(name: String, value: String)] {
        reachability(socketDirectory: socketDirectory) + [
            ("max_connections", "200"),
            ("shared_buffers", "128MB"),
            ("jit", "off"),
            // What was posted stays posted, whatever happens to the machine.
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("full_page_writes", "on"),
            ("wal_compression", "on"),
            ("max_wal_size", "1GB"),
            ("autovacuum", "on"),
            // Room for serializable transactions: locks that no longer fit are merged into coarser ones, and
            // those make transactions conflict that have nothing to do with each other.
            ("max_pred_locks_per_transaction", "1024"),
            ("max_pred_locks_per_relation", "2048"),
            ("max_pred_locks_per_page", "64"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("lc_messages", "C"),
            // Conflicts are an everyday event, told to the program and shown by it: in the server's log,
            // which nobody prunes while it runs, they and the statements with people's names in them have no
            // place.
            ("log_destination", "stderr"),
            ("log_min_messages", "log"),
            ("log_min_error_statement", "panic"),
            ("log_checkpoints", "off"),
            ("log_autovacuum_min_duration", "-1"),
            ("log_connections", "off"),
            ("log_line_prefix", "%m [%p] "),
        ]
    }

    /// `bursar.conf`, which `postgresql.conf` includes at its end.
    var text: String {
        var text =
            "# Written by bursar at each start of the server: changes are lost. Your own go into\n"
        text += "# the settings of bursar.\n"
        for (name, value) in lines { text += "\(name) = \(Self.quoted(value))\n" }
        return text
    }

    /// As PostgreSQL reads it (manual, "Setting Parameters"): quotes and backslashes doubled.
    static func quoted(_ value: String) -> String {
        var quoted = "'"
        for character in value.unicodeScalars {
            if character == "'" || character == "\\" { quoted.unicodeScalars.append(character) }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "'"
    }

    static let authentication = """
        # Written by bursar at each start of the server: changes are lost.
        local all all peer map=bursar

        """

    /// Who may connect as the ledger's owner: the server's own user, and root, who may become that user
    /// anyway.
    static func identities(serverUser: String) -> String {
        var names = ["root"]
        if serverUser != "root" { names.append(serverUser) }
        let rows = names.map { "bursar \"\($0)\" \(Layout.role)\n" }
        return "# Written by bursar at each start of the server: changes are lost.\n" + rows.joined()
    }
}
