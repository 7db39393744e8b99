import TOMLKit

/// Reads the text of a TOML file, which may be anything, by a parser that is not made for anything: it works through
/// nested values and keys by recursion, stops the program at a wrong character in a table's name or in a time, and
/// reads no further than a zero byte. What it cannot bear is refused by ``TOMLGuard`` before it comes to it.
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
        try guardian.finish()
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
