import Ledger

/// The ledger's things as JSON. Field names and their order are fixed: scripts depend on them; more may be added
/// at the end. Amounts are strings, since many readers of JSON make binary floating point of numbers.
extension JSONValue {
    /// An account as it stands.
    public static func account(_ account: Account) -> JSONValue {
        let minimum = account.minimum.map { Money(units: $0, currency: account.currency) }
        return .object([
            ("account", .string(account.code.text)), ("name", .string(account.name)),
            ("currency", .string(account.currency.code)), ("class", .string(account.accountClass.rawValue)),
            ("status", .string(account.status.rawValue)), ("ledger", .string(account.ledger.description)),
            ("available", .string(account.available.description)),
            ("held", .string(Money(units: account.held, currency: account.currency).description)),
            ("minimum", .optional(minimum?.description)), ("version", .integer(account.version)),
        ])
    }

    /// One record of an account's history. `side` and `amount` are null for an account change; `name`, `status`
    /// and `minimum` are there where the change sets them.
    public static func record(_ line: HistoryLine, account: Account) -> JSONValue {
        let record = line.record
        let balances = Receipt.Line(record, account: account)
        let facts = RecordFacts(line, currency: account.currency)
        var members: [(String, JSONValue)] = [
            ("account", .string(account.code.text)), ("seq", .integer(record.seq)),
            ("kind", .string(record.kindName)), ("side", .optional(balances.side?.rawValue)),
            ("amount", .optional(balances.amount?.description)),
            ("ledger", .string(balances.ledger.description)), ("reference", .optional(line.reference?.text)),
            ("actor", .string(line.actor)), ("booked_at", .string(record.bookedAt.description)),
            ("value_date", .string(line.valueDate.description)), ("narrative", .string(facts.narrative)),
            ("currency", .string(account.currency.code)),
            ("available", .string(balances.available.description)),
            ("transaction", .optional(facts.transaction)),
            ("transaction_kind", .optional(facts.transactionKind)),
            ("reason_code", .optional(facts.reasonCode)), ("reason", .optional(facts.reason)),
        ]
        if let name = facts.name { members.append(("name", .string(name))) }
        if let status = facts.status { members.append(("status", .string(status))) }
        if facts.setsMinimum { members.append(("minimum", .optional(facts.minimum))) }
        return .object(members + Self.members(of: facts.origin))
    }

    /// One line of a receipt: an entry, or the record of an account change, which has no side and no amount.
    public static func receiptLine(_ line: Receipt.Line) -> JSONValue {
        .object([
            ("account", .string(line.account.text)), ("side", .optional(line.side?.rawValue)),
            ("amount", .optional(line.amount?.description)), ("currency", .string(line.ledger.currency.code)),
            ("seq", .integer(line.seq)), ("ledger", .string(line.ledger.description)),
            ("available", .string(line.available.description)),
        ])
    }

    /// An operation on the books, with what it did: the answer to “did it land?”.
    /// - Parameter origin: who wrote it and from where, where that was asked for.
    public static func receipt(_ receipt: Receipt, origin: Origin? = nil) -> JSONValue {
        .object(
            [

                ("outcome", .string("posted")), ("reference", .string(receipt.reference.text)),
                ("transaction", .optional(receipt.transaction?.description)), ("kind", .string(receipt.kind)),
                ("entries", .array(receipt.lines.map(receiptLine))),
                ("booked_at", .string(receipt.bookedAt.description)),
            ] + members(of: origin))
    }

    /// Who wrote it and from where; nothing where it was written before the ledger kept it.
    private static func members(of origin: Origin?) -> [(String, JSONValue)] {
        guard let origin else { return [] }
        return [
            ("database_user", .string(origin.databaseUser)), ("address", .string(origin.address)),
            ("program", .optional(origin.program)),
        ]
    }

    /// A transaction on the books: its head, its entries, and how much of it has been reversed. `reversed` is
    /// null where the entries are in several currencies; such a transaction is reversed as a whole or not at
    /// all, and `fully_reversed` says which.
    public static func transaction(_ transaction: PostedTransaction) -> JSONValue {
        let head = transaction.head
        let currencies = Set(transaction.entries.map(\.currency))
        let reversed = currencies.count == 1 ? currencies.first : nil
        return .object(
            [
                ("outcome", .string("posted")), ("reference", .string(head.reference.text)),
                ("transaction", .string(head.id.description)), ("kind", .string(head.kind.rawValue)),
                ("entries", .array(transaction.receipt.lines.map(receiptLine))),
                ("actor", .string(head.actor)), ("booked_at", .string(head.bookedAt.description)),
                ("value_date", .string(head.valueDate.description)), ("narrative", .string(head.narrative)),
                ("reason_code", .optional(head.reasonCode)), ("reason", .optional(head.reason)),
                ("reverses", .optional(head.reverses?.description)),
                (
                    "reversed",
                    .optional(
                        reversed.map { Money(units: transaction.reversedUnits, currency: $0).description })
                ),
                ("fully_reversed", .bool(transaction.reversedUnits > 0 && transaction.leftUnits <= 0)),
            ] + members(of: head.origin))
    }

    /// The facts behind a refusal, as an object of texts.
    public static func facts(_ refusal: Refusal) -> JSONValue {
        .object(refusal.facts.map { ($0.name, .string($0.value)) })
    }
}

/// What a record says beyond its amount, from the record or from its transaction, as plain text.
struct RecordFacts {
    private(set) var narrative = ""
    private(set) var transaction: String?
    private(set) var transactionKind: String?
    private(set) var reasonCode: String?
    private(set) var reason: String?
    private(set) var name: String?
    private(set) var status: String?
    /// Whether the record sets a minimum; ``minimum`` nil then means unlimited.
    private(set) var setsMinimum = false
    private(set) var minimum: String?
    /// Of an entry, with the program that its transaction names.
    private(set) var origin: Origin?

    init(_ line: HistoryLine, currency: Currency) {
        origin = line.transaction?.origin ?? line.record.origin
        if let head = line.transaction {
            narrative = head.narrative
            transactionKind = head.kind.rawValue
            reasonCode = head.reasonCode
            reason = head.reason
        }
        switch line.record.content {
        case .entry(let id, _, _): transaction = id.description
        case .change(let change):
            reason = change.reason
            switch change.kind {
            case .opened(let name, let minimum):
                self.name = name
                set(minimum: minimum, currency)
            case .renamed(let name): self.name = name
            case .status(let status): self.status = status.rawValue
            case .minimum(let minimum): set(minimum: minimum, currency)
            }
        }
    }

    private mutating func set(minimum units: Int64?, _ currency: Currency) {
        setsMinimum = true
        minimum = units.map { Money(units: $0, currency: currency).description }
    }
}
