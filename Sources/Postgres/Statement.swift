/// A statement that is prepared on each connection when it is first used there.
///
/// The name is for logs, errors and the cache: two statements need two names. Parameters are `$1`, `$2`, …;
/// their types are those of the first call on a connection, and later calls must have the same.
public struct Statement: Hashable, Sendable {
    public let name: String
    public let sql: String

    public init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    public static func == (left: Statement, right: Statement) -> Bool {
        left.name == right.name && left.sql == right.sql
    }

    // The name alone is hashed: names differ, and the text of a statement can be long.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// A statement with its parameters.
public struct Query: Sendable {
    public let statement: Statement
    public let parameters: [Parameter]

    public init(_ statement: Statement, _ parameters: [Parameter] = []) {
        self.statement = statement
        self.parameters = parameters
    }
}

/// A parameter, encoded when it is made, on the task of who makes it.
public struct Parameter: Sendable {
    /// The type that the parameter is declared with.
    let oid: UInt32
    /// The value in binary format; nil is NULL.
    let bytes: [UInt8]?
    /// Why this value can never be sent, if it cannot. It surfaces when the query is made.
    let defect: String?

    private init(oid: UInt32, bytes: [UInt8]?, defect: String? = nil) {
        self.oid = oid
        self.bytes = bytes
        self.defect = defect
    }

    public static func value<V: PostgresValue>(_ value: V) -> Parameter {
        var bytes: [UInt8] = []
        value.encode(into: &bytes)
        let hasNUL = V.postgresType.isText && bytes.contains(0)
        return Parameter(oid: V.postgresType.oid, bytes: bytes, defect: hasNUL ? nulDefect : nil)
    }

    public static func optional<V: PostgresValue>(_ value: V?) -> Parameter {
        guard let value else { return Parameter(oid: V.postgresType.oid, bytes: nil) }
        return .value(value)
    }

    /// A one-dimensional array without NULLs.
    public static func array<V: PostgresValue>(_ values: [V]) -> Parameter { array(values) { $0 } }

    /// A one-dimensional array of a value of each row.
    public static func array<Row, V: PostgresValue>(_ rows: [Row], _ value: (Row) -> V) -> Parameter {
        var writer = ArrayWriter(type: V.postgresType, count: rows.count)
        for row in rows { writer.append(value(row)) }
        return writer.parameter
    }

    /// A one-dimensional array of a value of each row, in which nil is NULL.
    public static func array<Row, V: PostgresValue>(_ rows: [Row], optional value: (Row) -> V?) -> Parameter {
        var writer = ArrayWriter(type: V.postgresType, count: rows.count)
        for row in rows {
            if let value = value(row) { writer.append(value) } else { writer.appendNull() }
        }
        return writer.parameter
    }

    private static let nulDefect = "text with a NUL character cannot be stored"

    /// Writes an array in the format of PostgreSQL's `array_recv`: dimensions, a flag for NULLs, the element
    /// type, then length and lower bound of the one dimension, then each element behind its length.
    private struct ArrayWriter {
        let type: PostgresType
        var bytes: [UInt8] = []
        var defect: String?

        init(type: PostgresType, count: Int) {
            self.type = type
            // An element of the fixed-size types has eight bytes at the most behind a length of four.
            bytes.reserveCapacity(20 + count * 12)
            let dimensions: Int32 = count == 0 ? 0 : 1
            dimensions.appendBigEndian(to: &bytes)
            Int32(0).appendBigEndian(to: &bytes)
            type.oid.appendBigEndian(to: &bytes)
            guard count > 0 else { return }
            if count > Int32.max { defect = "an array of \(count) elements is too long" }
            Int32(clamping: count).appendBigEndian(to: &bytes)
            Int32(1).appendBigEndian(to: &bytes)
        }

        mutating func append<V: PostgresValue>(_ value: V) {
            let start = bytes.count
            Int32(0).appendBigEndian(to: &bytes)
            value.encode(into: &bytes)
            let length = bytes.count - start - 4
            if length > Int32.max { defect = "an array element of \(length) bytes is too long" }
            if type.isText && holdsNUL(from: start + 4) { defect = nulDefect }
            bytes.withUnsafeMutableBytes {
                $0.storeBytes(
                    of: Int32(truncatingIfNeeded: length).bigEndian, toByteOffset: start, as: Int32.self)
            }
        }

        private func holdsNUL(from start: Int) -> Bool {
            bytes.withUnsafeBufferPointer { $0[start...].contains(0) }
        }

        mutating func appendNull() {
            bytes[Self.lastOfNullFlag] = 1
            Int32(-1).appendBigEndian(to: &bytes)
        }

        private static let lastOfNullFlag = 7

        var parameter: Parameter { Parameter(oid: type.arrayOID, bytes: bytes, defect: defect) }
    }
}
