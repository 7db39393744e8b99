import TestSupport
import Testing

@testable import Postgres

/// Types that a user of the module might bring.
private struct Identifier: PostgresValue, Equatable {
    var high: UInt64
    var low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    static var postgresType: PostgresType { .uuid }
    func encode(into buffer: inout ValueBuffer) {
        buffer.append(high)
        buffer.append(low)
    }
    init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard bytes.count == 16 else { throw .violation("a uuid of \(bytes.count) bytes") }
        high = try UInt64(bigEndianBytes: UnsafeRawBufferPointer(rebasing: bytes[..<8]))
        low = try UInt64(bigEndianBytes: UnsafeRawBufferPointer(rebasing: bytes[8...]))
    }
}

/// Microseconds since 2000-01-01 00:00 UTC, as PostgreSQL counts.
private struct Instant: PostgresValue, Equatable {
    let microseconds: Int64

    init(_ microseconds: Int64) { self.microseconds = microseconds }
    static var postgresType: PostgresType { .timestamptz }
    func encode(into buffer: inout ValueBuffer) { buffer.append(microseconds) }
    init(postgres bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        microseconds = try Int64(bigEndianBytes: bytes)
    }
}

@Suite struct ValueTests {
    /// Sends a value as `$1`, and checks that it comes back and that the server writes it as `text`.
    private func roundTrip<V: PostgresValue & Equatable>(_ values: [(V, String)], type: String) async throws {
        let connection = try await PrivateServer.shared.connect()
        try await connection.run(script: "SET TimeZone = 'UTC'")
        let echo = Statement(name: "echo", sql: "SELECT $1, $1::text")
        for (value, text) in values {
            let rows = try await connection.query(echo, [.value(value)])
            #expect(try rows[0].decode(0, as: V.self) == value, "\(type)")
            #expect(try rows[0].decode(1, as: String.self) == text, "\(type)")
        }
        await connection.close()
    }

    @Test func keepsIntegersToTheirExtremes() async throws {
        let wide: [Int64] = [.min, -1, 0, 1, .max]
        try await roundTrip(wide.map { ($0, "\($0)") }, type: "int8")
        let middle: [Int32] = [.min, -1, 0, .max]
        try await roundTrip(middle.map { ($0, "\($0)") }, type: "int4")
        let narrow: [Int16] = [.min, -1, 0, .max]
        try await roundTrip(narrow.map { ($0, "\($0)") }, type: "int2")
    }

    @Test func keepsTextBytesBooleansAndFloats() async throws {
        let texts = ["", "plain", "Grüße, 世界 👩‍👩‍👧", "quote ' \\ \"\n\t", String(repeating: "é", count: 100_000)]
        try await roundTrip(texts.map { ($0, $0) }, type: "text")
        let bytes: [([UInt8], String)] = [([], "\\x"), ([0, 1, 0x7F, 0x80, 0xFF], "\\x00017f80ff")]
        try await roundTrip(bytes, type: "bytea")
        try await roundTrip([(true, "true"), (false, "false")], type: "bool")
        try await roundTrip([(0.1, "0.1"), (-.infinity, "-Infinity"), (1e308, "1e+308")], type: "float8")
    }

