import Ledger
import Postgres

/// A column of the rows that a statement writes: its name and type there, and its value.
struct PostingColumn<Row>: Sendable {
    let name: String
    let type: String
    fileprivate let addArray: @Sendable ([Row], inout Parameters) -> Void
    fileprivate let addValue: @Sendable (Row, inout Parameters) -> Void

    init<Value: PostgresValue>(_ name: String, _ type: String, _ value: @escaping @Sendable (Row) -> Value) {
        self.name = name
        self.type = type
        addArray = { $1.appendArray($0, value) }
        addValue = { $1.append(value($0)) }
    }

    init<Value: PostgresValue>(
        _ name: String, _ type: String, optional value: @escaping @Sendable (Row) -> Value?
    ) {
        self.name = name
        self.type = type
        addArray = { $1.appendArray($0, optional: value) }
        addValue = { $1.append(optional: value($0)) }
    }
}

/// Numbers parameters in the order in which a statement names them.
struct ParameterNumbers {
    private var last = 0

    /// The next one, as it stands in the statement.
    mutating func next(_ type: String) -> String {
        last += 1
        return "$\(last)::\(type)"
    }
}

/// The rows that a statement writes to a table; the first column is their key.
struct PostingRows<Row>: Sendable {
    let columns: [PostingColumn<Row>]

    /// What stands behind FROM, and the array of the keys.
    /// - Parameter rows: how many there are where each value is a parameter.
    func source(
        _ alias: String, _ form: PostingStatements.Form, rows: Int = 0, _ numbers: inout ParameterNumbers
    ) -> (sql: String, keys: String) {
        let names = columns.map(\.name)
        if form == .one {
            let values = (0..<rows).map { _ in columns.map { numbers.next($0.type) } }
            let lines = values.map { "(\($0.joined(separator: ", ")))" }
            return (
                "(VALUES \(lines.joined(separator: ", "))) AS \(alias) (\(names.joined(separator: ", ")))",
                "ARRAY[\(values.map { $0[0] }.joined(separator: ", "))]"
            )
        }
        let arrays = columns.map { numbers.next("\($0.type)[]") }
        if form == .many {
            return (
                "unnest(\(arrays.joined(separator: ", "))) AS \(alias) (\(names.joined(separator: ", ")))",
                arrays[0]
            )
        }
        let others = zip(arrays, names).dropFirst().map { "(\($0))[k.place] AS \($1)" }
        return (
            """
            (SELECT k.\(names[0]), \(others.joined(separator: ", "))
            FROM unnest(\(arrays[0])) WITH ORDINALITY AS k (\(names[0]), place)) AS \(alias)
            """, arrays[0]
        )
    }

    /// In the order in which ``source(_:_:rows:_:)`` has numbered them.
    func add(_ rows: [Row], _ form: PostingStatements.Form, to parameters: inout Parameters) {
        if form == .one {
            for row in rows { for column in columns { column.addValue(row, &parameters) } }
        } else {
            for column in columns { column.addArray(rows, &parameters) }
        }
    }
}

extension JournalTransaction {
    static let columns = PostingRows<JournalTransaction>(columns: [
        PostingColumn("id", "uuid") { $0.id },
        PostingColumn("reference", "text") { $0.reference.text },
        PostingColumn("fingerprint", "bytea") { $0.fingerprint },
        PostingColumn("kind", "text") { $0.kind.rawValue },
        PostingColumn("narrative", "text") { $0.narrative },
        PostingColumn("reason_code", "text", optional: { $0.reasonCode }),
        PostingColumn("reason", "text", optional: { $0.reason }),
        PostingColumn("actor", "text") { $0.actor },
        PostingColumn("booked_at", "timestamptz") { $0.bookedAt },
        PostingColumn("value_date", "date") { $0.valueDate },
    ])

    static let reversal = PostingRows(
        columns: columns.columns + [PostingColumn("reverses", "uuid", optional: { $0.reverses })])
}

extension AccountRecord {
    private static let totals = [
        PostingColumn<Self>("account_id", "uuid") { $0.accountID },
        PostingColumn("seq", "bigint") { $0.seq },
        PostingColumn("debits", "bigint") { $0.debits },
        PostingColumn("credits", "bigint") { $0.credits },
        PostingColumn("held", "bigint") { $0.held },
        PostingColumn("booked_at", "timestamptz") { $0.bookedAt },
        PostingColumn("hash", "bytea") { $0.hash },
    ]

