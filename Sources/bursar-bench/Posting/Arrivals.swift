import Glibc
import Synchronization

/// When operations are due that come by themselves, as those of many people who know nothing of each other: the gaps
/// are exponentially distributed around a mean, as pgbench's with `--rate`.
///
/// Whoever takes one late is late for it: what others waited before it was even begun counts, as it does for people.
final class Arrivals: Sendable {
    private let rate: Double
    private let state: Mutex<(next: ContinuousClock.Instant, random: SplitMix)>

    /// - Parameter rate: a second, on average.
    init(rate: Double, from start: ContinuousClock.Instant, seed: UInt64) {
        self.rate = rate
        state = Mutex((start, SplitMix(seed: seed)))
    }

    func next() -> ContinuousClock.Instant {
        state.withLock { state in
            let chance = Double.random(in: Double.leastNonzeroMagnitude..<1, using: &state.random)
            state.next += .seconds(-log(chance) / rate)
            return state.next
        }
    }
}
