import CLibPQ

/// Owns a `PGresult`.
///
/// Sendable though unchecked: a result is complete when libpq hands it out and is only read afterwards, and it
/// no longer depends on its connection; it is cleared once, when nobody holds it.
final class ResultHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let rowCount: Int32
    let columnCount: Int32
    let statement: String?

    /// Takes over `pointer`.
    init(_ pointer: OpaquePointer, statement: String?) {
        self.pointer = pointer
        self.statement = statement
        rowCount = PQntuples(pointer)
        columnCount = PQnfields(pointer)
    }

    deinit { PQclear(pointer) }
}

/// The answer to a statement: its rows, in binary format, and the number of rows that it changed.
public struct Rows: Sendable, RandomAccessCollection {
    let result: ResultHandle

    public var startIndex: Int { 0 }
    public var endIndex: Int { Int(result.rowCount) }

    public subscript(position: Int) -> Row {
        precondition(position >= 0 && position < endIndex, "row out of range")
        return Row(result: result, index: Int32(position))
    }

    /// The number of rows that the statement touched, as its command tag says; 0 for those without a number.
    public var affected: Int {
        guard let text = PQcmdTuples(result.pointer) else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    public var columnCount: Int { Int(result.columnCount) }
}

/// One row. Decoding checks column, type, NULL and length: a surprise is an error, not a crash.
public struct Row: Sendable {
    let result: ResultHandle
    let index: Int32

    /// Decodes a column that is not NULL.
    public func decode<V: PostgresValue>(_ column: Int, as: V.Type = V.self) throws(PostgresError) -> V {
        guard let value = try decodeOptional(column, as: V.self) else {
            throw .violation("column \(column) is NULL", statement: result.statement)
        }
        return value
    }

    /// Decodes a column in which NULL is nil.
    public func decodeOptional<V: PostgresValue>(
        _ column: Int, as: V.Type = V.self
    ) throws(PostgresError) -> V? {
        guard column >= 0, column < Int(result.columnCount) else {
            throw .violation(
                "no column \(column) among \(result.columnCount)", statement: result.statement)
        }
        let field = Int32(column)
        let oid = PQftype(result.pointer, field)
        guard V.accepts(oid: oid), PQfformat(result.pointer, field) == 1 else {
            throw .violation(
                "column \(column) has type \(oid), not \(V.postgresType.oid), or is not binary",
                statement: result.statement)
        }
        guard PQgetisnull(result.pointer, index, field) == 0 else { return nil }
        let length = Int(PQgetlength(result.pointer, index, field))
        guard length >= 0, let start = PQgetvalue(result.pointer, index, field) else {
            throw .violation("column \(column) has no bytes", statement: result.statement)
        }
        do {
            return try V(postgres: UnsafeRawBufferPointer(start: start, count: length))
        } catch {
            throw error.naming(result.statement)
        }
    }
}
