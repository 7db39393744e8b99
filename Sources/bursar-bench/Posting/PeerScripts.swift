/// What pgbench runs for each transfer of a peer.
///
/// `run` and `n` make the references unique and lead them upwards, which is to the advantage of their index.
struct PeerScript {
    let contender: Contender
    let posting: PostingCase

    var text: String {
        switch contender {
        case .rowLocks: choice + Self.rowLocks(kind)
        case .orderedLocks: choice + Self.orderedLocks(kind)
        default:
            choice + """
                SELECT peer.transfer(:debit, :credit, :amount, \(Self.reference), '\(kind)', \(Self.narrative), \
                \(Self.actor));

                """
        }
    }

    private var kind: String { posting.traffic == .cash ? "deposit" : "transfer" }

    private var choice: String {
        let accounts = posting.accounts
        let pair = """
            \\set debit random(1, :among)
            \\set credit 1 + (:debit - 1 + random(1, :among - 1)) % :among

            """
        let chosen =
            switch posting.traffic {
            case .uniform: "\\set among \(accounts)\n" + pair
            case .skewed:
                """
                \\set among case when random(1, 100) <= 80 then \(PostingCase.hot(of: accounts)) else \(accounts) end

                """ + pair
            case .cash:
                """
                \\set debit \(accounts + 1)
                \\set credit random(1, \(accounts))

                """
            }
        return "\\set n :n + 1\n\\set amount random(1, \(Requests.largest))\n" + chosen
    }

    /// 36 characters, as Bursar's own.
    private static let reference =
        "'bench-' || (1000000000000 * :run + :n)::bigint || '-t' || 10000000000 + :client_id"
    private static let narrative = "'\(Requests.narrative)'"
    private static let actor = "'teller ' || :client_id"

    private static func rowLocks(_ kind: String) -> String {
        let state = """
            SELECT status = 'open' AND coalesce(credits - debits - held - :amount >= minimum, true) AS may, debits, \
            credits, held, version FROM peer.accounts WHERE id =
            """
        return """
            BEGIN ISOLATION LEVEL SERIALIZABLE;
            \(state) :debit FOR UPDATE \\gset debit_
            \(state) :credit FOR UPDATE \\gset credit_
            \\if :debit_may
            UPDATE peer.accounts SET debits = debits + :amount, version = version + 1 WHERE id = :debit;
            UPDATE peer.accounts SET credits = credits + :amount, version = version + 1 WHERE id = :credit;
            INSERT INTO peer.journal (reference, kind, narrative, actor) \
            VALUES (\(reference), '\(kind)', \(narrative), \(actor)) RETURNING id AS transaction \\gset
            INSERT INTO peer.entries (account_id, seq, transaction_id, side, amount, debits, credits, held) \
            VALUES (:debit, :debit_version::bigint + 1, :transaction, 'debit', :amount, \
            :debit_debits::bigint + :amount::bigint, \
            :debit_credits, :debit_held);
            INSERT INTO peer.entries (account_id, seq, transaction_id, side, amount, debits, credits, held) \
            VALUES (:credit, :credit_version::bigint + 1, :transaction, 'credit', :amount, :credit_debits, \
            :credit_credits::bigint + :amount::bigint, :credit_held);
            COMMIT;
            \\else
            ROLLBACK;
            \\endif

            """
    }

    /// The first answer is what a program would decide from; the constraints of the table hold the same rules.
    private static func orderedLocks(_ kind: String) -> String {
        """
        \\startpipeline
        BEGIN ISOLATION LEVEL SERIALIZABLE;
        SELECT id, status, minimum, debits, credits, held, version FROM peer.accounts \
        WHERE id IN (:debit, :credit) ORDER BY id FOR UPDATE;
        \\endpipeline
        \\startpipeline
        WITH moved AS (
            UPDATE peer.accounts SET debits = debits + CASE WHEN id = :debit THEN :amount ELSE 0 END, \
            credits = credits + CASE WHEN id = :credit THEN :amount ELSE 0 END, version = version + 1 \
            WHERE id IN (:debit, :credit) AND status = 'open' RETURNING id, version, debits, credits, held \
        ), posted AS ( \
            INSERT INTO peer.journal (reference, kind, narrative, actor) \
            VALUES (\(reference), '\(kind)', \(narrative), \(actor)) RETURNING id \
        ) \
        INSERT INTO peer.entries (account_id, seq, transaction_id, side, amount, debits, credits, held) \
        SELECT m.id, m.version, p.id, CASE WHEN m.id = :debit THEN 'debit' ELSE 'credit' END, :amount, m.debits, \
        m.credits, m.held FROM moved AS m, posted AS p;
        COMMIT;
        \\endpipeline

        """
    }
}
