import CTerminal
import Console

/// What the keys of terminals send, whatever their entry in the database says: xterm's two modes, VT220, the
/// Linux console, rxvt, screen and tmux (xterm's control sequences; console_codes(4)).
enum KeySequences {
    enum Meaning: Hashable {
        case key(Key)
        case pasteBegins
    }

    /// Of `ESC [`, some bytes and a last one. Nil where it means nothing, or a key with Shift, Ctrl or Alt.
    static func meaning(_ bytes: [UInt8], _ last: UInt8) -> Meaning? {
        if bytes.isEmpty { return letters[last].map { .key($0) } }
        // The Linux console's function keys have a second bracket.
        if bytes == [UInt8(ascii: "[")] {
            let number = Int(last) - Int(UInt8(ascii: "A")) + 1
            return (1...5).contains(number) ? .key(.function(number)) : nil
        }
        guard last == UInt8(ascii: "~"), let number = Int(String(decoding: bytes, as: UTF8.self)) else {
            return nil
        }
        if number == 200 { return .pasteBegins }
        return numbers[number].map { .key($0) }
    }

    /// Of `ESC O` and one character.
    static func singleShift(_ value: UInt32) -> Key? {
        guard let byte = UInt8(exactly: value) else { return nil }
        if let key = letters[byte] { return key }
        switch byte {
        case UInt8(ascii: "M"): return .enter
        case UInt8(ascii: "X"): return .character("=")
        // The digits and signs at the right, as VT100's application mode sends them.
        case UInt8(ascii: "j")...UInt8(ascii: "y"):
            return .character(Character(Unicode.Scalar(byte - UInt8(ascii: "j") + UInt8(ascii: "*"))))
        default: return nil
        }
    }

    /// One of the keys of `cterminal.h`.
    static func named(_ value: Int) -> Key? {
        if value > CTERMINAL_KEY_FUNCTION { return .function(value - CTERMINAL_KEY_FUNCTION) }
        return names[value]
    }

    private static let letters: [UInt8: Key] = [
        UInt8(ascii: "A"): .up, UInt8(ascii: "B"): .down, UInt8(ascii: "C"): .right, UInt8(ascii: "D"): .left,
        UInt8(ascii: "H"): .home, UInt8(ascii: "F"): .end, UInt8(ascii: "Z"): .backTab,
        UInt8(ascii: "P"): .function(1), UInt8(ascii: "Q"): .function(2), UInt8(ascii: "R"): .function(3),
        UInt8(ascii: "S"): .function(4),
    ]

    private static let numbers: [Int: Key] = [
        1: .home, 3: .delete, 4: .end, 5: .pageUp, 6: .pageDown, 7: .home, 8: .end,
        11: .function(1), 12: .function(2), 13: .function(3), 14: .function(4), 15: .function(5),
        17: .function(6), 18: .function(7), 19: .function(8), 20: .function(9), 21: .function(10),
        23: .function(11), 24: .function(12),
    ]

    private static let names: [Int: Key] = [
        CTERMINAL_KEY_UP: .up, CTERMINAL_KEY_DOWN: .down,
        CTERMINAL_KEY_LEFT: .left, CTERMINAL_KEY_RIGHT: .right,
        CTERMINAL_KEY_HOME: .home, CTERMINAL_KEY_END: .end,
        CTERMINAL_KEY_PAGE_UP: .pageUp, CTERMINAL_KEY_PAGE_DOWN: .pageDown,
        CTERMINAL_KEY_BACKSPACE: .backspace, CTERMINAL_KEY_DELETE: .delete,
        CTERMINAL_KEY_BACK_TAB: .backTab, CTERMINAL_KEY_ENTER: .enter,
    ]
}

/// Presses and the wheel, from the numbers of a report: buttons, column and row, which count from 1.
struct Clicks {
    /// Two presses on the same cell within this time are a double press.
    static let doubleTime = Duration.milliseconds(400)

    private var last: (column: Int, row: Int, at: ContinuousClock.Instant)?

    /// Nil for releases, motion, other buttons, and what is no report.
    mutating func mouse(_ numbers: [Int], isRelease: Bool, at now: ContinuousClock.Instant) -> Mouse? {
        guard numbers.count == 3, !isRelease else { return nil }
        let (column, row) = (numbers[1] - 1, numbers[2] - 1)
        guard (0..<Size.maximum).contains(column), (0..<Size.maximum).contains(row) else { return nil }
        // Without the bits of Shift, Alt and Ctrl.
        switch numbers[0] & ~0b11100 {
        case 0:
            if let last, last.column == column, last.row == row, now - last.at <= Self.doubleTime {
                // A third press begins anew.
                self.last = nil
                return Mouse(.doublePress, column: column, row: row)
            }
            last = (column, row, now)
            return Mouse(.press, column: column, row: row)
        case 64: return Mouse(.wheelUp, column: column, row: row)
        case 65: return Mouse(.wheelDown, column: column, row: row)
        default: return nil
        }
    }
}
