import ArgumentParser
import Glibc
import Ledger
import Postgres

/// Measures the program itself as somebody at a terminal sees it: a key is written to a pseudo-terminal, and the
/// time is taken until the screen has been repainted.
struct ConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console",
        abstract: "Time the console at a terminal, on a ledger that was built here.")

    @OptionGroup var target: Target
    @Option(help: "The program to measure.") var program = ".build/release/bursar"
    @Option(help: "How often each key is pressed.") var runs = 200
    @Option(help: "Columns of the terminal.") var columns: UInt16 = 160
    @Option(help: "Rows of the terminal.") var rows: UInt16 = 50
    @Flag(help: "One JSON object a line.") var json = false

    func run() async throws {
        if let connect = target.connect { return try measure(connect) }
        var string = ""
        try await target.withConnectionString { string = $0 }
        try measure(string)
    }

    private func measure(_ connection: String) throws {
        if !json { print(Timing.header) }
        try starts(connection)
        let console = try open(connection)
        defer { console.end() }
        let keys: [(title: String, keys: [String])] = [
            ("down, up in the accounts", ["j", "k"]), ("page down, page up", ["\u{6}", "\u{2}"]),
            ("to the last account and back", ["G", "g"]), ("next pane and back", ["\t", "\u{1b}[Z"]),
            ("open an account, go back", ["\r", "h"]), ("journal and back", ["2", "h"]),
            ("attempts and back", ["3", "h"]), ("settings and back", ["6", "h"]),
        ]
        for (title, sequence) in keys {
            report("key to repaint: \(title)", try repaints(console, sequence))
            try console.settle()
        }
        for filter in ["status:frozen", "novak", "balance<0", "ccy:EUR no", "zq"] {
            report("filter settled: \(filter)", try filters(console, filter))
        }
        try account("busy", console, title: "account with 1,000,000 records, settled")
        try account("0000004", console, title: "account with 8 records, settled")
        print(
            "peak memory: \(console.memory(.peak)), of it the program's own: \(console.memory(.own))")
    }

    /// The status of an account stands on the screen once the first rows do.
    private static let firstRow = "open"

    private func open(_ connection: String) throws -> Pseudoterminal {
        let console = try Pseudoterminal(
            program, ["--connect", connection, "--config", "/dev/null"], columns: columns, rows: rows)
        try console.wait(for: Self.firstRow)
        try console.settle(quiet: .milliseconds(900))
        return console
    }

    /// From the start of the program to the first screen with accounts on it.
    private func starts(_ connection: String) throws {
        var times: [Duration] = []
        for _ in 0..<20 {
            let begun = ContinuousClock.now
            let console = try Pseudoterminal(
                program, ["--connect", connection, "--config", "/dev/null"], columns: columns, rows: rows)
            try console.wait(for: Self.firstRow)
            times.append(ContinuousClock.now - begun)
            // The next one is not to be measured beside the sum of all accounts that this one has asked for.
            try console.wait(for: "0.00 ")
            try console.settle(quiet: .milliseconds(300))
            console.end()
        }
        report("start to first screen", times)
    }

    private func repaints(_ console: Pseudoterminal, _ keys: [String]) throws -> [Duration] {
        var times: [Duration] = []
        for run in 0..<runs {
            let begun = ContinuousClock.now
            try console.type(keys[run % keys.count])
            let first = try console.firstOutput()
            times.append(first - begun)
            try console.settle(quiet: .milliseconds(30))
        }
        return times
    }

    /// A filter is typed key by key; what counts is the time from its last key to the last change of the screen.
    private func filters(_ console: Pseudoterminal, _ filter: String) throws -> [Duration] {
        var times: [Duration] = []
        for _ in 0..<max(runs / 10, 5) {
            try console.type("/")
            for key in filter.dropLast() { try console.type(String(key)) }
            try console.settle()
            let begun = ContinuousClock.now
            try console.type(String(filter.suffix(1)))
            times.append(try console.settle() - begun)
            try console.type("\u{1b}")
            try console.settle()
        }
        return times
    }

    private func account(_ code: String, _ console: Pseudoterminal, title: String) throws {
        var times: [Duration] = []
        for _ in 0..<max(runs / 10, 5) {
            try console.type("A")
            try console.type(code)
            try console.settle()
            let begun = ContinuousClock.now
            try console.type("\r")
            times.append(try console.settle() - begun)
            try console.type("\u{1b}")
            try console.settle()
        }
        report(title, times)
    }

    private func report(_ title: String, _ times: [Duration]) {
        let timing = Timing(title: title, times: times, rows: 0)
        print(json ? timing.json : timing.line)
        // It takes minutes, and whoever waits for it wants to see how far it is.
        fflush(nil)
    }
}

