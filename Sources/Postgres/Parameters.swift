/// A parameter in a list of them, as statements with a few are given theirs.
public struct Parameter: Sendable {
    fileprivate let add: @Sendable (inout Parameters) -> Void

    public static func value<V: PostgresValue>(_ value: V) -> Parameter { Parameter { $0.append(value) } }

    /// Nil is NULL.
    public static func optional<V: PostgresValue>(_ value: V?) -> Parameter {
        Parameter { $0.append(optional: value) }
    }

    /// A one-dimensional array without NULLs.
    public static func array<V: PostgresValue>(_ values: [V]) -> Parameter {
        Parameter { $0.appendArray(values) { $0 } }
    }

    /// A one-dimensional array in which nil is NULL.
    public static func array<V: PostgresValue>(optional values: [V?]) -> Parameter {
        Parameter { $0.appendArray(values, optional: { $0 }) }
    }
}

/// The parameters of a query, `$1` first, encoded as they are added, on the task of who adds them.
///
/// What stands here is what is sent: the values one behind the other, without a copy of each by itself. Inlinable because
/// it is where a program that writes much spends its time: compiled for the rows and values at hand it takes half as long
/// as with their types looked up for each of them.
public struct Parameters: Sendable {
    /// The values in binary format, one behind the other.
    @usableFromInline var values: ValueBuffer
    /// The types that the parameters are declared with.
    @usableFromInline var types: [UInt32] = []
    /// How many bytes of `values` each has, or `null`.
    @usableFromInline var lengths: [Int32] = []
    /// Why this can never be sent, if it cannot. It surfaces when the query is made.
    private(set) var defect: String?

    @usableFromInline static let null: Int32 = -1

    /// - Parameters:
    ///   - count: how many parameters are expected.
    ///   - capacity: how many bytes their values are expected to have.
    public init(count: Int = 0, capacity: Int = 0) {
        values = ValueBuffer(capacity: capacity)
        types.reserveCapacity(count)
        lengths.reserveCapacity(count)
    }

    init(_ list: [Parameter]) {
        self.init(count: list.count, capacity: list.count * 16)
        for parameter in list { parameter.add(&self) }
    }

    var count: Int { types.count }

    @inlinable
    public mutating func append<V: PostgresValue>(_ value: V) {
        let start = values.count
        value.encode(into: &values)
        end(V.postgresType.oid, from: start, isText: V.postgresType.isText)
    }

    /// Nil is NULL.
    @inlinable
    public mutating func append<V: PostgresValue>(optional value: V?) {
        guard let value else {
            types.append(V.postgresType.oid)
            return lengths.append(Self.null)
        }
        append(value)
    }

    /// A one-dimensional array of a value of each row.
    @inlinable
    public mutating func appendArray<Row, V: PostgresValue>(_ rows: [Row], _ value: (Row) -> V) {
        let start = beginArray(of: V.postgresType, count: rows.count)
        let isText = V.postgresType.isText
        for row in rows { appendElement(value(row), isText: isText) }
        end(V.postgresType.arrayOID, from: start)
    }

    /// A one-dimensional array of a value of each row, in which nil is NULL.
    @inlinable
    public mutating func appendArray<Row, V: PostgresValue>(_ rows: [Row], optional value: (Row) -> V?) {
        let start = beginArray(of: V.postgresType, count: rows.count)
        let isText = V.postgresType.isText
        for row in rows {
            if let value = value(row) {
                appendElement(value, isText: isText)
            } else {
                values.store(1 as Int32, at: start + Self.nullFlag)
                values.append(Self.null)
            }
        }
        end(V.postgresType.arrayOID, from: start)
    }

    @inlinable
    mutating func end(_ oid: UInt32, from start: Int, isText: Bool = false) {
        let length = values.count - start
        if isText || length > Int32.max { examine(from: start, isText: isText) }
        types.append(oid)
        lengths.append(Int32(truncatingIfNeeded: length))
    }

    /// Where the flag that there are NULLs stands in an array.
    @usableFromInline static let nullFlag = 4

    /// An array begins as PostgreSQL's `array_recv` reads it: dimensions, a flag for NULLs, the element type, then length
    /// and lower bound of the one dimension. Each element then stands behind its length.
    /// - Returns: where it begins.
    @usableFromInline
    mutating func beginArray(of type: PostgresType, count: Int) -> Int {
        let start = values.count
        values.append((count == 0 ? 0 : 1) as Int32)
        values.append(0 as Int32)
        values.append(type.oid)
        guard count > 0 else { return start }
        if count > Int32.max { defect = defect ?? "an array of \(count) elements is too long" }
        values.append(Int32(clamping: count))
        values.append(1 as Int32)
        return start
    }

    @inlinable
    mutating func appendElement<V: PostgresValue>(_ value: V, isText: Bool) {
        let start = values.count + 4
        values.append(0 as Int32)
        value.encode(into: &values)
        let length = values.count - start
        values.store(Int32(truncatingIfNeeded: length), at: start - 4)
        if isText || length > Int32.max { examine(from: start, isText: isText) }
    }

    /// Looks at the value that ends the buffer for what cannot be sent.
    @usableFromInline
    mutating func examine(from start: Int, isText: Bool) {
        guard defect == nil else { return }
        let length = values.count - start
        if length > Int32.max { defect = "parameter \(count + 1): a value of \(length) bytes is too long" }
        if isText && values.holdsNUL(from: start) {
            defect = "parameter \(count + 1): text with a NUL character cannot be stored"
        }
    }

    /// The values as libpq takes them, where they stand; nil is NULL.
    func withPointers<Result>(_ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
        values.withBytes { bytes in
            let base = bytes.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) }
            var offset = 0
            return body(
                lengths.map { length in
                    if length == Self.null { return nil }
                    defer { offset += Int(length) }
                    return base.map { $0 + offset }
                })
        }
    }
}
