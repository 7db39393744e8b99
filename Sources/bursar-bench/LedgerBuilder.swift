import Ledger
import Postgres

/// Builds a large ledger by sets instead of by operations: everything that the ledger's own rules ask for is in
/// it, so that `bursar verify` finds it sound, and it takes minutes instead of hours.
///
/// Accounts are paired anew in each round, one transaction for each pair, so that the hashes of a whole round are
/// computed together. One account, `busy`, is in a transaction of each pair's stead until it has as many records
/// as were asked for; its chain is computed at the end, record by record.
struct LedgerBuilder: Sendable {
    struct Size: Sendable {
        /// Accounts, `busy` among them; at least 10.
        var accounts: Int64
        /// Records of all accounts; at least two for each.
        var records: Int64
        /// Records of the account `busy`.
        var busyRecords: Int64
    }

    /// The code of the account with the long history.
    static let busyCode = "busy"

    let connection: Connection
    let size: Size
    /// The booking time of the last transaction; the first is three years before.
    let end: Timestamp
    /// Told what is done next.
    let progress: @Sendable (String) -> Void

    private static let span: Int64 = 3 * 365 * 86_400_000_000

    /// Fills the schema of an empty ledger.
    func build() async throws(PostgresError) {
        try await run("preparing", Self.settings + Self.dropIndexes)
        try await run("\(size.accounts) accounts", accounts)
        try await run("their first records", openings)
        for (number, round) in rounds.enumerated() {
            try await run(
                "round \(number + 1) of \(rounds.count)\(round.isBusy ? ", with the busy account" : "")",
                script(for: round))
        }
        try await run("the busy account's \(size.busyRecords) records", busyChain)
        try await run("frozen accounts", frozen)
        try await run("the accounts' rows", totals)
        try await run("indexes", Self.makeIndexes)
        try await run("statistics", "DROP SCHEMA bursar_bench CASCADE")
        try await run("statistics, visibility", "VACUUM (ANALYZE) bursar.accounts")
        try await run("statistics, visibility", "VACUUM (ANALYZE) bursar.journal")
        try await run("statistics, visibility", "VACUUM (ANALYZE) bursar.account_records")
    }

    private func run(_ step: String, _ script: String) async throws(PostgresError) {
        progress(step)
        try await connection.run(script: script)
    }

    // MARK: Rounds

    struct Round: Sendable, Equatable {
        let isBusy: Bool
        /// Its number among those of its kind, which decides who is paired with whom.
        let number: Int64
        /// The number of its first transaction.
        let first: Int64
        let transactions: Int64
    }

    /// Every hundredth account is frozen, and has a record that says so.
    private var frozenRecords: Int64 { max(0, (size.accounts + 50) / 100) }

    /// Accounts in the currency of `busy`, without it: six in ten.
    private var partners: Int64 { (size.accounts / 10) * 6 - 1 }

    private var busyTransactions: Int64 { max(0, size.busyRecords - 1) }

    private var pairedTransactions: Int64 {
        max(0, size.records - size.accounts - frozenRecords - 2 * busyTransactions) / 2
    }

    var transactions: Int64 { busyTransactions + pairedTransactions }

    /// Busy rounds are spread among the others.
    var rounds: [Round] {
        let capacity = (size.accounts - 10) / 2
        var paired = pairedTransactions
        var busy = busyTransactions
        var rounds: [Round] = []
        var first: Int64 = 0
        var counts: (paired: Int64, busy: Int64) = (0, 0)
        while paired > 0 || busy > 0 {
            if paired > 0 {
                let count = min(paired, capacity)
                rounds.append(Round(isBusy: false, number: counts.paired, first: first, transactions: count))
                paired -= count
                first += count
                counts.paired += 1
            }
            if busy > 0 {
                let count = min(busy, partners)
                rounds.append(Round(isBusy: true, number: counts.busy, first: first, transactions: count))
                busy -= count
                first += count
                counts.busy += 1
            }
        }
        return rounds
    }

    var startMicroseconds: Int64 { end.microseconds - Self.span }
    var stepMicroseconds: Int64 { max(1, Self.span / max(1, transactions)) }

    // MARK: Scripts

    private static let settings = """
        SET synchronous_commit = off;
        SET work_mem = '256MB';
        SET maintenance_work_mem = '1GB';
        SET jit = off;
        CREATE SCHEMA bursar_bench;
        CREATE UNLOGGED TABLE bursar_bench.indexes (place serial, command text);

        """

