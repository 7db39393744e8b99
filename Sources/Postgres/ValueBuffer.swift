/// The bytes of values on their way to the server.
///
/// There is always room behind what is written: a number at the end of an array takes three times as long as one that is
/// stored in its midst, and a program that writes much spends its time with numbers. Inlinable for the same reason.
public struct ValueBuffer: Sendable {
    @usableFromInline var room: [UInt8]
    /// How many bytes are written.
    @usableFromInline private(set) var count = 0

    /// - Parameter capacity: how many bytes are expected.
    init(capacity: Int) { room = [UInt8](repeating: 0, count: max(capacity, 16)) }

    /// A number, in network byte order.
    @inlinable
    public mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        let place = count
        advance(by: MemoryLayout<Number>.size)
        store(number, at: place)
    }

    /// Text, as UTF-8.
    @inlinable
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    @inlinable
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let place = count
        advance(by: bytes.count)
        room.withUnsafeMutableBytes { $0[place..<place + bytes.count].copyBytes(from: bytes) }
    }

    /// Writes a number over what stands there.
    @inlinable
    mutating func store<Number: FixedWidthInteger>(_ number: Number, at place: Int) {
        room.withUnsafeMutableBytes {
            $0.storeBytes(of: number.bigEndian, toByteOffset: place, as: Number.self)
        }
    }

    @inlinable
    mutating func advance(by size: Int) {
        count += size
        if count > room.count { grow() }
    }

    @usableFromInline
    mutating func grow() { room += [UInt8](repeating: 0, count: count) }

    func holdsNUL(from place: Int) -> Bool {
        room.withUnsafeBufferPointer { $0[place..<count].contains(0) }
    }

    /// What is written. It has an address also when that is nothing.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        room.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}
