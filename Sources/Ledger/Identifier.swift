/// A 128-bit id, written as a UUID.
///
/// New ones are of version 7 (RFC 9562, section 5.7): the time in milliseconds, then random bits, so that an
/// index takes them at its end instead of all over.
public struct Identifier: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A version 7 id made at `time` from 74 of the given random bits.
    public init(time: Timestamp, randomHigh: UInt64, randomLow: UInt64) {
        let milliseconds = UInt64(clamping: time.microseconds / 1000) & 0xffff_ffff_ffff
        high = milliseconds << 16 | 0x7000 | (randomHigh & 0x0fff)
        low = 0x8000_0000_0000_0000 | (randomLow & 0x3fff_ffff_ffff_ffff)
    }

    /// Whether it was made after `time`, by the clock of the machine that made it.
    public func isLater(than time: Timestamp) -> Bool {
        high >> 16 > UInt64(clamping: time.microseconds / 1000)
    }

    /// The id `steps` after this one: the further ids that one operation needs.
    public func advanced(by steps: UInt64) -> Identifier {
        Identifier(high: high, low: low & ~0x3fff_ffff_ffff_ffff | (low &+ steps) & 0x3fff_ffff_ffff_ffff)
    }

    /// Reads the 36-character form, in either case; nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count == 36 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, byte) in text.utf8.enumerated() {
            if [8, 13, 18, 23].contains(index) {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
            if digits < 16 {
                halves.0 = halves.0 << 4 | UInt64(digit)
            } else {
                halves.1 = halves.1 << 4 | UInt64(digit)
            }
            digits += 1
        }
        (high, low) = halves
    }

    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var place = 0
            for index in 0..<32 {
                // Where RFC 9562 has its hyphens.
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    buffer[place] = UInt8(ascii: "-")
                    place += 1
                }
                buffer[place] = hexDigit((index < 16 ? high : low) >> UInt64(60 - index % 16 * 4))
                place += 1
            }
            return place
        }
    }

    public static func < (left: Identifier, right: Identifier) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

/// Sixteen lower-case hexadecimal digits.
func hex(_ value: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { buffer in
        for index in 0..<16 { buffer[index] = hexDigit(value >> UInt64(60 - index * 4)) }
        return 16
    }
}

/// The digit of the lowest four bits.
private func hexDigit(_ value: UInt64) -> UInt8 {
    let digit = UInt8(truncatingIfNeeded: value & 15)
    return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
}
