import Ledger
import Testing

@Suite struct MoneyTests {
    @Test(arguments: [
        ("JPY", "500", 500), ("JPY", "0", 0), ("CZK", "12.50", 1250), ("CZK", "12.5", 1250),
        ("CZK", "12", 1200),
        ("EUR", "-0.01", -1), ("KWD", "1.234", 1234), ("KWD", "1.2", 1200), ("CLF", "0.0001", 1),
        ("CLF", "3", 30000), ("CZK", "92233720368547758.07", Int64.max), ("CZK", "007.10", 710),
        ("CZK", "-92233720368547758.08", Int64.min),
    ])
    func readsAmountsInMinorUnitsOfTheCurrency(_ code: String, _ text: String, _ units: Int64) throws {
        #expect(try DecimalAmount(text).units(in: Currency(code)) == units)
    }

    @Test(arguments: [
        ("JPY", 500, "500"), ("CZK", 5, "0.05"), ("CZK", 1250, "12.50"), ("CZK", -5, "-0.05"),
        ("KWD", 1234, "1.234"), ("CLF", 1, "0.0001"), ("CZK", 0, "0.00"),
        ("CZK", Int64.min, "-92233720368547758.08"), ("JPY", Int64.max, "9223372036854775807"),
    ])
    func printsPlainDecimals(_ code: String, _ units: Int64, _ text: String) throws {
        #expect(try Money(units: units, currency: Currency(code)).description == text)
    }

    @Test(arguments: [
        ("CZK", 123_456_789, "1,234,567.89"), ("CZK", -100_000, "-1,000.00"), ("JPY", 999, "999"),
        ("JPY", 1000, "1,000"), ("KWD", 1_000_000, "1,000.000"), ("CZK", 99_999, "999.99"),
    ])
    func groupsThousandsOnScreens(_ code: String, _ units: Int64, _ text: String) throws {
        #expect(try Money(units: units, currency: Currency(code)).grouped == text)
    }

    @Test func whatIsPrintedIsReadBackAlike() throws {
        var random = SplitMix64(seed: 7)
        for code in ["JPY", "CZK", "KWD", "CLF"] {
            let currency = try Currency(code)
            for _ in 0..<2000 {
                let shift = Int.random(in: 0..<64, using: &random)
                let units = Int64.random(in: .min ... .max, using: &random) >> shift
                let money = Money(units: units, currency: currency)
                #expect(try DecimalAmount(money.description).units(in: currency) == units)
                #expect(DecimalAmount(money).description == money.description)
            }
        }
    }

    @Test(arguments: [
        "", " ", "  12", "12 ", "1 2", "1e3", "1E3", "+1", ".5", "5.", ".", "-", "--1", "-.5", "1.2.3", "1,5",
        "1,000.00", "0x10", "NaN", "inf", "12\n", "1\t2", "\u{0}", "1\u{0}", "١٢٣", "１２", "12\u{301}",
        "1_000",
        "½", "12-", "1-2", "CZK 5", "−5", "5\u{200b}",
    ])
    func refusesWhatIsNotPlainDecimalText(_ text: String) {
        #expect(refusal { try DecimalAmount(text) }?.name == "amount_invalid")
    }

    @Test(arguments: [
        "99999999999999999999", "9223372036854775808", "-9223372036854775809", "0.9999999999999999999",
    ])
    func refusesMoreThan64Bits(_ text: String) {
        #expect(refusal { try DecimalAmount(text) }?.name == "amount_overflow")
    }

    @Test func refusesLongTextWithoutLookingAtAllOfIt() {
        let digits = String(repeating: "9", count: 1_000_000)
        let letters = String(repeating: "x", count: 1_000_000)
        #expect(refusal { try DecimalAmount(digits) }?.name == "amount_overflow")
        #expect(refusal { try DecimalAmount(letters) }?.name == "amount_invalid")
        #expect((refusal { try DecimalAmount(letters) }?.message.utf8.count ?? .max) < 300)
    }

    @Test(arguments: [
        ("CZK", "1.234"), ("CZK", "1.000"), ("JPY", "1.0"), ("KWD", "0.0001"), ("CLF", "0.00001"),
    ])
    func refusesMoreDecimalsThanTheCurrencyHas(_ code: String, _ text: String) throws {
        let currency = try Currency(code)
        #expect(refusal { try DecimalAmount(text).units(in: currency) }?.name == "amount_invalid")
    }

    @Test func refusesMoreDecimalsThanAnyCurrencyHas() {
        #expect(refusal { try DecimalAmount("0.0000000000001") }?.name == "amount_invalid")
    }

    @Test(arguments: ["0", "0.00", "-0", "-5", "-0.01"])
    func refusesToPostWhatIsNotAboveZero(_ text: String) throws {
        let currency = try Currency("CZK")
        let amount = try DecimalAmount(text)
        #expect(refusal { try amount.positiveUnits(in: currency) }?.name == "amount_invalid")
    }

    @Test func refusesUnitsBeyond64BitsOnceTheCurrencyIsKnown() throws {
        let currency = try Currency("CLF")
        let most = try DecimalAmount("922337203685477.5807")
        #expect(try most.units(in: currency) == .max)
        let large = try DecimalAmount("922337203685478000")
        #expect(refusal { try large.units(in: currency) }?.name == "amount_overflow")
    }

    @Test(arguments: ["none", "0", "-500.00", "12"])
    func readsMinimums(_ text: String) throws {
        let minimum = try Operation.Minimum(text)
        #expect(minimum == (text == "none" ? .unlimited : .amount(try DecimalAmount(text))))
    }

    @Test(arguments: ["None", "", "unlimited", "nil", "- 5"])
    func refusesOtherWordsForAMinimum(_ text: String) {
        #expect(refusal { try Operation.Minimum(text) }?.name == "amount_invalid")
    }
}

@Suite struct CurrencyTests {
    @Test(arguments: [("JPY", 0), ("CZK", 2), ("EUR", 2), ("KWD", 3), ("CLF", 4)])
    func knowsTheDigitsOfIts4217Table(_ code: String, _ digits: Int) throws {
        #expect(try Currency(code).digits == digits)
        #expect(try Currency(code).code == code)
    }

    /// The sign for kelvin is canonically the letter K, and the full-width letters are lookalikes.
    @Test(arguments: [
        "", "czk", "Czk", "CZ", "CZKK", "XXX", "HRK", "\u{212a}RW", "ＣＺＫ", "CZ\u{212a}", "CZK\u{301}",
        "CZK\0",
        " CZK", "C\u{200d}Z",
    ])
    func refusesAllButThreeAsciiCapitalsOfAnActiveCurrency(_ code: String) {
        #expect(refusal { try Currency(code) } == .currencyUnknown(code))
        #expect(refusal { try Currency(code) }?.name == "currency_unknown")
    }
}
