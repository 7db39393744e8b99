import Ledger

/// The fields of a JSON object (RFC 8259) as they are added. The library's encoder takes longer for an operation than
/// deciding and writing it, and every operation goes through the outbox.
struct JSONText {
    private var bytes: [UInt8]
    private var isFirst = true

    /// - Parameter bytes: what stands before the object; they are taken, so that nothing is copied.
    init(after bytes: inout [UInt8]) {
        self.bytes = []
        swap(&self.bytes, &bytes)
        self.bytes.append(UInt8(ascii: "{"))
    }

    /// - Parameter bytes: where they came from, and go back to.
    mutating func end(into bytes: inout [UInt8]) {
        self.bytes.append(UInt8(ascii: "}"))
        swap(&self.bytes, &bytes)
    }

    /// Adds nothing for nil.
    mutating func add(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        begin(name)
        append(value)
    }

    mutating func add(_ name: StaticString, _ value: Int64) {
        begin(name)
        bytes.append(contentsOf: Money.text(value, digits: 0, grouping: false).utf8)
    }

    mutating func add(_ name: StaticString, _ fields: (inout JSONText) -> Void) {
        begin(name)
        append(fields)
    }

    /// An array of objects; nothing for nil.
    mutating func add<Element>(
        _ name: StaticString, _ elements: [Element]?, _ fields: (Element, inout JSONText) -> Void
    ) {
        guard let elements else { return }
        begin(name)
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append { fields(element, &$0) }
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func append(_ fields: (inout JSONText) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        isFirst = true
        fields(&self)
        bytes.append(UInt8(ascii: "}"))
        isFirst = false
    }

    /// - Parameter name: has nothing in it that would have to be escaped.
    private mutating func begin(_ name: StaticString) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func append(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            if Self.standForThemselves(UnsafeRawBufferPointer(text)) {
                bytes.append(contentsOf: text)
            } else {
                appendEscaped(text)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func standForThemselves(_ text: UnsafeRawBufferPointer) -> Bool {
        var place = 0
        // Eight bytes at a time: each reference is looked through twice.
        while place + 8 <= text.count {
            let bytes = text.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            let (quotes, backslashes) = (bytes ^ 0x2222_2222_2222_2222, bytes ^ 0x5c5c_5c5c_5c5c_5c5c)
            // The highest bit of a byte is left where it was less than what is taken away.
            let escaped =
                (bytes &- 0x2020_2020_2020_2020) & ~bytes | (quotes &- 0x0101_0101_0101_0101) & ~quotes
                | (backslashes &- 0x0101_0101_0101_0101) & ~backslashes
            if escaped & 0x8080_8080_8080_8080 != 0 { return false }
            place += 8
        }
        return text[place...].allSatisfy(standsForItself)
    }

    private static func standsForItself(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        for byte in text {
            if Self.standsForItself(byte) {
                bytes.append(byte)
            } else if byte < 0x20 {
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(Self.digits[Int(byte >> 4)])
                bytes.append(Self.digits[Int(byte & 15)])
            } else {
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            }
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
