import Glibc

/// A program with its arguments, run without a shell, in a session of its own: no terminal, no Ctrl-C of
/// ours.
struct Command {
    let executable: String
    var arguments: [String]
    /// The user to run as; nil: as this program does.
    var user: SystemUser?
    /// The lock that the child goes on holding, by inheritance, for as long as it or a child of its own
    /// lives.
    var inherits: FileLock?

    /// Programs of PostgreSQL read PG* variables and speak the user's language: neither is wanted.
    private static let environment = [
        "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C", "TZ=UTC",
    ]

    /// The command that takes on the other user: PostgreSQL refuses to run as root. It starts in `/`, because
    /// the current directory may be closed to that user.
    private func resolved() throws(EmbeddedServerError) -> [String] {
        guard let user else { return [executable] + arguments }
        guard let env = Self.search("env"), let setpriv = Self.search("setpriv") else {
            throw EmbeddedServerError(
                .binariesMissing,
                "the programs env and setpriv, which start the server as \(user.name), are missing",
                advice: "run: sudo apt-get install coreutils util-linux")
        }
        return [
            env, "-C", "/", setpriv, "--reuid=\(user.uid)", "--regid=\(user.gid)", "--init-groups", "--",
            executable,
        ] + arguments
    }

    private static func search(_ name: String) -> String? {
        ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/local/bin/"].map { $0 + name }
            .first { access($0, X_OK) == 0 }
    }

    /// Starts the program; descriptors 0, 1 and 2 are the given ones, and 3 the lock that it inherits.
    /// - Returns: its process id, a child of this program.
    func spawn(input: Int32, output: Int32) throws(EmbeddedServerError) -> pid_t {
        let words = try resolved()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in Self.inheritable() {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        if let inherits { posix_spawn_file_actions_adddup2(&actions, inherits.descriptor, 3) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        // POSIX_SPAWN_SETSID, SETSIGDEF and SETSIGMASK of <spawn.h>: the first is not seen from Swift,
        // because the header shows it with _GNU_SOURCE only.
        posix_spawnattr_setflags(&attributes, 0x80 | 0x04 | 0x08)

        var pid: pid_t = 0
        let arguments = words.map { strdup($0) }
        let environment = Self.environment.map { strdup($0) }
        defer { for pointer in arguments + environment { free(pointer) } }
        // The lock must not be closed before the child has it.
        let status = withExtendedLifetime(inherits) {
            posix_spawn(&pid, words[0], &actions, &attributes, arguments + [nil], environment + [nil])
        }
        guard status == 0 else {
            throw EmbeddedServerError(
                .binariesMissing, "cannot run \(words[0]): \(systemText(status))",
                advice: "check the installation of PostgreSQL: sudo apt-get install --reinstall postgresql")
        }
        return pid
    }

    /// Open descriptors, beyond the standard streams, that a child would be given although nobody meant to.
    private static func inheritable() -> [Int32] {
        guard let names = try? Files.names(in: "/proc/self/fd") else { return [] }
        return names.compactMap { Int32($0) }.filter { descriptor in
            guard descriptor > 2 else { return false }
            let flags = fcntl(descriptor, F_GETFD)
            return flags >= 0 && flags & FD_CLOEXEC == 0
        }
    }

    struct Result {
        /// The exit status; 128 and the signal for a program that was killed, as shells say it.
        let status: Int32
        /// Standard output and error together, the last 64 KiB.
        let output: String
    }

    /// Runs the program to its end, with a short text (below 4 KiB, the size a pipe takes at once) as its
    /// input.
    func run(input text: String = "", _ patience: Patience) throws(EmbeddedServerError) -> Result {
        var input = try Pipe()
        var output = try Pipe()
        let pid = try spawn(input: input.reading, output: output.writing)
        output.closeWriting()
        input.closeReading()
        // A program that ends without reading would otherwise end this one, by SIGPIPE; the write fits the
        // pipe, so that it cannot wait.
        if !text.isEmpty { input.write(text) }
        input.closeWriting()
        guard let content = try output.drain(patience) else {
            // The child leads a session and is not waited for yet, so that its number can be nobody else's.
            kill(-pid, SIGKILL)
            _ = Children.wait(for: pid)
            throw EmbeddedServerError(
                .startTimedOut, "\(executable) did not end in time and was stopped",
                advice: "see whether the disk or the machine is overloaded, and start again")
        }
        return Result(status: Children.wait(for: pid), output: content)
    }
}
