import Foundation
import TestSupport

/// A program that runs, with what it prints.
///
/// Its output goes to files and its end is waited for by its number. Pipes, and Foundation's `Process`, wait until
/// nobody holds an end any more, which a server that the program starts may do for ever.
final class ChildProcess: Sendable {
    struct Result: Sendable {
        /// As shells have it: 128 and the signal's number for a program that was killed.
        let status: Int32
        let output: String
        let errors: String
    }

    let identifier: pid_t
    private let directory: TemporaryDirectory
    private let ending: Task<Int32, Never>

    /// Starts a program without input.
    init(_ executable: String, _ arguments: [String], environment: [String: String]? = nil) throws {
        directory = try TemporaryDirectory()
        let process = try Self.spawn(
            [executable] + arguments, environment: environment, into: directory.path)
        identifier = process
        let (statuses, status) = AsyncStream.makeStream(of: Int32.self)
        Thread.detachNewThread {
            var raw: Int32 = 0
            while waitpid(process, &raw, 0) < 0 && errno == EINTR {}
            let signal = raw & 0x7f
            status.yield(signal == 0 ? raw >> 8 & 0xff : 128 + signal)
            status.finish()
        }
        ending = Task { await statuses.first { _ in true } ?? -1 }
    }

    /// Waits for its end, without holding up a thread of Swift's pool.
    func wait() async throws -> Result {
        let status = await ending.value
        return Result(status: status, output: try read("output"), errors: try read("errors"))
    }

    /// Whether it has ended, as the system knows.
    var hasEnded: Bool {
        var information = siginfo_t()
        let status = waitid(P_PID, id_t(identifier), &information, WEXITED | WNOHANG | WNOWAIT)
        return status != 0 || information.si_signo == SIGCHLD
    }

    private func read(_ name: String) throws -> String {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory.path)/\(name)"))
        return String(decoding: data, as: UTF8.self)
    }

    private static func spawn(
        _ words: [String], environment: [String: String]?, into directory: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "\(directory)/output", flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "\(directory)/errors", flags, 0o600)
        // The threads of Swift's pool have signals blocked, and a program begins with what its maker's thread has.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let variables = environment ?? ProcessInfo.processInfo.environment
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let settings: [UnsafeMutablePointer<CChar>?] =
            variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + settings { free(text) } }
        var process: pid_t = 0
        let status = posix_spawn(&process, words[0], &actions, &attributes, arguments, settings)
        guard status == 0 else { throw SystemError(code: status) }
        return process
    }
}
