import CTerminal
import Console

/// Puts together what the keyboard sent: characters with their marks, and what is pasted in one piece.
struct KeyDecoder {
    private var paste: String?
    /// The most characters of one paste; the rest is dropped.
    private static let pasteLimit = 10_000

    /// A character that was typed.
    mutating func character(_ value: UInt32) -> Key? {
        guard let scalar = Unicode.Scalar(value) else { return nil }
        if paste != nil {
            if paste?.unicodeScalars.count ?? 0 < Self.pasteLimit { paste?.unicodeScalars.append(scalar) }
            return nil
        }
        switch value {
        case 0x0a, 0x0d: return .enter
        case 0x09: return .tab
        case 0x1b: return .escape
        case 0x08, 0x7f: return .backspace
        case 0x00: return .control(" ")
        case 0x01...0x1a: return .control(Character(Unicode.Scalar(UInt8(value) + 0x60)))
        case 0x1c...0x1f: return nil
        default: return .character(Character(scalar))
        }
    }

    /// One of the keys of `cterminal.h`.
    mutating func named(_ value: Int) -> Key? {
        switch value {
        case CTERMINAL_KEY_PASTE_BEGIN:
            paste = ""
            return nil
        case CTERMINAL_KEY_PASTE_END:
            defer { paste = nil }
            return paste.map { .paste($0) }
        default: break
        }
        // A key inside a paste is part of no text.
        guard paste == nil else { return nil }
        if value > CTERMINAL_KEY_FUNCTION {
            return .function(value - CTERMINAL_KEY_FUNCTION)
        }
        return Self.names[value]
    }

    private static let names: [Int: Key] = [
        CTERMINAL_KEY_UP: .up, CTERMINAL_KEY_DOWN: .down,
        CTERMINAL_KEY_LEFT: .left, CTERMINAL_KEY_RIGHT: .right,
        CTERMINAL_KEY_HOME: .home, CTERMINAL_KEY_END: .end,
        CTERMINAL_KEY_PAGE_UP: .pageUp, CTERMINAL_KEY_PAGE_DOWN: .pageDown,
        CTERMINAL_KEY_BACKSPACE: .backspace, CTERMINAL_KEY_DELETE: .delete,
        CTERMINAL_KEY_BACK_TAB: .backTab, CTERMINAL_KEY_ENTER: .enter,
    ]
}
