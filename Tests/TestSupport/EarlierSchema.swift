/// Takes a ledger of today back to an earlier schema, to be upgraded from there.
public enum EarlierSchema {
    /// - Parameter number: of the last step that it is to have, from 1 to 5.
    public static func restore(_ number: Int, in ledger: TestLedger) async throws {
        try await ledger.tamper(script(restoring: number))
    }

    public static func restore(_ number: Int, in ledger: AccessLedger) async throws {
        try await ledger.run(script(restoring: number), as: .owner)
    }

    private static func script(restoring number: Int) -> String {
        let later = steps.drop { $0.number <= number }.reversed().map(\.undo)
        return later.joined(separator: "\n") + "DELETE FROM bursar.migrations WHERE number > \(number);"
    }

    private static let steps: [(number: Int, undo: String)] = [
        (
            2,
            """
            DROP INDEX bursar.accounts_name_idx, bursar.accounts_status_code_idx, bursar.accounts_status_name_idx,
                bursar.account_records_changes_idx, bursar.accounts_words_idx;
            """
        ),
        (
            3,
            """
            ALTER TABLE bursar.journal DROP COLUMN db_user, DROP COLUMN address, DROP COLUMN program;
            ALTER TABLE bursar.account_records DROP COLUMN db_user, DROP COLUMN address, DROP COLUMN program;
            """
        ),
        (4, "ALTER TABLE bursar.accounts DROP COLUMN booked_at, DROP COLUMN booked_seq;"),
        (
            5,
            """
            ALTER TABLE bursar.accounts DROP COLUMN magnitude, DROP COLUMN listed_seq, ADD COLUMN booked_seq bigint,
                ALTER COLUMN booked_at DROP NOT NULL;
            """
        ),
        (
            6,
            """
            ALTER TABLE bursar.accounts
                ALTER COLUMN code TYPE text, ALTER COLUMN currency TYPE text, ALTER COLUMN class TYPE text,
                ALTER COLUMN status TYPE text, ALTER COLUMN debits TYPE bigint, ALTER COLUMN credits TYPE bigint,
                ALTER COLUMN held TYPE bigint, ALTER COLUMN version TYPE bigint, ALTER COLUMN head TYPE bytea,
                ADD CONSTRAINT accounts_code_check CHECK (length(code) BETWEEN 1 AND 64),
                ADD CONSTRAINT accounts_currency_check CHECK (length(currency) = 3),
                ADD CONSTRAINT accounts_class_check
                    CHECK (class IN ('asset', 'liability', 'equity', 'income', 'expense')),
                ADD CONSTRAINT accounts_status_check
                    CHECK (status IN ('open', 'debit-frozen', 'credit-frozen', 'frozen', 'closed')),
                ADD CONSTRAINT accounts_totals_check CHECK (debits >= 0 AND credits >= 0 AND held >= 0),
                ADD CONSTRAINT accounts_version_check CHECK (version >= 1),
                ADD CONSTRAINT accounts_head_check CHECK (length(head) = 32);
            ALTER TABLE bursar.journal ALTER COLUMN kind TYPE text,
                ADD CONSTRAINT journal_kind_check CHECK (kind IN
                    ('deposit', 'withdrawal', 'transfer', 'adjustment', 'journal-entry', 'reversal'));
            ALTER TABLE bursar.account_records DROP CONSTRAINT account_records_content_check,
                ALTER COLUMN seq TYPE bigint, ALTER COLUMN kind TYPE text, ALTER COLUMN side TYPE text,
                ALTER COLUMN amount TYPE bigint, ALTER COLUMN hash TYPE bytea,
                ADD CONSTRAINT account_records_seq_check CHECK (seq >= 1),
                ADD CONSTRAINT account_records_kind_check CHECK (kind IN
                    ('entry', 'opened', 'renamed', 'status', 'minimum', 'hold', 'capture', 'release')),
                ADD CONSTRAINT account_records_side_check CHECK (side IN ('debit', 'credit')),
                ADD CONSTRAINT account_records_amount_check CHECK (amount > 0),
                ADD CONSTRAINT account_records_entry_check CHECK (kind <> 'entry' OR
                    (transaction_id IS NOT NULL AND side IS NOT NULL AND amount IS NOT NULL)),
                ADD CONSTRAINT account_records_change_check CHECK
                    (kind NOT IN ('opened', 'renamed', 'status', 'minimum')
                    OR (reference IS NOT NULL AND fingerprint IS NOT NULL AND actor IS NOT NULL)),
                ADD CONSTRAINT account_records_hash_check CHECK (length(hash) = 32);
            DROP DOMAIN bursar.account_code, bursar.currency_code, bursar.account_class, bursar.account_status,
                bursar.total, bursar.record_number, bursar.record_kind, bursar.transaction_kind, bursar.side,
                bursar.amount, bursar.hash;
            """
        ),
    ]
}
