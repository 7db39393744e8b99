/// One line of a dialog or of a screen of text: pieces of text in their styles.
struct TextLine {
    var pieces: [(text: String, style: Style)]
    /// Where the text cursor stands.
    var cursor: Int?
    /// Whether the line has to be in sight.
    var isFocused = false

    init(_ text: String = "", _ style: Style = .normal) { pieces = [(text, style)] }

    init(_ pieces: [(text: String, style: Style)], cursor: Int? = nil, isFocused: Bool = false) {
        self.pieces = pieces
        self.cursor = cursor
        self.isFocused = isFocused
    }

    var text: String { pieces.map(\.text).joined() }

    /// A paragraph in lines of so many columns, each indented.
    static func paragraph(_ text: String, _ style: Style = .normal, columns: Int, indent: Int = 2)
        -> [TextLine]
    {
        let margin = String(repeating: " ", count: indent)
        return SafeText.wrapped(text, to: max(columns - indent, 1)).map { TextLine(margin + $0, style) }
    }

    /// A name and what it stands for, in columns; a long value goes on below itself.
    static func fact(_ name: String, _ value: String, columns: Int, style: Style = .normal) -> [TextLine] {
        let label = "  " + name.padded(to: labelColumns) + " "
        let lines = SafeText.wrapped(value, to: max(columns - labelColumns - 3, 1))
        let margin = String(repeating: " ", count: labelColumns + 3)
        return lines.enumerated().map { index, line in
            TextLine([(index == 0 ? label : margin, .dim), (line, style)])
        }
    }

    static let labelColumns = 11
}

extension String {
    /// The text with spaces behind it, up to a number of columns.
    func padded(to columns: Int) -> String {
        self + String(repeating: " ", count: max(0, columns - SafeText.columns(self)))
    }

    /// The text with spaces before it.
    func paddedLeft(to columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - SafeText.columns(self))) + self
    }
}

extension Canvas {
    /// Draws lines from `scroll` on, moved on so far that a focused line is in sight.
    mutating func put(lines: [TextLine], scroll: Int = 0, from first: Int, rows: Int) {
        let rows = max(rows, 0)
        let start = firstLine(of: lines, scroll: scroll, rows: rows)
        for (offset, line) in lines.dropFirst(start).prefix(rows).enumerated() {
            put(line.pieces, row: first + offset)
            if let cursor = line.cursor { placeCursor(column: cursor, row: first + offset) }
        }
    }

    private func firstLine(of lines: [TextLine], scroll: Int, rows: Int) -> Int {
        let start = min(max(scroll, 0), max(lines.count - rows, 0))
        guard let focused = lines.lastIndex(where: \.isFocused) else { return start }
        return min(max(start, focused - rows + 1), focused)
    }

    /// Lines under a title, which says where they are when not all are in sight.
    mutating func draw(title: String, lines: [TextLine], scroll: Int, below: Int = 0) {
        let rows = max(height - 1 - below, 0)
        put(title, row: 0, style: .strong)
        if lines.count > rows {
            let first = firstLine(of: lines, scroll: scroll, rows: rows)
            putRight(" lines \(first + 1) to \(first + rows) of \(lines.count)", row: 0, style: .dim)
        }
        put(lines: lines, scroll: scroll, from: 1, rows: rows)
    }
}
