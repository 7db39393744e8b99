import Glibc

/// A pipe to or from a child; both ends are closed on exec.
struct Pipe: ~Copyable {
    private var ends: (reading: Int32, writing: Int32) = (-1, -1)

    var reading: Int32 { ends.reading }
    var writing: Int32 { ends.writing }

    /// A connected pair of sockets and not pipe(2): writing to one whose reader is gone can be told not to
    /// raise SIGPIPE, which would end the program.
    init() throws(EmbeddedServerError) {
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
            throw EmbeddedServerError(system: errno, doing: "make a pipe")
        }
        // Above the standard streams, so that handing one to a child never overwrites the other.
        let high = pair.map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
        let number = errno
        for low in pair { close(low) }
        guard high[0] >= 0, high[1] >= 0 else {
            for descriptor in high where descriptor >= 0 { close(descriptor) }
            throw EmbeddedServerError(system: number, doing: "make a pipe")
        }
        ends = (high[0], high[1])
    }

    deinit {
        if ends.reading >= 0 { close(ends.reading) }
        if ends.writing >= 0 { close(ends.writing) }
    }

    mutating func closeReading() {
        close(ends.reading)
        ends.reading = -1
    }

    mutating func closeWriting() {
        close(ends.writing)
        ends.writing = -1
    }

    borrowing func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = send(ends.writing, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// What is written until the last writer closes, the last 64 KiB of it; nil when the time is up first.
    borrowing func drain(_ patience: Patience) throws(EmbeddedServerError) -> String? {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            var wanted = pollfd(fd: ends.reading, events: Int16(POLLIN), revents: 0)
            // In slices, so that a cancelled wait ends soon.
            let ready = poll(&wanted, 1, min(100, patience.milliseconds))
            if ready <= 0 {
                if patience.isCancelled || patience.milliseconds == 0 { return nil }
                continue
            }
            let count = Glibc.read(ends.reading, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return String(decoding: content, as: UTF8.self) }
            content += buffer.prefix(count)
            if content.count > 131_072 { content.removeFirst(content.count - 65_536) }
        }
    }
}
