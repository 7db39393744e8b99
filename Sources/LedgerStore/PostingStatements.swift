import Ledger
import Postgres

/// The statements that write, one for each thing that is written. Each is all that its transaction writes, and mostly
/// the whole of it: one round trip, and a server that restarts transactions can do so without us.
///
/// The records are inserted from a LEFT JOIN to the accounts that were really moved. An account that has moved
/// on since it was read leaves a NULL where the record's number should be, and everything fails: nothing can be
/// written from a stale view, not even by a program with a bug.
///
/// In the same way a transaction that is not serializable leaves a NULL where the record's kind should be. The
/// program asks for the level by itself, but what stands between it and the server may have taken the request away.
enum PostingStatements {
    static let postEntries = Statement(name: "post_entries", sql: entries(reversing: false))

    /// The only statement that names `journal.reverses`, which supervisors alone are granted to write.
    static let postReversals = Statement(name: "post_reversals", sql: entries(reversing: true))

    /// `id = ANY` makes the index the only way to the accounts, whichever side of the join comes first.
    private static func entries(reversing: Bool) -> String {
        """
        WITH moved AS (
            UPDATE bursar.accounts AS a
            SET debits = t.debits, credits = t.credits, version = t.version, head = t.head,
                booked_at = t.booked_at, listed_seq = t.version,
                magnitude = CASE WHEN abs(t.magnitude - a.magnitude) > \(Magnitude.tolerance) THEN t.magnitude
                    ELSE a.magnitude END
            FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[],
                    $30::bytea[], $31::timestamptz[], $32::bigint[])
                AS t (id, seen, debits, credits, version, head, seen_head, booked_at, magnitude)
            WHERE a.id = ANY ($1::uuid[]) AND a.id = t.id AND \(isUnmoved)
            RETURNING a.id
        ), posted AS (
            INSERT INTO bursar.journal (id, reference, fingerprint, kind, narrative, reason_code, reason,
                actor, booked_at, value_date, program\(reversing ? ", reverses" : ""))
            SELECT CASE WHEN \(isSameOrigin(28)) THEN j.id END, j.reference, j.fingerprint, j.kind, j.narrative,
                j.reason_code, j.reason, j.actor, j.booked_at, j.value_date, $17::text
                \(reversing ? ", j.reverses" : "")
            FROM unnest($7::uuid[], $8::text[], $9::bytea[], $10::text[], $11::text[], $12::text[],
                    $13::text[], $14::text[], $15::timestamptz[], $16::date[]
                    \(reversing ? ", $33::uuid[]" : ""))
                AS j (id, reference, fingerprint, kind, narrative, reason_code, reason, actor, booked_at,
                    value_date\(reversing ? ", reverses" : ""))
        )
        INSERT INTO bursar.account_records (account_id, seq, kind, transaction_id, side, amount, debits,
            credits, held, booked_at, hash)
        SELECT r.account_id, CASE WHEN m.id IS NOT NULL THEN r.seq END, \(ifSerializable("'entry'")),
            r.transaction_id, r.side, r.amount, r.debits, r.credits, r.held, r.booked_at, r.hash
        FROM unnest($18::uuid[], $19::bigint[], $20::uuid[], $21::text[], $22::bigint[], $23::bigint[],
                $24::bigint[], $25::bigint[], $26::timestamptz[], $27::bytea[])
            AS r (account_id, seq, transaction_id, side, amount, debits, credits, held, booked_at, hash)
        LEFT JOIN moved AS m ON m.id = r.account_id
        """
    }

    static let changeAccounts = Statement(
        name: "change_accounts",
        sql: """
            WITH moved AS (
                UPDATE bursar.accounts AS a
                SET name = t.name, status = t.status, minimum = t.minimum, version = t.version, head = t.head,
                    booked_at = t.booked_at, listed_seq = t.version
                FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
                        $7::bytea[], $26::bytea[], $27::timestamptz[])
                    AS t (id, seen, name, status, minimum, version, head, seen_head, booked_at)
                WHERE a.id = ANY ($1::uuid[]) AND a.id = t.id AND \(isUnmoved)
                RETURNING a.id
            )
            INSERT INTO bursar.account_records (account_id, seq, \(changeColumns), program)
            SELECT CASE WHEN \(isSameOrigin(23)) THEN r.account_id END, CASE WHEN m.id IS NOT NULL THEN r.seq END,
                \(changeValues), $25::text
            FROM \(changeRows(from: 8))
            LEFT JOIN moved AS m ON m.id = r.account_id
            """)

