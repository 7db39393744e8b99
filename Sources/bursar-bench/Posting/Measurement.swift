import Histogram

/// What one run of one contender came to.
struct Measurement: Codable, Sendable {
    var posted = 0
    /// Those of them that ended when the time was over. They were waited for, and do not count for the rate: while the
    /// last of them end, the others have nothing to do.
    var late = 0
    var refused = 0
    /// Attempts that the database refused in favour of another.
    var conflicts = 0
    /// Operations that had a conflict.
    var retried = 0
    /// Operations that were not posted, for all their attempts.
    var gaveUp = 0
    /// Operations that ended in any other way than posted, refused or given up.
    var failed = 0
    /// The time that was measured.
    var seconds = 0.0
    /// CPU seconds of the program or programs that ask.
    var clientTime = 0.0
    /// CPU seconds of the server and its processes; nil where the server is not ours to look at.
    var serverTime: Double?
    /// What the disk took for a page just before, in milliseconds: every commit waits for as much at least, and a
    /// disk that others use makes rounds that cannot be compared.
    var syncTime: Double?
    var latencies = Latencies()

    /// Posted a second.
    var rate: Double { seconds > 0 ? Double(posted - late) / seconds : 0 }

    /// Microseconds for each that was posted.
    var clientMicroseconds: Double { posted > 0 ? clientTime * 1e6 / Double(posted) : 0 }
    var serverMicroseconds: Double? { serverTime.map { posted > 0 ? $0 * 1e6 / Double(posted) : 0 } }

    /// Adds what another program did at the same time.
    mutating func add(_ other: Measurement) {
        posted += other.posted
        late += other.late
        refused += other.refused
        conflicts += other.conflicts
        retried += other.retried
        gaveUp += other.gaveUp
        failed += other.failed
        seconds = max(seconds, other.seconds)
        clientTime += other.clientTime
        latencies.add(other.latencies)
    }
}

/// How long operations took, from asking to knowing the outcome, in microseconds; three digits are right.
struct Latencies: Codable, Sendable {
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: .three)

    init() {}

    mutating func record(_ microseconds: UInt64) { histogram.record(microseconds) }

    mutating func add(_ other: Latencies) { histogram.add(other.histogram) }

    /// Milliseconds within which this share of operations ended, from 0 to 100; 0 when there were none.
    func percentile(_ share: Double) -> Double {
        histogram.totalCount == 0 ? 0 : Double(histogram.valueAtPercentile(share)) / 1000
    }

    var count: Int { Int(histogram.totalCount) }

    // MARK: As text, from one program to another: each value that came, and how often.

    init(from decoder: any Decoder) throws {
        self.init()
        for pair in try [[UInt64]](from: decoder) where pair.count == 2 {
            histogram.record(pair[0], count: pair[1])
        }
    }

    func encode(to encoder: any Encoder) throws {
        try histogram.recordedValues().map { [$0.value, $0.count] }.encode(to: encoder)
    }
}
