import Glibc

/// The processes of this machine, as /proc tells.
enum ProcessTable {
    /// Whether the process is PostgreSQL at work in this data directory: no other is ever sent a signal.
    ///
    /// The server and its helpers stand in their data directory and keep the name of their program. A process
    /// that has ended and waits to be collected by its parent has neither.
    static func isServer(_ pid: pid_t, of data: Files.Identity) -> Bool {
        guard pid > 1, let name = Files.read("/proc/\(pid)/comm", last: 64) else { return false }
        guard name == "postgres\n" || name == "postmaster\n" else { return false }
        var record = stat()
        return stat("/proc/\(pid)/cwd", &record) == 0 && Files.facts(record).identity == data
    }

    /// All server processes of a data directory.
    static func servers(of data: Files.Identity) -> [pid_t] {
        guard let names = try? Files.names(in: "/proc") else { return [] }
        return names.compactMap { pid_t($0) }.filter { isServer($0, of: data) }
    }

    /// Whether a process of that number exists, whoever's it is.
    static func exists(_ pid: pid_t) -> Bool {
        kill(pid, 0) == 0 || errno == EPERM
    }
}

/// What the server writes to `postmaster.pid` (PostgreSQL source, `src/include/utils/pidfile.h`).
struct PostmasterFile {
    let pid: pid_t
    let socketDirectory: String?
    /// "starting", "ready", "standby" or "stopping"; nil early in a start.
    let state: String?

    init?(_ content: String?) {
        guard let content else { return nil }
        let lines = content.split(separator: "\n", omittingEmptySubsequences: false)
        // A server in single-user mode writes its number as negative.
        guard let first = lines.first, let number = pid_t(first.drop { $0 == "-" }), number > 0 else {
            return nil
        }
        pid = number
        socketDirectory = lines.count > 4 && !lines[4].isEmpty ? String(lines[4]) : nil
        state = lines.count > 7 ? String(lines[7].prefix { $0 != " " }) : nil
    }
}
