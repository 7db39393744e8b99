import Postgres

/// How Bursar posts where something about its tables or the server's settings is otherwise.
struct PostingExperiment: Experiment {
    struct Way: Sendable {
        let title: String
        /// What is changed in the ledger's database before anything is posted, one statement at a time.
        var tables: [String] = []
        /// Settings of the server while it is this way's turn; the server reads them without a restart.
        var settings: [String: String] = [:]
    }

    let name: String
    let posting: PostingCase
    let chosen: [Way]
    let sessions: Int
    /// What accounts begin with, in minor units; nil for so much that it hardly changes.
    var balance: Int64?

    var unit: String { "a second" }
    var ways: [String] { chosen.map(\.title) }

    private func arena(_ way: Int, on server: BenchServer) -> Arena {
        var arena = Arena(server: server, database: "bench_\(name)_\(way)", accounts: posting.accounts)
        if let balance { arena.balance = balance }
        return arena
    }

    func prepare(_ way: Int, on server: BenchServer) async throws {
        let arena = arena(way, on: server)
        try await arena.fill()
        for statement in chosen[way].tables { try await server.run(statement, in: arena.database) }
    }

    func run(_ way: Int, _ trial: Trial, on server: BenchServer) async throws -> TrialResult {
        let arena = arena(way, on: server)
        for (name, value) in chosen[way].settings {
            try await server.run("ALTER SYSTEM SET \(name) = \(value)", in: "postgres")
        }
        try await server.run("SELECT pg_reload_conf()", in: "postgres")
        let effort = Effort(rounds: 1, seconds: trial.seconds, seed: trial.seed, sessions: sessions)
        let run = CaseRun(arena: arena, posting: posting, contenders: [.bursar], effort: effort)
        let (before, log) = (try await updates(arena), try await server.writtenLog)
        let side = try await Side.open(.bursar, run)
        let measurement = try await side.run(run, seconds: trial.seconds, seed: trial.seed, rate: nil)
        await side.close()
        let written = try await server.writtenLog - log
        // A session counts what it updated when it ends.
        try await Task.sleep(for: .milliseconds(200))
        let after = try await updates(arena)
        for name in chosen[way].settings.keys {
            try await server.run("ALTER SYSTEM RESET \(name)", in: "postgres")
        }
        let posted = Double(max(measurement.posted, 1))
        return TrialResult(
            rate: measurement.rate,
            facts: [
                "conflicts %": Double(measurement.conflicts) * 100 / posted,
                "in place %": (after.inPlace - before.inPlace) * 100 / max(after.all - before.all, 1),
                "log bytes": written / posted,
            ])
    }

    func finish(on server: BenchServer) async throws {
        for way in chosen.indices { try await arena(way, on: server).drop() }
    }

    /// Updates of account rows so far, and those among them that needed no new entry in an index (HOT).
    private func updates(_ arena: Arena) async throws -> (all: Double, inPlace: Double) {
        let statement = Statement(
            name: "updates",
            sql: """
                SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
                WHERE relid = 'bursar.accounts'::regclass
                """)
        return try await arena.server.with(arena.database) { connection in
            guard let row = try await connection.query(statement).first else { return (0, 0) }
            return (Double(try row.decode(0, as: Int64.self)), Double(try row.decode(1, as: Int64.self)))
        }
    }
}

extension PostingExperiment {
    /// Several programs, since one alone has no rivals.
    static func all(_ posting: PostingCase, sessions: Int) -> [PostingExperiment] {
        let fill = [20, 10, 50, 100].map { factor in
            Way(
                title: "fillfactor \(factor)",
                tables: [
                    "ALTER TABLE bursar.accounts SET (fillfactor = \(factor))", "VACUUM FULL bursar.accounts",
                ])
        }
        // A page's locks become one of the page beyond so many, a table's pages one of the table.
        let locks = [
            Way(title: "locks as shipped"),
            Way(title: "2 a page", settings: ["max_pred_locks_per_page": "2"]),
            Way(
                title: "as PostgreSQL has it",
                settings: ["max_pred_locks_per_page": "2", "max_pred_locks_per_relation": "-2"]),
        ]
        let indexes = [
            Way(title: "all indexes"),
            Way(
                title: "none for lists",
                tables: [
                    "accounts_name_idx", "accounts_status_code_idx", "accounts_status_name_idx",
                    "accounts_magnitude_idx", "account_records_changes_idx",
                ].map { "DROP INDEX bursar.\($0)" }),
            Way(
                title: "none by transaction",
                tables: ["DROP INDEX bursar.account_records_transaction_idx"]),
            Way(title: "none of reversals", tables: ["DROP INDEX bursar.journal_reverses_idx"]),
        ]
        // A transfer changes a balance of 1,000.00 by a fortieth on average.
        let magnitudes = [
            Way(title: "index of magnitudes"),
            Way(title: "none of magnitudes", tables: ["DROP INDEX bursar.accounts_magnitude_idx"]),
            Way(
                title: "index of balances",
                tables: [
                    "DROP INDEX bursar.accounts_magnitude_idx",
                    "CREATE INDEX ON bursar.accounts (debits, credits, currency, class)",
                ]),
        ]
        // The server reads the texts of constraints anew for each statement, and those of domains once in a session.
        let rules = [
            Way(title: "rules in domains"),
            Way(title: "constraints alone", tables: [Self.domainsGivenUp(keepingRules: true)]),
            Way(title: "none", tables: [Self.domainsGivenUp(keepingRules: false), Self.constraintsDropped]),
        ]
        let experiments: [(name: String, ways: [Way], balance: Int64?)] = [
            ("fillfactor", fill, nil), ("predicate_locks", locks, nil), ("indexes", indexes, nil),
            ("rules", rules, nil),
            ("magnitudes", magnitudes, 100_000),
        ]
        return experiments.map { name, ways, balance in
            PostingExperiment(
                name: name, posting: posting, chosen: ways, sessions: sessions, balance: balance)
        }
    }

    /// Columns get back the types below their domains, and tables the rules of these as constraints.
    private static func domainsGivenUp(keepingRules: Bool) -> String {
        """
        DO $$
        DECLARE
            c record;
        BEGIN
            FOR c IN SELECT r.oid::regclass AS changed, a.attname, format_type(t.typbasetype, -1) AS base,
                    replace(pg_get_constraintdef(k.oid), 'VALUE', quote_ident(a.attname)) AS rule
                FROM pg_class AS r
                JOIN pg_attribute AS a ON a.attrelid = r.oid
                JOIN pg_type AS t ON t.oid = a.atttypid AND t.typtype = 'd'
                JOIN pg_constraint AS k ON k.contypid = t.oid
                WHERE r.relnamespace = 'bursar'::regnamespace AND r.relkind = 'r'
            LOOP
                EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s\(keepingRules ? ", ADD %s" : "")',
                    c.changed, c.attname, c.base\(keepingRules ? ", c.rule" : ""));
            END LOOP;
        END $$
        """
    }

    private static let constraintsDropped = """
        DO $$
        DECLARE
            c record;
        BEGIN
            FOR c IN SELECT conrelid::regclass AS changed, conname FROM pg_constraint
                WHERE contype = 'c' AND conrelid <> 0 AND connamespace = 'bursar'::regnamespace
            LOOP
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.changed, c.conname);
            END LOOP;
        END $$
        """
}
