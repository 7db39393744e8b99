import Glibc
import Testing

@testable import EmbeddedPostgres

/// A running `embedded-user`: a program of its own that uses a server, and can be killed.
final class Program {
    let pid: pid_t
    /// Our end of its standard input and output.
    private var ours: Int32
    private var unread: [UInt8] = []
    /// What it told before it was ready.
    private(set) var steps: [String] = []
    private var isCollected = false

    convenience init(_ directory: String, settings: [String] = []) throws {
        try self.init(Command(executable: Self.executable, arguments: [directory] + settings))
    }

    init(_ command: Command) throws {
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0)
        defer { close(pair[1]) }
        ours = pair[0]
        pid = try command.spawn(input: pair[1], output: pair[1])
    }

    deinit {
        if !isCollected {
            kill(pid, SIGKILL)
            _ = Children.wait(for: pid)
        }
        close(ours)
    }

    /// Beside the test bundle, where `swift build` puts all products.
    static var executable: String {
        let words = CommandLine.arguments
        let bundle = words.firstIndex(of: "--test-bundle-path").map { words[$0 + 1] } ?? words[0]
        return bundle.split(separator: "/").prefix { !$0.hasSuffix(".xctest") }
            .reduce("") { $0 + "/" + $1 } + "/embedded-user"
    }

    /// The next line; nil when the program has ended.
    func line() throws -> String? {
        while true {
            if let end = unread.firstIndex(of: 10) {
                defer { unread.removeSubrange(...end) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            var wanted = pollfd(fd: ours, events: Int16(POLLIN), revents: 0)
            try #require(poll(&wanted, 1, 60_000) == 1, "the program says nothing for a minute")
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(ours, &buffer, buffer.count)
            if count <= 0 { return nil }
            unread += buffer.prefix(count)
        }
    }

    /// Waits until it uses the server. - Returns: the connection string.
    func ready() throws -> String {
        while let line = try line() {
            if line.hasPrefix("ready ") { return String(line.dropFirst(6)) }
            if line.hasPrefix("step ") { steps.append(String(line.dropFirst(5))) }
            try #require(!line.hasPrefix("error "), "\(line)")
        }
        throw Ended()
    }

    struct Ended: Error {}

    func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = send(ours, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Has it leave. - Returns: its exit status.
    func leave() -> Int32 {
        shutdown(ours, Int32(SHUT_WR))
        return collect()
    }

    func killAtOnce() {
        kill(pid, SIGKILL)
        _ = collect()
    }

    private func collect() -> Int32 {
        isCollected = true
        return Children.wait(for: pid)
    }
}
