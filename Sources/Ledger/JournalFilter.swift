/// Which transactions to list. All parts must hold; an empty filter holds for every transaction.
///
/// Written as words: a plain word is found anywhere in reference, narrative, reason or actor, in either case;
/// `ref:abc` is what the reference begins with, `kind:transfer`, `by:alice` and `account:576` compare kind,
/// actor and the accounts of the entries, `amount>100` the sum of the debits in one of its currencies;
/// `date:2026-11-24`, `date:2026-11`, `from:2026-01-01` and `to:2026-02-01` are booking days in UTC, both ends
/// included. A word that only looks like one of these is a plain word.
public struct JournalFilter: Hashable, Sendable {
    public var words: [String] = []
    /// What the reference begins with, in the same case.
    public var referencePrefix: String?
    public var kind: TransactionKind?
    /// In either case.
    public var actor: String?
    public var account: AccountCode?
    public var amounts: [AmountCondition] = []
    /// The first and the last booking day.
    public var from: CalendarDate?
    public var to: CalendarDate?

    /// - Parameter text: what was typed; every text is a filter.
    public init(_ text: String = "") {
        for word in FilterWords.split(text) where !take(word) { words.append(FilterWords.plain(word)) }
    }

    /// Whether it holds for every transaction.
    public var isEmpty: Bool { self == JournalFilter() }

    public func matches(_ transaction: PostedTransaction) -> Bool {
        let head = transaction.head
        let day = head.bookedAt.date
        return (kind == nil || kind == head.kind)
            && (from.map { day >= $0 } ?? true) && (to.map { day <= $0 } ?? true)
            && (referencePrefix.map { head.reference.text.utf8.starts(with: $0.utf8) } ?? true)
            && (actor.map { FilterWords.equalIgnoringCase($0, head.actor) } ?? true)
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

    private mutating func take(_ word: Substring) -> Bool {
        if let condition = AmountCondition(word, fields: [.amount]) {
            amounts.append(condition)
            return true
        }
        guard let (field, value) = FilterWords.pair(word) else { return false }
        switch field {
        case "ref": referencePrefix = FilterWords.plain(value[...])
        case "by": actor = FilterWords.plain(value[...])
        case "account": account = AccountCode(stored: FilterWords.plain(value[...]))
        case "kind":
            guard let kind = TransactionKind(rawValue: value.lowercased()) else { return false }
            self.kind = kind
        case "date":
            guard let days = Self.days(value) else { return false }
            (from, to) = (days.lowerBound, days.upperBound)
        case "from":
            guard let days = Self.days(value) else { return false }
            from = days.lowerBound
        case "to":
            guard let days = Self.days(value) else { return false }
            to = days.upperBound
        default: return false
        }
        return true
    }

    /// The days of `YYYY-MM-DD` or of a whole month, `YYYY-MM`.
    private static func days(_ text: String) -> ClosedRange<CalendarDate>? {
        if let day = CalendarDate(text) { return day...day }
        guard let first = CalendarDate(text + "-01") else { return nil }
        for length in [31, 30, 29, 28] {
            let (year, month, _) = first.parts
            if let last = CalendarDate(year: year, month: month, day: length) { return first...last }
        }
        return nil
    }
}

/// Which records of an account's history to list. All parts must hold; an empty filter holds for every record.
///
/// Written as words: a plain word is found anywhere in reference, remark or actor, in either case;
/// `kind:deposit` compares the kind of the transaction or of the change (`opened`, `renamed`, `status`,
/// `minimum`), `side:debit` the side of an entry, `amount>100` its amount. A word that only looks like one of
/// these is a plain word.
public struct HistoryFilter: Hashable, Sendable {
    public var words: [String] = []
    /// One of ``kinds``.
    public var kind: String?
    public var side: Side?
    public var amounts: [AmountCondition] = []

    /// All kinds that a record can be asked for by.
    public static let kinds =
        TransactionKind.allCases.map(\.rawValue) + ["opened", "renamed", "status", "minimum"]

    /// - Parameter text: what was typed; every text is a filter.
    public init(_ text: String = "") {
        for word in FilterWords.split(text) where !take(word) { words.append(FilterWords.plain(word)) }
    }

    /// Whether it holds for every record.
    public var isEmpty: Bool { self == HistoryFilter() }

    public func matches(_ line: HistoryLine, of account: Account) -> Bool {
        if let kind, kind != line.transaction?.kind.rawValue ?? line.record.kindName { return false }
        if side != nil || !amounts.isEmpty {
            guard case .entry(_, let entrySide, let amount) = line.record.content else { return false }
            if let side, side != entrySide { return false }
            let digits = account.currency.digits
            if !amounts.allSatisfy({ $0.holds(for: amount, digits: digits) }) { return false }
        }
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

    private mutating func take(_ word: Substring) -> Bool {
        if let condition = AmountCondition(word, fields: [.amount]) {
            amounts.append(condition)
            return true
        }
        guard let (field, value) = FilterWords.pair(word) else { return false }
        switch field {
        case "kind" where Self.kinds.contains(value.lowercased()): kind = value.lowercased()
        case "side":
            guard let side = Side(rawValue: value.lowercased()) else { return false }
            self.side = side
        default: return false
        }
        return true
    }
}
