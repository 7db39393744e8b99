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
        var measurement = try Self.read(end.output, seconds: seconds)
        measurement.clientTime = end.cpuSeconds
        var times = Times()
        for path in try Files.list(directory, prefix: "log.") { try times.read(log: path) }
        try Files.remove(in: directory, prefix: "log.")
        for (_, taken) in times.ended { measurement.latencies.record(taken) }
        measurement.late = times.late(after: measurement.seconds)
        return measurement
    }

    /// The report at the end (PostgreSQL manual, "pgbench").
    /// - Parameter seconds: what it was given. It connects in this time, and waits for what it has begun after it.
    static func read(_ report: String, seconds: Int) throws -> Measurement {
        var measurement = Measurement()
        var connecting: Double?
        for line in report.split(separator: "\n") {
            guard let place = line.firstIndex(where: { $0 == ":" || $0 == "=" }) else { continue }
            let value = line[line.index(after: place)...].split(separator: " ").first ?? ""
            let count = Int(value.prefix { $0.isNumber }) ?? 0
            switch line[..<place] {
            case "number of transactions actually processed": measurement.posted = count
            case "number of failed transactions": measurement.gaveUp = count
            case "number of transactions retried": measurement.retried = count
            case "total number of retries": measurement.conflicts = count
            case "initial connection time ": connecting = Double(value).map { $0 / 1000 }
            default: continue
            }
        }
        guard let connecting else { throw Problem("pgbench said what is not understood: \(report)") }
        measurement.seconds = Double(seconds) - connecting
        measurement.conflicts += measurement.gaveUp
        return measurement
    }

    /// When transactions ended, and how long they took.
    struct Times {
        /// Microseconds since 1970, and for the transaction.
        private(set) var ended: [(at: UInt64, taken: UInt64)] = []

        /// One line a transaction: client, number, microseconds, script, seconds and microseconds of its end, … Those that
        /// failed have a word in the third place.
        mutating func read(log path: String) throws {
            guard let file = fopen(path, "r") else { throw Problem("\(path) cannot be read") }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 512)
            while fgets(&line, 512, file) != nil {
                let numbers = line.withUnsafeMutableBufferPointer { Self.numbers($0.baseAddress, 6) }
                if numbers.count == 6 { ended.append((numbers[4] * 1_000_000 + numbers[5], numbers[2])) }
            }
        }

        /// The numbers that a text begins with, so many at the most.
        private static func numbers(_ text: UnsafeMutablePointer<CChar>?, _ limit: Int) -> [UInt64] {
            var (numbers, rest): ([UInt64], UnsafeMutablePointer<CChar>?) = ([], text)
            while numbers.count < limit, let start = rest {
                let number = strtoul(start, &rest, 10)
                if rest == start { break }
                numbers.append(UInt64(number))
            }
            return numbers
        }

        /// How many ended later than that after the first was begun.
        func late(after seconds: Double) -> Int {
            guard let begun = ended.lazy.map({ $0.at - $0.taken }).min() else { return 0 }
            let end = begun + UInt64(seconds * 1_000_000)
            return ended.count { $0.at > end }
        }
    }
}
