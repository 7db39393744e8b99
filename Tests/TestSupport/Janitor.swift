import Glibc

/// Cleans up after a test process, also one that crashed or was killed: a process of its own that reads from a
/// pipe, which ends when nobody is left to write to it, and then stops and deletes the test server.
enum Janitor {
    static func start(watching directory: String) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError(code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
        // Whoever waits for the test's output to end must not wait for the janitor.
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A session of its own, which Ctrl-C does not reach.
        posix_spawnattr_setflags(&attributes, Int16(0x80))
        let words = ["/bin/sh", "-c", script, "janitor", directory]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let status = posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments, environ)
        guard status == 0 else { throw SystemError(code: status) }
    }

    private static let script = """
        cat
        for file in $(find "$1" -name postmaster.pid); do
            pid=$(head -n 1 "$file")
            # The file of a server that crashed may name a process of somebody else by now.
            [ "$(readlink "/proc/$pid/cwd")" = "${file%/*}" ] || continue
            kill -QUIT "$pid"
            # A test may have stopped it in its tracks.
            kill -CONT "$pid"
            while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
        done
        for file in $(find "$1" -name pgbouncer.pid); do
            pid=$(cat "$file")
            grep -q "${file%/*}" "/proc/$pid/cmdline" || continue
            kill -KILL "$pid"
        done
        umount "$1/data" 2>/dev/null
        rm -rf "$1"
        """
}
