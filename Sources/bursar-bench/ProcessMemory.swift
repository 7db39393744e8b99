import Glibc

/// How much memory a program has, from `/proc/PID/status` (proc(5)).
enum ProcessMemory: String {
    /// The most that it had at a time since it was started.
    case peak = "VmHWM"
    /// What it shares with no file.
    case own = "RssAnon"

    /// In KiB; nil for a program that has ended.
    func of(_ process: pid_t) -> Int? {
        guard let status = Files.read("/proc/\(process)/status") else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix(rawValue + ":") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }
}
