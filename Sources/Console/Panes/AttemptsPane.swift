import Ledger
import LedgerService

/// The attempts of all operations, the newest operation at the top; frozen or running.
struct AttemptsPane: Sendable {
    private(set) var log = AttemptLog()
    /// The log as it was when it was frozen.
    private(set) var frozen: AttemptLog?
    /// How many operations the view is scrolled down by.
    private(set) var scroll = 0

    var shown: AttemptLog { frozen ?? log }
    var isFrozen: Bool { frozen != nil }

    mutating func add(_ events: [AttemptEvent]) {
        let before = log.count
        for event in events { log.add(event) }
        // What is read keeps its place while others come in above it.
        if scroll > 0, frozen == nil { scroll = min(scroll + log.count - before, max(log.count - 1, 0)) }
    }

    mutating func toggleFrozen() { frozen = frozen == nil ? log : nil }

    mutating func move(by step: Int) { scroll = min(max(scroll + step, 0), max(shown.count - 1, 0)) }
}
