/// One line of text that is being typed, with a cursor.
struct LineField: Hashable, Sendable {
    private(set) var characters: [Character]
    /// Between characters: 0 is before the first.
    private(set) var cursor: Int
    /// The most characters that are taken.
    let limit: Int
    /// What was removed last by a key for more than one character.
    private var removed: [Character] = []

    init(_ text: String = "", limit: Int) {
        characters = Array(text.prefix(limit))
        cursor = characters.count
        self.limit = limit
    }

    var text: String { String(characters) }
    var isEmpty: Bool { characters.isEmpty }

    mutating func set(_ text: String) {
        characters = Array(text.prefix(limit))
        cursor = characters.count
    }

    /// - Returns: whether the key was one that edits text.
    mutating func edit(_ key: Key) -> Bool {
        switch key {
        case .character(let character): insert(character)
        case .paste(let text):
            // A pasted line break or tab separates words, as it did where it came from.
            for character in text where characters.count < limit {
                insert(character.isWhitespace ? " " : character)
            }
        case .backspace:
            if cursor > 0 {
                cursor -= 1
                characters.remove(at: cursor)
            }
        case .delete, .control("d"):
            if cursor < characters.count { characters.remove(at: cursor) }
        case .left, .control("b"): cursor = max(0, cursor - 1)
        case .right, .control("f"): cursor = min(characters.count, cursor + 1)
        case .home, .control("a"): cursor = 0
        case .end, .control("e"): cursor = characters.count
        case .alt("b"): cursor = startOfWord
        case .alt("f"): cursor = endOfWord
        case .control("u"): remove(0..<cursor)
        case .control("k"): remove(cursor..<characters.count)
        case .control("w"): remove(startOfWord..<cursor)
        case .alt("d"): remove(cursor..<endOfWord)
        case .control("y"): for character in removed { insert(character) }
        default: return false
        }
        return true
    }

    private mutating func insert(_ character: Character) {
        guard characters.count < limit else { return }
        // Nothing that is typed on purpose is a control character.
        if character.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) { return }
        characters.insert(character, at: cursor)
        cursor += 1
    }

    private mutating func remove(_ range: Range<Int>) {
        if range.isEmpty { return }
        removed = Array(characters[range])
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    private var endOfWord: Int {
        var index = cursor
        while index < characters.count, characters[index].isWhitespace { index += 1 }
        while index < characters.count, !characters[index].isWhitespace { index += 1 }
        return index
    }

    private var startOfWord: Int {
        var index = cursor
        while index > 0, characters[index - 1].isWhitespace { index -= 1 }
        while index > 0, !characters[index - 1].isWhitespace { index -= 1 }
        return index
    }

    /// The part of the text that shows the cursor in so many columns, and the cursor's column in it.
    func window(columns: Int) -> (text: String, cursor: Int) {
        let widths = characters.map { SafeText.columns(String($0)) }
        var start = cursor
        var used = 0
        // The cursor needs a column of its own behind the text.
        while start > 0, used + widths[start - 1] < columns {
            start -= 1
            used += widths[start]
        }
        var end = cursor
        var total = used
        while end < characters.count, total + widths[end] <= columns {
            total += widths[end]
            end += 1
        }
        return (String(characters[start..<end]), used)
    }
}
