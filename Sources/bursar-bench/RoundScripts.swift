import LedgerStore

/// The scripts of one round, and of what comes after the last.
extension LedgerBuilder {
    /// What people wrote about transactions.
    private static let narratives = """
        ARRAY['', 'invoice 2024', 'nájem', 'Miete', 'salary', 'refund', 'zboží', 'groceries', 'loyer', 'счёт']
        """

    func script(for round: Round) -> String {
        """
        \(transactions(of: round));
        INSERT INTO bursar.journal (id, reference, fingerprint, kind, narrative, reason_code, actor, booked_at,
            value_date)
        SELECT id, reference, fingerprint, kind, narrative, reason_code, actor, booked_at, value_date
        FROM bursar_bench.round;
        \(round.isBusy ? busyLegs : "");
        \(entries(of: round));
        DROP TABLE bursar_bench.state;
        DROP TABLE bursar_bench.round;
        ALTER TABLE bursar_bench.next RENAME TO state
        """
    }

    /// The round's pairs as journal rows `round`, with the two accounts; the busy one's number is 1.
    private func transactions(of round: Round) -> String {
        let pairs =
            round.isBusy
            ? """
            SELECT row_number() OVER (ORDER BY place) - 1 AS t,
                CASE WHEN place % 2 = 0 THEN 1 ELSE i END AS debit,
                CASE WHEN place % 2 = 0 THEN i ELSE 1 END AS credit
            FROM bursar_bench.state WHERE currency = 'CZK' AND i > 1
            ORDER BY place LIMIT \(round.transactions)
            """
            : """
            SELECT row_number() OVER (ORDER BY place, debit) - 1 AS t, debit, credit FROM (
                SELECT currency, place / 2 AS place, min(i) AS debit, max(i) AS credit FROM (
                    SELECT i, currency, (place + \(round.number) * (1 + 2 * (count(*) OVER (PARTITION BY currency)
                        / 7))) % count(*) OVER (PARTITION BY currency) AS place
                    FROM bursar_bench.state WHERE i > 1
                ) AS moved
                GROUP BY currency, moved.place / 2 HAVING count(*) = 2
            ) AS pairs ORDER BY 1 LIMIT \(round.transactions)
            """
        return """
            CREATE UNLOGGED TABLE bursar_bench.round AS
            SELECT r.*, \(CanonicalSQL.transactionDigest("r")) AS digest FROM (
                SELECT t, us, debit, credit, 100 + (t * 7919 + t / 13) % 1000000 AS amount,
                    \(CanonicalSQL.identifier(milliseconds: "us / 1000", serial: "t")) AS id,
                    kind || '-' || t AS reference, sha256(convert_to(kind || '-' || t, 'UTF8')) AS fingerprint,
                    kind, (\(Self.narratives))[1 + (t * 7 + t / 11) % 10] AS narrative,
                    CASE kind WHEN 'adjustment' THEN 'fee' END AS reason_code,
                    (ARRAY['alice', 'bob', 'importer', 'Řehoř'])[1 + (t / 5) % 4] AS actor,
                    \(CanonicalSQL.moment("us")) AS booked_at,
                    (\(CanonicalSQL.moment("us")) AT TIME ZONE 'UTC')::date
                        - CASE WHEN t % 17 = 0 THEN (t % 4)::int ELSE 0 END AS value_date
                FROM (
                    SELECT t + \(round.first) AS t, \(startMicroseconds) + (t + \(round.first)) * \(stepMicroseconds)
                        AS us, debit, credit,
                        CASE WHEN (t + \(round.first)) % 25 = 7 THEN 'adjustment'
                            WHEN (t + \(round.first)) % 10 = 3 THEN 'journal-entry' ELSE 'transfer' END AS kind
                    FROM (\(pairs)) AS numbered
                ) AS timed
            ) AS r
            """
    }

    private var busyLegs: String {
        """
        INSERT INTO bursar_bench.busy
        SELECT t, us, id, CASE WHEN debit = 1 THEN 'debit' ELSE 'credit' END, amount, digest
        FROM bursar_bench.round
        """
    }

