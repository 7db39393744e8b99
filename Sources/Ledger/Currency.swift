/// A currency of ISO 4217, with the number of decimal digits of its minor unit.
///
/// Amounts are whole numbers of the minor unit: 12.50 EUR is 1250 (two digits), 500 JPY is 500 (none),
/// 1.234 KWD is 1234 (three). Source: ISO 4217, table A.1, active codes.
public struct Currency: Hashable, Sendable, CustomStringConvertible {
    /// Its three letters, the first one highest, and its digits below them. Amounts are copied all the time, and copying
    /// a text would count references.
    private let packed: UInt32

    /// The three-letter code, upper case.
    public var code: String {
        String(unsafeUninitializedCapacity: 3) { buffer in
            for index in 0..<3 { buffer[index] = UInt8(truncatingIfNeeded: packed >> UInt32(24 - index * 8)) }
            return 3
        }
    }

    /// Decimal digits of the minor unit, 0 to 4.
    public var digits: Int { Int(packed & 0xff) }

    /// The currency with this three-letter code, in upper case.
    /// - Throws: ``Refusal/currencyUnknown(_:)`` when ISO 4217 has no such active code.
    public init(_ code: String) throws(Refusal) {
        // Two Swift strings are equal when they look the same, such as K and the sign for kelvin. A code is
        // its three bytes, so only those of capital letters are looked up at all.
        guard code.utf8.count == 3, code.utf8.allSatisfy({ (65...90).contains($0) }),
            let digits = Self.digitsByCode[code]
        else { throw .currencyUnknown(code) }
        packed = code.utf8.reduce(0) { $0 << 8 | UInt32($1) } << 8 | UInt32(digits)
    }

    public var description: String { code }

    /// The most digits that a currency has.
    public static let maximumDigits = 4

    /// The codes of all currencies with so many digits, in order.
    public static func codes(digits: Int) -> [String] {
        digitsByCode.filter { $0.value == digits }.map(\.key).sorted()
    }

    private static let digitsByCode: [String: Int] = {
        var table: [String: Int] = [:]
        for (digits, codes) in activeCodes {
            for code in codes.split(separator: " ") { table[String(code)] = digits }
        }
        return table
    }()

    private static let activeCodes: [(digits: Int, codes: String)] = [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
        (
            2,
            """
            AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
            CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS \
            GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL \
            MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK \
            PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS \
            TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
            """
        ),
    ]
}
