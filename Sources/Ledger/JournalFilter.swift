/// Which transactions to list.
///
/// Written as terms: a plain word is found anywhere in reference, narrative, reason or actor, in either case;
/// `ref:abc` is what the reference begins with, `by:alice` what the actor begins with, `kind:transfer` and
/// `account:576` compare kind and the accounts of the entries, `amount>100` the sum of the debits in one of its
/// currencies; `date:`, `from:` and `to:` are as in ``BookingDays``.
public struct JournalFilter: TermFilter {
    public var words: [String] = []
    /// What the reference begins with, in the same case.
    public var referencePrefix: String?
    public var kind: TransactionKind?
    /// What the actor begins with, in either case.
    public var actorPrefix: String?
    public var account: AccountCode?
    public var amounts: [AmountCondition] = []
    public var days = BookingDays()
    public var problem: FilterProblem?

    public static let fields = ["kind:", "by:", "ref:", "account:", "amount<", "date:", "from:", "to:"]

    public init() {}

    public func matches(_ transaction: PostedTransaction) -> Bool {
        let head = transaction.head
        return problem == nil && (kind == nil || kind == head.kind) && days.contains(head.bookedAt.date)
            && (referencePrefix.map { head.reference.text.utf8.starts(with: $0.utf8) } ?? true)
            && (actorPrefix.map { FilterWords.begins(head.actor, with: $0) } ?? true)
            && (account.map { code in transaction.entries.contains { $0.account == code } } ?? true)
            && (amounts.isEmpty || hasAmount(transaction))
            && FilterWords.allFound(
                words,
                in: [
                    head.reference.text, head.narrative, head.reasonCode ?? "", head.reason ?? "", head.actor,
                ])
    }

    private func hasAmount(_ transaction: PostedTransaction) -> Bool {
        var sums: [Currency: Int64] = [:]
        for entry in transaction.entries where entry.side == .debit {
            sums[entry.currency] = (sums[entry.currency] ?? 0).addingSaturated(entry.amount)
        }
        return sums.contains { currency, units in
            amounts.allSatisfy { $0.holds(for: units, digits: currency.digits) }
        }
    }

    public mutating func take(_ field: FilterTerm.Field) throws(FilterProblem) -> Bool {
        if let condition = try AmountCondition(field, fields: [.amount]) {
            amounts.append(condition)
            return true
        }
        guard field.comparison == nil else { return false }
        switch field.name {
        case "ref": referencePrefix = try field.text("what the reference begins with")
        case "by": actorPrefix = try field.text("what the actor begins with")
        case "account": account = AccountCode(stored: try field.text("the code of an account"))
        case "kind":
            kind = TransactionKind(
                rawValue: try field.choice(among: TransactionKind.allCases.map(\.rawValue)))
        default: return try days.take(field)
        }
        return true
    }
}

/// The days of booking, in UTC, that a filter asks for.
///
/// Written as `date:2026-11-24` or `date:2026-11`, a whole month; `from:2026-01-01` and `to:2026-02-01`, where
/// months can stand too. Both ends are included.
public struct BookingDays: Hashable, Sendable {
    /// The first day; nil for all up to the last.
    public var from: CalendarDate?
    /// The last day; nil for all since the first.
    public var to: CalendarDate?

    public var isEmpty: Bool { from == nil && to == nil }

    func contains(_ day: CalendarDate) -> Bool {
        (from.map { day >= $0 } ?? true) && (to.map { day <= $0 } ?? true)
    }

    mutating func take(_ field: FilterTerm.Field) throws(FilterProblem) -> Bool {
        switch field.name {
        case "date":
            let days = try Self.days(field)
            (from, to) = (days.lowerBound, days.upperBound)
        case "from": from = try Self.days(field).lowerBound
        case "to": to = try Self.days(field).upperBound
        default: return false
        }
        return true
    }

    /// The days of `YYYY-MM-DD` or of a whole month, `YYYY-MM`.
    private static func days(_ field: FilterTerm.Field) throws(FilterProblem) -> ClosedRange<CalendarDate> {
        let text = try field.text("a day of booking, YYYY-MM-DD, or a month, YYYY-MM")
        if let day = CalendarDate(text) { return day...day }
        if let first = CalendarDate(text + "-01") {
            let (year, month, _) = first.parts
            for length in [31, 30, 29, 28] {
                if let last = CalendarDate(year: year, month: month, day: length) { return first...last }
            }
        }
        throw FilterProblem("\(quoted(field.text)): write a day as YYYY-MM-DD or a month as YYYY-MM")
    }
}