    @Test func keepsTypesThatAUserBrings() async throws {
        let identifier = Identifier(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
        try await roundTrip([(identifier, "01234567-89ab-cdef-fedc-ba9876543210")], type: "uuid")
        let instants: [(Instant, String)] = [
            (Instant(0), "2000-01-01 00:00:00+00"), (Instant(-1), "1999-12-31 23:59:59.999999+00"),
            (Instant(.max), "infinity"), (Instant(.min), "-infinity"),
        ]
        try await roundTrip(instants, type: "timestamptz")
    }

    @Test func tellsNullFromEmpty() async throws {
        let connection = try await PrivateServer.shared.connect()
        let sql = "SELECT $1::text IS NULL, $2::text IS NULL, $1::text, $2::text, $3::bytea"
        let noText: String? = nil
        let rows = try await connection.query(
            Statement(name: "nulls", sql: sql),
            [.optional(noText), .optional("" as String?), .value([] as [UInt8])])
        #expect(try rows[0].decode(0, as: Bool.self))
        #expect(try rows[0].decode(1, as: Bool.self) == false)
        #expect(try rows[0].decodeOptional(2, as: String.self) == nil)
        #expect(try rows[0].decodeOptional(3, as: String.self) == "")
        #expect(try rows[0].decode(4, as: [UInt8].self) == [])
        let error = #expect(throws: PostgresError.self) { try rows[0].decode(2, as: String.self) }
        #expect(error?.kind == .protocolViolation)
        #expect(error?.statement == "nulls")
        await connection.close()
    }

    @Test func keepsArraysWithNullsInOrder() async throws {
        let connection = try await PrivateServer.shared.connect()
        let sql = "SELECT value FROM unnest($1) WITH ORDINALITY AS a (value, place) ORDER BY place"
        let numbers: [Int64?] = [nil, .min, 0, nil, .max]
        let rows = try await connection.query(
            Statement(name: "numbers", sql: sql), [.array(optional: numbers)])
        #expect(try rows.map { try $0.decodeOptional(0, as: Int64.self) } == numbers)
        let texts: [String?] = ["", nil, "{a,\"b\"}", "NULL", "ü"]
        let answers = try await connection.query(
            Statement(name: "texts", sql: sql), [.array(optional: texts)])
        #expect(try answers.map { try $0.decodeOptional(0, as: String.self) } == texts)
        let none = try await connection.query(
            Statement(name: "numbers", sql: sql), [.array([] as [Int64])])
        #expect(none.isEmpty)
        await connection.close()
    }

    @Test func carriesArraysOfManyElements() async throws {
        let connection = try await PrivateServer.shared.connect()
        let numbers = (0..<100_000).map { Int64($0) &* 0x1E37_79B9_7F4A_7C15 }
        let rows = try await connection.query(
            Statement(name: "many", sql: "SELECT unnest($1), unnest($2)"),
            [.array(numbers), .array(numbers.map { "№ \($0)" })])
        #expect(rows.count == 100_000)
        #expect(rows.affected == 100_000)
        var different = 0
        for (row, number) in zip(rows, numbers)
        where try row.decode(0, as: Int64.self) != number || row.decode(1, as: String.self) != "№ \(number)" {
            different += 1
        }
        #expect(different == 0)
        await connection.close()
    }

    /// More than a socket holds, in both directions at once: whoever only wrote would wait for ever.
    @Test(.timeLimit(.minutes(1))) func carriesMegabytesBothWaysInOnePipeline() async throws {
        let connection = try await PrivateServer.shared.connect()
        let echo = Statement(name: "echo_bytes", sql: "SELECT $1::bytea")
        let values = (0..<6).map { seed in [UInt8](repeating: UInt8(seed), count: 8 << 20) }
        let answers = try await connection.pipeline(values.map { Query(echo, [.value($0)]) })
        for (answer, value) in zip(answers, values) {
            #expect(try answer[0].decode(0, as: [UInt8].self) == value)
        }
        await connection.close()
    }

    @Test func refusesToDecodeAnotherType() async throws {
        let connection = try await PrivateServer.shared.connect()
        let rows = try await connection.query(Statement(name: "int4", sql: "SELECT 7::int4, 'x'::text"))
        let row = rows[0]
        #expect(try row.decode(0, as: Int32.self) == 7)
        for attempt in [
            { _ = try row.decode(0, as: Int64.self) }, { _ = try row.decode(1, as: [UInt8].self) },
            { _ = try row.decode(2, as: Int32.self) }, { _ = try row.decode(-1, as: Int32.self) },
        ] as [() throws -> Void] {
            let error = #expect(throws: PostgresError.self) { try attempt() }
            #expect(error?.kind == .protocolViolation)
            #expect(error?.statement == "int4")
        }
        await connection.close()
    }

    @Test func sendsNothingThatCannotBeStored() async throws {
        let connection = try await PrivateServer.shared.connect()
        let one = Statement(name: "one", sql: "SELECT $1")
        let tooMany = [Parameter](repeating: .value(true), count: 65_536)
        let attempts: [[Parameter]] = [[.value("a\0b")], [.array(["a", "b\0"])], tooMany]
        for parameters in attempts {
            let error = await #expect(throws: PostgresError.self) {
                _ = try await connection.query(one, parameters)
            }
            #expect(error?.kind == .protocolViolation)
            #expect(error?.statement == "one")
        }
        #expect(try await connection.query(one, [.value(true)]).count == 1)
        await connection.close()
    }

    @Test func carriesAsManyParametersAsTheProtocolCounts() async throws {
        let connection = try await PrivateServer.shared.connect()
        // The server's own limit is 65,535 as well; its planner has to add them up one by one.
        let list = (1...65_535).map { "$\($0)" }.joined(separator: ",")
        let statement = Statement(
            name: "wide", sql: "SELECT count(*) FROM (VALUES (1)) t (n) WHERE n IN (\(list))")
        let rows = try await connection.query(statement, (1...65_535).map { .value(Int32($0)) })
        #expect(try rows[0].decode(0, as: Int64.self) == 1)
        await connection.close()
    }
}
