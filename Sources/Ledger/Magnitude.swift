/// How large a balance is, roughly: what lists by balance find accounts by, in an index.
///
/// A whole number that has the sign of the balance and grows with it, in 24 steps for each power of ten (those of the
/// E24 series, IEC 60063): what is less than 100.00 is 0, 100.00 is 1, 1,000.00 is 25, -1,000.00 is -25. Of two balances
/// with different magnitudes the one with the greater magnitude is greater, whatever the currencies.
///
/// An account's row has the magnitude of its balance, or one that differs by ``tolerance``: it stays as it is until it
/// would be further away, since each change takes the row to another page and into all indexes.
public enum Magnitude {
    /// By how much the magnitude in an account's row may differ from that of its balance.
    public static let tolerance = 2

    /// The two leading digits at which the steps of a power of ten begin.
    public static let steps = [
        10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91,
    ]

    /// The power of ten below which nothing is told apart: small balances change by much with each entry.
    public static let smallestPower = 2

    /// How many steps are below two leading digits, or at them.
    private static let stepsUpTo = (0..<100).map { digits in steps.prefix { $0 <= digits }.count }

    /// - Parameters:
    ///   - units: minor units.
    ///   - digits: how many decimal digits the currency has, at most ``Currency/maximumDigits``.
    /// - Returns: at most 408 with either sign.
    public static func of(units: Int64, digits: Int) -> Int {
        var leading = units.magnitude
        if leading < 10 { return 0 }
        var power = 1 - digits
        while leading >= 100 {
            leading /= 10
            power += 1
        }
        let size = max(0, (power - smallestPower) * steps.count + stepsUpTo[Int(leading)])
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
