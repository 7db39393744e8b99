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
    /// How rows come to the server. Unnesting has a price for each array, whatever is in it, which is most of what a small
    /// group pays for its parameters (config/speed.md, "The forms of the statement").
    enum Form: Int, CaseIterable {
        /// The rows of one transaction between two accounts, each value a parameter of its own.
        case one
        /// A few rows, in arrays whose elements are looked up by their place: of texts the server counts from the first
        /// one on each time.
        case few
        /// Any number of rows, in arrays that are unnested.
        case many

        /// The most records that go as `few`: from 128 on unnesting is no slower.
        static let mostOfFew = 64
    }

    /// - Parameter reversing: whether `journal.reverses` is named, which supervisors alone are granted to write.
    static func entries(_ form: Form, reversing: Bool) -> Statement {
        (reversing ? reversals : entries)[form.rawValue]
    }

    private static let entries = Form.allCases.map { make($0, reversing: false) }
    private static let reversals = Form.allCases.map { make($0, reversing: true) }

    private static func make(_ form: Form, reversing: Bool) -> Statement {
        let name = reversing ? "post_reversals" : "post_entries"
        return Statement(
            name: form == .few ? name : "\(name)_\(form)", sql: sql(form, reversing: reversing))
    }

    /// `id = ANY` makes the index the only way to the accounts, whichever side of the join comes first.
    private static func sql(_ form: Form, reversing: Bool) -> String {
        var numbers = ParameterNumbers()
        let moves = AccountMove.totals.source("t", form, rows: 2, &numbers)
        let transactions = (reversing ? JournalTransaction.reversal : JournalTransaction.columns)
            .source("j", form, rows: 1, &numbers)
        let records = AccountRecord.entry.source("r", form, rows: 2, &numbers)
        let program = numbers.next("text")
        return """
            WITH moved AS (
                UPDATE bursar.accounts AS a
                SET debits = t.debits, credits = t.credits, version = t.version, head = t.head,
                    booked_at = t.booked_at, listed_seq = t.version,
                    magnitude = CASE WHEN abs(t.magnitude - a.magnitude) > \(Magnitude.tolerance) THEN t.magnitude
                        ELSE a.magnitude END
                FROM \(moves.sql)
                WHERE a.id = ANY (\(moves.keys)) AND a.id = t.id AND \(isUnmoved)
                RETURNING a.id
            ), posted AS (
                INSERT INTO bursar.journal (id, reference, fingerprint, kind, narrative, reason_code, reason,
                    actor, booked_at, value_date, program\(reversing ? ", reverses" : ""))
                SELECT CASE WHEN \(isSameOrigin(&numbers)) THEN j.id END, j.reference, j.fingerprint, j.kind,
                    j.narrative, j.reason_code, j.reason, j.actor, j.booked_at, j.value_date, \(program)
                    \(reversing ? ", j.reverses" : "")
                FROM \(transactions.sql)
            )
            INSERT INTO bursar.account_records (account_id, seq, kind, transaction_id, side, amount, debits,
                credits, held, booked_at, hash)
            SELECT r.account_id, CASE WHEN m.id IS NOT NULL THEN r.seq END, \(ifSerializable("'entry'")),
                r.transaction_id, r.side, r.amount, r.debits, r.credits, r.held, r.booked_at, r.hash
            FROM \(records.sql)
            LEFT JOIN moved AS m ON m.id = r.account_id
            """
    }

    static let changeAccounts: Statement = {
        var numbers = ParameterNumbers()
        let moves = AccountMove.settings.source("t", .many, &numbers)
        let records = AccountRecord.change.source("r", .many, &numbers)
        let program = numbers.next("text")
        return Statement(
            name: "change_accounts",
            sql: """
                WITH moved AS (
                    UPDATE bursar.accounts AS a
                    SET name = t.name, status = t.status, minimum = t.minimum, version = t.version, head = t.head,
                        booked_at = t.booked_at, listed_seq = t.version
                    FROM \(moves.sql)
                    WHERE a.id = ANY (\(moves.keys)) AND a.id = t.id AND \(isUnmoved)
                    RETURNING a.id
                )
                INSERT INTO bursar.account_records (account_id, seq, \(changeColumns), program)
                SELECT CASE WHEN \(isSameOrigin(&numbers)) THEN r.account_id END,
                    CASE WHEN m.id IS NOT NULL THEN r.seq END, \(changeValues), \(program)
                FROM \(records.sql)
                LEFT JOIN moved AS m ON m.id = r.account_id
                """)
    }()

    static let openAccounts: Statement = {
        var numbers = ParameterNumbers()
        let moves = AccountMove.opening.source("t", .many, &numbers)
        let records = AccountRecord.change.source("r", .many, &numbers)
        let program = numbers.next("text")
        return Statement(
            name: "open_accounts",
            sql: """
                WITH opened AS (
                    INSERT INTO bursar.accounts (id, code, name, currency, class, status, minimum, debits, credits,
                        held, version, head, booked_at, magnitude, listed_seq)
                    SELECT t.id, t.code, t.name, t.currency, t.class, t.status, t.minimum, 0, 0, 0, t.version,
                        t.head, t.booked_at, 0, t.version
                    FROM \(moves.sql)
                )
                INSERT INTO bursar.account_records (account_id, seq, \(changeColumns), program)
                SELECT CASE WHEN \(isSameOrigin(&numbers)) THEN r.account_id END, r.seq, \(changeValues), \(program)
                FROM \(records.sql)
                """)
    }()

    /// All of them, with what each writes.
    static let all: [(statement: Statement, kind: WriteKind)] =
        Form.allCases.map { (entries($0, reversing: false), .entries) }
        + Form.allCases.map { (entries($0, reversing: true), .reversals) }
        + [(changeAccounts, .changes), (openAccounts, .openings)]

    /// Whether the account is where it was decided from. The number alone does not say so: after a restore, or a fail-over
    /// that lost something, another record may have it. The hash of the last record stands for the whole history.
    private static let isUnmoved = "a.version = t.seen AND a.head = t.seen_head"

    /// Whether the session is the one that the hashes speak of. User and address are written by the database, and
    /// where they are others than those that were hashed (the user was renamed, the server was failed over to), a
    /// NULL goes where an id should be, and nothing is written.
    private static func isSameOrigin(_ numbers: inout ParameterNumbers) -> String {
        "\(numbers.next("text")) = \(SessionOrigin.userSQL) AND \(numbers.next("text")) = \(SessionOrigin.addressSQL)"
    }

    /// The server asks itself once for each statement, not for each row.
    private static func ifSerializable(_ value: String) -> String {
        "CASE WHEN (SELECT current_setting('transaction_isolation')) = 'serializable' THEN \(value) END"
    }

    private static let changeNames = AccountRecord.change.columns.map(\.name)
        .filter { $0 != "account_id" && $0 != "seq" }
    private static let changeColumns = changeNames.joined(separator: ", ")
    private static let changeValues =
        changeNames.map { $0 == "kind" ? ifSerializable("r.kind") : "r.\($0)" }.joined(separator: ", ")
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
        // All of them were decided from one view, which has one origin.
        let origin = decisions.first?.transaction?.origin ?? records.first?.origin
        let statement: Statement
        // One transfer has 54 with 1,000 bytes; each of more takes less.
        var parameters = Parameters(count: 64, capacity: decisions.count * 1_024)
        switch kind {
        case .entries, .reversals:
            let transactions = decisions.compactMap(\.transaction)
            let form = PostingStatements.Form(
                moves: moves.count, transactions: transactions.count, records: records.count)
            let columns = kind == .reversals ? JournalTransaction.reversal : JournalTransaction.columns
            statement = PostingStatements.entries(form, reversing: kind == .reversals)
            AccountMove.totals.add(moves, form, to: &parameters)
            columns.add(transactions, form, to: &parameters)
            AccountRecord.entry.add(records, form, to: &parameters)
        case .changes:
            statement = PostingStatements.changeAccounts
            AccountMove.settings.add(moves, .many, to: &parameters)
            AccountRecord.change.add(records, .many, to: &parameters)
        case .openings:
            statement = PostingStatements.openAccounts
            AccountMove.opening.add(moves, .many, to: &parameters)
            AccountRecord.change.add(records, .many, to: &parameters)
        }
        // Without an origin nothing is written: no user has an empty name.
        parameters.append(origin?.program ?? "")
        parameters.append(origin?.databaseUser ?? "")
        parameters.append(origin?.address ?? "")
        self.init(statement, parameters)
    }
}

extension PostingStatements.Form {
    fileprivate init(moves: Int, transactions: Int, records: Int) {
        if moves == 2, transactions == 1, records == 2 {
            self = .one
        } else {
            self = max(records, transactions) <= Self.mostOfFew ? .few : .many
        }
    }
}
