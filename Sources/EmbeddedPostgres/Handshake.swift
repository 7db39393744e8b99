import Glibc

/// Asks a server over its socket whether it takes connections, with the first message of PostgreSQL's
/// protocol (PostgreSQL manual, "Message Flow", "Start-up"); needs no libpq and no password.
enum Handshake {
    enum Answer: Equatable {
        /// It takes connections, or would if not so many were open.
        case ready
        /// It starts, recovers or stops (SQLSTATE 57P03).
        case notYet
        /// Nobody listens on the socket.
        case nobody
        /// There is no socket.
        case noSocket
    }

    static func ask(socketDirectory: String) -> Answer {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .nobody }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 2, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        guard connect(descriptor, to: Layout.socket(in: socketDirectory)) else {
            return errno == ENOENT ? .noSocket : .nobody
        }
        let greeting = startupMessage
        guard send(descriptor, greeting, greeting.count, Int32(MSG_NOSIGNAL)) == greeting.count else {
            return .notYet
        }
        var answer = [UInt8](repeating: 0, count: 1024)
        let count = recv(descriptor, &answer, answer.count, 0)
        guard count > 0 else { return .notYet }
        // Takes leave as libpq does: the server would otherwise log a lost connection.
        let farewell: [UInt8] = [UInt8(ascii: "X"), 0, 0, 0, 4]
        _ = send(descriptor, farewell, farewell.count, Int32(MSG_NOSIGNAL))
        let isError = answer[0] == UInt8(ascii: "E")
        return isError && contains(Array("C57P03\0".utf8), in: answer.prefix(count)) ? .notYet : .ready
    }

    private static var startupMessage: [UInt8] {
        let parameters = Array("user\0\(Layout.role)\0database\0\(Layout.database)\0\0".utf8)
        let length = UInt32(8 + parameters.count)
        return bytes(length) + bytes(196_608) + parameters
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func contains(_ needle: [UInt8], in answer: ArraySlice<UInt8>) -> Bool {
        guard answer.count >= needle.count else { return false }
        return answer.indices.dropLast(needle.count - 1).contains { answer[$0...].starts(with: needle) }
    }

    private static func connect(_ descriptor: Int32, to path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return false
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
