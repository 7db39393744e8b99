import Crypto

/// A SHA-256 value (FIPS 180-4): 32 bytes, held as four words so that copying one allocates nothing.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Before an account's first record.
    public static let zero = Digest(words: (0, 0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// The hash of these bytes.
    public init(of bytes: [UInt8]) { self.init(of: bytes[...]) }

    /// The hash of these bytes.
    public init(of bytes: ArraySlice<UInt8>) {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        self = hash.finalize().withUnsafeBytes { Digest(loading: $0) }
    }

    /// A stored value; nil unless it has 32 bytes.
    public init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32 else { return nil }
        self.init(loading: bytes)
    }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count == 64, text.utf8.allSatisfy({ Self.isHexDigit($0) }) else { return nil }
        let digits = Array(text)
        func word(_ index: Int) -> UInt64 {
            UInt64(String(digits[index * 16..<(index + 1) * 16]), radix: 16) ?? 0
        }
        words = (word(0), word(1), word(2), word(3))
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    fileprivate init(loading bytes: UnsafeRawBufferPointer) {
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// Lends the 32 bytes.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let bytes = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
        return withUnsafeBytes(of: bytes, body)
    }

    /// 64 hexadecimal digits.
    public var description: String { hex(words.0) + hex(words.1) + hex(words.2) + hex(words.3) }

    /// The first 16 of them.
    public var abbreviation: String { hex(words.0) }

    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}

/// The hash of bytes that come a piece at a time.
public struct RunningDigest: Sendable {
    private var hash = SHA256()

    public init() {}

    public mutating func append(_ bytes: some Collection<UInt8>) { hash.update(data: Array(bytes)) }

    /// Of all bytes so far.
    public var digest: Digest {
        hash.finalize().withUnsafeBytes { Digest(loading: $0) }
    }
}

/// Bytes that two programs make alike from the same facts: every field with its length or a fixed width, so
/// that no two different lists of fields have the same bytes.
///
/// They are put together on the stack: every posting hashes some fifty fields.
struct CanonicalBytes: ~Copyable {
    /// More than the fields of nearly all postings take.
    private var room = InlineArray<512, UInt8>(repeating: 0)
    private var count = 0
    /// Of what did not fit into the room.
    private var hash: SHA256?

    /// - Parameter domain: what is being hashed, so that bytes of one kind never pass for another's.
    init(domain: String) { append(domain) }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            append(Int64(bytes.count))
            append(bytes: UnsafeRawBufferPointer(bytes))
        }
    }

    mutating func append(_ text: String?) {
        guard let text else { return append(isPresent: false) }
        append(isPresent: true)
        append(text)
    }

    mutating func append(_ value: Int64) { append(fixed: value) }

    mutating func append(_ value: Int64?) {
        append(isPresent: value != nil)
        if let value { append(value) }
    }

    mutating func append(_ id: Identifier) {
        append(fixed: id.high)
        append(fixed: id.low)
    }

    mutating func append(_ id: Identifier?) {
        append(isPresent: id != nil)
        if let id { append(id) }
    }

    mutating func append(_ digest: Digest) { digest.withBytes { append(bytes: $0) } }

    mutating func append(_ amount: DecimalAmount) {
        let (coefficient, scale) = amount.normalized
        append(coefficient)
        append(Int64(scale))
    }

    private mutating func append(isPresent: Bool) { append(fixed: (isPresent ? 1 : 0) as UInt8) }

    private mutating func append(fixed value: some FixedWidthInteger) {
        let size = value.bitWidth / 8
        if count + size > room.count { makeRoom() }
        withUnsafeMutableBytes(of: &room) { [count] in
            $0.storeBytes(of: value.bigEndian, toByteOffset: count, as: type(of: value))
        }
        count += size
    }

    private mutating func append(bytes: UnsafeRawBufferPointer) {
        if count + bytes.count > room.count {
            makeRoom()
            if bytes.count > room.count {
                hash?.update(bufferPointer: bytes)
                return
            }
        }
        withUnsafeMutableBytes(of: &room) { [count] in
            UnsafeMutableRawBufferPointer(rebasing: $0[count...]).copyMemory(from: bytes)
        }
        count += bytes.count
    }

    private mutating func makeRoom() {
        hash = running
        count = 0
    }

    /// The hash of everything so far.
    private var running: SHA256 {
        var hash = hash ?? SHA256()
        withUnsafeBytes(of: room) {
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
        return hash
    }

    var digest: Digest { running.finalize().withUnsafeBytes { Digest(loading: $0) } }
}
