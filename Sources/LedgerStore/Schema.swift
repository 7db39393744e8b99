/// The numbered steps that make the schema. A step that has been released is never edited; what must change
/// comes as a further step.
///
/// Each statement leaves alone what is there already, so that a step can be run again where it is no transaction:
/// see ``Dialect/migratesInOneTransaction``.
enum Schema {
    struct Migration: Sendable {
        let number: Int32
        let script: String
        /// Whether it is for servers with domains alone, and gives columns other types there.
        var makesDomains = false

        /// The statements of the script one by one; no text in them has a semicolon.
        var statements: [String] {
            script.split(separator: ";").map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
        }
    }

    /// The version that this program works with.
    static var version: Int32 { Int32(migrations.count) }

    static let migrations: [Migration] = [
        Migration(number: 1, script: tables),
        Migration(number: 2, script: indexesForLists),
        Migration(number: 3, script: origins),
        Migration(number: 4, script: lastBooking),
        Migration(number: 5, script: magnitudes),
        Migration(number: 6, script: domains, makesDomains: true),
    ]

    /// The steps as a server of this kind takes them; one that is not for it does nothing there.
    static func migrations(for dialect: Dialect) -> [Migration] {
        migrations.map {
            $0.makesDomains && !dialect.hasDomains ? Migration(number: $0.number, script: "") : $0
        }
    }

    /// There is no foreign key from records to journal or accounts: its check would read the page of the
    /// parent's index that every other writer inserts into, and serializable writers would cancel each other.
    /// The posting statement writes both in one go, and `verify` checks that they agree.
    ///
    /// Balances are in no index, so that an account row is updated in place (HOT), as long as its page has room.
    /// A version that finds none goes to another page and into both indexes, whose pages everybody has read:
    /// on a small ledger that cancels writers of other accounts. With 16 writers of disjoint accounts and a fill
    /// factor of 50, 22 to 56 of 3,200 transfers were retried, with 20 from none to 13 (`PredicateLockTests`).
    private static let tables = """
        CREATE TABLE IF NOT EXISTS bursar.accounts (
            id uuid PRIMARY KEY,
            code text NOT NULL,
            name text NOT NULL,
            currency text NOT NULL,
            class text NOT NULL,
            status text NOT NULL,
            minimum bigint,
            debits bigint NOT NULL,
            credits bigint NOT NULL,
            held bigint NOT NULL,
            version bigint NOT NULL,
            head bytea NOT NULL,
            CONSTRAINT accounts_code_key UNIQUE (code),
            CONSTRAINT accounts_code_check CHECK (length(code) BETWEEN 1 AND 64),
            CONSTRAINT accounts_currency_check CHECK (length(currency) = 3),
            CONSTRAINT accounts_class_check
                CHECK (class IN ('asset', 'liability', 'equity', 'income', 'expense')),
            CONSTRAINT accounts_status_check
                CHECK (status IN ('open', 'debit-frozen', 'credit-frozen', 'frozen', 'closed')),
            CONSTRAINT accounts_totals_check CHECK (debits >= 0 AND credits >= 0 AND held >= 0),
            CONSTRAINT accounts_version_check CHECK (version >= 1),
            CONSTRAINT accounts_head_check CHECK (length(head) = 32),
            CONSTRAINT accounts_minimum_check CHECK (minimum IS NULL OR
                CASE WHEN class IN ('asset', 'expense') THEN debits - credits ELSE credits - debits END
                - held >= minimum)
        ) WITH (fillfactor = 20);

        CREATE TABLE IF NOT EXISTS bursar.journal (
            id uuid PRIMARY KEY,
            reference text NOT NULL,
            fingerprint bytea NOT NULL,
            kind text NOT NULL,
            narrative text NOT NULL,
            reason_code text,
            reason text,
            actor text NOT NULL,
            booked_at timestamptz NOT NULL,
            value_date date NOT NULL,
            reverses uuid,
            CONSTRAINT journal_reference_key UNIQUE (reference),
            CONSTRAINT journal_kind_check CHECK (kind IN
                ('deposit', 'withdrawal', 'transfer', 'adjustment', 'journal-entry', 'reversal')),
            CONSTRAINT journal_reverses_check CHECK ((kind = 'reversal') = (reverses IS NOT NULL))
        );

        CREATE INDEX IF NOT EXISTS journal_reverses_idx ON bursar.journal (reverses) WHERE reverses IS NOT NULL;

        CREATE TABLE IF NOT EXISTS bursar.account_records (
            account_id uuid NOT NULL,
            seq bigint NOT NULL,
            kind text NOT NULL,
            transaction_id uuid,
            side text,
            amount bigint,
            debits bigint NOT NULL,
            credits bigint NOT NULL,
            held bigint NOT NULL,
            booked_at timestamptz NOT NULL,
            hash bytea NOT NULL,
            name text,
            status text,
            minimum bigint,
            reference text,
            fingerprint bytea,
            actor text,
            reason text,
            CONSTRAINT account_records_pkey PRIMARY KEY (account_id, seq),
            CONSTRAINT account_records_seq_check CHECK (seq >= 1),
            CONSTRAINT account_records_kind_check CHECK (kind IN
                ('entry', 'opened', 'renamed', 'status', 'minimum', 'hold', 'capture', 'release')),
            CONSTRAINT account_records_side_check CHECK (side IN ('debit', 'credit')),
            CONSTRAINT account_records_amount_check CHECK (amount > 0),
            CONSTRAINT account_records_entry_check CHECK (kind <> 'entry' OR
                (transaction_id IS NOT NULL AND side IS NOT NULL AND amount IS NOT NULL)),
            CONSTRAINT account_records_change_check CHECK (kind NOT IN ('opened', 'renamed', 'status', 'minimum')
                OR (reference IS NOT NULL AND fingerprint IS NOT NULL AND actor IS NOT NULL)),
            CONSTRAINT account_records_hash_check CHECK (length(hash) = 32)
        );

        CREATE INDEX IF NOT EXISTS account_records_transaction_idx ON bursar.account_records (transaction_id)
            WHERE transaction_id IS NOT NULL;

        CREATE UNIQUE INDEX IF NOT EXISTS account_records_reference_key ON bursar.account_records (reference)
            WHERE reference IS NOT NULL;
        """

