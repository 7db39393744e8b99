/// What a cell of the screen shows: one character with the marks that belong to it, and its columns.
struct Glyph: Hashable, Sendable {
    let text: String
    /// 1 or 2.
    let columns: Int
}

/// Text from anywhere, made fit for a terminal.
///
/// Two things are taken away from it. What could steer a terminal or reorder a line (control characters, the
/// bidirectional overrides, other invisible formatting) is shown as a visible sign. What terminals measure
/// differently (families of emoji joined into one, skin tones, variation selectors, flags) is reduced to what
/// all of them measure alike, so that columns stay straight everywhere.
///
/// Nothing takes longer, or more lines, than ``maximumBytes`` of text do, however long a text is.
public enum SafeText {
    /// What is looked at of a text. The ledger's own rules allow a quarter of it; what is longer came past them, and
    /// ends with an ellipsis.
    static let maximumBytes = 1 << 14

    private static let ellipsis = Glyph(text: "…", columns: 1)

    /// The glyphs of a text, in order.
    static func glyphs(_ text: String) -> [Glyph] {
        var glyphs: [Glyph] = []
        glyphs.reserveCapacity(min(text.utf8.count, maximumBytes))
        forEachGlyph(text) {
            glyphs.append($0)
            return true
        }
        return glyphs
    }

    /// Columns that the text takes.
    public static func columns(_ text: String) -> Int {
        if isPlain(text) { return text.utf8.count }
        var columns = 0
        forEachGlyph(text) {
            columns += $0.columns
            return true
        }
        return columns
    }

    /// The text as it may be printed.
    public static func printable(_ text: String) -> String {
        if isPlain(text) { return text }
        var printable = ""
        forEachGlyph(text) {
            printable += $0.text
            return true
        }
        return printable
    }

    /// The text as it may be printed where there is so much room.
    public static func printable(_ text: String, columns: Int) -> String { truncated(text, to: columns) }

    /// Whether the text is printable ASCII, which most is: each byte is a glyph of one column then.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= maximumBytes && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
    }

    /// Calls `body` with each glyph until it returns false.
    static func forEachGlyph(_ text: String, _ body: (Glyph) -> Bool) {
        if isPlain(text) {
            for byte in text.utf8 where !body(Glyph(text: GlyphBuilder.ascii[Int(byte)], columns: 1)) {
                return
            }
            return
        }
        var builder = GlyphBuilder()
        var left = maximumBytes
        for scalar in text.unicodeScalars {
            left -= UTF8.width(scalar)
            if left < 0 {
                if let glyph = builder.finish(), !body(glyph) { return }
                _ = body(ellipsis)
                return
            }
            if let glyph = builder.add(scalar), !body(glyph) { return }
        }
        if let glyph = builder.finish() { _ = body(glyph) }
    }

    /// As much of the text as fits, with an ellipsis where something was cut off.
    static func truncated(_ text: String, to columns: Int, ellipsis: String = "…") -> String {
        guard columns > 0 else { return "" }
        if text.utf8.count <= columns, isPlain(text) { return text }
        var result = ""
        // How many bytes the result had when there was still room for the ellipsis.
        var roomy = 0
        var used = 0
        var fits = true
        forEachGlyph(text) { glyph in
            if used + glyph.columns > columns {
                fits = false
                return false
            }
            used += glyph.columns
            result += glyph.text
            if used < columns { roomy = result.utf8.count }
            return true
        }
        return fits ? result : String(decoding: result.utf8.prefix(roomy), as: UTF8.self) + ellipsis
    }

    /// The text in lines of at most `columns`, broken at spaces where there are any. Takes as long as the text is, and
    /// a glyph that is wider than a line has one to itself.
    static func wrapped(_ text: String, to columns: Int) -> [String] {
        guard columns > 0 else { return [] }
        var lines = LineBreaker(columns: columns)
        forEachGlyph(text) { glyph in
            lines.add(glyph)
            return true
        }
        return lines.finish()
    }
}

/// Puts glyphs together to words, and words to lines.
private struct LineBreaker {
    let columns: Int
    private var lines: [String] = []
    private var line = ""
    private var lineColumns = 0
    private var word = ""
    private var wordColumns = 0

    init(columns: Int) { self.columns = columns }

