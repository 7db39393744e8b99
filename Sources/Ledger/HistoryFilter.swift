/// Which records of an account's history to list.
///
/// Written as terms: a plain word is found anywhere in reference, remark or actor, in either case;
/// `kind:deposit` compares the kind of the transaction or of the change (`opened`, `renamed`, `status`,
/// `minimum`), `side:debit` the side of an entry, `amount>100` its amount; `ref:abc` is what the reference begins
/// with, `by:alice` what the actor begins with; `date:`, `from:` and `to:` are as in ``BookingDays``.
public struct HistoryFilter: TermFilter {
    public var words: [String] = []
    /// One of ``kinds``.
    public var kind: String?
    public var side: Side?
    public var amounts: [AmountCondition] = []
    /// What the reference begins with, in the same case.
    public var referencePrefix: String?
    /// What the actor begins with, in either case.
    public var actorPrefix: String?
    public var days = BookingDays()
    public var problem: FilterProblem?

    public static let fields = ["kind:", "side:", "by:", "ref:", "amount<", "date:", "from:", "to:"]

    /// All kinds that a record can be asked for by.
    public static let kinds =
        TransactionKind.allCases.map(\.rawValue) + ["opened", "renamed", "status", "minimum"]

    public init() {}

    public func matches(_ line: HistoryLine, of account: Account) -> Bool {
        guard problem == nil, days.contains(line.record.bookedAt.date) else { return false }
        if let kind, kind != line.transaction?.kind.rawValue ?? line.record.kindName { return false }
        if side != nil || !amounts.isEmpty {
            guard case .entry(_, let entrySide, let amount) = line.record.content else { return false }
            if let side, side != entrySide { return false }
            let digits = account.currency.digits
            if !amounts.allSatisfy({ $0.holds(for: amount, digits: digits) }) { return false }
        }
        if let referencePrefix {
            guard let reference = line.reference?.text, reference.utf8.starts(with: referencePrefix.utf8)
            else {
                return false
            }
        }
        if let actorPrefix, !FilterWords.begins(line.actor, with: actorPrefix) { return false }
        return FilterWords.allFound(words, in: texts(of: line))
    }

    private func texts(of line: HistoryLine) -> [String] {
        if let head = line.transaction {
            return [
                head.reference.text, head.narrative, head.reasonCode ?? "", head.reason ?? "", head.actor,
            ]
        }
        return [line.reference?.text ?? "", line.remark, line.actor]
    }

    public mutating func take(_ field: FilterTerm.Field) throws(FilterProblem) -> Bool {
        if let condition = try AmountCondition(field, fields: [.amount]) {
            amounts.append(condition)
            return true
        }
        guard field.comparison == nil else { return false }
        switch field.name {
        case "kind": kind = try field.choice(among: Self.kinds)
        case "side": side = Side(rawValue: try field.choice(among: Side.allCases.map(\.rawValue)))
        case "ref": referencePrefix = try field.text("what the reference begins with")
        case "by": actorPrefix = try field.text("what the actor begins with")
        default: return try days.take(field)
        }
        return true
    }
}
