import Glibc
import Ledger
import LedgerService
import LedgerStore
import Logging

/// Tellers of one program, each of whom posts one operation after the other.
struct BursarSide: Sendable {
    let service: LedgerService
    var codes: [AccountCode]
    let traffic: PostingCase.Traffic
    let writers: Int

    /// What is written to a log is no part of what is measured.
    static let quiet = Logger(label: "bursar-bench") { _ in SwiftLogNoOpLogHandler() }

    /// As many sessions as the program has when nothing else is set (`pool.writers`).
    static let sessions = 4

    /// What one teller saw.
    private struct Tally: Sendable {
        var measurement = Measurement()
        /// Microseconds from asking to knowing.
        var times: [UInt32] = []
    }

    /// Lets all tellers work for so many seconds; an operation that was begun is waited for, and counts as late.
    /// - Parameter rate: operations a second that come by themselves; nil for tellers who ask again when they have
    ///   their answer.
    func work(seconds: Double, seed: UInt64, rate: Double? = nil) async -> Measurement {
        let begun = ContinuousClock.now
        let arrivals = rate.map { Arrivals(rate: $0, from: begun, seed: seed) }
        let processor = ProcessorTime.own
        let end = begun + .seconds(seconds)
        var total = Measurement()
        let tallies = await withTaskGroup(of: Tally.self) { group in
            for teller in 0..<writers {
                // A teller does little between two operations, and next to the connections without changing threads.
                group.addTask(executorPreference: LedgerStore.executor) {
                    await work(teller, arrivals, until: end, seed: seed &+ UInt64(teller) &* 1_000_003)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        total.clientTime = ProcessorTime.own - processor
        for tally in tallies {
            total.add(tally.measurement)
            for time in tally.times { total.latencies.record(UInt64(time)) }
        }
        total.seconds = seconds
        return total
    }

    private func work(
        _ teller: Int, _ arrivals: Arrivals?, until end: ContinuousClock.Instant, seed: UInt64
    ) async -> Tally {
        var requests = Requests(accounts: codes, traffic: traffic, actor: "teller \(teller)", seed: seed)
        var tally = Tally()
        while true {
            let due = arrivals?.next() ?? .now
            if due >= end { return tally }
            // Nobody cancels this task, so that the sleep ends when it is due.
            if arrivals != nil { try? await Task.sleep(until: due, tolerance: .zero, clock: .continuous) }
            let reference = Reference(generatedFrom: service.environment.newIdentifier())
            guard let operation = try? requests.next(reference) else {
                preconditionFailure("a teller's request is well-formed")
            }
            let outcome = await service.perform(operation)
            let now = ContinuousClock.now
            tally.times.append(UInt32(clamping: Int64((now - due) / .microseconds(1))))
            tally.measurement.note(outcome, isLate: now > end)
            service.acknowledge([outcome])
        }
    }
}

extension Measurement {
    /// Counts an outcome.
    mutating func note(_ outcome: OperationOutcome, isLate: Bool = false) {
        switch outcome.result {
        case .posted:
            posted += 1
            if isLate { late += 1 }
        case .refused: refused += 1
        case .gaveUp: gaveUp += 1
        // A reference is used once here, so that none can be on the books before.
        case .alreadyPosted, .failed, .unknown, .cancelled: failed += 1
        }
        conflicts += outcome.conflicts.count
        if !outcome.conflicts.isEmpty { retried += 1 }
    }
}
