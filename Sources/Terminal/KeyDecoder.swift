import CTerminal
import Console

/// Puts together what the keyboard and the mouse sent: characters with Alt, sequences that the terminal's
/// entry in the database does not have, reports of the mouse, and what is pasted in one piece.
///
/// A sequence that means nothing is dropped as a whole, so that its letters are not taken for keys.
struct KeyDecoder {
    /// What ncurses made of the bytes.
    enum Input: Hashable {
        case character(UInt32)
        /// One of the keys of `cterminal.h`.
        case named(Int)
    }

    private enum State {
        case plain
        /// Esc, so many times. Together with what follows at once it is Alt; else it is the key.
        case escape(Int)
        /// After `ESC [`: what came of the sequence.
        case sequence([UInt8])
        /// After `ESC O`.
        case singleShift
        case mouse([UInt8])
        /// The three characters of an old report.
        case oldMouse([UInt32])
        case paste(String, scalars: Int)
    }

    private var state = State.plain
    private var clicks = Clicks()
    /// Whether the terminal was asked for reports of the mouse: else nothing is taken for one.
    var expectsMouse = false

    /// The most characters of one paste; the rest is dropped.
    static let pasteLimit = 10_000
    /// No sequence of a key is longer.
    private static let sequenceLimit = 32

    /// Whether a sequence has begun, so that more should come at once. Not after Esc alone: for what could
    /// follow that, ncurses has waited.
    var isWaiting: Bool {
        switch state {
        case .plain, .escape, .paste: false
        case .sequence, .singleShift, .mouse, .oldMouse: true
        }
    }

    /// Takes the next piece; appends the keys that it completes.
    mutating func take(_ input: Input, at now: ContinuousClock.Instant, into keys: inout [Key]) {
        switch input {
        case .character(let value): takeCharacter(value, at: now, into: &keys)
        case .named(let value): takeNamed(value, into: &keys)
        }
    }

    /// Nothing more came: what had begun is as complete as it gets.
    mutating func pause(into keys: inout [Key]) {
        switch state {
        case .plain, .paste: return
        case .escape(let count): keys += Array(repeating: .escape, count: count)
        case .sequence(let bytes) where bytes.isEmpty: keys.append(.alt("["))
        case .singleShift: keys.append(.alt("O"))
        case .sequence, .mouse, .oldMouse: break
        }
        state = .plain
    }

    private mutating func takeCharacter(
        _ value: UInt32, at now: ContinuousClock.Instant, into keys: inout [Key]
    ) {
        switch state {
        case .plain:
            if value == 0x1b { state = .escape(1) } else if let key = Self.key(value) { keys.append(key) }
        case .escape(let count): takeAfterEscape(value, count: count, into: &keys)
        case .sequence(let bytes): takeOfSequence(value, after: bytes, into: &keys)
        case .singleShift:
            state = value == 0x1b ? .escape(1) : .plain
            if let key = KeySequences.singleShift(value) { keys.append(key) }
        case .mouse(let bytes): takeOfMouse(value, after: bytes, at: now, into: &keys)
        case .oldMouse(let values):
            state = .oldMouse(values + [value])
            if values.count == 2 {
                state = .plain
                let numbers = (values + [value]).map { Int($0) - 32 }
                report(numbers, isRelease: numbers[0] & 3 == 3, at: now, into: &keys)
            }
        case .paste(var text, let count):
            guard let scalar = Unicode.Scalar(value), count < Self.pasteLimit else { return }
            // Without this the text would be copied for each character.
            state = .plain
            text.unicodeScalars.append(scalar)
            state = .paste(text, scalars: count + 1)
        }
    }

    private mutating func takeAfterEscape(_ value: UInt32, count: Int, into keys: inout [Key]) {
        state = .plain
        switch value {
        case 0x1b: state = .escape(count + 1)
        case UInt32(UInt8(ascii: "[")): state = .sequence([])
        case UInt32(UInt8(ascii: "O")): state = .singleShift
        default:
            // Enter with Alt is neither Enter nor Esc.
            if case .character(let character) = Self.key(value) { keys.append(.alt(character)) }
        }
    }