    /// Keys and indexes of the three tables are noted, dropped, and made again over all rows.
    private static let dropIndexes = """
        DO $$
        DECLARE item record;
        BEGIN
            FOR item IN
                SELECT conrelid::regclass::text AS relation, conname AS name, pg_get_constraintdef(oid) AS definition
                FROM pg_constraint
                WHERE contype IN ('p', 'u') AND conrelid IN ('bursar.accounts'::regclass,
                    'bursar.journal'::regclass, 'bursar.account_records'::regclass)
                ORDER BY conrelid, contype, conname
            LOOP
                INSERT INTO bursar_bench.indexes (command)
                VALUES (format('ALTER TABLE %s ADD CONSTRAINT %I %s', item.relation, item.name, item.definition));
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', item.relation, item.name);
            END LOOP;
            FOR item IN
                SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
                FROM pg_index
                WHERE indrelid IN ('bursar.accounts'::regclass, 'bursar.journal'::regclass,
                    'bursar.account_records'::regclass)
                ORDER BY indrelid, indexrelid
            LOOP
                INSERT INTO bursar_bench.indexes (command) VALUES (item.definition);
                EXECUTE format('DROP INDEX %s', item.name);
            END LOOP;
        END $$
        """

    private static let makeIndexes = """
        DO $$
        DECLARE item record;
        BEGIN
            FOR item IN SELECT command FROM bursar_bench.indexes ORDER BY place LOOP
                EXECUTE item.command;
            END LOOP;
        END $$
        """

    private var accounts: String {
        let code =
            "CASE i WHEN 1 THEN '\(Self.busyCode)' ELSE lpad(((i * 1000003) % 10000000)::text, 7, '0') END"
        return """
            CREATE UNLOGGED TABLE bursar_bench.accounts AS
            SELECT i, us, \(CanonicalSQL.identifier(milliseconds: "us / 1000", serial: "i")) AS id,
                \(code) AS code, \(Names.expression) AS name,
                CASE WHEN i % 10 IN (1, 2, 3, 4, 5, 6) THEN 'CZK' WHEN i % 10 IN (7, 8, 9) THEN 'EUR'
                    ELSE 'JPY' END AS currency,
                CASE WHEN i = 1 THEN 'liability' WHEN i % 97 < 80 THEN 'liability' WHEN i % 97 < 90 THEN 'asset'
                    WHEN i % 97 < 93 THEN 'expense' WHEN i % 97 < 96 THEN 'income' ELSE 'equity' END AS class,
                CASE WHEN i = 1 OR i % 11 = 0 THEN NULL ELSE -100000000000 END AS minimum,
                'open-' || i AS reference
            FROM (
                SELECT i, \(startMicroseconds - 86_400_000_000) + i * 1000 AS us
                FROM generate_series(1, \(size.accounts)::bigint) AS i
            ) AS numbered
            """
    }

    private var openings: String {
        let hash = CanonicalSQL.changeHash(
            kind: "opened", previous: "decode(repeat('00', 32), 'hex')", account: "id", seq: "1::bigint",
            debits: "0::bigint", credits: "0::bigint", us: "us", reference: "reference",
            fingerprint: "sha256(convert_to(reference, 'UTF8'))", actor: "'importer'::text",
            reason: "''::text",
            more: [
                CanonicalSQL.text("code"), CanonicalSQL.text("currency"), CanonicalSQL.text("class"),
                CanonicalSQL.text("name"), CanonicalSQL.optionalInteger("minimum"),
            ])
        return """
            CREATE UNLOGGED TABLE bursar_bench.state AS
            SELECT i, currency, row_number() OVER (PARTITION BY currency ORDER BY i) - 1 AS place, id, us,
                1::bigint AS seq, 0::bigint AS debits, 0::bigint AS credits, \(hash) AS hash
            FROM bursar_bench.accounts;
            INSERT INTO bursar.account_records (account_id, seq, kind, debits, credits, held, booked_at, hash,
                name, status, minimum, reference, fingerprint, actor, reason)
            SELECT s.id, 1, 'opened', 0, 0, 0, \(CanonicalSQL.moment("s.us")), s.hash, a.name, 'open', a.minimum,
                a.reference, sha256(convert_to(a.reference, 'UTF8')), 'importer', ''
            FROM bursar_bench.accounts AS a JOIN bursar_bench.state AS s ON s.i = a.i;
            ALTER TABLE bursar_bench.state DROP COLUMN us;
            CREATE UNLOGGED TABLE bursar_bench.busy (t bigint, us bigint, id uuid, side text, amount bigint,
                digest bytea)
            """
    }
}
