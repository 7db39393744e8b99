import Ledger
import Postgres

/// A role of the server that may read this ledger.
public struct RoleListing: Sendable, Hashable {
    public let name: String
    public let level: AccessLevel
    public let canLogIn: Bool
    /// Nil for a role that sees all accounts.
    public let confinement: Confinement?
    /// The role whose confinement it is: its own name, or that of a role that it belongs to.
    public let confinedAs: String?
    /// Why the confinement does not hold: roles that it can become and that see more, by name.
    public let escapes: [String]
}

/// Roles that the database shows some of the accounts only.
extension LedgerStore {
    /// The roles that may read this ledger, by name, without those of the server's own.
    public func roles() async throws(PostgresError) -> [RoleListing] {
        let dialect = dialect
        return try await readers.withConnection { connection async throws(PostgresError) -> [RoleListing] in
            try await Self.roles(on: connection, dialect)
        }
    }

    static func roles(
        on connection: Connection, _ dialect: Dialect
    ) async throws(PostgresError) -> [RoleListing] {
        var confinements: [String: (role: String, rule: Confinement)] = [:]
        var escapes: [String: [String]] = [:]
        if dialect.confinesRoles {
            for row in try await connection.query(selectConfined) {
                guard let rule = Confinement(comment: try row.decode(2)) else { continue }
                confinements[try row.decode(0)] = (try row.decode(1), rule)
            }
            for row in try await connection.query(selectEscapes) {
                escapes[try row.decode(0), default: []].append(try row.decode(1))
            }
        }
        var listings: [RoleListing] = []
        for row in try await connection.query(selectRoles) {
            let name = try row.decode(0, as: String.self)
            let found = confinements[name]
            listings.append(
                RoleListing(
                    name: name, level: try row.accessLevel(from: 2), canLogIn: try row.decode(1),
                    confinement: found?.rule, confinedAs: found?.role, escapes: escapes[name] ?? []))
        }
        return listings
    }

    /// Those that are confined themselves, not through a role that they belong to.
    func confinedRoles() async throws(PostgresError) -> [RoleListing] {
        guard dialect.confinesRoles else { return [] }
        return try await roles().filter { $0.confinedAs == $0.name }
    }

    /// Confines a role to some of the accounts. From then on it has the rights of its level by itself and no longer
    /// through the roles of ``roleNames``, which it could otherwise take to see everything.
    /// - Throws: ``Refusal/notPermitted(why:)`` when it cannot be, or would not hold.
    public func confine(_ role: String, to confinement: Confinement) async throws {
        try requireConfining()
        guard let listing = try await roles().first(where: { $0.name == role }) else {
            throw Refusal.notPermitted(
                why:
                    "there is no role “\(role)” that may read this ledger; make it with CREATE ROLE and grant it "
                    + "one of \(Self.roleNames.joined(separator: ", ")) first")
        }
        if listing.level == .owner || Self.roleNames.contains(role) {
            throw Refusal.notPermitted(
                why: listing.level == .owner
                    ? "“\(role)” may change the books past every rule, so nothing confines it"
                    : "“\(role)” is what others are granted; confine the role of a person or of a group")
        }
        var statements = [Confinement.guardScript, confinement.script(for: role)]
        statements += Self.roleNames.map { "REVOKE \($0) FROM \(quotedIdentifier(role));" }
        for level in AccessLevel.allCases where level <= listing.level {
            statements += Rights.grants(level, to: role, dialect: dialect)
        }
        try await change(statements) { listings in
            let leaks = listings.filter { $0.confinedAs == role && !$0.escapes.isEmpty }
            if leaks.isEmpty { return nil }
            let names = leaks.map { "“\($0.name)” as \($0.escapes.joined(separator: ", "))" }
            return "it would not hold: \(names.joined(separator: "; ")) would still see everything; "
                + "revoke that first"
        }
    }

    /// Lets a role see everything again: it gets its level from the roles of ``roleNames``.
    /// - Throws: ``Refusal/notPermitted(why:)`` when it is not confined, or cannot be freed.
    public func free(_ role: String) async throws {
        try requireConfining()
        let confined = try await confinedRoles()
        guard let listing = confined.first(where: { $0.name == role }) else {
            throw Refusal.notPermitted(
                why: "“\(role)” is not confined by itself; `bursar role list` says who is")
        }
        let grantee = quotedIdentifier(role)
        var statements = [Confinement.dropScript(for: role)]
        statements += Rights.tables.map { "REVOKE ALL ON bursar.\($0) FROM \(grantee);" }
        statements.append("REVOKE ALL ON SCHEMA bursar FROM \(grantee);")
        statements.append("GRANT bursar_\(listing.level.rawValue) TO \(grantee);")
        if confined.count == 1 { statements.append(Confinement.unguardScript) }
        try await change(statements) { _ in nil }
    }