    static let openAccounts = Statement(
        name: "open_accounts",
        sql: """
            WITH opened AS (
                INSERT INTO bursar.accounts (id, code, name, currency, class, status, minimum, debits, credits,
                    held, version, head, booked_at, magnitude, listed_seq)
                SELECT t.id, t.code, t.name, t.currency, t.class, t.status, t.minimum, 0, 0, 0, t.version, t.head,
                    t.booked_at, 0, t.version
                FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                        $7::bigint[], $8::bigint[], $9::bytea[], $28::timestamptz[])
                    AS t (id, code, name, currency, class, status, minimum, version, head, booked_at)
            )
            INSERT INTO bursar.account_records (account_id, seq, \(changeColumns), program)
            SELECT CASE WHEN \(isSameOrigin(25)) THEN r.account_id END, r.seq, \(changeValues), $27::text
            FROM \(changeRows(from: 10))
            """)

    /// Whether the account is where it was decided from. The number alone does not say so: after a restore, or a fail-over
    /// that lost something, another record may have it. The hash of the last record stands for the whole history.
    private static let isUnmoved = "a.version = t.seen AND a.head = t.seen_head"

    /// Whether the session is the one that the hashes speak of. User and address are written by the database, and
    /// where they are others than those that were hashed (the user was renamed, the server was failed over to), a
    /// NULL goes where an id should be, and nothing is written.
    private static func isSameOrigin(_ first: Int) -> String {
        "$\(first)::text = \(SessionOrigin.userSQL) AND $\(first + 1)::text = \(SessionOrigin.addressSQL)"
    }

    /// The server asks itself once for each statement, not for each row.
    private static func ifSerializable(_ value: String) -> String {
        "CASE WHEN (SELECT current_setting('transaction_isolation')) = 'serializable' THEN \(value) END"
    }

    private static let changeNames = [
        "kind", "debits", "credits", "held", "booked_at", "hash", "name", "status", "minimum", "reference",
        "fingerprint", "actor", "reason",
    ]

    private static let changeColumns = changeNames.joined(separator: ", ")
    private static let changeValues =
        changeNames.map { $0 == "kind" ? ifSerializable("r.kind") : "r.\($0)" }.joined(separator: ", ")

    /// The records of account changes as rows `r`, from fifteen parameters beginning at `first`.
    private static func changeRows(from first: Int) -> String {
        let types = [
            "uuid", "bigint", "text", "bigint", "bigint", "bigint", "timestamptz", "bytea", "text", "text",
            "bigint", "text", "bytea", "text", "text",
        ]
        let parameters = types.enumerated().map { "$\(first + $0.offset)::\($0.element)[]" }
        return "unnest(\(parameters.joined(separator: ", "))) AS r (account_id, seq, \(changeColumns))"
    }
}

/// What one statement can write together: only entries, only those of reversals, only changes of accounts, or only
/// openings. Each takes a right of its own.
public enum WriteKind: Sendable, Hashable {
    case entries, reversals, changes, openings

    /// Whether nothing but the rows of the accounts says that something may be written, so that who has locked them may
    /// decide to write from them alone. A reversal depends on those before it as well, which the version of an account
    /// that was read with them stands for.
    public var isDecidedFromAccounts: Bool { self == .entries || self == .changes }
}

extension Operation {
    public var writeKind: WriteKind {
        switch action {
        case .accountChange(_, .open, _): .openings
        case .accountChange: .changes
        case .reversal: .reversals
        default: .entries
        }
    }
}

/// Decisions as they are sent to the server.
public struct Writing: Sendable {
    let query: Query

    /// - Parameter decisions: of one kind, made one after the other.
    public init(_ decisions: [Decision], kind: WriteKind) { query = Query(writing: decisions, kind: kind) }
}

extension Query {
    fileprivate init(writing decisions: [Decision], kind: WriteKind) {
        let moves = AccountMove.merged(decisions)
        let records = decisions.flatMap(\.records)
        let transactions = decisions.compactMap(\.transaction)
        // All of them were decided from one view, which has one origin.
        let origin = transactions.first?.origin ?? records.first?.origin
        switch kind {
        case .entries, .reversals:
            let parameters =
                Self.totals(moves) + Self.journal(transactions) + [.value(origin?.program ?? "")]
                + Self.entries(records) + Self.user(origin)
                + [
                    .array(moves.map(\.seenHead)), .array(moves.map(\.bookedAt)),
                    .array(moves.map { Int64(Magnitude.of($0.after.ledger)) }),
                ]
            self =
                kind == .entries
                ? Query(PostingStatements.postEntries, parameters)
                : Query(
                    PostingStatements.postReversals,
                    parameters + [.optionalArray(transactions.map(\.reverses))])
        case .changes:
            self.init(
                PostingStatements.changeAccounts,
                [
                    .array(moves.map(\.after.id)), .array(moves.map(\.seen)), .array(moves.map(\.after.name)),
                    .array(moves.map(\.after.status.rawValue)), .optionalArray(moves.map(\.after.minimum)),
                    .array(moves.map(\.after.version)), .array(moves.map(\.after.head)),
                ] + Self.changes(records) + Self.user(origin)
                    + [
                        .value(origin?.program ?? ""), .array(moves.map(\.seenHead)),
                        .array(moves.map(\.bookedAt)),
                    ])
        case .openings:
            self.init(
                PostingStatements.openAccounts,
                [
                    .array(moves.map(\.after.id)), .array(moves.map(\.after.code.text)),
                    .array(moves.map(\.after.name)), .array(moves.map(\.after.currency.code)),
                    .array(moves.map(\.after.accountClass.rawValue)),
                    .array(moves.map(\.after.status.rawValue)), .optionalArray(moves.map(\.after.minimum)),
                    .array(moves.map(\.after.version)), .array(moves.map(\.after.head)),
                ] + Self.changes(records) + Self.user(origin)
                    + [.value(origin?.program ?? ""), .array(moves.map(\.bookedAt))])
        }
    }

