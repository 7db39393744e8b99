/// The human name of an account, unique in the ledger.
///
/// 1 to 64 characters without spaces at the ends and without control or formatting characters, so that a code
/// is one word on a screen, in a file and on a command line.
public struct AccountCode: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// - Throws: ``Refusal/textInvalid(field:why:)``.
    public init(_ text: String) throws(Refusal) {
        self.text = try checked(text, field: "account code", limit: 64, required: true)
        if text.contains(where: \.isWhitespace) {
            throw .textInvalid(field: "account code", why: "it must not contain spaces")
        }
    }

    /// A code that was checked when it was written, read back from the ledger.
    public init(stored text: String) { self.text = text }

    public var description: String { text }

    public static func < (left: AccountCode, right: AccountCode) -> Bool { left.text < right.text }
}

/// The caller's unique name of an operation: its idempotency key. 1 to 200 characters.
public struct Reference: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// - Throws: ``Refusal/textInvalid(field:why:)``.
    public init(_ text: String) throws(Refusal) {
        self.text = try checked(text, field: "reference", limit: 200, required: true)
    }

    /// A reference that was checked when it was written, read back from the ledger.
    public init(stored text: String) { self.text = text }

    /// A reference for a caller that brings none of its own.
    public init(generatedFrom id: Identifier) { text = id.description }

    public var description: String { text }

    public static func < (left: Reference, right: Reference) -> Bool { left.text < right.text }
}

/// Free text that people wrote is kept as they wrote it, within bounds, and never with characters that could
/// steer a terminal or reorder a line: control characters, line and paragraph separators, and the invisible
/// formatting characters, among them the bidirectional overrides.
///
/// Joiners stay allowed, since emoji and several scripts are written with them.
func checked(_ text: String, field: String, limit: Int, required: Bool = false) throws(Refusal) -> String {
    if text.isEmpty {
        if required { throw .textInvalid(field: field, why: "it is missing") }
        return text
    }
    // A grapheme may be arbitrarily long, so the bytes are bounded too.
    if text.utf8.count > limit * 4 || text.count > limit {
        throw .textInvalid(field: field, why: "it is longer than \(limit) characters")
    }
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            throw .textInvalid(field: field, why: "it contains the character \(codePoint(scalar))")
        case .format where scalar.value != 0x200c && scalar.value != 0x200d:
            throw .textInvalid(field: field, why: "it contains the invisible character \(codePoint(scalar))")
        default:
            continue
        }
    }
    if required, text.allSatisfy(\.isWhitespace) { throw .textInvalid(field: field, why: "it is blank") }
    if text.first?.isWhitespace == true || text.last?.isWhitespace == true {
        throw .textInvalid(field: field, why: "it starts or ends with a space")
    }
    return text
}

private func codePoint(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
