/// Reads the fields of a message; nil where it ends too early.
struct FieldReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func int32() -> Int32? {
        bytes(4).map { Int32(bitPattern: $0.reduce(0) { $0 << 8 | UInt32($1) }) }
    }

    mutating func int16() -> Int16? {
        bytes(2).map { Int16(bitPattern: $0.reduce(0) { $0 << 8 | UInt16($1) }) }
    }

    /// The bytes up to the next NUL, without it.
    mutating func text() -> ArraySlice<UInt8>? {
        guard let end = rest.firstIndex(of: 0) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return rest[..<end]
    }

    mutating func string() -> String? { text().map { String(decoding: $0, as: UTF8.self) } }
}

/// Makes messages.
enum Message {
    static func make(_ type: Character, _ body: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [type.asciiValue ?? 0]
        bytes.reserveCapacity(body.count + 5)
        append(Int32(body.count + 4), to: &bytes)
        bytes.append(contentsOf: body)
        return bytes
    }

    static func append(_ value: Int32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    static func append(_ value: Int16, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    static func text(_ text: String) -> [UInt8] { Array(text.utf8.filter { $0 != 0 }) + [0] }

    static func query(_ sql: String) -> [UInt8] { make("Q", text(sql)) }

    static func parse(name: String, sql: String) -> [UInt8] {
        make("P", text(name) + text(sql) + [0, 0])
    }

    /// Binds the unnamed portal, without parameters.
    static func bind(statement: String) -> [UInt8] {
        make("B", [0] + text(statement) + [0, 0, 0, 0, 0, 0])
    }

    static let executeUnnamed = make("E", [0, 0, 0, 0, 0])

    static func closeStatement(_ name: String) -> [UInt8] { make("C", [UInt8(ascii: "S")] + text(name)) }

    /// A DataRow with other values; nil when it cannot be understood.
    static func dataRow(_ row: ArraySlice<UInt8>, rewriting rewrites: [ColumnRewrite]) -> [UInt8]? {
        var reader = FieldReader(row.dropFirst(5))
        guard let count = reader.int16(), count >= 0 else { return nil }
        var body: [UInt8] = []
        append(count, to: &body)
        for column in 0..<Int(count) {
            guard let length = reader.int32(), let old = length < 0 ? [] : reader.bytes(Int(length)) else {
                return nil
            }
            guard let rewrite = rewrites.first(where: { $0.column == column }) else {
                append(length, to: &body)
                body.append(contentsOf: old)
                continue
            }
            append(rewrite.bytes.map { Int32($0.count) } ?? -1, to: &body)
            body.append(contentsOf: rewrite.bytes ?? [])
        }
        return make("D", body)
    }

    /// A ParameterStatus with another value, or the same when `values` has none for it.
    static func parameterStatus(_ message: ArraySlice<UInt8>, values: [String: String]) -> [UInt8] {
        var reader = FieldReader(message.dropFirst(5))
        guard let name = reader.string(), let value = values[name] else { return Array(message) }
        return make("S", text(name) + text(value))
    }
}

/// What identifies a session at its server for a CancelRequest.
struct BackendKey: Hashable {
    let process: Int32
    let secret: Int32
}

/// One of the packets that a connection begins with (PostgreSQL manual, "Start-up" and "Canceling Requests in
/// Progress").
enum OpeningPacket: Equatable {
    /// SSLRequest or GSSENCRequest.
    case encryption
    case cancel(BackendKey)
    case startup(Role)
    case unknown(Int32)

    init(_ body: ArraySlice<UInt8>) {
        var reader = FieldReader(body)
        switch reader.int32() {
        case 80_877_103, 80_877_104: self = .encryption
        case 80_877_102:
            guard let process = reader.int32(), let secret = reader.int32() else {
                self = .unknown(80_877_102)
                return
            }
            self = .cancel(BackendKey(process: process, secret: secret))
        case .some(let version) where version >> 16 == 3:
            var role = Role(user: "", application: "")
            while let keyword = reader.string(), !keyword.isEmpty, let value = reader.string() {
                if keyword == "user" { role.user = value }
                if keyword == "application_name" { role.application = value }
            }
            self = .startup(role)
        case let code: self = .unknown(code ?? 0)
        }
    }
}

/// Who connected, by the startup packet.
struct Role: Equatable {
    var user: String
    /// Empty when the client gave none.
    var application: String
}
