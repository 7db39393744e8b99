import Foundation
import Glibc
import TestSupport
import Testing

/// Speaks just enough of the protocol (PostgreSQL manual, "Message Formats") to say that it is PostgreSQL 9.6.
final class OldServer: Sendable {
    private let directory: TemporaryDirectory
    private let listener: Int32

    init() throws {
        directory = try TemporaryDirectory()
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = directory.path + "/.s.PGSQL.5432"
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(listener, 8) == 0)
        // It lives until the listener is closed.
        Thread.detachNewThread { [listener] in Self.serve(listener) }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var connectionString: String { "host=\(directory.path) port=5432 user=x dbname=x" }

    private static func serve(_ listener: Int32) {
        while true {
            let client = accept(listener, nil, nil)
            if client < 0 { return }
            answer(client)
            close(client)
        }
    }

    private static func answer(_ client: Int32) {
        guard let start = read(client, 4) else { return }
        _ = read(client, length(start) - 4)
        send(
            client,
            message("R", [0, 0, 0, 0]) + message("S", text("server_version") + text("9.6.24"))
                + message("S", text("client_encoding") + text("UTF8"))
                + message("K", [0, 0, 0, 1, 0, 0, 0, 2]) + message("Z", [UInt8(ascii: "I")]))
        let version = "PostgreSQL 9.6.24 on x86_64-pc-linux-gnu"
        while let head = read(client, 5), read(client, length(Array(head[1...])) - 4) != nil {
            switch head[0] {
            case UInt8(ascii: "P"): send(client, message("1", []))
            case UInt8(ascii: "B"): send(client, message("2", []))
            case UInt8(ascii: "D"):
                send(
                    client,
                    message("t", [0, 0])
                        + message(
                            "T",
                            [0, 1] + text("version") + [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255]
                                + [255, 255, 0, 1]))
            case UInt8(ascii: "E"):
                send(
                    client,
                    message("D", [0, 1, 0, 0, 0, UInt8(version.utf8.count)] + Array(version.utf8))
                        + message("C", text("SELECT 1")))
            case UInt8(ascii: "S"): send(client, message("Z", [UInt8(ascii: "I")]))
            case UInt8(ascii: "X"): return
            default: break
            }
        }
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    private static func message(_ kind: Character, _ body: [UInt8]) -> [UInt8] {
        let count = UInt32(body.count + 4)
        return Array(String(kind).utf8) + withUnsafeBytes(of: count.bigEndian) { Array($0) } + body
    }

    private static func length(_ bytes: [UInt8]) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    private static func read(_ client: Int32, _ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var buffer = [UInt8](repeating: 0, count: count - bytes.count)
            let got = Glibc.read(client, &buffer, buffer.count)
            if got <= 0 { return nil }
            bytes += buffer.prefix(got)
        }
        return bytes
    }

    private static func send(_ client: Int32, _ bytes: [UInt8]) { _ = write(client, bytes, bytes.count) }
}
