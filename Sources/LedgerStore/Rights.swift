/// What each role is granted, as statements: the one list that `bursar init`, confined roles and the page
/// `config/access.md` go by.
///
/// Tables are granted by column, so that a role that posts cannot lift a freeze or a minimum, nor make a reversal, nor
/// write down another user or address than its own: the columns `db_user` and `address` are granted to nobody, and get
/// what the database knows. Nobody is granted UPDATE or DELETE on journal and records.
enum Rights {
    struct Right: Sendable {
        let privilege: String
        let table: String
        /// All of them when nil.
        let columns: [String]?

        init(_ privilege: String, _ table: String, _ columns: [String]? = nil) {
            self.privilege = privilege
            self.table = table
            self.columns = columns
        }
    }

    static let tables = ["accounts", "journal", "account_records", "migrations"]

    /// What this level has beyond the one below it.
    static func own(_ level: AccessLevel) -> [Right] {
        switch level {
        case .none, .owner: []
        case .viewer: tables.map { Right("SELECT", $0) }
        case .operator:
            [
                Right("INSERT", "journal", transactionColumns),
                Right("INSERT", "account_records", entryColumns),
                Right("UPDATE", "accounts", accountColumns),
            ]
        case .supervisor:
            [
                Right("INSERT", "journal", ["reverses"]), Right("INSERT", "account_records", changeColumns),
                Right("INSERT", "accounts"), Right("UPDATE", "accounts", ["name", "status", "minimum"]),
            ]
        }
    }

    private static let transactionColumns = [
        "id", "reference", "fingerprint", "kind", "narrative", "reason_code", "reason", "actor", "booked_at",
        "value_date", "program",
    ]

    private static let entryColumns = [
        "account_id", "seq", "kind", "transaction_id", "side", "amount", "debits", "credits", "held",
        "booked_at", "hash",
    ]

    private static let accountColumns = [
        "debits", "credits", "held", "version", "head", "booked_at", "magnitude", "listed_seq",
    ]

    /// Without a reference and an actor the database takes no change of an account, so that an operator can write
    /// entries alone.
    private static let changeColumns = [
        "name", "status", "minimum", "reference", "fingerprint", "actor", "reason", "program",
    ]

    /// The statements that grant what the level has of its own.
    static func grants(_ level: AccessLevel, to role: String, dialect: Dialect) -> [String] {
        let grantee = quotedIdentifier(role)
        var statements = level == .viewer ? ["GRANT USAGE ON SCHEMA bursar TO \(grantee);"] : []
        for right in own(level) {
            let columns = dialect.grantsColumns ? right.columns : nil
            statements.append(
                "GRANT \(right.privilege)\(columns.map { " (\($0.joined(separator: ", ")))" } ?? "") "
                    + "ON bursar.\(right.table) TO \(grantee);")
        }
        return statements
    }
}

/// A name as SQL has it.
func quotedIdentifier(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}

/// A text as SQL has it, whatever `standard_conforming_strings` is.
func quotedLiteral(_ text: String) -> String {
    let quoted = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    guard quoted.contains("\\") else { return "'\(quoted)'" }
    return "E'" + quoted.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
        + "'"
}
