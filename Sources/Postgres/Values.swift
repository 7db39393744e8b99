/// The identity of a PostgreSQL type: its OID and that of the array over it, fixed in `pg_type.dat`.
public struct PostgresType: Sendable, Equatable {
    public let oid: UInt32
    public let arrayOID: UInt32

    public init(oid: UInt32, arrayOID: UInt32) {
        self.oid = oid
        self.arrayOID = arrayOID
    }

    public static let bool = PostgresType(oid: 16, arrayOID: 1000)
    public static let bytea = PostgresType(oid: 17, arrayOID: 1001)
    public static let name = PostgresType(oid: 19, arrayOID: 1003)
    public static let int8 = PostgresType(oid: 20, arrayOID: 1016)
    public static let int2 = PostgresType(oid: 21, arrayOID: 1005)
    public static let int4 = PostgresType(oid: 23, arrayOID: 1007)
    public static let text = PostgresType(oid: 25, arrayOID: 1009)
    public static let json = PostgresType(oid: 114, arrayOID: 199)
    public static let float4 = PostgresType(oid: 700, arrayOID: 1021)
    public static let float8 = PostgresType(oid: 701, arrayOID: 1022)
    public static let bpchar = PostgresType(oid: 1042, arrayOID: 1014)
    public static let varchar = PostgresType(oid: 1043, arrayOID: 1015)
    public static let date = PostgresType(oid: 1082, arrayOID: 1182)
    public static let timestamp = PostgresType(oid: 1114, arrayOID: 1115)
    public static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
    public static let numeric = PostgresType(oid: 1700, arrayOID: 1231)
    public static let uuid = PostgresType(oid: 2950, arrayOID: 2951)

    /// Whether the binary format of the type is plain text, in which a NUL cannot stand.
    @usableFromInline var isText: Bool {
        switch self {
        case .text, .varchar, .bpchar, .name, .json: true
        default: false
        }
    }
}

/// A value that crosses to the server and back in PostgreSQL's binary format.
public protocol PostgresValue: Sendable {
    /// The type that parameters are sent as.
    static var postgresType: PostgresType { get }

    /// Whether a column of the type with this OID can be decoded. By default only `postgresType` can.
    static func accepts(oid: UInt32) -> Bool

    /// Appends the value in network byte order.
    func encode(into buffer: inout ValueBuffer)

    /// Decodes a column's bytes, which come from outside and may have any length and content.
    init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError)
}

extension PostgresValue {
    public static func accepts(oid: UInt32) -> Bool { oid == postgresType.oid }
}

extension FixedWidthInteger {
    init(bigEndianBytes bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == MemoryLayout<Self>.size else {
            throw .violation("a value of \(bytes.count) bytes where \(MemoryLayout<Self>.size) were due")
        }
        self.init(bigEndian: bytes.loadUnaligned(as: Self.self))
    }
}

extension Int64: PostgresValue {
    public static var postgresType: PostgresType { .int8 }
    @inlinable
    public func encode(into buffer: inout ValueBuffer) { buffer.append(self) }
    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        try self.init(bigEndianBytes: bytes)
    }
}

extension Int32: PostgresValue {
    public static var postgresType: PostgresType { .int4 }
    @inlinable
    public func encode(into buffer: inout ValueBuffer) { buffer.append(self) }
    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        try self.init(bigEndianBytes: bytes)
    }
}

extension Int16: PostgresValue {
    public static var postgresType: PostgresType { .int2 }
    @inlinable
    public func encode(into buffer: inout ValueBuffer) { buffer.append(self) }
    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        try self.init(bigEndianBytes: bytes)
    }
}

extension Bool: PostgresValue {
    public static var postgresType: PostgresType { .bool }
    @inlinable
    public func encode(into buffer: inout ValueBuffer) { buffer.append((self ? 1 : 0) as UInt8) }
    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == 1, bytes[0] <= 1 else {
            throw .violation("a boolean that is neither 0 nor 1")
        }
        self = bytes[0] == 1
    }
}

extension Double: PostgresValue {
    public static var postgresType: PostgresType { .float8 }
    @inlinable
    public func encode(into buffer: inout ValueBuffer) { buffer.append(bitPattern) }
    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        self.init(bitPattern: try UInt64(bigEndianBytes: bytes))
    }
}

/// Text, UTF-8. A NUL cannot be stored by PostgreSQL: a query with one in a parameter throws
/// `protocolViolation` and sends nothing.
extension String: PostgresValue {
    public static var postgresType: PostgresType { .text }

    public static func accepts(oid: UInt32) -> Bool {
        switch oid {
        case PostgresType.text.oid, PostgresType.varchar.oid, PostgresType.bpchar.oid, PostgresType.name.oid,
            PostgresType.json.oid:
            true
        default: false
        }
    }

    @inlinable
    public func encode(into buffer: inout ValueBuffer) { buffer.append(self) }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw .violation("text that is not valid UTF-8")
        }
        self = text
    }
}

/// Bytes, as `bytea`.
extension Array: PostgresValue where Element == UInt8 {
    public static var postgresType: PostgresType { .bytea }
    @inlinable
    public func encode(into buffer: inout ValueBuffer) { withUnsafeBytes { buffer.append($0) } }
    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        self.init(bytes)
    }
}
