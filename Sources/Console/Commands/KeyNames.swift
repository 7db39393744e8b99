extension Key {
    /// What is printed on the key.
    func label(_ symbols: Symbols) -> String {
        switch self {
        case .up: symbols.up
        case .down: symbols.down
        case .left: symbols.left
        case .right: symbols.right
        default: name
        }
    }

    /// The key as the settings write it, such as `d`, `Ctrl-R`, `Alt-x`, `F5`, `PgUp` or `Space`.
    var name: String {
        switch self {
        case .space: "Space"
        case .character(let character): String(character)
        case .control(let letter): "Ctrl-" + letter.uppercased()
        case .alt(let character): "Alt-" + String(character)
        case .function(let number): "F\(number)"
        case .paste: "Paste"
        case .mouse: "Mouse"
        default: Self.names.first { $0.key == self }?.name ?? ""
        }
    }

    /// Reads what ``name`` writes; upper and lower case are the same but for single letters. Nil for anything else.
    init?(name: String) {
        if name.count == 1, let character = name.first, !character.isWhitespace {
            self = .character(character)
            return
        }
        let lowered = name.lowercased()
        if let named = Self.names.first(where: { $0.name.lowercased() == lowered }) {
            self = named.key
        } else if lowered == "space" {
            self = .space
        } else if lowered.hasPrefix("ctrl-"), lowered.count == 6, let letter = lowered.last,
            letter.isASCII, letter.isLetter
        {
            self = .control(letter)
        } else if lowered.hasPrefix("alt-"), name.count == 5, let character = name.last {
            self = .alt(character)
        } else if lowered.hasPrefix("f"), let number = Int(lowered.dropFirst()), (1...24).contains(number) {
            self = .function(number)
        } else {
            return nil
        }
    }

    private static let names: [(key: Key, name: String)] = [
        (.enter, "Enter"), (.tab, "Tab"), (.backTab, "Shift-Tab"), (.escape, "Esc"),
        (.backspace, "Backspace"), (.delete, "Del"), (.up, "Up"), (.down, "Down"), (.left, "Left"),
        (.right, "Right"), (.home, "Home"), (.end, "End"), (.pageUp, "PgUp"), (.pageDown, "PgDn"),
    ]
}