    /// What lists are read by. None of these columns changes when an operation posts, so that account rows are
    /// updated in place as before, and no serializable read goes through these indexes.
    ///
    /// Accounts that are not open are few in most ledgers and much asked for; each order of the list has an
    /// index of them. Account changes are not in the journal, so that the newest of them are found by time.
    private static let indexesForLists = """
        CREATE INDEX IF NOT EXISTS accounts_name_idx ON bursar.accounts (name, code);

        CREATE INDEX IF NOT EXISTS accounts_status_code_idx ON bursar.accounts (status, code) WHERE status <> 'open';

        CREATE INDEX IF NOT EXISTS accounts_status_name_idx ON bursar.accounts (status, name, code) WHERE status <> 'open';

        CREATE INDEX IF NOT EXISTS account_records_changes_idx ON bursar.account_records (booked_at)
            WHERE transaction_id IS NULL;
        """

    /// Who wrote a record and from where. The database fills in user and address by itself: no role is granted to
    /// write these two columns, so that they are true whatever the program says, without a trigger or a policy on
    /// every reader.
    ///
    /// A default that came with its column would be written into the rows that are there, which nobody knows the
    /// origin of.
    private static let origins = """
        ALTER TABLE bursar.journal ADD COLUMN IF NOT EXISTS db_user text;
        ALTER TABLE bursar.journal ADD COLUMN IF NOT EXISTS address text;
        ALTER TABLE bursar.journal ADD COLUMN IF NOT EXISTS program text;
        ALTER TABLE bursar.account_records ADD COLUMN IF NOT EXISTS db_user text;
        ALTER TABLE bursar.account_records ADD COLUMN IF NOT EXISTS address text;
        ALTER TABLE bursar.account_records ADD COLUMN IF NOT EXISTS program text;
        ALTER TABLE bursar.journal ALTER COLUMN db_user SET DEFAULT \(SessionOrigin.userSQL);
        ALTER TABLE bursar.journal ALTER COLUMN address SET DEFAULT \(SessionOrigin.addressSQL);
        ALTER TABLE bursar.account_records ALTER COLUMN db_user SET DEFAULT \(SessionOrigin.userSQL);
        ALTER TABLE bursar.account_records ALTER COLUMN address SET DEFAULT \(SessionOrigin.addressSQL);
        """

