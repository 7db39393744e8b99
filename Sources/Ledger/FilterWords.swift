/// The words that a filter is written in, and how text is compared with them.
///
/// Letters are compared without their case, each by itself: as the database's ILIKE does with the character
/// types of Unicode, so that a filter finds the same accounts here and there.
enum FilterWords {
    /// The most Unicode scalars of a word that are looked at.
    static let maximumLength = 100

    /// A word as it is looked for.
    ///
    /// A database text cannot hold U+0000, so nothing can have it either. Scalars are counted, since one
    /// character may be made of any number of them.
    static func plain(_ word: Substring) -> String {
        let scalars = word.unicodeScalars.prefix(maximumLength).filter { $0 != "\0" }
        return String(String.UnicodeScalarView(scalars))
    }

    /// Whether each word is found somewhere in the texts, joined by spaces. A word in quotes that has a space may
    /// lie across two of them, here as in the database.
    static func allFound(_ words: [String], in texts: [String]) -> Bool {
        if words.isEmpty { return true }
        let bytes = folded(texts.joined(separator: " "))
        return words.allSatisfy { contains(bytes, folded($0)) }
    }

    /// Whether a text begins with another, but for the case of their letters.
    static func begins(_ text: String, with beginning: String) -> Bool {
        folded(text).starts(with: folded(beginning))
    }

    private static func folded(_ text: String) -> [UInt8] {
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            return text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }
        }
        var folded = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            folded.append(scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar)
        }
        return Array(String(folded).utf8)
    }

    private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        guard bytes.count >= part.count else { return false }
        for start in 0...(bytes.count - part.count) where bytes[start] == first {
            if bytes[start..<(start + part.count)].elementsEqual(part) { return true }
        }
        return false
    }
}
