/// A JSON value to be written (RFC 8259). Objects keep the order of their members, so that output is the same
/// every time and reads in the order of the documentation.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number in decimal text, such as `47.1`, exactly as it is to be written. Text that is not a JSON number
    /// is written as a string, so that what comes out is JSON whatever comes in.
    case decimal(String)
    case string(String)
    case array([JSONValue])
    case object([(String, JSONValue)])

    /// A string, or null.
    public static func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

    /// One line without spaces or line ends in it.
    public var text: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the UTF-8 bytes of ``text``.
    public func append(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): bytes.append(contentsOf: String(value).utf8)
        case .decimal(let text):
            if Self.isNumber(text) {
                bytes.append(contentsOf: text.utf8)
            } else {
                Self.append(text, to: &bytes)
            }
        case .string(let text): Self.append(text, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.append(member.0, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.1.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }
}

// MARK: - Strings

extension JSONValue {
    /// A string in quotes. Escaped is what JSON demands, and what a terminal, a line-based tool or a browser
    /// would act on: control characters, line and paragraph separators, and invisible formatting characters,
    /// among them those that reverse the direction of writing.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy(isPlain) {
            bytes.append(contentsOf: text.utf8)
        } else {
            for scalar in text.unicodeScalars { append(scalar, to: &bytes) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        switch scalar {
        case "\"": bytes.append(contentsOf: #"\""#.utf8)
        case "\\": bytes.append(contentsOf: #"\\"#.utf8)
        case "\n": bytes.append(contentsOf: #"\n"#.utf8)
        case "\r": bytes.append(contentsOf: #"\r"#.utf8)
        case "\t": bytes.append(contentsOf: #"\t"#.utf8)
        default:
            if scalar.isUnsafeToPrint {
                // Beyond 16 bits JSON writes two escapes, the halves that UTF-16 would use.
                for unit in UTF16.encode(scalar) ?? .init() { appendEscape(unit, to: &bytes) }
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
            }
        }
    }

    private static func appendEscape(_ unit: UInt16, to bytes: inout [UInt8]) {
        let digits = String(unit, radix: 16)
        bytes.append(contentsOf: #"\u"#.utf8)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
        bytes.append(contentsOf: digits.utf8)
    }
}

extension Unicode.Scalar {
    /// Whether a terminal, or a program that reads lines, may act on it instead of showing it. Joiners are shown:
    /// emoji and several scripts are written with them.
    var isUnsafeToPrint: Bool {
        if isASCII { return value < 0x20 || value == 0x7f }
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: return true
        case .format: return value != 0x200c && value != 0x200d
        default: return false
        }
    }
}

// MARK: - Numbers

extension JSONValue {
    /// Whether the text is a number of RFC 8259, section 6, without an exponent, and one that readers can hold.
    private static func isNumber(_ text: String) -> Bool {
        guard text.utf8.count <= 64 else { return false }
        var digits = text.utf8[...]
        if digits.first == UInt8(ascii: "-") { digits = digits.dropFirst() }
        let whole = digits.prefix { $0 != UInt8(ascii: ".") }
        guard let first = whole.first, whole.allSatisfy(isDigit) else { return false }
        if first == UInt8(ascii: "0"), whole.count > 1 { return false }
        if whole.count == digits.count { return true }
        let fraction = digits.dropFirst(whole.count + 1)
        return !fraction.isEmpty && fraction.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
