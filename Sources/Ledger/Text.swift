/// The human name of an account, unique in the ledger.
///
/// 1 to 64 characters (Unicode scalars, as the database counts) without spaces at the ends and without control or formatting characters, so that a code
/// is one word on a screen, in a file and on a command line. Two codes are the same when their UTF-8 bytes are,
/// and sort by them, as in the database.
public struct AccountCode: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// - Throws: ``Refusal/textInvalid(field:why:)``.
    public init(_ text: String) throws(Refusal) {
        self.text = try checked(text, field: "account code", limit: 64, required: true)
        if text.utf8.contains(0x20) || (!isPrintableASCII(text) && text.contains(where: \.isWhitespace)) {
            throw .textInvalid(field: "account code", why: "it must not contain spaces")
        }
    }

    /// A code that was checked when it was written, read back from the ledger.
    public init(stored text: String) { self.text = text }

    public var description: String { text }

    public static func == (left: AccountCode, right: AccountCode) -> Bool { sameBytes(left.text, right.text) }

    public static func < (left: AccountCode, right: AccountCode) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(bytesOf: text) }
}

/// The caller's unique name of an operation: its idempotency key. 1 to 200 characters. Two references are the
/// same when their UTF-8 bytes are, and sort by them, as in the database.
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

    public static func == (left: Reference, right: Reference) -> Bool { sameBytes(left.text, right.text) }

    public static func < (left: Reference, right: Reference) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(bytesOf: text) }
}

/// Whether two texts are the same to the database, which compares bytes. To Swift `é` as one character and as
/// `e` with an accent are equal; in the ledger they are two codes, or two references.
func sameBytes(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count else { return false }
    // The views are slow to walk, and this is asked for each look into a dictionary.
    let areSame = left.utf8.withContiguousStorageIfAvailable { left in
        right.utf8.withContiguousStorageIfAvailable { right in
            sameBytes(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
        }
    }
    return (areSame ?? nil) ?? left.utf8.elementsEqual(right.utf8)
}

/// - Parameter right: as many as on the left.
private func sameBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    var place = 0
    // Most references have 36 bytes; compared one by one they were a tenth of what the outbox executes.
    while place + 8 <= left.count {
        if left.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            != right.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        {
            return false
        }
        place += 8
    }
    return left[place...].elementsEqual(right[place...])
}

extension Hasher {
    /// Feeds the UTF-8 bytes, and a byte that UTF-8 never holds so that the next text begins apart.
    fileprivate mutating func combine(bytesOf text: String) {
        let isFed: Void? = text.utf8.withContiguousStorageIfAvailable {
            combine(bytes: UnsafeRawBufferPointer($0))
        }
        if isFed == nil { for byte in text.utf8 { combine(byte) } }
        combine(0xff as UInt8)
    }
}

/// Free text that people wrote is kept as they wrote it, within bounds, and never with characters that could
/// steer a terminal or reorder a line: control characters, line and paragraph separators, and the invisible
/// formatting characters, among them the bidirectional overrides.
///
/// A limit is of Unicode scalars, which the database calls characters: what a reader takes for one character may be
/// any number of them.
///
/// Joiners stay allowed, since emoji and several scripts are written with them.
func checked(_ text: String, field: String, limit: Int, required: Bool = false) throws(Refusal) -> String {
    if text.isEmpty {
        if required { throw .textInvalid(field: field, why: "it is missing") }
        return text
    }
    if isPrintableASCII(text) {
        return try checkedASCII(text, field: field, limit: limit, required: required)
    }
    // Bytes are counted already, and no scalar has more than four.
    if text.utf8.count > limit * 4 || text.unicodeScalars.count > limit {
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

/// Nearly every text is of this kind: one byte is one character then, and none of them is a bad one.
private func isPrintableASCII(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
}

private func checkedASCII(
    _ text: String, field: String, limit: Int, required: Bool
) throws(Refusal) -> String {
    if text.utf8.count > limit {
        throw .textInvalid(field: field, why: "it is longer than \(limit) characters")
    }
    if text.utf8.first == 0x20 || text.utf8.last == 0x20 {
        if required, text.utf8.allSatisfy({ $0 == 0x20 }) {
            throw .textInvalid(field: field, why: "it is blank")
        }
        throw .textInvalid(field: field, why: "it starts or ends with a space")
    }
    return text
}

private func codePoint(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
