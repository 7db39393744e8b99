/// Writes the fields of CSV rows (RFC 4180), so that a spreadsheet or a terminal that shows the file does not act
/// on what stands in it.
enum CSVWriter {
    /// Text that people or other programs wrote. What a spreadsheet would take for a formula gets an apostrophe
    /// before it, which the spreadsheet takes for the sign of a text; control and formatting characters are
    /// written visibly, so that a row is always one line.
    static func append(text: String, to bytes: inout [UInt8]) {
        if text.utf8.allSatisfy(isPlain), !startsFormula(text) {
            append(field: text, to: &bytes)
            return
        }
        var safe = startsFormula(text) ? "'" : ""
        for scalar in text.unicodeScalars { append(scalar, to: &safe) }
        append(field: safe, to: &bytes)
    }

    /// Numbers, dates and names of the program's own: nothing is put before them, so that they stay numbers.
    static func append(field: String, to bytes: inout [UInt8]) {
        let needsQuotes = field.utf8.contains {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0a || $0 == 0x0d
        }
        // Spaces at the ends are part of the field, but some readers drop them outside of quotes.
        guard needsQuotes || field.utf8.first == 0x20 || field.utf8.last == 0x20 else {
            bytes.append(contentsOf: field.utf8)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in field.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ byte: UInt8) -> Bool { (0x20...0x7e).contains(byte) }

    /// Whether spreadsheets may take a cell with this text for a formula; the wide forms count in some locales.
    ///
    /// Blanks with the marks on them, control characters, what is invisible, and quotes are looked past: some programs
    /// drop them before they look at the cell.
    private static func startsFormula(_ text: String) -> Bool {
        switch text.unicodeScalars.first {
        case "\t", "\r", "\n": return true
        default: break
        }
        switch text.unicodeScalars.first(where: { !isLookedPast($0) }) {
        case "=", "+", "-", "@", "\u{ff1d}", "\u{ff0b}", "\u{ff0d}", "\u{ff20}": return true
        default: return false
        }
    }

    private static func isLookedPast(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\"", "'", "`", "\u{2018}"..."\u{201f}", "\u{ff02}", "\u{ff07}": true
        default:
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format: true
            default: scalar.properties.isWhitespace || scalar.isUnsafeToPrint
            }
        }
    }

    /// A control character as its picture, others that must not be acted on by their code point.
    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        if scalar.value == 0x7f {
            text.unicodeScalars.append("\u{2421}")
        } else if scalar.value < 0x20, let picture = Unicode.Scalar(0x2400 + scalar.value) {
            text.unicodeScalars.append(picture)
        } else if scalar.isUnsafeToPrint {
            let digits = String(scalar.value, radix: 16, uppercase: true)
            text += "<U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ">"
        } else {
            text.unicodeScalars.append(scalar)
        }
    }
}
