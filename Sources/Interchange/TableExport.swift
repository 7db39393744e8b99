/// A table of text as a CSV file (RFC 4180, lines ended by LF).
public enum TableExport {
    /// - Parameter rows: decimal numbers stay numbers; every other cell is written so that a spreadsheet does not act
    ///   on it.
    public static func csv(columns: [String], rows: [[String]]) -> [UInt8] {
        var bytes: [UInt8] = []
        append(columns, to: &bytes)
        for row in rows { append(row, to: &bytes) }
        return bytes
    }

    /// Rows that follow others in the same file.
    public static func csv(rows: [[String]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for row in rows { append(row, to: &bytes) }
        return bytes
    }

    private static func append(_ row: [String], to bytes: inout [UInt8]) {
        for (index, cell) in row.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if isNumber(cell) {
                CSVWriter.append(field: cell, to: &bytes)
            } else {
                CSVWriter.append(text: cell, to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func isNumber(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        return (1...2).contains(parts.count)
            && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
    }
}
