import Postgres

/// What the connected role may do in the ledger, each with everything before it.
public enum AccessLevel: String, Sendable, Comparable, CaseIterable {
    /// Connected, but without the right to read the ledger.
    case none
    /// Reads.
    case viewer
    /// Posts transactions.
    case `operator`
    /// Reverses transactions, opens accounts and changes their status, name and minimum.
    case supervisor
    /// Owns the schema.
    case owner

    public static func < (left: AccessLevel, right: AccessLevel) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .none: 0
        case .viewer: 1
        case .operator: 2
        case .supervisor: 3
        case .owner: 4
        }
    }
}

/// What the connected role may do and see, as the database has it.
public struct Access: Sendable, Hashable {
    public let level: AccessLevel
    /// Whether it may reverse transactions.
    public let mayReverse: Bool
    /// Whether the database shows it some of the accounts only. What adds up over all of them, such as the trial
    /// balance, says nothing then.
    public let isConfined: Bool

    public init(level: AccessLevel, mayReverse: Bool, isConfined: Bool) {
        self.level = level
        self.mayReverse = mayReverse
        self.isConfined = isConfined
    }
}

extension LedgerStore {
    /// The roles that people are granted: `GRANT bursar_operator TO alice`. They cannot log in themselves.
    public static let roleNames = ["bursar_viewer", "bursar_operator", "bursar_supervisor"]

    private static let roles: [(name: String, level: AccessLevel)] = Array(
        zip(roleNames, [.viewer, .operator, .supervisor]))

    /// Makes the roles of ``roleNames`` where they are missing and grants them their rights, each those of the
    /// one before it too. Confined roles get the rights of their level anew. Running it again changes nothing.
    ///
    /// Nobody but the owner may change or delete what is in the journal and in the records: no role is granted
    /// UPDATE or DELETE on them.
    /// - Returns: why the roles could not be made, for the operator to read; nil when they stand.
    public func makeRoles() async throws(PostgresError) -> String? {
        let scripts = try await grantScripts()
        return try await writers.withConnection { connection async throws(PostgresError) -> String? in
            do throws(PostgresError) {
                for role in Self.roleNames { try await Self.create(role, on: connection) }
                for script in scripts { try await connection.run(script: script) }
                return nil
            } catch {
                if await connection.isUsable { try? await connection.run(script: "ROLLBACK") }
                guard error.sqlState == .insufficientPrivilege else { throw error }
                return "the roles \(Self.roleNames.joined(separator: ", ")) could not be made: this role may "
                    + "not create roles or grant rights; let one that may run `bursar init` once"
            }
        }
    }

    private static func create(_ role: String, on connection: Connection) async throws(PostgresError) {
        do throws(PostgresError) {
            try await connection.run(script: "CREATE ROLE \(role) NOLOGIN")
        } catch {
            // Roles are of the whole server: another ledger on it, or another program at this moment, has made
            // it, which is told as 42710, or as 23505 when both were at it together.
            if error.sqlState != .duplicateObject && error.sqlState != .uniqueViolation { throw error }
        }
    }

    /// In one transaction, so that no right is missing for a moment; CockroachDB takes each by itself.
    private func grantScripts() async throws(PostgresError) -> [String] {
        var statements = [
            "GRANT bursar_viewer TO bursar_operator;", "GRANT bursar_operator TO bursar_supervisor;",
            "GRANT SELECT ON ALL TABLES IN SCHEMA bursar TO bursar_viewer;",
        ]
        if dialect.grantsColumns {
            // Before the third schema, operators were granted all columns, the one of reversals too.
            statements.append("REVOKE INSERT ON bursar.journal, bursar.account_records FROM bursar_operator;")
        }
        for (name, level) in Self.roles {
            statements += Rights.grants(level, to: name, dialect: dialect)
        }
        for role in try await confinedRoles() {
            for level in AccessLevel.allCases where level <= role.level {
                statements += Rights.grants(level, to: role.name, dialect: dialect)
            }
        }
        return dialect.grantsColumns
            ? ["BEGIN;\n" + statements.joined(separator: "\n") + "\nCOMMIT;"] : statements
    }

    /// What the connected role may do in this ledger.
    public func access(timeout: Duration? = nil) async throws(PostgresError) -> Access {
        let dialect = dialect
        return try await readers.withConnection(timeout: timeout) {
            connection async throws(PostgresError) -> Access in
            let nothing = Access(level: .none, mayReverse: false, isConfined: false)
            guard let row = try await connection.query(Self.selectAccess, timeout: timeout).first else {
                return nothing
            }
            let level = try row.accessLevel(from: 0)
            let reverses = try row.decode(4, as: Bool.self)
            var isConfined = false
            if let statement = dialect.selectIsConfined {
                isConfined = try await connection.query(statement, timeout: timeout).first?.decode(0) ?? false
            }
            return Access(
                level: level, mayReverse: reverses && (dialect.grantsColumns || level >= .supervisor),
                isConfined: isConfined)
        }
    }

    /// What the connected role may do in this ledger.
    public func accessLevel() async throws(PostgresError) -> AccessLevel { try await access().level }

    private static let selectAccess = Statement(
        name: "select_access",
        sql: """
            SELECT \(levelColumns()), has_column_privilege('bursar.journal', 'reverses', 'INSERT')
            """)

    /// Asked of the rights and not of the names of roles: a ledger may be run with roles of its own.
    /// - Parameter role: an expression for a role's oid with a comma behind it; empty for the connected role.
    static func levelColumns(of role: String = "") -> String {
        """
        has_table_privilege(\(role)'bursar.journal', 'DELETE'),
            has_column_privilege(\(role)'bursar.accounts', 'status', 'UPDATE')
                AND has_table_privilege(\(role)'bursar.accounts', 'INSERT'),
            has_column_privilege(\(role)'bursar.journal', 'id', 'INSERT')
                AND has_column_privilege(\(role)'bursar.accounts', 'version', 'UPDATE'),
            has_table_privilege(\(role)'bursar.accounts', 'SELECT')
        """
    }
}

extension Row {
    /// Decodes ``LedgerStore/levelColumns(of:)`` from column `first` on.
    func accessLevel(from first: Int) throws(PostgresError) -> AccessLevel {
        for (offset, level) in [AccessLevel.owner, .supervisor, .operator, .viewer].enumerated()
        where try decode(first + offset, as: Bool.self) {
            return level
        }
        return .none
    }
}
