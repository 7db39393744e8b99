import TOMLKit

/// Reads the text of a TOML file, which may be anything, by a parser that is not made for anything: it works through
/// nested values and keys by recursion, takes a wrong character at the start of a table's name for a mistake of its
/// own, and reads no further than a zero byte. What it cannot bear is refused before it comes to it.
enum TOMLText {
    /// Why a text cannot be read, and where.
    struct Problem: Error, Equatable {
        /// From 1.
        let line: Int
        /// From 1, where it is known.
        var column: Int?
        let message: String

        var place: String { "line \(line)" + (column.map { ", column \($0)" } ?? "") }
    }

    /// - Throws: ``Problem``.
    static func table(_ text: String) throws(Problem) -> TOMLTable {
        var guardian = TOMLGuard()
        // Editors of some systems begin a file with a byte order mark, which the parser passes over.
        let bytes = text.utf8.starts(with: "\u{feff}".utf8) ? text.utf8.dropFirst(3) : text.utf8[...]
        for byte in bytes { try guardian.take(byte) }
        do {
            return try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw Problem(
                line: error.source.begin.line, column: error.source.begin.column, message: error.description)
        } catch {
            throw Problem(line: guardian.line, message: "\(error)")
        }
    }
}

/// Follows a TOML text as far as its strings, comments, brackets and dots go (TOML 1.0.0). Where the text is no TOML it
/// may follow it wrongly, but only from there on, and the parser does not come further than that.
struct TOMLGuard {
    /// The most parts of a key, and the most values in each other. Settings have two of each.
    static let maximumDepth = 16

    private(set) var line = 1
    private var place = Place.text
    private var brackets = 0
    /// Dots since something that ends a key.
    private var dots = 0
    /// Whether nothing but blanks has been on this line, or nothing but the brackets that open a table's name.
    private var start = Start.line
    private static let wrongName = "a table's name begins with a letter, a digit, - or _, or stands in quotes"

    private enum Place: Equatable {
        case text, comment
        /// Within quotes of this kind: how many opened it, how many in a row have been seen since, and whether a
        /// backslash makes the next byte part of it.
        case string(quote: UInt8, isLong: Bool, seen: Int, isEscaped: Bool)
        /// Quotes in a row that open a string, or are an empty one.
        case opening(quote: UInt8, count: Int)
    }

    private enum Start: Equatable {
        case line, within
        case name(brackets: Int)
    }

    mutating func take(_ byte: UInt8) throws(TOMLText.Problem) {
        // The byte itself is still on the line that it ends.
        defer { if byte == UInt8(ascii: "\n") { line += 1 } }
        if byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d || byte == 0x7f {
            throw problem("a control character stands there; take it out")
        }
        switch place {
        case .comment: if byte == UInt8(ascii: "\n") { endLine() }
        case .opening(let quote, let count): try open(byte, quote, count)
        case .string(let quote, let isLong, let seen, let isEscaped):
            try string(byte, quote, isLong, seen, isEscaped)
        case .text: try text(byte)
        }
    }

    private mutating func text(_ byte: UInt8) throws(TOMLText.Problem) {
        if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { return }
        switch start {
        case .line:
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { return }
            start = byte == UInt8(ascii: "[") ? .name(brackets: 1) : .within
        case .name(1) where byte == UInt8(ascii: "["): start = .name(brackets: 2)
        case .name:
            guard Self.beginsName(byte) else { throw problem(Self.wrongName) }
            start = .within
        case .within:
            if byte == UInt8(ascii: "\n") { return endLine() }
        }
        switch byte {
        case UInt8(ascii: "#"): place = .comment
        case UInt8(ascii: "\""), UInt8(ascii: "'"): place = .opening(quote: byte, count: 1)
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            brackets += 1
            dots = 0
            if brackets > Self.maximumDepth { throw problem("brackets are nested too deeply") }
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            brackets = max(0, brackets - 1)
            dots = 0
        case UInt8(ascii: "="), UInt8(ascii: ","): dots = 0
        case UInt8(ascii: "."):
            dots += 1
            if dots >= Self.maximumDepth { throw problem("a key has too many dots") }
        default: break
        }
    }

    private mutating func endLine() {
        place = .text
        // An array may go on.
        start = brackets == 0 ? .line : .within
        dots = 0
    }

    private mutating func open(_ byte: UInt8, _ quote: UInt8, _ count: Int) throws(TOMLText.Problem) {
        if byte == quote, count == 1 {
            place = .opening(quote: quote, count: 2)
        } else if byte == quote {
            place = .string(quote: quote, isLong: true, seen: 0, isEscaped: false)
        } else if count == 2 {
            // Two are an empty string, and this byte comes after it.
            place = .text
            try text(byte)
        } else {
            place = .string(quote: quote, isLong: false, seen: 0, isEscaped: false)
            try string(byte, quote, false, 0, false)
        }
    }

    private mutating func string(
        _ byte: UInt8, _ quote: UInt8, _ isLong: Bool, _ seen: Int, _ isEscaped: Bool
    ) throws(TOMLText.Problem) {
        var next = (seen: 0, isEscaped: false)
        if isEscaped {
            // Whatever it is, it is part of the string.
        } else if byte == quote {
            next.seen = seen + 1
            // A long string may end with up to two quotes of its own before the three that close it.
            if !isLong || next.seen == 5 {
                place = .text
                return
            }
        } else if isLong, seen >= 3 {
            place = .text
            return try text(byte)
        } else if byte == UInt8(ascii: "\n"), !isLong {
            return endLine()
        } else {
            next.isEscaped = byte == UInt8(ascii: "\\") && quote == UInt8(ascii: "\"")
        }
        place = .string(quote: quote, isLong: isLong, seen: next.seen, isEscaped: next.isEscaped)
    }

    private static func beginsName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "\""),
            UInt8(ascii: "'"), UInt8(ascii: "]"):
            true
        default: false
        }
    }

    private func problem(_ message: String) -> TOMLText.Problem {
        TOMLText.Problem(line: line, message: message)
    }
}
