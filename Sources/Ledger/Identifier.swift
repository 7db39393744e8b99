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
            let room = UnsafeMutableRawBufferPointer(buffer)
            let (first, second) = (hexDigits(high >> 32), hexDigits(high))
            let (third, fourth) = (hexDigits(low >> 32), hexDigits(low))
            // Groups of 8, 4, 4, 4 and 12 digits, as RFC 9562 has them.
            func put(_ digits: UInt64, at place: Int) {
                room[place - 1] = UInt8(ascii: "-")
                room.storeBytes(
                    of: UInt32(truncatingIfNeeded: digits).bigEndian, toByteOffset: place, as: UInt32.self)
            }
            room.storeBytes(of: first.bigEndian, as: UInt64.self)
            put(second >> 32, at: 9)
            put(second, at: 14)
            put(third >> 32, at: 19)
            put(third, at: 24)
            room.storeBytes(of: fourth.bigEndian, toByteOffset: 28, as: UInt64.self)
            return 36
        }
    }

    public static func < (left: Identifier, right: Identifier) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

/// Sixteen lower-case hexadecimal digits.
func hex(_ value: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { buffer in
        let room = UnsafeMutableRawBufferPointer(buffer)
        room.storeBytes(of: hexDigits(value >> 32).bigEndian, as: UInt64.self)
        room.storeBytes(of: hexDigits(value).bigEndian, toByteOffset: 8, as: UInt64.self)
        return 16
    }
}

/// The lower 32 bits as eight lower-case hexadecimal digits in ASCII, the first one highest, all at once: every reference
/// that a caller does not bring itself is written in them.
private func hexDigits(_ value: UInt64) -> UInt64 {
    // One digit to a byte.
    var digits = value & 0xffff_ffff
    digits = (digits | digits << 16) & 0x0000_ffff_0000_ffff
    digits = (digits | digits << 8) & 0x00ff_00ff_00ff_00ff
    digits = (digits | digits << 4) & 0x0f0f_0f0f_0f0f_0f0f
    // 1 in the bytes of ten and more, which have letters.
    let letters = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return digits &+ 0x3030_3030_3030_3030 &+ letters &* UInt64(UInt8(ascii: "a") - 10 - UInt8(ascii: "0"))
}