    /// When an account's last record was booked, so that a list by activity need not look up a record for each account:
    /// with a million accounts that takes seconds. It is in no index, for the same reason as balances.
    ///
    /// A program of an older schema, which may still run, moves an account on without it; so it goes with the number of
    /// the record that it is of, and counts only while that is the last one. Rows that are there get it with their next
    /// record, and not now: to write a million of them would hold up postings for some time.
    private static let lastBooking = """
        ALTER TABLE bursar.accounts ADD COLUMN IF NOT EXISTS booked_at timestamptz;
        ALTER TABLE bursar.accounts ADD COLUMN IF NOT EXISTS booked_seq bigint;
        """

    /// How large a balance is, roughly, and an index of that: see ``Magnitude``. The balance itself in an index would take
    /// the row out of its page with each posting; this stays until the balance has changed by a fifth or more
    /// (`bursar-bench server --experiments magnitudes`).
    ///
    /// A program of an older schema, which may still run, would leave an account in a wrong place of the index, and nobody
    /// would find it there. So it cannot post any more: what lists are read by must be of the account's last record. That
    /// is why all rows are written here, which takes 20 seconds for a million, in which postings wait. The server could
    /// work the column out by itself (`GENERATED`), but reads the formula anew for each statement: a sixth of the time
    /// that it takes to post.
    private static let magnitudes = """
        ALTER TABLE bursar.accounts ADD COLUMN IF NOT EXISTS magnitude smallint;
        ALTER TABLE bursar.accounts ADD COLUMN IF NOT EXISTS listed_seq bigint
            CONSTRAINT accounts_listed_check CHECK (listed_seq = version);
        UPDATE bursar.accounts AS a SET magnitude = \(FilterSQL.magnitude), listed_seq = a.version,
            booked_at = coalesce((
                SELECT r.booked_at FROM bursar.account_records AS r WHERE r.account_id = a.id AND r.seq = a.version
            ), TIMESTAMPTZ '1970-01-01 00:00:00Z')
            WHERE a.listed_seq IS NULL;
        ALTER TABLE bursar.accounts ALTER COLUMN magnitude SET NOT NULL;
        ALTER TABLE bursar.accounts ALTER COLUMN listed_seq SET NOT NULL;
        ALTER TABLE bursar.accounts ALTER COLUMN booked_at SET NOT NULL;
        ALTER TABLE bursar.accounts DROP COLUMN IF EXISTS booked_seq;
        CREATE INDEX IF NOT EXISTS accounts_magnitude_idx ON bursar.accounts (magnitude, currency, class);
        """

