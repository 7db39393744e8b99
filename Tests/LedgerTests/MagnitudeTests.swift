import Ledger
import Testing

@Suite struct MagnitudeTests {
    @Test(arguments: [
        (0, 2, 0), (9_999, 2, 0), (10_000, 2, 1), (-10_000, 2, -1), (10_999, 2, 1), (11_000, 2, 2),
        (99_999, 2, 24),
        (100_000, 2, 25), (-100_000, 2, -25), (100, 0, 1), (99, 0, 0), (100_000, 3, 1), (1_000_000, 4, 1),
        (9, 0, 0),
        (Int64.max, 0, 408), (Int64.min, 0, -408), (Int64.min, 4, -312),
    ])
    func isTheSizeOfANumber(units: Int64, digits: Int, magnitude: Int) {
        #expect(Magnitude.of(units: units, digits: digits) == magnitude)
    }

    /// Else a list that looks at one magnitude after the other would have accounts in a wrong order.
    @Test func growsWithTheNumberWhateverTheCurrency() {
        var random = SplitMix64(seed: 31)
        for _ in 0..<20_000 {
            let (first, second) = (Self.number(&random), Self.number(&random))
            let order = Self.exact(first).compare(Self.exact(second))
            let magnitudes = (
                Magnitude.of(units: first.units, digits: first.digits),
                Magnitude.of(units: second.units, digits: second.digits)
            )
            if order <= 0 { #expect(magnitudes.0 <= magnitudes.1, "\(first) \(second)") }
            if order >= 0 { #expect(magnitudes.0 >= magnitudes.1, "\(first) \(second)") }
        }
    }

    /// What a filter holds for is looked for among these magnitudes alone.
    @Test func thoseOfAFilterHoldAllThatMeetsIt() throws {
        var random = SplitMix64(seed: 32)
        let currencies = try ["JPY", "EUR", "KWD", "UYW"].map { code throws in try Currency(code) }
        var met = 0
        for _ in 0..<5_000 {
            let currency = currencies.randomElement(using: &random) ?? currencies[0]
            let balance = Self.number(&random).units / 2
            let account = Account(
                id: Identifier(high: 0, low: 1), code: try AccountCode("a"), name: "A", currency: currency,
                accountClass: .liability, status: .open, minimum: nil, debits: max(-balance, 0),
                credits: max(balance, 0), held: Bool.random(using: &random) ? 0 : abs(balance / 10),
                version: 1,
                head: .zero)
            // Near the balance, or it would be met by all or none.
            let near = Money(
                units: account.ledgerUnits + Int64.random(in: -2...2, using: &random), currency: currency)
            let comparison = ["<", "<=", "=", ">=", ">"].randomElement(using: &random) ?? "<"
            let field = Bool.random(using: &random) ? "balance" : "available"
            let filter = AccountFilter("\(field)\(comparison)\(near)")
            #expect(filter.problem == nil)
            guard filter.matches(account) else { continue }
            met += 1
            #expect(filter.magnitudes?.contains(Magnitude.of(account.ledger)) == true, "\(account) \(filter)")
        }
        #expect(met > 1_000)
    }

    @Test func aFilterThatNothingMeetsHasNone() {
        #expect(AccountFilter("balance>5 balance<3").magnitudes?.isEmpty == true)
        #expect(AccountFilter("available>5 balance<3").magnitudes?.isEmpty == true)
        #expect(AccountFilter("ccy:EUR").magnitudes == nil)
    }

    private typealias Number = (units: Int64, digits: Int)

    private static func number(_ random: inout SplitMix64) -> Number {
        let bits = Int64.random(in: 0...62, using: &random)
        let units = Int64.random(in: -(1 << bits)...(1 << bits), using: &random)
        return (units, Int.random(in: 0...Currency.maximumDigits, using: &random))
    }

    /// In ten-thousandths, which every currency can be told in.
    private static func exact(_ number: Number) -> Int128 {
        (number.digits..<Currency.maximumDigits).reduce(Int128(number.units)) { units, _ in units * 10 }
    }
}

extension Int128 {
    fileprivate func compare(_ other: Int128) -> Int { self < other ? -1 : self > other ? 1 : 0 }
}
