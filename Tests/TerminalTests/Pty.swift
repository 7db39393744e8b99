import Glibc
import Testing

/// A bare terminal, of which a test is the other end: it sees every byte, and may read late, or never.
final class Pty {
    private(set) var master: Int32
    private(set) var process: pid_t = 0
    /// All that was read.
    private(set) var output: [UInt8] = []

    // Of <asm-generic/ioctls.h> and <spawn.h>, whose macros are not imported: TIOCSPTLCK, TIOCGPTN,
    // POSIX_SPAWN_SETSID and POSIX_SPAWN_SETSIGMASK.
    private static let unlock: UInt = 0x4004_5431
    private static let number: UInt = 0x8004_5430
    private static let setSession: Int16 = 0x80
    private static let setMask: Int16 = 0x08

    /// Starts the probe through a shell line, in which `PROBE` stands for its path.
    init(
        _ line: String = "exec PROBE", width: UInt16 = 80, height: UInt16 = 24,
        term: String = "xterm-256color",
        locale: String = "C.UTF-8", environment: [String] = []
    ) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (lock, number): (Int32, Int32) = (0, 0)
        guard master >= 0, ioctl(master, Self.unlock, &lock) == 0, ioctl(master, Self.number, &number) == 0
        else {
            throw TmuxError(text: "no pty is left")
        }
        let terminal = "/dev/pts/\(number)"
        var size = winsize(ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Opened by the leader of a new session, it becomes the session's terminal.
        posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The threads of a test block signals, which a program would inherit.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Self.setSession | Self.setMask)
        let command = line.split(separator: "PROBE", omittingEmptySubsequences: false).joined(
            separator: probePath)
        // What a sanitizer is told holds for the program too.
        let sanitizer = getenv("ASAN_OPTIONS").map { ["ASAN_OPTIONS=\(String(cString: $0))"] } ?? []
        let variables =
            ["TERM=\(term)", "LC_ALL=\(locale)", "PATH=/usr/bin:/bin", "SWIFT_BACKTRACE=enable=no"]
            + sanitizer + environment
        let status = withStrings(["sh", "-c", command]) { arguments in
            withStrings(variables) { posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments, $0) }
        }
        guard status == 0 else { throw TmuxError(text: "the probe did not start: \(status)") }
    }

    deinit {
        if process > 0 {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        if master >= 0 { close(master) }
    }

    /// Goes away, as a terminal whose window is closed.
    func hangUp() {
        close(master)
        master = -1
    }

    func type(_ text: String) { type(Array(text.utf8)) }

    func type(_ bytes: [UInt8]) {
        #expect(write(master, bytes, bytes.count) == bytes.count)
    }

    func resize(width: UInt16, height: UInt16) {
        var size = winsize(ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// Reads until the bytes hold a text.
    func wait(until text: String) throws {
        let wanted = Array(text.utf8)
        let end = ContinuousClock.now + .seconds(30)
        while !Self.contains(output, wanted) {
            guard ContinuousClock.now < end, readSome() else {
                throw TmuxError(
                    text: "“\(text)” did not come: \(String(self.text.suffix(3000)).debugDescription)")
            }
        }
    }

    /// Reads to the end of the process.
    /// - Returns: its exit status; above 1000 the number of the signal that ended it and 1000.
    func ending(isRead: Bool = true) throws -> Int32 {
        let end = ContinuousClock.now + .seconds(30)
        var status: Int32 = 0
        while waitpid(process, &status, WNOHANG) == 0 {
            if ContinuousClock.now > end { throw TmuxError(text: "the probe does not end") }
            if isRead { _ = readSome(milliseconds: 20) } else { poll(nil, 0, 20) }
        }
        process = 0
        while isRead, readSome(milliseconds: 0) {}
        return status & 0x7f == 0 ? status >> 8 & 0xff : 1000 + status & 0x7f
    }

    var text: String { String(decoding: output, as: UTF8.self) }

    func forget() { output = [] }

    /// The terminal's settings.
    var settings: [tcflag_t] {
        var value = termios()
        tcgetattr(master, &value)
        return [value.c_iflag, value.c_oflag, value.c_lflag]
    }

    @discardableResult
    func readSome(milliseconds: Int32 = 1000) -> Bool {
        var ready = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, milliseconds) > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = read(master, &buffer, buffer.count)
        if count > 0 { output += buffer.prefix(count) }
        return count > 0
    }

    /// A terminal is sent no zeros, so C's search will do, which is fast.
    private static func contains(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
        let bytes = (bytes + [0]).map(CChar.init(bitPattern:))
        return strstr(bytes, (wanted + [0]).map(CChar.init(bitPattern:))) != nil
    }
}

/// Strings as C takes a list of them.
private func withStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
}