    /// The rules of single columns, which were constraints of the tables before: a server reads the text of those anew for
    /// each statement, a quarter of the time that it takes for one transfer, and those of domains once in a session
    /// (`bursar-bench server --experiments rules`).
    ///
    /// A domain without rules takes over a column as it is, and only then gets them: with them the server would write the
    /// whole table anew. What is known of the columns for planning goes with their types, and is gathered again.
    private static let domains = """
        CREATE DOMAIN bursar.account_code AS text;
        CREATE DOMAIN bursar.currency_code AS text;
        CREATE DOMAIN bursar.account_class AS text;
        CREATE DOMAIN bursar.account_status AS text;
        CREATE DOMAIN bursar.total AS bigint;
        CREATE DOMAIN bursar.record_number AS bigint;
        CREATE DOMAIN bursar.record_kind AS text;
        CREATE DOMAIN bursar.transaction_kind AS text;
        CREATE DOMAIN bursar.side AS text;
        CREATE DOMAIN bursar.amount AS bigint;
        CREATE DOMAIN bursar.hash AS bytea;

        ALTER TABLE bursar.accounts
            DROP CONSTRAINT accounts_code_check, DROP CONSTRAINT accounts_currency_check,
            DROP CONSTRAINT accounts_class_check, DROP CONSTRAINT accounts_status_check,
            DROP CONSTRAINT accounts_totals_check, DROP CONSTRAINT accounts_version_check,
            DROP CONSTRAINT accounts_head_check,
            ALTER COLUMN code TYPE bursar.account_code, ALTER COLUMN currency TYPE bursar.currency_code,
            ALTER COLUMN class TYPE bursar.account_class, ALTER COLUMN status TYPE bursar.account_status,
            ALTER COLUMN debits TYPE bursar.total, ALTER COLUMN credits TYPE bursar.total,
            ALTER COLUMN held TYPE bursar.total, ALTER COLUMN version TYPE bursar.record_number,
            ALTER COLUMN head TYPE bursar.hash;
        ALTER TABLE bursar.journal
            DROP CONSTRAINT journal_kind_check, ALTER COLUMN kind TYPE bursar.transaction_kind;
        ALTER TABLE bursar.account_records
            DROP CONSTRAINT account_records_seq_check, DROP CONSTRAINT account_records_kind_check,
            DROP CONSTRAINT account_records_side_check, DROP CONSTRAINT account_records_amount_check,
            DROP CONSTRAINT account_records_entry_check, DROP CONSTRAINT account_records_change_check,
            DROP CONSTRAINT account_records_hash_check,
            ALTER COLUMN seq TYPE bursar.record_number, ALTER COLUMN kind TYPE bursar.record_kind,
            ALTER COLUMN side TYPE bursar.side, ALTER COLUMN amount TYPE bursar.amount,
            ALTER COLUMN hash TYPE bursar.hash,
            ADD CONSTRAINT account_records_content_check CHECK (CASE WHEN kind = 'entry'
                THEN num_nonnulls(transaction_id, side, amount)
                ELSE num_nonnulls(reference, fingerprint, actor) END = 3);

        ALTER DOMAIN bursar.account_code ADD CONSTRAINT account_code_check CHECK (length(VALUE) BETWEEN 1 AND 64);
        ALTER DOMAIN bursar.currency_code ADD CONSTRAINT currency_code_check CHECK (length(VALUE) = 3);
        ALTER DOMAIN bursar.account_class ADD CONSTRAINT account_class_check
            CHECK (VALUE IN ('asset', 'liability', 'equity', 'income', 'expense'));
        ALTER DOMAIN bursar.account_status ADD CONSTRAINT account_status_check
            CHECK (VALUE IN ('open', 'debit-frozen', 'credit-frozen', 'frozen', 'closed'));
        ALTER DOMAIN bursar.total ADD CONSTRAINT total_check CHECK (VALUE >= 0);
        ALTER DOMAIN bursar.record_number ADD CONSTRAINT record_number_check CHECK (VALUE >= 1);
        ALTER DOMAIN bursar.record_kind ADD CONSTRAINT record_kind_check CHECK (VALUE IN
            ('entry', 'opened', 'renamed', 'status', 'minimum', 'hold', 'capture', 'release'));
        ALTER DOMAIN bursar.transaction_kind ADD CONSTRAINT transaction_kind_check CHECK (VALUE IN
            ('deposit', 'withdrawal', 'transfer', 'adjustment', 'journal-entry', 'reversal'));
        ALTER DOMAIN bursar.side ADD CONSTRAINT side_check CHECK (VALUE IN ('debit', 'credit'));
        ALTER DOMAIN bursar.amount ADD CONSTRAINT amount_check CHECK (VALUE > 0);
        ALTER DOMAIN bursar.hash ADD CONSTRAINT hash_check CHECK (length(VALUE) = 32);

        ANALYZE bursar.accounts, bursar.journal, bursar.account_records;
        """
}
