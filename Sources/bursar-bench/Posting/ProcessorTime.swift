import Glibc

/// How much the processors worked, in seconds, user and system time together.
enum ProcessorTime {
    /// Of this program.
    static var own: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.cpuSeconds
    }

    /// Of a server: the postmaster, the sessions that it has seen end, and those that live.
    static func server(postmaster: pid_t) -> Double {
        guard let entries = opendir("/proc") else { return 0 }
        defer { closedir(entries) }
        var ticks = 0
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let process = pid_t(name), let fields = fields(of: process) else { continue }
            if process == postmaster {
                ticks += fields[11...14].reduce(0, +)
            } else if fields[1] == Int(postmaster) {
                ticks += fields[11] + fields[12]
            }
        }
        return Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The numbers of `/proc/PID/stat` from its third field on (proc(5)): the second is the name in brackets, which
    /// may hold anything. The state, a letter, counts as 0.
    private static func fields(of process: pid_t) -> [Int]? {
        guard let file = fopen("/proc/\(process)/stat", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        guard let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ").map { Int($0) ?? 0 }
        return fields.count > 15 ? fields : nil
    }
}
