/// How many columns of a terminal a character takes: the part of Unicode's tables that a screen needs.
///
/// Sources: Unicode Standard Annex 11 (East Asian Width) for the wide ranges, the general category for what takes
/// no column of its own, Unicode Technical Standard 51 for emoji that are drawn as pictures by default.
enum DisplayWidth {
    /// Columns of one scalar: 0, 1 or 2. Only for scalars that may reach a terminal, see ``SafeText``.
    static func columns(_ scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        // Everything below is Latin, Greek, Cyrillic, … and no wide character is.
        if value < 0x300 { return 1 }
        if isCombining(scalar) { return 0 }
        if value < 0x1100 { return 1 }
        return isWide(scalar) ? 2 : 1
    }

    private static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
        // The vowels and finals of old Hangul join the initial before them.
        if (0x1160...0x11ff).contains(scalar.value) || (0xd7b0...0xd7fb).contains(scalar.value) {
            return true
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return true
        default: return false
        }
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        var (low, high) = (0, wideRanges.count)
        while low < high {
            let middle = (low + high) / 2
            if wideRanges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        if low < wideRanges.count, wideRanges[low].contains(value) { return true }
        return value >= 0x2300 && scalar.properties.isEmojiPresentation
    }

    /// Wide and full-width, without the emoji, which are known to the standard library. In ascending order.
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115f, 0x2329...0x232a, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97f,
        0xac00...0xd7a3, 0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff01...0xff60, 0xffe0...0xffe6,
        0x16fe0...0x16ff1, 0x17000...0x18cff, 0x18d00...0x18d08, 0x1aff0...0x1b2ff, 0x1f200...0x1f202,
        0x1f210...0x1f23b, 0x1f240...0x1f248, 0x1f250...0x1f251, 0x1f260...0x1f265, 0x20000...0x2fffd,
        0x30000...0x3fffd,
    ]
}
