import Glibc
import Synchronization

/// Runs PostgreSQL's own benchmark program and reads what it says.
struct Pgbench {
    let program: String
    /// Keywords and values, as libpq takes them.
    let connection: String
    /// A directory for scripts and logs.
    let directory: String
    /// How statements are sent: see `--protocol` in its manual.
    var protocolName = "prepared"

    /// As many as Bursar's own policy allows.
    private static let tries = 100

    /// Each run writes references of its own; five digits make them as long as Bursar's.
    private static let lastRun = Mutex(10_000)

    /// - Parameter rate: transfers a second to be begun at moments that chance spreads; nil for as fast as it goes.
    func run(
        _ contender: Contender, _ posting: PostingCase, seconds: Int, seed: UInt64, rate: Double? = nil
    ) throws -> Measurement {
        let run = Self.lastRun.withLock { number in
            number += 1
            return number
        }
        let script = "\(directory)/\(contender.rawValue).sql"
        try Files.write(PeerScript(contender: contender, posting: posting).text, to: script)
        let prefix = "\(directory)/log"
        try Files.remove(in: directory, prefix: "log.")
        var arguments = [
            "--no-vacuum", "--protocol=\(protocolName)", "--client=\(posting.writers)",
            "--jobs=\(min(posting.writers, 2))", "--time=\(seconds)", "--max-tries=\(Self.tries)",
            "--random-seed=\(seed)", "--file=\(script)", "--define=n=0", "--define=run=\(run)", "--log",
            "--log-prefix=\(prefix)",
        ]
        if let rate { arguments.append("--rate=\(rate)") }
        let isolation = contender.isolation.replacing(" ", with: "\\ ")
        let end = try ChildProcess.run(
            program, arguments + [connection],
            environment: ["PGOPTIONS": "-c default_transaction_isolation=\(isolation)"],
            errors: "\(directory)/errors")
        var measurement = try Self.read(end.output)
        measurement.clientTime = end.cpuSeconds
        for path in try Files.list(directory, prefix: "log.") {
            try Self.read(log: path, into: &measurement.latencies)
        }
        try Files.remove(in: directory, prefix: "log.")
        return measurement
    }

    /// The report at the end (PostgreSQL manual, "pgbench").
    static func read(_ report: String) throws -> Measurement {
        var measurement = Measurement()
        var rate = 0.0
        for line in report.split(separator: "\n") {
            guard let place = line.firstIndex(where: { $0 == ":" || $0 == "=" }) else { continue }
            let value = line[line.index(after: place)...].split(separator: " ").first ?? ""
            let count = Int(value.prefix { $0.isNumber }) ?? 0
            switch line[..<place] {
            case "number of transactions actually processed": measurement.posted = count
            case "number of failed transactions": measurement.gaveUp = count
            case "number of transactions retried": measurement.retried = count
            case "total number of retries": measurement.conflicts = count
            case "tps ": rate = Double(value) ?? 0
            default: continue
            }
        }
        guard rate > 0 || measurement.posted == 0 else {
            throw Problem("pgbench said what is not understood: \(report)")
        }
        measurement.seconds = rate > 0 ? Double(measurement.posted) / rate : 0
        measurement.conflicts += measurement.gaveUp
        return measurement
    }

    /// One line a transaction: client, number, microseconds, … Those that failed have a word in the third place.
    private static func read(log path: String, into latencies: inout Latencies) throws {
        guard let file = fopen(path, "r") else { throw Problem("\(path) cannot be read") }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, 512, file) != nil {
            var (rest, number): (UnsafeMutablePointer<CChar>?, UInt) = (nil, 0)
            line.withUnsafeMutableBufferPointer { buffer in
                rest = buffer.baseAddress
                for _ in 0..<3 {
                    guard let start = rest else { return }
                    number = strtoul(start, &rest, 10)
                    if rest == start { rest = nil }
                }
            }
            if rest != nil { latencies.record(UInt64(number)) }
        }
    }
}
