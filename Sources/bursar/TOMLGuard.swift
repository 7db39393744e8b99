/// Follows a TOML text (TOML 1.0.0) and lets through what settings have: tables, keys, texts, decimal numbers, true and
/// false, and lists of them. Dates and the other forms of numbers, which no setting has, are where the parser trusts too
/// much.
///
/// Where the text is no TOML it may follow it wrongly, but only from there on, and the parser does not come further than
/// that.
struct TOMLGuard {
    /// The most parts of a key, and the most values in each other. Settings have two of each.
    static let maximumDepth = 16
    /// The most bytes of a number.
    private static let maximumWord = 40

    private(set) var line = 1
    private var place = Place.text
    private var expected = Expected.line
    private var open: [Bracket] = []
    /// Dots of the key so far.
    private var dots = 0
    /// The value so far, when it is not in quotes.
    private var word: [UInt8] = []

    private enum Place {
        case text, comment
        case string(TOMLString)
    }

    private enum Expected {
        /// A key, the bracket of a table's name, or nothing on this line.
        case line
        /// A table's name, behind so many brackets.
        case name(brackets: Int)
        /// The rest of a key or of a table's name.
        case key
        case value
        /// What comes after a value.
        case end
    }

    private enum Bracket { case array, table }

    mutating func take(_ byte: UInt8) throws(TOMLText.Problem) {
        // The byte itself is still on the line that it ends.
        defer { if byte == .newline { line += 1 } }
        if byte < 0x20 && ![.tab, .newline, .carriageReturn].contains(byte) || byte == 0x7f {
            throw problem("a control character stands there; take it out")
        }
        switch place {
        case .text: try text(byte)
        case .comment:
            guard byte == .newline else { return }
            place = .text
            try text(byte)
        case .string(var string):
            switch string.take(byte) {
            case .within: place = .string(string)
            case .ended: endString()
            case .endedBefore:
                endString()
                try text(byte)
            }
        }
    }

    /// After the last byte.
    mutating func finish() throws(TOMLText.Problem) { try take(.newline) }

    private mutating func endString() {
        place = .text
        if case .value = expected { expected = .end }
    }

    private mutating func text(_ byte: UInt8) throws(TOMLText.Problem) {
        switch expected {
        case .line:
            switch byte {
            case .space, .tab, .newline, .carriageReturn: return
            case UInt8(ascii: "["): expected = .name(brackets: 1)
            default:
                expected = .key
                try key(byte)
            }
        case .name(let brackets):
            switch byte {
            case .space, .tab: return
            case UInt8(ascii: "[") where brackets == 1: expected = .name(brackets: 2)
            default:
                guard byte.beginsName else {
                    throw problem("a table's name begins with a letter, a digit, - or _, or stands in quotes")
                }
                expected = .key
                try key(byte)
            }
        case .key: try key(byte)
        case .value: try value(byte)
        case .end: try end(byte)
        }
    }

