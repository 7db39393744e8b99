/// A rectangle of a frame that one pane draws in: nothing that it draws comes outside.
struct Canvas {
    var frame: Frame
    let symbols: Symbols
    /// In cells of the frame.
    private(set) var area: Area

    struct Area: Hashable, Sendable {
        var column: Int
        var row: Int
        var width: Int
        var height: Int
    }

    init(size: Size, symbols: Symbols) {
        frame = Frame(size: size)
        self.symbols = symbols
        area = Area(column: 0, row: 0, width: size.width, height: size.height)
    }

    var width: Int { area.width }
    var height: Int { area.height }

    /// Draws into a part of the screen.
    mutating func draw(in area: Area, _ body: (inout Canvas) -> Void) {
        let outer = self.area
        self.area = area
        body(&self)
        self.area = outer
    }

    /// Writes at a place of the area; what does not fit ends with an ellipsis.
    mutating func put(
        _ text: String, column: Int = 0, row: Int, columns: Int = .max, style: Style = .normal
    ) {
        guard (0..<height).contains(row), (0..<width).contains(column) else { return }
        let limit = min(columns, width - column)
        let shown = SafeText.truncated(text, to: limit, ellipsis: symbols.ellipsis)
        frame.put(shown, at: absolute(column, row), columns: limit, style: style)
    }

    /// Writes pieces of different styles, one after the other.
    mutating func put(_ pieces: [(text: String, style: Style)], column: Int = 0, row: Int) {
        var column = column
        for piece in pieces {
            put(piece.text, column: column, row: row, style: piece.style)
            column += SafeText.columns(piece.text)
        }
    }

    /// Writes so that the text ends at the right edge.
    mutating func putRight(_ text: String, row: Int, style: Style = .normal) {
        put(text, column: max(0, width - SafeText.columns(text)), row: row, style: style)
    }

    /// Gives a whole row of the area one style.
    mutating func highlight(row: Int, style: Style) {
        guard (0..<height).contains(row) else { return }
        frame.restyle(at: absolute(0, row), columns: width, style: style)
    }

    mutating func placeCursor(column: Int, row: Int) {
        guard (0..<height).contains(row), (0..<width).contains(column) else { return }
        frame.cursor = absolute(column, row)
    }

    mutating func rule(row: Int) {
        put(
            String(repeating: symbols.horizontal, count: width), row: row, style: .border)
    }

    private func absolute(_ column: Int, _ row: Int) -> Position {
        Position(column: area.column + column, row: area.row + row)
    }
}

/// A column of a table.
struct Column {
    enum Alignment { case left, right }

    let title: String
    let width: Int
    let alignment: Alignment

    init(_ title: String, _ width: Int, _ alignment: Alignment = .left) {
        self.title = title
        self.width = width
        self.alignment = alignment
    }
}

extension Canvas {
    /// Writes one row of a table, its cells one space apart.
    mutating func put(
        cells: [(text: String, style: Style)], in columns: [Column], from start: Int = 0, row: Int
    ) {
        var at = start
        for (cell, column) in zip(cells, columns) {
            let shown = SafeText.truncated(cell.text, to: column.width, ellipsis: symbols.ellipsis)
            let indent = column.alignment == .right ? column.width - SafeText.columns(shown) : 0
            put(shown, column: at + indent, row: row, columns: column.width - indent, style: cell.style)
            at += column.width + 1
        }
    }

    mutating func putTitles(of columns: [Column], from start: Int = 0, row: Int) {
        put(cells: columns.map { ($0.title, .title) }, in: columns, from: start, row: row)
    }
}
