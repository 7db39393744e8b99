import Glibc
import Synchronization

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

/// Children of this program.
enum Children {
    /// Servers that this program has started. One that crashes must be collected, or its number counts as
    /// taken until this program ends.
    private static let servers = Mutex<Set<pid_t>>([])

    static func remember(_ pid: pid_t) {
        servers.withLock { _ = $0.insert(pid) }
    }

    /// Collects the servers that have ended.
    static func collect() {
        servers.withLock { pids in
            for pid in pids where ended(pid) != nil { pids.remove(pid) }
        }
    }

    /// Waits for a child to end. - Returns: its exit status; 128 and the signal when it was killed.
    static func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            if errno != EINTR { return -1 }
        }
        return code(status)
    }

    /// The exit status of a child that has ended; nil while it runs, or when it is no child of ours.
    static func ended(_ pid: pid_t) -> Int32? {
        var status: Int32 = 0
        return waitpid(pid, &status, WNOHANG) == pid ? code(status) : nil
    }

    private static func code(_ status: Int32) -> Int32 {
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}
