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

    /// The oldest server that has what the ledger needs, as `PQserverVersion` gives it. YugabyteDB's counts as the
    /// PostgreSQL that it is made from, which was 11 before its version 2025.1; CockroachDB's is made up.
    static let oldestServer = 130_000

    /// The longest that the server is at a statement of a session that posts. Whoever asks later than that what became
    /// of a write whose answer was lost gets the final answer.
    public static let longestStatement = Duration.seconds(120)

    /// Whether the server can be asked, by a commit that it waits for, to make sure that its standbys have everything
    /// before it. The others have no commit that only one machine knows.
    var confirmsCommits: Bool { self == .postgresql }

    /// Whether a statement can be sent before it is known that its transaction is to be committed, and the end of the
    /// transaction after it. The others restart by themselves a statement that is a transaction, and no other.
    var holdsCommits: Bool { self == .postgresql }

    /// For a session whose limit was taken away meanwhile.
    static let statementTimeout =
        "SET statement_timeout = '\(longestStatement.components.seconds)s';"

    /// Whether rights can be granted on some columns of a table. Where they cannot, whoever may write to a table may
    /// write to all of it, and only the program keeps the levels apart.
    var grantsColumns: Bool { self != .cockroachdb }

    /// Whether a role can be confined to some of the accounts. CockroachDB has row security since version 25.2, but
    /// no view that a policy could look through with its owner's eyes; there it has not been tried.
    var confinesRoles: Bool { self != .cockroachdb }

    /// Begins a transaction whose reads all see the books as of one moment.
    var beginSnapshot: String {
        switch self {
        case .postgresql, .yugabytedb: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        // Its manual knows two levels only.
        case .cockroachdb: "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
        }
    }

    /// Whether a step of the schema can be one transaction. The others commit each change of the schema by itself.
    var migratesInOneTransaction: Bool { self == .postgresql }

    /// Whether rules of single columns are kept in domains. CockroachDB has none, and YugabyteDB may copy a table to give
    /// a column another type; there they stay constraints of the tables.
    var hasDomains: Bool { self == .postgresql }

    /// What a session needs before it makes tables, where the server has such a setting.
    ///
    /// YugabyteDB spreads rows by a hash of the first column of a key unless told otherwise; pages by code or by id
    /// would then read and sort whole tables.
    var migrationSetup: String? {
        switch self {
        case .postgresql, .cockroachdb: nil
        case .yugabytedb:
            """
            SELECT set_config(name, 'off', false) FROM pg_settings
            WHERE name = 'yb_use_hash_splitting_by_default';
            """
        }
    }

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
