import Console

/// Lines of columns that stand below each other, for a fixed-width screen. What cells hold may come from anywhere,
/// and is made fit to print.
enum Table {
    enum Alignment { case left, right }

    /// A cell is cut off behind so many columns: the longest narrative has them in the widest characters.
    static let maximumCell = 2000

    /// A column is no wider. The cells that are stick out, so that one of them does not make every line as long.
    static let maximumColumn = 200

    /// - Parameters:
    ///   - rows: each with as many cells as there are alignments.
    ///   - header: printed first, when there is one.
    static func lines(
        _ rows: [[String]], alignment: [Alignment], header: [String]? = nil
    ) -> [String] {
        let all = ((header.map { [$0] } ?? []) + rows).map { row in
            row.map { cell in
                let text = SafeText.printable(cell, columns: maximumCell)
                return (text: text, columns: SafeText.columns(text))
            }
        }
        let widths = alignment.indices.map { column in
            all.map { $0[column].columns }.filter { $0 <= maximumColumn }.max() ?? 0
        }
        return all.map { row in
            let cells = alignment.indices.map { column in
                let padding = String(repeating: " ", count: max(0, widths[column] - row[column].columns))
                return alignment[column] == .left ? row[column].text + padding : padding + row[column].text
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
