/// How large a balance is, roughly: what lists by balance find accounts by.
///
/// A whole number that has the sign of the balance and grows with it, in 12 steps for each power of ten (those of the
/// E12 series, IEC 60063): nothing is 0, 1.00 is 49, 10.00 is 61, -10.00 is -61. Of two balances with different
/// magnitudes the one with the greater magnitude is greater, whatever the currencies; with the same they differ by a
/// quarter at the most.
public enum Magnitude {
    /// The two leading digits at which the steps of a power of ten begin.
    public static let steps = [
        10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82,
    ]

    /// How many steps are below two leading digits, or at them.
    private static let stepsUpTo = (0..<100).map { digits in steps.prefix { $0 <= digits }.count }

    /// - Parameters:
    ///   - units: minor units.
    ///   - digits: how many decimal digits the currency has, at most ``Currency/maximumDigits``.
    /// - Returns: at most 276 with either sign.
    public static func of(units: Int64, digits: Int) -> Int {
        if units == 0 { return 0 }
        var leading = units.magnitude
        var power = 1
        if leading < 10 {
            leading *= 10
            power = 0
        }
        while leading >= 100 {
            leading /= 10
            power += 1
        }
        let size = (power - digits + Currency.maximumDigits) * steps.count + stepsUpTo[Int(leading)]
        return units < 0 ? -size : size
    }

    public static func of(_ money: Money) -> Int { of(units: money.units, digits: money.currency.digits) }
}

extension AccountFilter {
    /// The magnitudes of the ledger balances that may meet it; nil when it says nothing of balances. An empty range is
    /// one of nothing.
    public var magnitudes: Range<Int>? {
        if balances.isEmpty { return nil }
        let ranges = (0...Currency.maximumDigits).compactMap { digits -> Range<Int>? in
            guard
                let ledger = AmountCondition.range(
                    balances.filter { $0.field != .available }, digits: digits),
                let available = AmountCondition.range(
                    balances.filter { $0.field == .available }, digits: digits)
            else { return nil }
            // Of the ledger balance no more is available, but less may be.
            let least = max(ledger.lowerBound, available.lowerBound)
            guard least <= ledger.upperBound else { return nil }
            return Magnitude.of(units: least, digits: digits)..<Magnitude.of(
                units: ledger.upperBound, digits: digits) + 1
        }
        guard let first = ranges.first else { return 0..<0 }
        return ranges.dropFirst().reduce(first) {
            min($0.lowerBound, $1.lowerBound)..<max($0.upperBound, $1.upperBound)
        }
    }
}
