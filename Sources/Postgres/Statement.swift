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

    @usableFromInline
    init(oid: UInt32, bytes: [UInt8]?, defect: String? = nil) {
        self.oid = oid
        self.bytes = bytes
        self.defect = defect
    }

    public static func value<V: PostgresValue>(_ value: V) -> Parameter {
        var buffer = ValueBuffer(capacity: 16)
        value.encode(into: &buffer)
        let hasNUL = V.postgresType.isText && buffer.holdsNUL(from: 0)
        return Parameter(oid: V.postgresType.oid, bytes: buffer.bytes, defect: hasNUL ? nulDefect : nil)
    }

    public static func optional<V: PostgresValue>(_ value: V?) -> Parameter {
        guard let value else { return Parameter(oid: V.postgresType.oid, bytes: nil) }
        return .value(value)
    }

    /// A one-dimensional array without NULLs.
    public static func array<V: PostgresValue>(_ values: [V]) -> Parameter { array(values) { $0 } }

    // What follows is inlinable because it is where a program that writes much spends its time: compiled for the rows and
    // values at hand it takes half as long as with their types looked up for each of them.

    /// A one-dimensional array of a value of each row.
    @inlinable
    public static func array<Row, V: PostgresValue>(_ rows: [Row], _ value: (Row) -> V) -> Parameter {
        var writer = ArrayWriter(type: V.postgresType, count: rows.count)
        for row in rows { writer.append(value(row)) }
        return writer.parameter
    }

    /// A one-dimensional array of a value of each row, in which nil is NULL.
    @inlinable
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
    @usableFromInline
    struct ArrayWriter {
        private let type: PostgresType
        @usableFromInline let isText: Bool
        @usableFromInline var buffer: ValueBuffer
        private var defect: String?

        @usableFromInline
        init(type: PostgresType, count: Int) {
            self.type = type
            isText = type.isText
            // An element of most types has sixteen bytes at the most behind a length of four.
            buffer = ValueBuffer(capacity: 20 + count * 20)
            buffer.append((count == 0 ? 0 : 1) as Int32)
            buffer.append(0 as Int32)
            buffer.append(type.oid)
            guard count > 0 else { return }
            if count > Int32.max { defect = "an array of \(count) elements is too long" }
            buffer.append(Int32(clamping: count))
            buffer.append(1 as Int32)
        }

        @inlinable
        mutating func append<V: PostgresValue>(_ value: V) {
            let start = buffer.count
            buffer.append(0 as Int32)
            value.encode(into: &buffer)
            let length = buffer.count - start - 4
            buffer.store(Int32(truncatingIfNeeded: length), at: start)
            if isText || length > Int32.max { examine(from: start + 4, length) }
        }

        @usableFromInline
        mutating func examine(from start: Int, _ length: Int) {
            if length > Int32.max { defect = "an array element of \(length) bytes is too long" }
            if isText && buffer.holdsNUL(from: start) { defect = Parameter.nulDefect }
        }

        @usableFromInline
        mutating func appendNull() {
            buffer.store(1 as Int32, at: Self.nullFlag)
            buffer.append(-1 as Int32)
        }

        private static let nullFlag = 4

        @usableFromInline
        var parameter: Parameter { Parameter(oid: type.arrayOID, bytes: buffer.bytes, defect: defect) }
    }
}
