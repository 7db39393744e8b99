import Postgres

/// What the connected role may do in the ledger, each with everything before it.
public enum AccessLevel: String, Sendable, Comparable, CaseIterable {
    /// Connected, but without the right to read the ledger.
    case none
    /// Reads.
    case viewer
    /// Posts transactions.
    case `operator`
    /// Opens accounts and changes their status, name and minimum.
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

extension LedgerStore {
    /// The roles that people are granted: `GRANT bursar_operator TO alice`. They cannot log in themselves.
    public static let roleNames = ["bursar_viewer", "bursar_operator", "bursar_supervisor"]

    /// Makes the roles of ``roleNames`` where they are missing and grants them their rights, each those of the
    /// one before it too. Running it again changes nothing.
    ///
    /// Nobody but the owner may change or delete what is in the journal and in the records: no role is granted
    /// UPDATE or DELETE on them.
    /// - Returns: why the roles could not be made, for the operator to read; nil when they stand.
    public func makeRoles() async throws(PostgresError) -> String? {
        try await writers.withConnection { connection async throws(PostgresError) -> String? in
            do throws(PostgresError) {
                for role in Self.roleNames { try await Self.create(role, on: connection) }
                try await connection.run(script: Self.grants)
                return nil
            } catch {
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

    /// Accounts are granted by column, so that a role that posts cannot lift a freeze or a minimum.
    private static let grants = """
        BEGIN;
        GRANT bursar_viewer TO bursar_operator;
        GRANT bursar_operator TO bursar_supervisor;
        GRANT USAGE ON SCHEMA bursar TO bursar_viewer;
        GRANT SELECT ON ALL TABLES IN SCHEMA bursar TO bursar_viewer;
        GRANT INSERT ON bursar.journal, bursar.account_records TO bursar_operator;
        GRANT UPDATE (debits, credits, held, version, head) ON bursar.accounts TO bursar_operator;
        GRANT INSERT ON bursar.accounts TO bursar_supervisor;
        GRANT UPDATE (name, status, minimum) ON bursar.accounts TO bursar_supervisor;
        COMMIT;
        """

    /// What the connected role may do in this ledger.
    public func accessLevel() async throws(PostgresError) -> AccessLevel {
        try await readers.withConnection { connection async throws(PostgresError) -> AccessLevel in
            guard let row = try await connection.query(Self.selectAccess).first else { return .none }
            if try row.decode(0, as: Bool.self) { return .owner }
            if try row.decode(1, as: Bool.self) { return .supervisor }
            if try row.decode(2, as: Bool.self) { return .operator }
            return try row.decode(3, as: Bool.self) ? .viewer : .none
        }
    }

    /// Asked of the rights and not of the names of roles: a ledger may be run with roles of its own.
    private static let selectAccess = Statement(
        name: "select_access",
        sql: """
            SELECT has_table_privilege('bursar.journal', 'DELETE'),
                has_column_privilege('bursar.accounts', 'status', 'UPDATE'),
                has_table_privilege('bursar.journal', 'INSERT')
                    AND has_column_privilege('bursar.accounts', 'version', 'UPDATE'),
                has_table_privilege('bursar.accounts', 'SELECT')
            """)
}