    /// The records of the round, and the state after it.
    private func entries(of round: Round) -> String {
        let debits = "s.debits + CASE l.side WHEN 'debit' THEN l.amount ELSE 0 END"
        let credits = "s.credits + CASE l.side WHEN 'credit' THEN l.amount ELSE 0 END"
        let hash = CanonicalSQL.entryHash(
            previous: "s.hash", account: "s.id", seq: "s.seq + 1", debits: "(\(debits))",
            credits: "(\(credits))", us: "l.us", transaction: "l.id", side: "l.side", amount: "l.amount",
            digest: "l.digest")
        return """
            CREATE UNLOGGED TABLE bursar_bench.next (LIKE bursar_bench.state);
            WITH legs AS (
                SELECT debit AS i, 'debit'::text AS side, amount, id, us, digest FROM bursar_bench.round
                UNION ALL
                SELECT credit, 'credit', amount, id, us, digest FROM bursar_bench.round
            ), moved AS MATERIALIZED (
                SELECT s.i, s.currency, s.place, s.id, s.seq + (l.i IS NOT NULL)::int AS seq,
                    \(debits) AS debits, \(credits) AS credits,
                    CASE WHEN l.i IS NULL THEN s.hash ELSE \(hash) END AS hash,
                    l.id AS transaction, l.side, l.amount, l.us
                FROM bursar_bench.state AS s LEFT JOIN legs AS l ON l.i = s.i AND l.i > 1
            ), recorded AS (
                INSERT INTO bursar.account_records (account_id, seq, kind, transaction_id, side, amount, debits,
                    credits, held, booked_at, hash)
                SELECT id, seq, 'entry', transaction, side, amount, debits, credits, 0,
                    \(CanonicalSQL.moment("us")), hash
                FROM moved WHERE transaction IS NOT NULL
            )
            INSERT INTO bursar_bench.next SELECT i, currency, place, id, seq, debits, credits, hash FROM moved
            """
    }

    /// One record after the other, since each hash needs the one before.
    var busyChain: String {
        let hash = CanonicalSQL.entryHash(
            previous: "head", account: "account.id", seq: "number", debits: "debited", credits: "credited",
            us: "item.us", transaction: "item.id", side: "item.side", amount: "item.amount",
            digest: "item.digest")
        return """
            DO $$
            DECLARE
                account record;
                item record;
                head bytea;
                number bigint := 1;
                debited bigint := 0;
                credited bigint := 0;
            BEGIN
                SELECT id, hash INTO account FROM bursar_bench.state WHERE i = 1;
                head := account.hash;
                FOR item IN SELECT * FROM bursar_bench.busy ORDER BY t LOOP
                    number := number + 1;
                    IF item.side = 'debit' THEN
                        debited := debited + item.amount;
                    ELSE
                        credited := credited + item.amount;
                    END IF;
                    head := \(hash);
                    INSERT INTO bursar.account_records (account_id, seq, kind, transaction_id, side, amount,
                        debits, credits, held, booked_at, hash)
                    VALUES (account.id, number, 'entry', item.id, item.side, item.amount, debited, credited, 0,
                        \(CanonicalSQL.moment("item.us")), head);
                END LOOP;
                UPDATE bursar_bench.state SET seq = number, debits = debited, credits = credited, hash = head
                WHERE i = 1;
            END $$
            """
    }

    /// Every hundredth account is frozen, after all entries: half of them wholly, half on the debit side.
    var frozen: String {
        let hash = CanonicalSQL.changeHash(
            kind: "status", previous: "s.hash", account: "s.id", seq: "s.seq + 1", debits: "s.debits",
            credits: "s.credits", us: "s.us", reference: "s.reference",
            fingerprint: "sha256(convert_to(s.reference, 'UTF8'))", actor: "'alice'::text",
            reason: "'court order'::text", more: [CanonicalSQL.text("s.status")])
        return """
            CREATE UNLOGGED TABLE bursar_bench.frozen AS
            SELECT s.i, s.id, s.seq + 1 AS seq, s.debits, s.credits, s.us, s.reference, s.status, \(hash) AS hash
            FROM (
                SELECT *, \(end.microseconds) + i * 1000 AS us, 'freeze-' || i AS reference,
                    CASE WHEN i % 200 = 50 THEN 'frozen' ELSE 'debit-frozen' END AS status
                FROM bursar_bench.state WHERE i % 100 = 50
            ) AS s;
            INSERT INTO bursar.account_records (account_id, seq, kind, debits, credits, held, booked_at, hash,
                status, reference, fingerprint, actor, reason)
            SELECT id, seq, 'status', debits, credits, 0, \(CanonicalSQL.moment("us")), hash, status, reference,
                sha256(convert_to(reference, 'UTF8')), 'alice', 'court order'
            FROM bursar_bench.frozen
            """
    }

    var totals: String {
        """
        INSERT INTO bursar.accounts (id, code, name, currency, class, status, minimum, debits, credits, held,
            version, head, booked_at, magnitude, listed_seq)
        SELECT a.id, a.code, a.name, a.currency, a.class, a.status, a.minimum, a.debits, a.credits, 0, a.version, a.head,
            r.booked_at, \(LedgerStore.magnitudeSQL), r.seq
        FROM (
            SELECT b.*, s.debits, s.credits, coalesce(f.status, 'open') AS status, coalesce(f.seq, s.seq) AS version,
                coalesce(f.hash, s.hash) AS head
            FROM bursar_bench.accounts AS b
            JOIN bursar_bench.state AS s ON s.i = b.i
            LEFT JOIN bursar_bench.frozen AS f ON f.i = b.i
        ) AS a
        JOIN bursar.account_records AS r ON r.account_id = a.id AND r.seq = a.version
        """
    }
}
