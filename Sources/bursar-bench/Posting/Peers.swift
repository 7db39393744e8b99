/// The peers' tables: the same facts as Bursar's, without the chain of hashes and the request's fingerprint.
///
/// What is to their advantage is given to them: short numeric ids made by the server, no foreign keys (their checks
/// make serializable transactions conflict), and room in the pages of accounts for updates in place.
enum Peers {
    static func schema(accounts: Int, balance: Int64) -> String {
        """
        CREATE SCHEMA peer;
        \(tables);
        \(function);
        \(rows(accounts: accounts, balance: balance));
        """
    }

    private static let tables = """
        CREATE TABLE peer.accounts (
            id bigint PRIMARY KEY,
            code text NOT NULL UNIQUE CHECK (length(code) BETWEEN 1 AND 64),
            name text NOT NULL,
            currency text NOT NULL CHECK (length(currency) = 3),
            class text NOT NULL CHECK (class IN ('asset', 'liability', 'equity', 'income', 'expense')),
            status text NOT NULL CHECK (status IN ('open', 'debit-frozen', 'credit-frozen', 'frozen', 'closed')),
            minimum bigint,
            debits bigint NOT NULL,
            credits bigint NOT NULL,
            held bigint NOT NULL,
            version bigint NOT NULL,
            CHECK (debits >= 0 AND credits >= 0 AND held >= 0),
            CHECK (minimum IS NULL OR
                CASE WHEN class IN ('asset', 'expense') THEN debits - credits ELSE credits - debits END
                - held >= minimum)
        ) WITH (fillfactor = 20);

        CREATE TABLE peer.journal (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            reference text NOT NULL UNIQUE,
            kind text NOT NULL CHECK (kind IN
                ('deposit', 'withdrawal', 'transfer', 'adjustment', 'journal-entry', 'reversal')),
            narrative text NOT NULL,
            reason_code text,
            reason text,
            actor text NOT NULL,
            booked_at timestamptz NOT NULL DEFAULT now(),
            value_date date NOT NULL DEFAULT current_date,
            reverses bigint,
            db_user text DEFAULT session_user,
            address text DEFAULT host(inet_client_addr()),
            program text DEFAULT current_setting('application_name'),
            CHECK ((kind = 'reversal') = (reverses IS NOT NULL))
        );

        CREATE TABLE peer.entries (
            account_id bigint NOT NULL,
            seq bigint NOT NULL CHECK (seq >= 1),
            transaction_id bigint NOT NULL,
            side text NOT NULL CHECK (side IN ('debit', 'credit')),
            amount bigint NOT NULL CHECK (amount > 0),
            debits bigint NOT NULL,
            credits bigint NOT NULL,
            held bigint NOT NULL,
            booked_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (account_id, seq)
        );

        CREATE INDEX entries_transaction_idx ON peer.entries (transaction_id)
        """

    /// Answers the transaction's id, also when the reference is on the books already, and nothing for a refusal.
    private static let function = """
        CREATE FUNCTION peer.transfer(payer_id bigint, payee_id bigint, units bigint, own_reference text,
            own_kind text, own_narrative text, own_actor text)
        RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            low peer.accounts;
            high peer.accounts;
            payer peer.accounts;
            payee peer.accounts;
            posted bigint;
        BEGIN
            SELECT * INTO STRICT low FROM peer.accounts WHERE id = least(payer_id, payee_id) FOR UPDATE;
            SELECT * INTO STRICT high FROM peer.accounts WHERE id = greatest(payer_id, payee_id) FOR UPDATE;
            IF low.id = payer_id THEN
                payer := low;
                payee := high;
            ELSE
                payer := high;
                payee := low;
            END IF;
            IF payer.status NOT IN ('open', 'credit-frozen') OR payee.status NOT IN ('open', 'debit-frozen')
                OR payer.currency <> payee.currency
                OR payer.credits - payer.debits - payer.held - units < payer.minimum
            THEN
                RETURN NULL;
            END IF;
            INSERT INTO peer.journal (reference, kind, narrative, actor)
            VALUES (own_reference, own_kind, own_narrative, own_actor)
            ON CONFLICT (reference) DO NOTHING RETURNING id INTO posted;
            IF posted IS NULL THEN
                SELECT id INTO posted FROM peer.journal WHERE reference = own_reference;
                RETURN posted;
            END IF;
            UPDATE peer.accounts SET debits = debits + units, version = version + 1 WHERE id = payer_id;
            UPDATE peer.accounts SET credits = credits + units, version = version + 1 WHERE id = payee_id;
            INSERT INTO peer.entries (account_id, seq, transaction_id, side, amount, debits, credits, held)
            VALUES
                (payer_id, payer.version + 1, posted, 'debit', units, payer.debits + units, payer.credits,
                    payer.held),
                (payee_id, payee.version + 1, posted, 'credit', units, payee.debits, payee.credits + units,
                    payee.held);
            RETURN posted;
        END $$
        """

    /// Accounts 1 to `accounts`, each with a deposit, and the cash account behind them.
    private static func rows(accounts: Int, balance: Int64) -> String {
        """
        INSERT INTO peer.accounts (id, code, name, currency, class, status, minimum, debits, credits, held, version)
        SELECT i, 'a' || i, 'Account a' || i, 'EUR', 'liability', 'open', 0, 0, \(balance), 0, 1
        FROM generate_series(1, \(accounts)) AS i
        UNION ALL
        SELECT \(accounts + 1), 'cash-EUR', 'Cash EUR', 'EUR', 'asset', 'open', NULL,
            \(balance)::bigint * \(accounts), 0, 0, \(accounts);
        INSERT INTO peer.journal (reference, kind, narrative, actor)
        SELECT 'opening-' || i, 'deposit', 'opening balance', 'bench' FROM generate_series(1, \(accounts)) AS i;
        INSERT INTO peer.entries (account_id, seq, transaction_id, side, amount, debits, credits, held)
        SELECT i, 1, i, 'credit', \(balance), 0, \(balance), 0 FROM generate_series(1, \(accounts)) AS i
        UNION ALL
        SELECT \(accounts + 1), i, i, 'debit', \(balance), \(balance)::bigint * i, 0, 0
        FROM generate_series(1, \(accounts)) AS i
        """
    }
}