    mutating func add(_ glyph: Glyph) {
        if glyph.text == " " { return endWord() }
        // A word that is longer than a line fills lines of its own.
        if wordColumns > 0, wordColumns + glyph.columns > columns {
            endLine()
            lines.append(word)
            (word, wordColumns) = ("", 0)
        }
        word += glyph.text
        wordColumns += glyph.columns
    }

    mutating func finish() -> [String] {
        endWord()
        endLine()
        return lines
    }

    private mutating func endWord() {
        if wordColumns == 0 { return }
        if lineColumns > 0, lineColumns + 1 + wordColumns <= columns {
            line += " " + word
            lineColumns += 1 + wordColumns
        } else {
            endLine()
            (line, lineColumns) = (word, wordColumns)
        }
        (word, wordColumns) = ("", 0)
    }

    private mutating func endLine() {
        if lineColumns > 0 { lines.append(line) }
        (line, lineColumns) = ("", 0)
    }
}

/// Puts scalars together to glyphs.
struct GlyphBuilder {
    private var pending: (text: String, columns: Int, marks: Int)?
    /// Whether the last scalar joined the next one to its picture.
    private var joins = false
    private var pictures = false

    /// A cell of the terminal holds a character and a few marks; more would only be there to disturb.
    private static let maximumMarks = 3

    /// - Returns: the glyph before this scalar, once the scalar begins another.
    mutating func add(_ scalar: Unicode.Scalar) -> Glyph? {
        let value = scalar.value
        if value >= 0x20, value < 0x7f { return start(Self.ascii[Int(value)], 1) }
        if value < 0xa0 { return start(Self.sign(control: value), 1) }
        if Self.isJoiner(value) {
            joins = value == 0x200d && pictures
            return nil
        }
        if Self.isIgnored(value) { return nil }
        // Of most of what is shown it is known without asking Unicode's tables.
        if Self.isSimple(value) { return start(String(scalar), 1) }
        if value >= 0x1f1e6, value <= 0x1f1ff {
            // A flag is two letters that only some terminals draw as one picture: the letters are the same
            // everywhere.
            return start(Self.ascii[Int(value - 0x1f1e6 + 0x41)], 1)
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            return start("\u{fffd}", 1)
        default: break
        }
        let columns = DisplayWidth.columns(scalar)
        if columns == 0 { return addMark(scalar) }
        let isPicture = value >= 0x2190 && scalar.properties.isEmoji
        if joins, isPicture {
            joins = false
            return nil
        }
        let glyph = start(String(scalar), columns)
        pictures = isPicture
        return glyph
    }

    mutating func finish() -> Glyph? {
        defer { pending = nil }
        return pending.map { Glyph(text: $0.text, columns: $0.columns) }
    }

    private mutating func start(_ text: String, _ columns: Int) -> Glyph? {
        let glyph = finish()
        pending = (text, columns, 0)
        joins = false
        pictures = false
        return glyph
    }

    private mutating func addMark(_ scalar: Unicode.Scalar) -> Glyph? {
        guard let before = pending else {
            // Without a character to stand on, on a blank.
            pending = (" " + String(scalar), 1, 1)
            return nil
        }
        if before.marks < Self.maximumMarks {
            pending?.text.unicodeScalars.append(scalar)
            pending?.marks += 1
        }
        return nil
    }

    /// Zero-width joiner and non-joiner.
    private static func isJoiner(_ value: UInt32) -> Bool { value == 0x200c || value == 0x200d }

    /// The letters before the first combining mark, and the lines and blocks that frames and curves are made of: each
    /// is a character of one column, and none is a picture.
    static func isSimple(_ value: UInt32) -> Bool {
        (0xa0..<0x300).contains(value) || (0x2500..<0x25a0).contains(value)
    }

    /// Variation selectors, skin tones, the keycap, and the tags that turn a black flag into a region's.
    private static func isIgnored(_ value: UInt32) -> Bool {
        switch value {
        case 0xfe00...0xfe0f, 0x1f3fb...0x1f3ff, 0x20e3, 0xe0020...0xe007f, 0xe0100...0xe01ef, 0xad: true
        default: false
        }
    }

    /// Unicode's pictures for the control characters; the second set of them, and DEL, has fewer.
    private static func sign(control value: UInt32) -> String {
        switch value {
        case 0..<0x20: String(Unicode.Scalar(0x2400 + value) ?? "?")
        case 0x7f: "\u{2421}"
        default: "\u{fffd}"
        }
    }

    static let ascii: [String] = (0..<0x80).map { String(Unicode.Scalar(UInt8($0))) }
}