    private mutating func takeOfSequence(_ value: UInt32, after bytes: [UInt8], into keys: inout [Key]) {
        guard let byte = UInt8(exactly: value), (0x20...0x7e).contains(byte),
            bytes.count < Self.sequenceLimit
        else {
            state = value == 0x1b ? .escape(1) : .plain
            return
        }
        let isLinux = bytes.isEmpty && byte == UInt8(ascii: "[")
        if byte < 0x40 || isLinux {
            state = bytes.isEmpty && byte == UInt8(ascii: "<") ? .mouse([]) : .sequence(bytes + [byte])
            return
        }
        state = .plain
        if bytes.isEmpty, byte == UInt8(ascii: "M"), expectsMouse {
            state = .oldMouse([])
        } else {
            perform(KeySequences.meaning(bytes, byte), into: &keys)
        }
    }

    private mutating func takeOfMouse(
        _ value: UInt32, after bytes: [UInt8], at now: ContinuousClock.Instant, into keys: inout [Key]
    ) {
        guard let byte = UInt8(exactly: value), bytes.count < Self.sequenceLimit else {
            state = .plain
            return
        }
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ";"): state = .mouse(bytes + [byte])
        case UInt8(ascii: "M"), UInt8(ascii: "m"):
            state = .plain
            let text = String(decoding: bytes, as: UTF8.self)
            let numbers = text.split(separator: ";", omittingEmptySubsequences: false).compactMap { Int($0) }
            report(numbers, isRelease: byte == UInt8(ascii: "m"), at: now, into: &keys)
        default: state = value == 0x1b ? .escape(1) : .plain
        }
    }

    private mutating func takeNamed(_ value: Int, into keys: inout [Key]) {
        var isAlt = false
        switch (state, value) {
        case (.paste(let text, _), CTERMINAL_KEY_PASTE_END):
            keys.append(.paste(text))
            state = .plain
            return
        // A key inside a paste is part of no text.
        case (.paste, _): return
        case (.escape(let count), CTERMINAL_KEY_PASTE_BEGIN), (.escape(let count), CTERMINAL_KEY_MOUSE),
            (.escape(let count), CTERMINAL_KEY_MOUSE_OLD):
            keys += Array(repeating: .escape, count: count)
        case (.escape, _): isAlt = true
        default: break
        }
        state = .plain
        switch value {
        case CTERMINAL_KEY_PASTE_BEGIN: state = .paste("", scalars: 0)
        case CTERMINAL_KEY_MOUSE: state = .mouse([])
        case CTERMINAL_KEY_MOUSE_OLD: if expectsMouse { state = .oldMouse([]) }
        default:
            if !isAlt, let key = KeySequences.named(value) { keys.append(key) }
        }
    }

    private mutating func perform(_ meaning: KeySequences.Meaning?, into keys: inout [Key]) {
        switch meaning {
        case .key(let key): keys.append(key)
        case .pasteBegins: state = .paste("", scalars: 0)
        case nil: break
        }
    }

    private mutating func report(
        _ numbers: [Int], isRelease: Bool, at now: ContinuousClock.Instant, into keys: inout [Key]
    ) {
        guard expectsMouse, let mouse = clicks.mouse(numbers, isRelease: isRelease, at: now) else { return }
        keys.append(.mouse(mouse))
    }

    /// A character that was typed alone.
    private static func key(_ value: UInt32) -> Key? {
        guard let scalar = Unicode.Scalar(value) else { return nil }
        switch value {
        case 0x0a, 0x0d: return .enter
        case 0x09: return .tab
        case 0x08, 0x7f: return .backspace
        case 0x00: return .control(" ")
        case 0x01...0x1a: return .control(Character(Unicode.Scalar(UInt8(value) + 0x60)))
        // The rest of the control characters, and those of ISO 6429's second set.
        case 0x1b...0x1f, 0x80...0x9f: return nil
        default: return .character(Character(scalar))
        }
    }
}
