import Ledger
import Postgres

/// How the ledger's own types travel: in PostgreSQL's binary formats, so that no text is built or parsed.
extension Identifier: PostgresValue {
    public static var postgresType: PostgresType { .uuid }

    public func encode(into buffer: inout ValueBuffer) {
        buffer.append(high)
        buffer.append(low)
    }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == 16 else { throw .undecodable("uuid of \(bytes.count) bytes") }
        self.init(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}

extension Timestamp: PostgresValue {
    public static var postgresType: PostgresType { .timestamptz }

    /// Microseconds from 1970 to 2000-01-01, where PostgreSQL's binary `timestamptz` counts from.
    private static let epoch: Int64 = 946_684_800_000_000

    public func encode(into buffer: inout ValueBuffer) {
        buffer.append(microseconds - Self.epoch)
    }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == 8 else { throw .undecodable("timestamptz of \(bytes.count) bytes") }
        let (microseconds, overflow) = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
            .addingReportingOverflow(Self.epoch)
        if overflow { throw .undecodable("timestamptz out of range") }
        self.init(microseconds: microseconds)
    }
}

extension CalendarDate: PostgresValue {
    public static var postgresType: PostgresType { .date }

    /// Days from 1970 to 2000-01-01, where PostgreSQL's binary `date` counts from.
    private static let epoch: Int32 = 10_957

    public func encode(into buffer: inout ValueBuffer) {
        buffer.append(daysSince1970 - Self.epoch)
    }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == 4 else { throw .undecodable("date of \(bytes.count) bytes") }
        let (days, overflow) = Int32(bigEndian: bytes.loadUnaligned(as: Int32.self))
            .addingReportingOverflow(Self.epoch)
        if overflow { throw .undecodable("date out of range") }
        self.init(daysSince1970: days)
    }
}

extension Digest: PostgresValue {
    public static var postgresType: PostgresType { .bytea }

    public func encode(into buffer: inout ValueBuffer) { withBytes { buffer.append($0) } }

    public init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard let digest = Digest(bytes: bytes) else { throw .undecodable("hash of \(bytes.count) bytes") }
        self = digest
    }
}

extension PostgresError {
    /// A value that the ledger could not have written.
    static func undecodable(_ what: String) -> PostgresError {
        PostgresError(kind: .protocolViolation, message: "the ledger holds something it should not: \(what)")
    }
}

extension Row {
    /// Reads a text column into a type that has one case for each text.
    func decodeCase<Value: RawRepresentable<String>>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        let text = try decode(column, as: String.self)
        guard let value = Value(rawValue: text) else {
            throw .undecodable("“\(text.prefix(40))” in a \(type)")
        }
        return value
    }

    func decodeCurrency(_ column: Int) throws(PostgresError) -> Currency {
        let code = try decode(column, as: String.self)
        do throws(Refusal) {
            return try Currency(code)
        } catch {
            throw .undecodable(error.message)
        }
    }
}
