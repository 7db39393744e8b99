import Glibc

/// A program that runs beside this one, with pipes to its standard input and from its standard output.
///
/// Its methods block: while one waits for a child, there is nothing else to do here.
final class ChildProcess {
    private let process: pid_t
    private let input: Int32
    private let output: Int32
    private var unread: [UInt8] = []
    private let name: String

    /// What a program left behind when it ended.
    struct End {
        /// The exit status; 128 and the signal for one that was killed.
        let status: Int32
        /// User and system time, of its own children too.
        let cpuSeconds: Double
        /// The most memory that it had at a time, in KiB, up to a twentieth of a second before its end. What the system
        /// counts in the end (`ru_maxrss`) begins with the memory of the program that has started it.
        let peakMemory: Int
        let output: String
    }

    /// - Parameters:
    ///   - environment: besides PATH and the language.
    ///   - errors: a file for what it says on its standard error; nil for this program's own.
    init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], errors: String? = nil
    ) throws {
        name = program
        var (toChild, fromChild): ([Int32], [Int32]) = ([0, 0], [0, 0])
        guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else {
            throw Problem("no pipe is to be had: \(String(cString: strerror(errno)))")
        }
        // A second child must not hold the first one's pipes open.
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        if let errors {
            posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This program's threads have signals blocked, and pgbench ends its run by one.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let variables = ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/nonexistent"]
        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        var envp = (variables + environment.map { "\($0.key)=\($0.value)" }).map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var process: pid_t = 0
        let status = posix_spawn(&process, program, &actions, &attributes, &argv, &envp)
        close(toChild[0])
        close(fromChild[1])
        (input, output) = (toChild[1], fromChild[0])
        self.process = process
        if status != 0 { throw Problem("\(program) did not start: \(String(cString: strerror(status)))") }
    }

    deinit {
        close(input)
        close(output)
    }

    func write(line: String) throws {
        let bytes = Array((line + "\n").utf8)
        if Glibc.write(input, bytes, bytes.count) != bytes.count { throw Problem("\(name) is gone") }
    }

    /// Waits for a line; nil at the end of the output.
    func readLine() throws -> String? {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                defer { unread.removeSubrange(...end) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            if try !readMore() { return nil }
        }
    }

    private func readMore() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(output, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw Problem("\(name) cannot be read: \(String(cString: strerror(errno)))") }
            unread.append(contentsOf: chunk[..<count])
            return count > 0
        }
    }

    /// Milliseconds between two looks at a child's memory.
    private static let memoryInterval: Int32 = 50

    /// Waits until it has ended.
    func wait() throws -> End {
        var peakMemory = 0
        var ready = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        repeat {
            peakMemory = max(peakMemory, ProcessMemory.peak.of(process) ?? 0)
        } while try poll(&ready, 1, Self.memoryInterval) <= 0 || readMore()
        var status: Int32 = 0
        var usage = rusage()
        while wait4(process, &status, 0, &usage) < 0 {
            if errno != EINTR {
                throw Problem("\(name) is nobody's child: \(String(cString: strerror(errno)))")
            }
        }
        let signal = status & 0x7f
        return End(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            cpuSeconds: usage.cpuSeconds, peakMemory: peakMemory,
            output: String(decoding: unread, as: UTF8.self))
    }

    /// Runs a program to its end.
    /// - Throws: when its exit status is another than 0, with the last that it said.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], errors: String
    ) throws -> End {
        let end = try ChildProcess(program, arguments, environment: environment, errors: errors).wait()
        if end.status != 0 {
            let words = (Files.read(errors) ?? "").split(separator: "\n").suffix(5).joined(separator: "\n")
            throw Problem("\(program) ended with \(end.status):\n\(words)")
        }
        return end
    }
}

extension rusage {
    /// User and system time.
    var cpuSeconds: Double {
        Double(ru_utime.tv_sec + ru_stime.tv_sec) + Double(ru_utime.tv_usec + ru_stime.tv_usec) / 1e6
    }
}