    /// Without an origin nothing is written: no user has an empty name.
    private static func user(_ origin: Origin?) -> [Parameter] {
        [.value(origin?.databaseUser ?? ""), .value(origin?.address ?? "")]
    }

    private static func totals(_ moves: [AccountMove]) -> [Parameter] {
        [
            .array(moves.map(\.after.id)), .array(moves.map(\.seen)), .array(moves.map(\.after.debits)),
            .array(moves.map(\.after.credits)), .array(moves.map(\.after.version)),
            .array(moves.map(\.after.head)),
        ]
    }

    private static func journal(_ transactions: [JournalTransaction]) -> [Parameter] {
        [
            .array(transactions.map(\.id)), .array(transactions.map(\.reference.text)),
            .array(transactions.map(\.fingerprint)), .array(transactions.map(\.kind.rawValue)),
            .array(transactions.map(\.narrative)), .optionalArray(transactions.map(\.reasonCode)),
            .optionalArray(transactions.map(\.reason)), .array(transactions.map(\.actor)),
            .array(transactions.map(\.bookedAt)), .array(transactions.map(\.valueDate)),
        ]
    }

    private static func entries(_ records: [AccountRecord]) -> [Parameter] {
        var transactions: [Identifier] = []
        var sides: [String] = []
        var amounts: [Int64] = []
        for record in records {
            guard case .entry(let transaction, let side, let amount) = record.content else { continue }
            transactions.append(transaction)
            sides.append(side.rawValue)
            amounts.append(amount)
        }
        return [
            .array(records.map(\.accountID)), .array(records.map(\.seq)), .array(transactions), .array(sides),
            .array(amounts), .array(records.map(\.debits)), .array(records.map(\.credits)),
            .array(records.map(\.held)), .array(records.map(\.bookedAt)), .array(records.map(\.hash)),
        ]
    }

    private static func changes(_ records: [AccountRecord]) -> [Parameter] {
        let changes = records.compactMap { record in
            if case .change(let change) = record.content { change } else { nil }
        }
        return [
            .array(records.map(\.accountID)), .array(records.map(\.seq)), .array(records.map(\.kindName)),
            .array(records.map(\.debits)), .array(records.map(\.credits)), .array(records.map(\.held)),
            .array(records.map(\.bookedAt)), .array(records.map(\.hash)),
            .optionalArray(changes.map(\.kind.name)), .optionalArray(changes.map(\.kind.status?.rawValue)),
            .optionalArray(changes.map(\.kind.minimum)), .array(changes.map(\.reference.text)),
            .array(changes.map(\.fingerprint)), .array(changes.map(\.actor)), .array(changes.map(\.reason)),
        ]
    }
}

/// One account from the version that the first decision of a batch saw to where the last one left it.
private struct AccountMove {
    let seen: Int64
    let seenHead: Digest
    var after: Account
    /// When its last record was booked.
    var bookedAt: Timestamp

    private mutating func goOn(to account: Account, bookedAt time: Timestamp) {
        after = account
        bookedAt = time
    }

    /// Ordered by id, so that two statements lock their rows in the same order and cannot deadlock.
    static func merged(_ decisions: [Decision]) -> [AccountMove] {
        var moves: [Identifier: AccountMove] = [:]
        for decision in decisions {
            for transition in decision.transitions {
                let first = AccountMove(
                    seen: transition.before?.version ?? 0, seenHead: transition.before?.head ?? .zero,
                    after: transition.after, bookedAt: decision.receipt.bookedAt)
                moves[first.after.id, default: first].goOn(
                    to: transition.after, bookedAt: decision.receipt.bookedAt)
            }
        }
        return moves.values.sorted { $0.after.id < $1.after.id }
    }
}

extension AccountRecord.Change.Kind {
    /// What the record's `name`, `status` and `minimum` columns hold.
    fileprivate var name: String? {
        switch self {
        case .opened(let name, _), .renamed(let name): name
        case .status, .minimum: nil
        }
    }

    fileprivate var status: AccountStatus? {
        switch self {
        case .status(let status): status
        case .opened: .open
        case .renamed, .minimum: nil
        }
    }

    fileprivate var minimum: Int64? {
        switch self {
        case .opened(_, let minimum), .minimum(let minimum): minimum
        case .renamed, .status: nil
        }
    }
}
