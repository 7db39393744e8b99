import Glibc
import Synchronization

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

    /// Waits for a server that has let go of its files, if this program started it: the kernel closes them
    /// a moment before the process can be collected, and until then its number counts as taken.
    static func collect(ending pid: pid_t) {
        guard servers.withLock({ $0.remove(pid) }) != nil else { return }
        _ = wait(for: pid)
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
