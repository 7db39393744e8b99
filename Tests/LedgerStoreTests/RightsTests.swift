import LedgerStore
import Postgres
import TestSupport
import Testing

/// What each role may do, tried by people who are logged in and write SQL of their own.
@Suite(.serialized) struct RightsTests {
    /// What each level may write, column by column, as it is meant: written down here a second time, so that a right
    /// which is granted by mistake is found.
    private static let writable: [AccessLedger.Person: [String: [String: Set<String>]]] = {
        let posting: [String: [String: Set<String>]] = [
            "journal": [
                "INSERT": [
                    "id", "reference", "fingerprint", "kind", "narrative", "reason_code", "reason", "actor",
                    "booked_at", "value_date", "program",
                ]
            ],
            "account_records": [
                "INSERT": [
                    "account_id", "seq", "kind", "transaction_id", "side", "amount", "debits", "credits",
                    "held",
                    "booked_at", "hash",
                ]
            ],
            "accounts": [
                "UPDATE": [
                    "debits", "credits", "held", "version", "head", "booked_at", "magnitude", "listed_seq",
                ]
            ],
        ]
        var supervising = posting
        supervising["journal"]?["INSERT"]?.insert("reverses")
        supervising["account_records"]?["INSERT"]?.formUnion([
            "name", "status", "minimum", "reference", "fingerprint", "actor", "reason", "program",
        ])
        supervising["accounts"]?["UPDATE"]?.formUnion(["name", "status", "minimum"])
        supervising["accounts"]?["INSERT"] = [
            "id", "code", "name", "currency", "class", "status", "minimum", "debits", "credits", "held",
            "version", "head", "booked_at", "magnitude", "listed_seq",
        ]
        return [.viewer: [:], .operator: posting, .supervisor: supervising]
    }()

    private static let tables = ["accounts", "journal", "account_records", "migrations"]

