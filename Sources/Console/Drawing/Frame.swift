/// A width and a height, in cells.
public struct Size: Hashable, Sendable {
    public var width: Int
    public var height: Int

    /// No screen is larger; a size beyond it is one that a terminal got wrong.
    public static let maximum = 1000

    /// - Parameters: at least 1 and at most ``maximum``; others are brought to the nearest.
    public init(width: Int, height: Int) {
        self.width = min(max(width, 1), Self.maximum)
        self.height = min(max(height, 1), Self.maximum)
    }
}

/// One position of the screen.
public struct Cell: Hashable, Sendable {
    /// One character with its marks; empty for the second column of a wide character.
    public internal(set) var text: String
    public internal(set) var style: Style

    static let blank = Cell(text: " ", style: .normal)
}

/// A place on the screen, from 0.
public struct Position: Hashable, Sendable {
    public var column: Int
    public var row: Int

    public init(column: Int, row: Int) {
        self.column = column
        self.row = row
    }
}

/// A whole screen: cells, and where the cursor stands.
///
/// Its cells hold nothing that could steer a terminal, since ``put(_:at:columns:style:)`` lets nothing of the
/// kind in.
public struct Frame: Hashable, Sendable {
    public let size: Size
    /// Row by row.
    public private(set) var cells: [Cell]
    /// Nil when nothing is typed: the cursor is hidden.
    public var cursor: Position?

    public init(size: Size) {
        self.size = size
        cells = Array(repeating: .blank, count: size.width * size.height)
    }

    /// The cells of a row, from 0.
    public func row(_ row: Int) -> ArraySlice<Cell> { cells[row * size.width..<(row + 1) * size.width] }

    /// The screen as lines of text without the spaces at their ends.
    public var text: String {
        (0..<size.height).map { row in
            var line = self.row(row).map(\.text).joined()
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    /// Writes text from left to right, cut off at `columns` and at the edge of the screen.
    /// - Returns: the columns that were written.
    @discardableResult
    public mutating func put(
        _ text: String, at place: Position, columns: Int = .max, style: Style = .normal
    ) -> Int {
        guard (0..<size.height).contains(place.row), (0..<size.width).contains(place.column) else { return 0 }
        let limit = min(columns, size.width - place.column)
        let base = place.row * size.width + place.column
        var used = 0
        SafeText.forEachGlyph(text) { glyph in
            guard used + glyph.columns <= limit else { return false }
            set(base + used, Cell(text: glyph.text, style: style))
            if glyph.columns == 2 { set(base + used + 1, Cell(text: "", style: style)) }
            used += glyph.columns
            return true
        }
        return used
    }

    /// Gives a stretch of a row another style, and leaves its text.
    mutating func restyle(at place: Position, columns: Int, style: Style) {
        guard (0..<size.height).contains(place.row), (0..<size.width).contains(place.column) else { return }
        let base = place.row * size.width + place.column
        for index in base..<base + min(max(columns, 0), size.width - place.column) {
            cells[index].style = style
        }
    }

    /// Writes a cell and blanks the other half of a wide character that it cuts in two.
    private mutating func set(_ index: Int, _ cell: Cell) {
        let column = index % size.width
        if column > 0, !cell.text.isEmpty, cells[index].text.isEmpty { cells[index - 1].text = " " }
        if column + 1 < size.width, cells[index + 1].text.isEmpty { cells[index + 1].text = " " }
        cells[index] = cell
    }
}