/// A program in a terminal of its own.
final class Pseudoterminal {
    private let descriptor: Int32
    private let process: pid_t
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    // From <asm-generic/ioctls.h> and <spawn.h>: the Glibc module leaves them out.
    private static let getNumber: UInt = 0x8004_5430
    private static let setLock: UInt = 0x4004_5431
    private static let newSession: Int16 = 0x80

    init(_ program: String, _ arguments: [String], columns: UInt16, rows: UInt16) throws {
        descriptor = Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (unlocked, number): (Int32, Int32) = (0, -1)
        guard descriptor >= 0, ioctl(descriptor, Self.setLock, &unlocked) == 0,
            ioctl(descriptor, Self.getNumber, &number) == 0
        else { throw Problem("no pseudo-terminal is to be had") }
        let path = "/dev/pts/\(number)"
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        for number in 0...2 as ClosedRange<Int32> {
            posix_spawn_file_actions_addopen(&actions, number, path, O_RDWR, 0)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        // The leader of a session takes the first terminal that it opens for its own.
        posix_spawnattr_setflags(&attributes, Self.newSession)
        let environment = [
            // Nothing can be kept there, so that each start is the first.
            "TERM=xterm-256color", "LC_ALL=C.UTF-8", "HOME=/dev/null/home", "XDG_STATE_HOME=/dev/null/state",
            "PATH=/usr/bin:/bin",
        ]
        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        var envp = environment.map { strdup($0) } + [nil]
        var process: pid_t = 0
        let status = posix_spawn(&process, program, &actions, &attributes, &argv, &envp)
        for pointer in argv + envp { free(pointer) }
        if status != 0 { throw Problem("\(program) did not start: \(String(cString: strerror(status)))") }
        self.process = process
    }

    func type(_ text: String) throws {
        let bytes = Array(text.utf8)
        if write(descriptor, bytes, bytes.count) != bytes.count { throw Problem("the terminal is gone") }
    }

    /// Waits for output.
    /// - Returns: the bytes, or nil when there were none for so long.
    private func read(within wait: Duration) throws -> ArraySlice<UInt8>? {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = Int32((wait / .milliseconds(1)).rounded(.up))
        if poll(&waiting, 1, milliseconds) <= 0 { return nil }
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count <= 0 { throw Problem("the program ended") }
        return buffer[..<count]
    }

    /// When the next output came.
    func firstOutput() throws -> ContinuousClock.Instant {
        guard try read(within: .seconds(10)) != nil else { throw Problem("the screen did not change") }
        return .now
    }

    func wait(for text: String) throws {
        var seen: [UInt8] = []
        let wanted = Array(text.utf8)
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            guard .now < deadline, let bytes = try read(within: .seconds(20)) else {
                throw Problem("“\(text)” never came to the screen")
            }
            seen += bytes
            if seen.count >= wanted.count,
                seen.indices.dropLast(wanted.count - 1).contains(where: {
                    seen[$0..<($0 + wanted.count)].elementsEqual(wanted)
                })
            {
                return
            }
        }
    }

    /// Waits until the screen stands still.
    /// - Returns: when it last changed. A few bytes, as of the age of the data, do not count.
    @discardableResult
    func settle(quiet: Duration = .milliseconds(120)) throws -> ContinuousClock.Instant {
        var last = ContinuousClock.now
        let deadline = last + .seconds(20)
        while .now < deadline, let bytes = try read(within: quiet) {
            if bytes.count > 60 { last = .now }
        }
        return last
    }

    /// In words.
    func memory(_ which: ProcessMemory) -> String { which.of(process).map { "\($0) kB" } ?? "unknown" }

    /// How it ends is not what is measured here.
    func end() {
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        close(descriptor)
    }
}

struct Problem: Error, CustomStringConvertible {
    let description: String
    init(_ text: String) { description = text }
}