    @Test(arguments: [AccessLedger.Person.viewer, .operator, .supervisor])
    func eachColumnIsWrittenByThoseWhoMay(person: AccessLedger.Person) async throws {
        let ledger = try await AccessLedger.make()
        let connection = try await ledger.connect(ledger.role(person))
        var tried = 0
        for table in Self.tables {
            for column in try await columns(of: table, connection) {
                for (action, statement) in [
                    ("INSERT", "INSERT INTO bursar.\(table) (\(column)) SELECT NULL WHERE false"),
                    ("UPDATE", "UPDATE bursar.\(table) SET \(column) = NULL WHERE false"),
                ] {
                    let may = Self.writable[person]?[table]?[action]?.contains(column) == true
                    #expect(
                        try await isAllowed(statement, connection) == may,
                        "\(person): \(action) of \(table).\(column)")
                    tried += 1
                }
            }
        }
        #expect(tried > 80)
        await connection.close()
    }

    @Test(arguments: [AccessLedger.Person.viewer, .operator, .supervisor])
    func nobodyTakesAwayOrRebuildsAnything(person: AccessLedger.Person) async throws {
        let ledger = try await AccessLedger.make()
        let connection = try await ledger.connect(ledger.role(person))
        for table in Self.tables {
            #expect(try await isAllowed("SELECT count(*) FROM bursar.\(table)", connection))
            for statement in [
                "DELETE FROM bursar.\(table) WHERE false", "TRUNCATE bursar.\(table)",
                "ALTER TABLE bursar.\(table) ADD COLUMN more text", "DROP TABLE bursar.\(table)",
                "ALTER TABLE bursar.\(table) DISABLE ROW LEVEL SECURITY",
                "ALTER TABLE bursar.\(table) OWNER TO CURRENT_USER",
                "CREATE TRIGGER t BEFORE INSERT ON bursar.\(table) EXECUTE FUNCTION f()",
                "CREATE POLICY p ON bursar.\(table) USING (true)",
                "CREATE INDEX ON bursar.\(table) ((1))",
                "LOCK TABLE bursar.\(table) IN ACCESS EXCLUSIVE MODE",
            ] {
                #expect(try await !isAllowed(statement, connection), "\(person): \(statement)")
            }
        }
        for statement in [
            "CREATE TABLE bursar.mine (x int)", "DROP SCHEMA bursar CASCADE",
            "ALTER TABLE bursar.journal ALTER COLUMN db_user DROP DEFAULT",
        ] {
            #expect(try await !isAllowed(statement, connection), "\(person): \(statement)")
        }
        await connection.close()
    }

    @Test func nobodyBecomesMoreThanTheyAre() async throws {
        let ledger = try await AccessLedger.make()
        let higher: [(AccessLedger.Person, [String])] = [
            (
                .viewer,
                [
                    "bursar_operator", "bursar_supervisor", ledger.role(.operator), ledger.role(.owner),
                    "tester",
                ]
            ),
            (.operator, ["bursar_supervisor", ledger.role(.supervisor), ledger.role(.owner), "tester"]),
            (.supervisor, [ledger.role(.owner), "tester"]),
        ]
        for (person, roles) in higher {
            let connection = try await ledger.connect(ledger.role(person))
            for role in roles {
                #expect(try await !isAllowed("SET ROLE \(role)", connection), "\(person) as \(role)")
                #expect(try await !isAllowed("SET SESSION AUTHORIZATION \(role)", connection))
                #expect(try await !isAllowed("GRANT \(role) TO \(ledger.role(person))", connection))
            }
            await connection.close()
        }
    }

    @Test(arguments: LedgerStore.roleNames) func theRolesThatAreGrantedDoNotLogIn(role: String) async throws {
        let ledger = try await AccessLedger.make()
        let error = await #expect(throws: PostgresError.self) { try await ledger.connect(role) }
        #expect(error?.sqlState == .invalidAuthorization)
    }

    @Test func thePageOfRightsIsThatOfTheDatabase() async throws {
        let ledger = try await AccessLedger.make()
        var lines = [
            "| table | action | viewer | operator | supervisor |", "| --- | --- | --- | --- | --- |",
        ]
        let connection = try await ledger.connect(ledger.role(.owner))
        for table in Self.tables {
            for action in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
                var cells: [String] = []
                for role in LedgerStore.roleNames {
                    cells.append(try await right(role, action, table, connection))
                }
                lines.append("| \(table) | \(action) | \(cells.joined(separator: " | ")) |")
            }
        }
        await connection.close()
        expectPart(lines.joined(separator: "\n"), of: "config/access.md", named: "rights")
    }

    /// Such as `all`, `–`, or the columns, the fewer of those that are and those that are not.
    private func right(
        _ role: String, _ action: String, _ table: String, _ connection: Connection
    ) async throws -> String {
        var granted: [String] = []
        var missing: [String] = []
        for column in try await columns(of: table, connection) {
            let rows = try await connection.query(
                Statement(
                    name: "right",
                    sql: """
                        SELECT CASE WHEN $3::text = 'DELETE' THEN has_table_privilege($1::text, $2::text, $3::text)
                            ELSE has_column_privilege($1::text, $2::text, $4::text, $3::text) END
                        """), [.value(role), .value("bursar.\(table)"), .value(action), .value(column)])
            if try rows[0].decode(0, as: Bool.self) { granted.append(column) } else { missing.append(column) }
        }
        if granted.isEmpty { return "–" }
        if missing.isEmpty { return "all" }
        return granted.count <= missing.count + 4
            ? granted.joined(separator: ", ") : "all but " + missing.joined(separator: ", ")
    }

    private func columns(of table: String, _ connection: Connection) async throws -> [String] {
        let rows = try await connection.query(
            Statement(
                name: "columns",
                sql: """
                    SELECT attname::text FROM pg_attribute
                    WHERE attrelid = ('bursar.' || $1::text)::regclass AND attnum > 0 AND NOT attisdropped
                    ORDER BY attnum
                    """), [.value(table)])
        return try rows.map { try $0.decode(0, as: String.self) }
    }

    /// Whether the database lets this role do it; another error than a missing right counts as let.
    private func isAllowed(_ statement: String, _ connection: Connection) async throws -> Bool {
        do throws(PostgresError) {
            try await connection.run(script: "BEGIN; \(statement); ROLLBACK")
            return true
        } catch {
            try await connection.run(script: "ROLLBACK")
            return error.sqlState != .insufficientPrivilege
        }
    }
}
