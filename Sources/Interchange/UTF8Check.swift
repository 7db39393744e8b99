/// Checks UTF-8 byte by byte (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
struct UTF8Check {
    /// Continuation bytes that must still come.
    private(set) var awaited = 0
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xbf

    enum Step {
        /// The byte goes on with, or ends, what began before.
        case continues
        /// The byte begins a character.
        case begins
        /// The byte cannot stand here; what follows is looked at anew.
        case invalid
        /// The character before it is cut short; the byte itself is to be looked at again.
        case cutShort
    }

    mutating func step(_ byte: UInt8) -> Step {
        if awaited > 0 {
            guard lower <= byte, byte <= upper else {
                awaited = 0
                return .cutShort
            }
            awaited -= 1
            (lower, upper) = (0x80, 0xbf)
            return .continues
        }
        (lower, upper) = (0x80, 0xbf)
        switch byte {
        case 0x00...0x7f: return .begins
        case 0xc2...0xdf: awaited = 1
        case 0xe0: (awaited, lower) = (2, 0xa0)
        case 0xed: (awaited, upper) = (2, 0x9f)
        case 0xe1...0xef: awaited = 2
        case 0xf0: (awaited, lower) = (3, 0x90)
        case 0xf4: (awaited, upper) = (3, 0x8f)
        case 0xf1...0xf3: awaited = 3
        default: return .invalid
        }
        return .begins
    }

    /// Whether the last character is cut short, when nothing follows; forgets it.
    mutating func finish() -> Bool {
        defer { awaited = 0 }
        return awaited > 0
    }
}