    private mutating func key(_ byte: UInt8) throws(TOMLText.Problem) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): place = .string(TOMLString(quote: byte))
        case UInt8(ascii: "#"): place = .comment
        case .newline: endLine()
        case UInt8(ascii: "."):
            dots += 1
            if dots >= Self.maximumDepth { throw problem("a key has too many dots") }
        case UInt8(ascii: "="):
            dots = 0
            expected = .value
        case UInt8(ascii: "]"), UInt8(ascii: "}"): try close()
        default: break
        }
    }

    private mutating func value(_ byte: UInt8) throws(TOMLText.Problem) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "["), UInt8(ascii: "{"):
            if !word.isEmpty { try endWord() }
            if case .end = expected { return try end(byte) }
            try begin(byte)
        case .space, .tab, .carriageReturn: try endWord()
        case .newline, UInt8(ascii: "#"), UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
            try endWord()
            try end(byte)
        default:
            word.append(byte)
            if word.count > Self.maximumWord { throw noValue() }
        }
    }

    private mutating func begin(_ byte: UInt8) throws(TOMLText.Problem) {
        switch byte {
        case UInt8(ascii: "["): open.append(.array)
        case UInt8(ascii: "{"):
            open.append(.table)
            expected = .key
        default: place = .string(TOMLString(quote: byte))
        }
        if open.count > Self.maximumDepth { throw problem("brackets are nested too deeply") }
    }

    private mutating func end(_ byte: UInt8) throws(TOMLText.Problem) {
        switch byte {
        case .space, .tab, .carriageReturn: return
        case UInt8(ascii: "#"): place = .comment
        // A list goes on over the ends of lines.
        case .newline: if open.last != .array { endLine() }
        case UInt8(ascii: ","): expected = open.last == .array ? .value : .key
        case UInt8(ascii: "]"), UInt8(ascii: "}"): try close()
        default: throw problem("something follows a value; write one setting on a line")
        }
    }

    private mutating func close() throws(TOMLText.Problem) {
        _ = open.popLast()
        dots = 0
        expected = .end
    }

    private mutating func endLine() {
        expected = .line
        open = []
        dots = 0
    }

    private mutating func endWord() throws(TOMLText.Problem) {
        if word.isEmpty { return }
        let isKnown = word.elementsEqual("true".utf8) || word.elementsEqual("false".utf8)
        guard isKnown || Self.isNumber(word[...]) else { throw noValue() }
        word = []
        expected = .end
    }

    /// A sign, digits in groups, then decimals and an exponent or not.
    private static func isNumber(_ word: ArraySlice<UInt8>) -> Bool {
        var rest = word
        func sign() {
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        }
        func digits() -> Bool {
            let digits = rest.prefix { $0.isDigit || $0 == UInt8(ascii: "_") }
            rest = rest[digits.endIndex...]
            return digits.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
                .allSatisfy { !$0.isEmpty }
        }
        sign()
        guard digits() else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard digits() else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            sign()
            guard digits() else { return false }
        }
        return rest.isEmpty
    }

    private func noValue() -> TOMLText.Problem {
        problem("no setting has such a value; write a text in quotes, a decimal number, true or false")
    }

    private func problem(_ message: String) -> TOMLText.Problem {
        TOMLText.Problem(line: line, message: message)
    }
}

/// A text in quotes, from behind its first quote.
private struct TOMLString {
    enum Step {
        case within
        /// With this byte.
        case ended
        /// With the byte before.
        case endedBefore
    }

    private let quote: UInt8
    /// Three quotes open a long text; two are an empty one.
    private var opening = 1
    private var isLong = false
    /// Quotes in a row so far.
    private var seen = 0
    /// Whether a backslash makes the next byte part of the text.
    private var isEscaped = false

    init(quote: UInt8) { self.quote = quote }

    mutating func take(_ byte: UInt8) -> Step {
        if opening > 0 {
            if byte == quote {
                opening += 1
                if opening < 3 { return .within }
                isLong = true
            }
            let isEmpty = opening == 2
            opening = 0
            if isLong { return .within }
            if isEmpty { return .endedBefore }
        }
        return content(byte)
    }

    private mutating func content(_ byte: UInt8) -> Step {
        if isEscaped {
            isEscaped = false
            return .within
        }
        if byte == quote {
            seen += 1
            // A long text may end with up to two quotes of its own before the three that close it.
            return !isLong || seen == 5 ? .ended : .within
        }
        if isLong, seen >= 3 { return .endedBefore }
        if byte == .newline, !isLong { return .endedBefore }
        seen = 0
        isEscaped = byte == UInt8(ascii: "\\") && quote == UInt8(ascii: "\"")
        return .within
    }
}

extension UInt8 {
    fileprivate static let newline = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
    fileprivate static let tab = UInt8(ascii: "\t")
    fileprivate static let space = UInt8(ascii: " ")

    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// Whether a key may begin with it.
    fileprivate var beginsName: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "\""), UInt8(ascii: "'"):
            true
        default: isDigit
        }
    }
}
