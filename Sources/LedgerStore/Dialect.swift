import Postgres

/// Which database speaks the wire protocol at the other end, and everything that must differ between them.
public enum Dialect: String, Sendable {
    case postgresql
    case cockroachdb
    case yugabytedb

    /// - Parameter version: what `SELECT version()` answers, such as `PostgreSQL 15.18 on x86_64…`,
    ///   `CockroachDB CCL v24.1.0 …` or `PostgreSQL 11.2-YB-2.20.0.0-b0 …`.
    init(version: String) {
        self =
            if version.contains("CockroachDB") {
                .cockroachdb
            } else if version.contains("-YB-") {
                .yugabytedb
            } else {
                .postgresql
            }
    }

    /// The oldest server that has what the ledger needs, as `PQserverVersion` gives it.
    static let oldestServer = 130_000

    /// The longest that the server is at a statement of a session that posts. Whoever asks later than that what became
    /// of a write whose answer was lost gets the final answer.
    public static let longestStatement = Duration.seconds(120)

    private static let statementTimeout =
        "SET statement_timeout = '\(longestStatement.components.seconds)s';"

    /// Settings of a session that posts.
    ///
    /// A sequential scan takes a predicate lock on the whole table, and the planner likes one on small tables;
    /// a merge join may read a whole index for the order. Either would make writers of different accounts
    /// cancel each other.
    var writerSetup: String {
        switch self {
        case .postgresql, .yugabytedb:
            """
            SET default_transaction_isolation = 'serializable';
            SET enable_seqscan = off;
            SET enable_mergejoin = off;
            \(Self.statementTimeout)
            """
        case .cockroachdb:
            "SET default_transaction_isolation = 'serializable'; \(Self.statementTimeout)"
        }
    }

    /// Settings of a session that only looks: nothing can be written through it, and it takes no predicate
    /// locks, so that watching the ledger never makes a writer retry.
    ///
    /// One statement serves a list for all filters and places: planned for its parameters, it loses the
    /// conditions that do not apply and finds the index that does. Planned once for all of them, it would read
    /// and sort all accounts.
    var readerSetup: String {
        switch self {
        case .postgresql, .yugabytedb:
            """
            SET default_transaction_isolation = 'read committed';
            SET default_transaction_read_only = on;
            SET plan_cache_mode = force_custom_plan;
            """
        case .cockroachdb:
            "SET default_transaction_read_only = on;"
        }
    }

    /// Whether rights can be granted on some columns of a table. Where they cannot, whoever may write to a table may
    /// write to all of it, and only the program keeps the levels apart.
    var grantsColumns: Bool { self != .cockroachdb }

    /// Whether a role can be confined to some of the accounts. CockroachDB has row security since version 25.2, but
    /// no view that a policy could look through with its owner's eyes; there it has not been tried.
    var confinesRoles: Bool { self != .cockroachdb }

    /// Begins a transaction whose reads all see the books as of one moment.
    var beginSnapshot: String { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" }

    /// Makes the index that finds words of three letters and more in codes and names; nil where there is none.
    ///
    /// Trigrams come with an extension of PostgreSQL that every owner of a database may create, where its files
    /// are installed. YugabyteDB has it too, on indexes of another kind.
    var wordIndex: String? {
        switch self {
        case .postgresql:
            """
            BEGIN;
            SET LOCAL statement_timeout = 0;
            CREATE EXTENSION IF NOT EXISTS pg_trgm;
            CREATE INDEX IF NOT EXISTS accounts_words_idx
                ON bursar.accounts USING gin ((code || ' ' || name) gin_trgm_ops);
            COMMIT;
            """
        case .cockroachdb, .yugabytedb: nil
        }
    }
}
