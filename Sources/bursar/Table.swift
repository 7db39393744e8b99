import Console

/// Lines of columns that stand below each other, for a fixed-width screen. What cells hold may come from anywhere,
/// and is made fit to print.
enum Table {
    enum Alignment { case left, right }

    /// - Parameters:
    ///   - rows: each with as many cells as there are alignments.
    ///   - header: printed first, when there is one.
    static func text(_ rows: [[String]], alignment: [Alignment], header: [String]? = nil) -> String {
        let all = ((header.map { [$0] } ?? []) + rows).map { $0.map(SafeText.printable) }
        let widths = alignment.indices.map { column in
            all.map { SafeText.columns($0[column]) }.max() ?? 0
        }
        return all.map { row in
            let cells = alignment.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - SafeText.columns(row[column]))
                return alignment[column] == .left ? row[column] + padding : padding + row[column]
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