    static let entry = PostingRows(
        columns: totals + [
            PostingColumn("transaction_id", "uuid", optional: { $0.entry?.transaction }),
            PostingColumn("side", "text", optional: { $0.entry?.side.rawValue }),
            PostingColumn("amount", "bigint", optional: { $0.entry?.amount }),
        ])

    static let change = PostingRows(
        columns: totals + [
            PostingColumn("kind", "text") { $0.kindName },
            PostingColumn("name", "text", optional: { $0.change?.kind.name }),
            PostingColumn("status", "text", optional: { $0.change?.kind.status?.rawValue }),
            PostingColumn("minimum", "bigint", optional: { $0.change?.kind.minimum }),
            PostingColumn("reference", "text", optional: { $0.change?.reference.text }),
            PostingColumn("fingerprint", "bytea", optional: { $0.change?.fingerprint }),
            PostingColumn("actor", "text", optional: { $0.change?.actor }),
            PostingColumn("reason", "text", optional: { $0.change?.reason }),
        ])

    private var entry: (transaction: Identifier, side: Side, amount: Int64)? {
        if case .entry(let transaction, let side, let amount) = content {
            (transaction, side, amount)
        } else {
            nil
        }
    }

    private var change: Change? { if case .change(let change) = content { change } else { nil } }
}

/// One account from the version that the first decision of a batch saw to where the last one left it.
struct AccountMove {
    private let seen: Int64
    private let seenHead: Digest
    private var after: Account
    /// When its last record was booked.
    private var bookedAt: Timestamp

    private static let identity = PostingColumn<Self>("id", "uuid") { $0.after.id }
    private static let start = [
        PostingColumn<Self>("seen", "bigint") { $0.seen },
        PostingColumn("seen_head", "bytea") { $0.seenHead },
    ]
    private static let end = [
        PostingColumn<Self>("version", "bigint") { $0.after.version },
        PostingColumn("head", "bytea") { $0.after.head },
        PostingColumn("booked_at", "timestamptz") { $0.bookedAt },
    ]
    private static let changeable = [
        PostingColumn<Self>("name", "text") { $0.after.name },
        PostingColumn("status", "text") { $0.after.status.rawValue },
        PostingColumn("minimum", "bigint", optional: { $0.after.minimum }),
    ]

    /// What entries change.
    static let totals = PostingRows(
        columns: [identity] + start + end + [
            PostingColumn("debits", "bigint") { $0.after.debits },
            PostingColumn("credits", "bigint") { $0.after.credits },
            PostingColumn("magnitude", "bigint") { Int64(Magnitude.of($0.after.ledger)) },
        ])

    /// What account changes change.
    static let settings = PostingRows(columns: [identity] + start + end + changeable)

    static let opening = PostingRows(
        columns: [identity] + end + changeable + [
            PostingColumn("code", "text") { $0.after.code.text },
            PostingColumn("currency", "text") { $0.after.currency.code },
            PostingColumn("class", "text") { $0.after.accountClass.rawValue },
        ])

    /// Ordered by id, so that two statements lock their rows in the same order and cannot deadlock.
    static func merged(_ decisions: [Decision]) -> [AccountMove] {
        var moves: [AccountMove] = []
        var places: [Identifier: Int] = [:]
        for decision in decisions {
            let bookedAt = decision.receipt.bookedAt
            for step in decision.transitions.indices {
                let id = decision.transitions[step].after.id
                if let place = places[id] {
                    moves[place].goOn(to: decision.transitions[step].after, bookedAt: bookedAt)
                } else {
                    places[id] = moves.count
                    moves.append(AccountMove(decision.transitions[step], bookedAt: bookedAt))
                }
            }
        }
        return moves.sorted { $0.after.id < $1.after.id }
    }

    private init(_ transition: Decision.Transition, bookedAt: Timestamp) {
        seen = transition.before?.version ?? 0
        seenHead = transition.before?.head ?? .zero
        after = transition.after
        self.bookedAt = bookedAt
    }

    private mutating func goOn(to account: Account, bookedAt time: Timestamp) {
        after = account
        bookedAt = time
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
