import Ledger

@testable import LedgerService

/// What may become of operations, event by event, as the service tells it.
struct Story {
    var events: [AttemptEvent]

    enum End: CaseIterable {
        case posted, alreadyPosted, refused, failed, gaveUp, cancelled
    }

    static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    /// - Parameter lostAnswer: whether the answer to the attempt before the last got lost.
    init(_ number: Int, conflicts: Int = 0, end: End = .posted, lostAnswer: Bool = false) throws {
        let accounts = try (AccountCode("a\(number % 7)"), AccountCode("b\(number % 5)"))
        let operation = OperationSummary(
            try Operation(
                reference: Reference("operation-\(number)"),
                action: .transfer(from: accounts.0, to: accounts.1, amount: DecimalAmount("1")),
                actor: "test"))
        var events: [AttemptEvent] = []
        func add(_ attempt: Int, _ conflicts: Int, _ phase: AttemptEvent.Phase) {
            events.append(
                AttemptEvent(
                    at: Self.start, operation: operation, attempt: attempt, conflicts: conflicts,
                    phase: phase))
        }
        for attempt in 1..<(conflicts + 1) {
            let conflict = Conflict(
                attempt: attempt, sqlState: "40001", cause: "cause \(number % 3)",
                account: attempt.isMultiple(of: 2) ? accounts.0 : nil)
            add(attempt, attempt - 1, .started)
            add(attempt, attempt, .conflicted(conflict, after: .milliseconds(2)))
            if attempt.isMultiple(of: 2) { add(attempt, attempt, .waiting(.milliseconds(1))) }
        }
        var last = conflicts + 1
        add(last, conflicts, .started)
        if lostAnswer {
            add(last, conflicts, .unknown(Failure(message: "lost")))
            last += 1
            add(last, conflicts, .started)
            add(last, conflicts, .resolved(posted: false))
        }
        add(last, conflicts, Self.phase(end, operation.reference, number))
        self.events = events
    }

    private static func phase(_ end: End, _ reference: Reference, _ number: Int) -> AttemptEvent.Phase {
        let receipt = Receipt(
            reference: reference, kind: "transfer", transaction: nil, bookedAt: start, lines: [])
        let elapsed = Duration.milliseconds(number % 100 + 1)
        return switch end {
        case .posted: .posted(receipt, attemptTime: .milliseconds(1), elapsed: elapsed)
        case .alreadyPosted: .alreadyPosted(receipt, elapsed: elapsed)
        case .refused: .refused(.reasonRequired(what: "reason"), elapsed: elapsed)
        case .failed: .failed(Failure(message: "no"), elapsed: elapsed)
        case .gaveUp: .gaveUp(Failure(message: "enough"), elapsed: elapsed)
        case .cancelled: .cancelled(elapsed: elapsed)
        }
    }

    func at(_ moment: Timestamp) -> [AttemptEvent] { events.map { $0.at(moment) } }
}

extension AttemptEvent {
    func at(_ moment: Timestamp) -> AttemptEvent {
        AttemptEvent(
            at: moment, operation: operation, attempt: attempt, conflicts: conflicts, phase: phase)
    }
}
