/// A comparison of an amount, or of a count, with a number, such as `balance<0` or `amount>=100.50`, in whichever currency the
/// amount is.
public struct AmountCondition: Hashable, Sendable {
    /// What is compared.
    public enum Field: String, Sendable, CaseIterable {
        /// The ledger balance of an account.
        case balance
        /// The available balance of an account.
        case available
        /// The amount of an entry, or the sum of a transaction's debits.
        case amount
        /// How many conflicts an operation had: a number without decimals.
        case conflicts
    }

    public enum Comparison: String, Sendable, CaseIterable {
        case less = "<"
        case lessOrEqual = "<="
        case equal = "="
        case greaterOrEqual = ">="
        case greater = ">"
    }

    public let field: Field
    public let comparison: Comparison
    public let amount: DecimalAmount

    public init(field: Field, comparison: Comparison, amount: DecimalAmount) {
        self.field = field
        self.comparison = comparison
        self.amount = amount
    }

    /// Reads a term such as `balance<0` or `balance<-1,000,000`; nil when the field is none of `fields`.
    public init?(_ term: FilterTerm.Field, fields: Set<Field>) throws(FilterProblem) {
        guard let field = Field(rawValue: term.name), fields.contains(field) else { return nil }
        let (what, example) = field == .conflicts ? ("a number", "2") : ("an amount", "100 or -1,000.50")
        guard let comparison = term.comparison else {
            throw FilterProblem("\(quoted(term.text)): write <, <=, =, >= or > and \(what) after \(field)")
        }
        if term.value.isEmpty { throw FilterProblem("\(term.text) \(what), such as \(example)") }
        do throws(Refusal) {
            let amount = try DecimalAmount(Self.ungrouped(term.value))
            self.init(field: field, comparison: comparison, amount: amount)
        } catch .amountOverflow {
            throw FilterProblem("\(quoted(term.text)): that is more than the ledger can hold")
        } catch {
            throw FilterProblem("\(quoted(term.text)): \(quoted(term.value)) is not \(what)")
        }
    }

    /// The number without the commas of its thousands, where they stand as screens print them; else as it is.
    private static func ungrouped(_ text: String) -> String {
        let number = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let groups = number.prefix { $0 != "." }.split(separator: ",", omittingEmptySubsequences: false)
        guard groups.count > 1, (1...3).contains(groups[0].utf8.count),
            groups.dropFirst().allSatisfy({ $0.utf8.count == 3 })
        else { return text }
        return text.prefix(text.count - number.count) + groups.joined() + number.drop { $0 != "." }
    }

    /// Whether `units` minor units of a currency with so many decimal digits meet it.
    public func holds(for units: Int64, digits: Int) -> Bool {
        range(digits: digits)?.contains(units) ?? false
    }

    public func holds(for money: Money) -> Bool { holds(for: money.units, digits: money.currency.digits) }

    /// The minor units that meet it in a currency with so many decimal digits; nil when none do, as with
    /// `balance=0.5` where there are no decimals. A number beyond 64 bits is met as one at their end would be.
    public func range(digits: Int) -> ClosedRange<Int64>? {
        let (floor, isExact) = flooredUnits(digits: digits)
        let ceiling = isExact || floor == .max ? floor : floor + 1
        switch comparison {
        case .equal: return isExact ? floor...floor : nil
        case .lessOrEqual: return .min...floor
        case .greaterOrEqual: return ceiling...(.max)
        case .less: return ceiling == .min ? nil : .min...(ceiling - 1)
        case .greater: return floor == .max ? nil : (floor + 1)...(.max)
        }
    }

    /// The minor units that meet all these conditions; nil when none do.
    public static func range(_ conditions: [AmountCondition], digits: Int) -> ClosedRange<Int64>? {
        var bounds = Int64.min...Int64.max
        for condition in conditions {
            guard let range = condition.range(digits: digits), range.overlaps(bounds) else { return nil }
            bounds = bounds.clamped(to: range)
        }
        return bounds
    }

    /// The greatest whole number of minor units that is not greater than the amount, and whether it is equal.
    private func flooredUnits(digits: Int) -> (floor: Int64, isExact: Bool) {
        var units = amount.coefficient
        var isExact = true
        for _ in 0..<max(0, amount.scale - digits) {
            isExact = isExact && units % 10 == 0
            units = units / 10 - (units % 10 < 0 ? 1 : 0)
        }
        for _ in 0..<max(0, digits - amount.scale) {
            let (tenfold, overflow) = units.multipliedReportingOverflow(by: 10)
            if overflow { return (units < 0 ? .min : .max, true) }
            units = tenfold
        }
        return (units, isExact)
    }
}
