import Ledger
import LedgerService

/// Attempt events as lines of text, for `stress` and for commands on a terminal.
enum AttemptText {
    /// What happened, when it is more than that an attempt began or an operation ended well at the first try.
    static func line(_ event: AttemptEvent) -> String? {
        switch event.phase {
        case .started, .alreadyPosted, .refused: nil
        case .conflicted(let conflict, let time):
            "try \(event.attempt) ✗ \(conflict.text)  after \(milliseconds(time))"
        case .reread(let changes):
            "try \(event.attempt) read again: "
                + changes.map { "\($0.account) available \($0.before.grouped) → \($0.after.grouped)" }
                .joined(separator: ", ")
        case .waiting(let wait): "waiting \(milliseconds(wait)) before try \(event.attempt + 1)"
        case .posted(_, let attemptTime, let elapsed):
            event.attempt == 1
                ? nil : "try \(event.attempt) ✓ \(milliseconds(attemptTime)), \(milliseconds(elapsed)) in all"
        case .unknown(let failure): "try \(event.attempt) ? \(failure.message); looking it up"
        case .resolved(let posted): posted ? "it is on the books" : "it is not on the books; trying again"
        case .failed, .gaveUp, .cancelled: nil
        }
    }

    static func milliseconds(_ duration: Duration) -> String {
        Money.text(Int64(duration.milliseconds * 10), digits: 1, grouping: false) + " ms"
    }
}
