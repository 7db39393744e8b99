import Glibc
import Ledger
import Synchronization

/// Time, randomness and ids, brought in from outside, so that tests decide them.
public struct ServiceEnvironment: Sendable {
    /// The time of day, for booking times.
    public var now: @Sendable () -> Timestamp
    /// Time that only goes forward, from any start, for deadlines and latencies.
    public var uptime: @Sendable () -> Duration
    /// Waits, unless the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void
    /// 64 random bits.
    public var random: @Sendable () -> UInt64

    public init(
        now: @escaping @Sendable () -> Timestamp, uptime: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void, random: @escaping @Sendable () -> UInt64
    ) {
        self.now = now
        self.uptime = uptime
        self.sleep = sleep
        self.random = random
    }

    /// The machine's clocks and its random numbers.
    public static let live: ServiceEnvironment = {
        let start = ContinuousClock.now
        let numbers = RandomNumbers()
        return ServiceEnvironment(
            now: { Timestamp.current },
            uptime: { ContinuousClock.now - start },
            sleep: { try await Task.sleep(for: $0) },
            random: { numbers.next() })
    }()

    /// A new id of this moment.
    public func newIdentifier() -> Identifier {
        Identifier(time: now(), randomHigh: random(), randomLow: random())
    }
}

/// The system's random numbers, fetched some at a time: a system call for each is most of what an id costs.
private final class RandomNumbers: Sendable {
    /// As many bytes as the system always gives at once (getentropy(3)).
    private static let supply = 256 / MemoryLayout<UInt64>.size

    private let left = Mutex<[UInt64]>([])

    func next() -> UInt64 {
        left.withLock { left in
            if let number = left.popLast() { return number }
            left = Self.fetch()
            return left.removeLast()
        }
    }

    private static func fetch() -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: supply) { buffer, count in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            precondition(
                getentropy(bytes.baseAddress, bytes.count) == 0, "the system gives no random numbers")
            count = supply
        }
    }
}

extension Timestamp {
    /// The machine's time of day.
    fileprivate static var current: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