    private func requireConfining() throws(Refusal) {
        if dialect.confinesRoles { return }
        throw .notPermitted(
            why:
                "on \(dialect.rawValue) a role cannot be confined to some of the accounts; give each group a "
                + "ledger of its own, or run the ledger on PostgreSQL or YugabyteDB")
    }

    /// Runs these statements as one transaction, which is taken back when `problem` finds one.
    private func change(
        _ statements: [String], unless problem: @escaping @Sendable ([RoleListing]) -> String?
    ) async throws {
        let dialect = dialect
        let found = try await writers.withConnection { connection async throws(PostgresError) -> String? in
            for attempt in 1...Self.changeAttempts {
                do throws(PostgresError) {
                    try await connection.run(script: "BEGIN;\n" + statements.joined(separator: "\n"))
                    let found = problem(try await Self.roles(on: connection, dialect))
                    try await connection.run(script: found == nil ? "COMMIT" : "ROLLBACK")
                    return found
                } catch {
                    if await connection.isUsable { try? await connection.run(script: "ROLLBACK") }
                    if error.sqlState == .insufficientPrivilege { return Self.ownerOnly }
                    // The tables are locked against everybody for a moment, which may meet a posting half-way.
                    let isRace =
                        error.sqlState == .deadlockDetected || error.sqlState == .serializationFailure
                    if !isRace || attempt == Self.changeAttempts { throw error }
                }
            }
            return nil
        }
        if let found { throw Refusal.notPermitted(why: found) }
    }

    private static let changeAttempts = 10

    private static let ownerOnly =
        "only the owner of the ledger, who may also grant and revoke the bursar roles, may say which accounts a "
        + "role sees"

    private static let selectRoles = Statement(
        name: "select_roles",
        sql: """
            SELECT r.rolname::text, r.rolcanlogin, \(levelColumns(of: "r.oid, "))
            FROM pg_roles AS r
            WHERE r.rolname !~ '^pg_' AND has_table_privilege(r.oid, 'bursar.accounts', 'SELECT')
            ORDER BY r.rolname
            """)

    /// Role, the role that is confined, and its rule, for everybody whom a confinement is about.
    private static let selectConfined = Statement(
        name: "select_confined",
        sql: """
            SELECT m.rolname::text, c.rolname::text, obj_description(p.oid, 'pg_policy')
            FROM pg_policy AS p
            JOIN pg_roles AS c ON c.oid = ANY (p.polroles)
            JOIN pg_roles AS m ON pg_has_role(m.oid, c.oid, 'MEMBER') AND NOT m.rolsuper
            WHERE p.polrelid = 'bursar.accounts'::regclass AND NOT p.polpermissive
                AND obj_description(p.oid, 'pg_policy') IS NOT NULL
            ORDER BY m.rolname, (m.oid = c.oid), c.rolname
            """)

    /// Role and a role that it can become and that sees more than the confinement allows.
    private static let selectEscapes = Statement(
        name: "select_escapes",
        sql: """
            SELECT DISTINCT m.rolname::text, CASE WHEN m.rolcreaterole AND m.oid = e.oid
                THEN 'whatever role it makes' ELSE e.rolname::text END
            FROM pg_policy AS p
            JOIN pg_class AS t ON t.oid = p.polrelid
            JOIN pg_roles AS c ON c.oid = ANY (p.polroles)
            JOIN pg_roles AS m ON pg_has_role(m.oid, c.oid, 'MEMBER') AND NOT m.rolsuper
            JOIN pg_roles AS e ON pg_has_role(m.oid, e.oid, 'MEMBER')
            WHERE p.polrelid = 'bursar.accounts'::regclass AND NOT p.polpermissive
                AND ((m.rolcreaterole AND m.oid = e.oid) OR (
                    has_any_column_privilege(e.oid, p.polrelid, 'SELECT')
                    AND (e.rolsuper OR e.rolbypassrls OR pg_has_role(e.oid, t.relowner, 'USAGE')
                        OR NOT pg_has_role(e.oid, c.oid, 'USAGE'))))
            ORDER BY 1, 2
            """)
}

extension Dialect {
    /// Whether rows are kept from the connected role.
    var selectIsConfined: Statement? {
        confinesRoles
            ? Statement(
                name: "select_is_confined",
                sql: """
                    SELECT row_security_active('bursar.accounts') AND EXISTS (
                        SELECT FROM pg_policy AS p CROSS JOIN unnest(p.polroles) AS r (oid)
                        WHERE p.polrelid = 'bursar.accounts'::regclass AND NOT p.polpermissive
                            AND (r.oid = 0 OR pg_has_role(r.oid, 'USAGE')))
                    """) : nil
    }
}
