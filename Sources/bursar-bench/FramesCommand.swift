import ArgumentParser
import Console
import Ledger
import LedgerService

/// Measures the console without a terminal or a database: attempts come in at a rate, keys are pressed in between,
/// and the frame is made as often as a terminal would draw it.
struct FramesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frames", abstract: "Time the console's own work while attempts rush in.")

    @Option(help: "Attempt events a second.") var events = 2000
    @Option(help: "Seconds of it.") var seconds = 30
    @Flag(help: "One JSON object a line.") var json = false

    private static let framesPerSecond = 30

    func run() throws {
        var keys: [Duration] = []
        var counts: [Duration] = []
        var updates: [Duration] = []
        var frames: [Duration] = []
        var now = Timestamp(microseconds: 1_800_000_000_000_000)
        var state = ConsoleState(
            identity: Identity(
                ledger: "bench", actor: "bench", role: "operator", mayPost: true, mayChangeAccounts: true,
                mayReverse: true),
            surroundings: .init(makeReference: { Reference(stored: "none") }), now: now,
            size: Size(width: 160, height: 50))
        _ = state.start()
        _ = state.update(.keyPressed(.character("3")))
        let clock = ContinuousClock()
        var sample = AttemptSample()
        var operation = 0
        for step in 0..<(seconds * Self.framesPerSecond) {
            now = Timestamp(microseconds: now.microseconds + 1_000_000 / Int64(Self.framesPerSecond))
            let batch = try (0..<(events / Self.framesPerSecond / 4)).flatMap { _ in
                operation += 1
                return try Self.events(operation, at: now)
            }
            counts.append(clock.measure { sample.add(batch) })
            updates.append(clock.measure { _ = state.update(.attemptsArrived(sample.take())) })
            let key: Key = step.isMultiple(of: 2) ? .down : .up
            keys.append(
                clock.measure {
                    _ = state.update(.keyPressed(key))
                    _ = state.view()
                })
            frames.append(clock.measure { _ = state.view() })
        }
        if !json { print(Timing.header) }
        for (title, times) in [
            ("attempts of a frame counted", counts),
            ("attempts of a frame taken in", updates), ("key with its frame", keys), ("frame", frames),
        ] {
            let timing = Timing(title: title, times: times, rows: 0)
            print(json ? timing.json : timing.line)
        }
    }

    /// An operation with one conflict: four events.
    private static func events(_ number: Int, at now: Timestamp) throws -> [AttemptEvent] {
        let operation = OperationSummary(
            try Operation(
                reference: Reference("operation-\(number)"),
                action: .transfer(
                    from: AccountCode("a\(number % 50)"), to: AccountCode("b\(number % 70)"),
                    amount: DecimalAmount("12.50")),
                actor: "bench"))
        let conflict = Conflict(
            attempt: 1, sqlState: "40001", cause: "another transaction changed the account first",
            statement: "post_transfer")
        let receipt = Receipt(
            reference: operation.reference, kind: "transfer", transaction: nil, bookedAt: now, lines: [])
        func event(_ attempt: Int, _ conflicts: Int, _ phase: AttemptEvent.Phase) -> AttemptEvent {
            AttemptEvent(at: now, operation: operation, attempt: attempt, conflicts: conflicts, phase: phase)
        }
        return [
            event(1, 0, .started), event(1, 1, .conflicted(conflict, after: .milliseconds(2))),
            event(2, 1, .started),
            event(2, 1, .posted(receipt, attemptTime: .milliseconds(3), elapsed: .milliseconds(6))),
        ]
    }
}
