/// An amount of one currency, in whole minor units.
///
/// Arithmetic is checked: it throws ``Refusal/amountOverflow(_:)`` and never wraps.
public struct Money: Hashable, Sendable, CustomStringConvertible {
    /// Minor units; negative for an overdrawn balance.
    public let units: Int64
    public let currency: Currency

    public init(units: Int64, currency: Currency) {
        self.units = units
        self.currency = currency
    }

    /// Plain decimal text with the currency's digits, such as `-41208.30`: the form of files and `--json`.
    public var description: String { Self.text(units, digits: currency.digits, grouping: false) }

    /// Decimal text with thousands separated by commas, such as `41,208.30`: the form of screens.
    public var grouped: String { Self.text(units, digits: currency.digits, grouping: true) }

    /// The text of `units` with a decimal point before its last `digits` digits.
    public static func text(_ units: Int64, digits: Int, grouping: Bool) -> String {
        // 19 digits, 6 commas, a point and a sign; or that many zeros before a few digits.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 28 + digits) { room in
            var place = room.endIndex
            func put(_ character: UInt8) {
                place -= 1
                room[place] = character
            }
            var rest = units.magnitude
            var written = 0
            while rest > 0 || written <= digits {
                if written == digits, digits > 0 { put(UInt8(ascii: ".")) }
                if grouping, written > digits, (written - digits) % 3 == 0 { put(UInt8(ascii: ",")) }
                put(UInt8(ascii: "0") + UInt8(rest % 10))
                rest /= 10
                written += 1
            }
            if units < 0 { put(UInt8(ascii: "-")) }
            return String(decoding: UnsafeBufferPointer(rebasing: room[place...]), as: UTF8.self)
        }
    }
}

/// Addition and subtraction of minor units that never wrap.
extension Int64 {
    /// - Parameter currency: that of the units, in which the refusal names `other`.
    func adding(_ other: Int64, in currency: Currency) throws(Refusal) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        if overflow { throw .amountOverflow(Money(units: other, currency: currency).description) }
        return sum
    }

    /// - Parameter currency: that of the units, in which the refusal names `other`.
    func subtracting(_ other: Int64, in currency: Currency) throws(Refusal) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        if overflow { throw .amountOverflow(Money(units: other, currency: currency).description) }
        return difference
    }

    /// The sum, or the bound that it goes past: for what is shown of books that may be unsound.
    func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the bound that it goes past: for what is shown of books that may be unsound.
    func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}

/// An amount as a person or a file wrote it: decimal text, exact, not yet in a currency.
///
/// The account named in the same request decides the currency, so the text is kept as a whole number and a
/// count of decimals until then. Written form: an optional `-`, digits, and at most one `.` with digits on
/// both sides. No exponent, no grouping, no spaces, no plus sign.
public struct DecimalAmount: Hashable, Sendable, CustomStringConvertible {
    /// The digits as a whole number; the amount is `coefficient` divided by ten to the power `scale`.
    public let coefficient: Int64
    /// Decimals written, 0 to ``maximumScale``.
    public let scale: Int

    /// No currency of ISO 4217 has more than four decimals; a few more are read so that the message can say
    /// which currency they are too many for.
    public static let maximumScale = 12

    /// - Parameter text: at most 64 characters are looked at.
    /// - Throws: ``Refusal/amountInvalid(text:why:)`` for anything but the written form,
    ///   ``Refusal/amountOverflow(_:)`` where it does not fit into 64 bits.
    public init(_ text: String) throws(Refusal) {
        let bytes = Array(text.utf8.prefix(65))
        if bytes.isEmpty { throw .amountInvalid(text: text, why: "an amount is missing") }
        if bytes.count > 64 {
            let looksLikeAmount = bytes.allSatisfy { (48...57).contains($0) || $0 == 45 || $0 == 46 }
            if looksLikeAmount { throw .amountOverflow(String(text.prefix(20)) + "…") }
            throw .amountInvalid(text: text, why: "it is longer than 64 characters")
        }
        let negative = bytes[0] == UInt8(ascii: "-")
        var value: Int64 = 0
        var decimals: Int?
        var digits = 0
        for byte in bytes.dropFirst(negative ? 1 : 0) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = Int64(byte - UInt8(ascii: "0"))
                let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) =
                    negative
                    ? tenfold.subtractingReportingOverflow(digit) : tenfold.addingReportingOverflow(digit)
                if overflow || carry { throw .amountOverflow(text) }
                value = sum
                digits += 1
                decimals = decimals.map { $0 + 1 }
            case UInt8(ascii: ".") where decimals == nil && digits > 0:
                decimals = 0
            default:
                throw .amountInvalid(
                    text: text, why: "write it as digits with a decimal point, such as 12.50")
            }
        }
        if digits == 0 || decimals == 0 {
            throw .amountInvalid(text: text, why: "write it as digits with a decimal point, such as 12.50")
        }
        if let decimals, decimals > Self.maximumScale {
            throw .amountInvalid(text: text, why: "it has more decimals than any currency")
        }
        coefficient = value
        scale = decimals ?? 0
    }

    /// The amount that is `units` minor units of `currency`.
    public init(_ money: Money) {
        coefficient = money.units
        scale = money.currency.digits
    }

    /// Whole minor units of `currency`.
    /// - Throws: ``Refusal/amountInvalid(text:why:)`` when there are more decimals than the currency has, even
    ///   when they are zeros: a ledger does not round. ``Refusal/amountOverflow(_:)`` beyond 64 bits.
    public func units(in currency: Currency) throws(Refusal) -> Int64 {
        if scale > currency.digits {
            throw .amountInvalid(
                text: description,
                why: currency.digits == 0
                    ? "\(currency.code) has no decimals"
                    : "\(currency.code) has \(currency.digits) decimals, this has \(scale)")
        }
        var units = coefficient
        for _ in scale..<currency.digits {
            let (tenfold, overflow) = units.multipliedReportingOverflow(by: 10)
            if overflow { throw .amountOverflow(description) }
            units = tenfold
        }
        return units
    }

    /// As ``units(in:)``, and greater than zero: what may be posted.
    public func positiveUnits(in currency: Currency) throws(Refusal) -> Int64 {
        let units = try units(in: currency)
        if units <= 0 {
            throw .amountInvalid(text: description, why: "it must be greater than zero")
        }
        return units
    }

    public var description: String { Money.text(coefficient, digits: scale, grouping: false) }

    /// The same value without trailing zeros, so that `12.5` and `12.50` are one request.
    var normalized: (coefficient: Int64, scale: Int) {
        var (coefficient, scale) = (coefficient, scale)
        while scale > 0, coefficient % 10 == 0 {
            coefficient /= 10
            scale -= 1
        }
        return (coefficient, scale)
    }
}
