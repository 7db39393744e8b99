import Histogram
import Ledger
import LedgerService
import LedgerStore

/// Simulated tellers: each posts one operation after the other, with a little money between a few accounts, so
/// that they get into each other's way.
struct Tellers: Sendable {
    let service: LedgerService
    let accounts: [AccountCode]
    let count: Int
    /// In how many programs, as it were, they sit: those of one never get into each other's way.
    let programs: Int
    /// The wait of each teller between two operations, from the number of operations it has made and 64 random
    /// bits; zero for as fast as it goes.
    let pause: @Sendable (_ round: Int, _ random: UInt64) -> Duration

    /// Lets them work until the task is cancelled or the time is up.
    /// - Parameters:
    ///   - seed: the same seed makes the same requests, in an order that chance decides.
    ///   - report: called with each outcome, from any task.
    func work(
        for time: Duration?, seed: UInt64, report: @escaping @Sendable (OperationOutcome) async -> Void
    ) async {
        let services = (0..<programs).map { _ in service.another() }
        await withTaskGroup(of: Void.self) { group in
            for teller in 0..<count {
                group.addTask {
                    await work(
                        teller, at: services[teller % programs], for: time, seed: seed &+ UInt64(teller),
                        report: report)
                }
            }
        }
    }

    private func work(
        _ teller: Int, at service: LedgerService, for time: Duration?, seed: UInt64,
        report: @Sendable (OperationOutcome) async -> Void
    ) async {
        var random = SeededRandom(seed: seed)
        let uptime = service.environment.uptime
        let end = time.map { uptime() + $0 }
        var round = 0
        while !Task.isCancelled, end.map({ uptime() < $0 }) ?? true {
            guard let operation = operation(of: teller, &random) else { return }
            let outcome = await service.perform(operation)
            await report(outcome)
            service.acknowledge([outcome])
            round += 1
            let wait = pause(round, random.next())
            if wait > .zero {
                // A wait that is cut short by cancelling ends the loop at its next turn.
                try? await service.environment.sleep(wait)
            }
        }
    }

    private func operation(of teller: Int, _ random: inout SeededRandom) -> Ledger.Operation? {
        let amount = DecimalAmount(
            Money(units: Int64.random(in: 1...5000, using: &random), currency: Self.currency))
        let first = Int.random(in: accounts.indices, using: &random)
        let step = Int.random(in: 1..<max(accounts.count, 2), using: &random)
        let second = accounts[(first + step) % accounts.count]
        let action: Ledger.Operation.Action
        switch Int.random(in: 0..<10, using: &random) {
        case 0: action = .deposit(account: accounts[first], amount: amount)
        case 1: action = .withdrawal(account: accounts[first], amount: amount)
        default: action = .transfer(from: accounts[first], to: second, amount: amount)
        }
        let narratives = ["groceries", "rent", "invoice", "salary", "refund", "subscription", "fuel"]
        do throws(Refusal) {
            return try Operation(
                reference: Reference(generatedFrom: service.environment.newIdentifier()), action: action,
                actor: "teller \(teller + 1)",
                narrative: narratives[Int.random(in: narratives.indices, using: &random)])
        } catch {
            assertionFailure("a teller's request is well-formed: \(error)")
            return nil
        }
    }

    /// Of two digits, as every account of a simulation is.
    static let currency: Currency = {
        do throws(Refusal) { return try Currency("EUR") } catch { preconditionFailure("EUR is in ISO 4217") }
    }()
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same from the same seed everywhere.
struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// What became of many operations, counted.
actor TellerTotals {
    private(set) var posted = 0
    private(set) var refused = 0
    private(set) var conflicts = 0
    private(set) var retried = 0
    private(set) var gaveUp = 0
    private(set) var failed = 0
    /// Microseconds from call to answer; two digits are right.
    private var latencies = Histogram<UInt64>(
        highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: .two)

    func note(_ outcome: OperationOutcome) {
        switch outcome.result {
        case .posted, .alreadyPosted: posted += 1
        case .refused: refused += 1
        case .gaveUp: gaveUp += 1
        case .failed, .unknown: failed += 1
        case .cancelled: return
        }
        conflicts += outcome.conflictCount
        if !outcome.conflicts.isEmpty { retried += 1 }
        latencies.record(UInt64(max(0, outcome.elapsed.milliseconds * 1000)))
    }

    /// Milliseconds within which this share of operations ended, from 0 to 100.
    func percentile(_ share: Double) -> Double { Double(latencies.valueAtPercentile(share)) / 1000 }
}
