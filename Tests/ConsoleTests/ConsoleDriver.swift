import Ledger
import LedgerService
import Synchronization
import Testing

@testable import Console

/// Presses keys, answers what the console asks from a ``TestBank``, and reads the screen.
struct ConsoleDriver {
    var state: ConsoleState
    var bank: TestBank
    /// Everything that was asked for, in order.
    private(set) var effects: [ConsoleEffect] = []
    /// Effects that are not answered yet.
    private(set) var open: [ConsoleEffect] = []
    /// While true, questions stay in ``open`` until ``answer()``.
    var holdsAnswers = false
    /// What becomes of the next operations that are sent; after them, each is posted at the first attempt.
    var fates: [Fate] = []

    enum Fate {
        case posted(conflicts: Int)
        /// Somebody else posts this first.
        case overtaken(Operation.Action)
        /// The answer gets lost; whether it was written.
        case unknown(written: Bool)
        case gaveUp
        case failed(String)
        /// It is under way until it is cancelled.
        case hanging
    }

    static let now = Timestamp(microseconds: 1_774_965_731_201_000)

    init(
        _ width: Int = 80, _ height: Int = 24, bank: TestBank? = nil, role: String = "supervisor",
        symbols: Symbols = .unicode
    ) throws {
        let counter = Counter()
        state = ConsoleState(
            identity: ConsoleState.Identity(
                ledger: "embedded", actor: "alice", role: role, mayPost: role != "viewer",
                mayChangeAccounts: role == "supervisor"),
            now: Self.now, size: Size(width: width, height: height), symbols: symbols,
            makeReference: { Reference(stored: "ref-\(counter.next())") })
        self.bank = try bank ?? TestBank.sample(now: Self.now)
        take(state.start())
        settle()
    }

    private final class Counter: Sendable {
        private let value = Mutex(0)
        func next() -> Int {
            value.withLock {
                $0 += 1
                return $0
            }
        }
    }

    // MARK: Doing

    mutating func press(_ keys: Key...) { for key in keys { act(.keyPressed(key)) } }

    mutating func type(_ text: String) { for character in text { act(.keyPressed(.character(character))) } }

    mutating func act(_ action: ConsoleAction) {
        take(state.update(action))
        settle()
    }

    /// Lets time go by, with ticks as the console asks for them.
    mutating func wait(_ duration: Duration) {
        let end = state.now.advanced(by: duration)
        while state.now < end {
            bank.now = state.now.advanced(by: state.nextTick)
            act(.ticked(bank.now))
        }
    }

    /// Answers everything that is open now.
    mutating func answer() {
        let asked = open
        open = []
        for effect in asked {
            for action in answers(to: effect) { take(state.update(action)) }
        }
    }

    private mutating func take(_ new: [ConsoleEffect]) {
        effects += new
        open += new
    }

    private mutating func settle() {
        guard !holdsAnswers else { return }
        var rounds = 0
        while !open.isEmpty {
            answer()
            rounds += 1
            // A console that never stops asking would make a program that never rests.
            if rounds > 200 {
                Issue.record("the console keeps asking: \(open)")
                return
            }
        }
    }

    // MARK: Answering

    private mutating func answers(to effect: ConsoleEffect) -> [ConsoleAction] {
        switch effect {
        case .loadAccounts(let id, let filter, let start, let limit):
            return [.accountsLoaded(id, page(bank.listings(filter), from: start, limit: limit))]
        case .loadHistory(let id, let account, let newest, let limit):
            let lines = bank.histories[account, default: []].filter { $0.record.seq <= newest }
            return [.historyLoaded(id, Array(lines.prefix(limit)))]
        case .countAccounts(let id, let filter):
            return [
                .accountsCounted(id, BoundedCount(count: bank.listings(filter).count, isBounded: false))
            ]
        case .loadTrialBalance(let id): return [.trialBalanceLoaded(id, bank.trialBalance)]
        case .preview(let id, let operation): return [.previewed(id, bank.decide(operation))]
        case .lookUp(let id, let reference):
            return [.transactionLoaded(id, bank.transactions[reference])]
        case .settle(let id, let reference): return [.settled(id, bank.view.settled[reference])]
        case .post(let operation, let confirmation): return post(operation, confirmation)
        case .cancelOperation(let reference):
            return [.operationFinished(outcome(reference, .cancelled, attempts: 3))]
        case .redraw, .suspend, .quit: return []
        }
    }

    private func page(_ all: [AccountListing], from start: AccountsStart, limit: Int) -> [AccountListing] {
        switch start {
        case .first: Array(all.prefix(limit))
        case .after(let code): Array(all.filter { $0.account.code > code }.prefix(limit))
        case .before(let code): Array(all.filter { $0.account.code < code }.suffix(limit))
        case .last: Array(all.suffix(limit))
        }
    }

    private mutating func post(_ operation: Operation, _ confirmation: Ledger.Confirmation?)
        -> [ConsoleAction]
    {
        let summary = OperationSummary(operation)
        func event(_ attempt: Int, _ phase: AttemptEvent.Phase) -> AttemptEvent {
            AttemptEvent(at: state.now, operation: summary, attempt: attempt, phase: phase)
        }
        let failure = Failure(message: "the server did not answer", sqlState: "08006")
        switch fates.isEmpty ? .posted(conflicts: 0) : fates.removeFirst() {
        case .posted(let conflicts):
            var events: [AttemptEvent] = []
            for attempt in 1..<(conflicts + 1) { events += conflict(attempt, event) }
            let result = bank.post(operation, confirmed: confirmation)
            events.append(event(conflicts + 1, .started))
            if case .posted(let receipt) = result {
                events.append(
                    event(
                        conflicts + 1,
                        .posted(receipt, attemptTime: .microseconds(4100), elapsed: .milliseconds(47))))
            } else if case .refused(let refusal) = result {
                events.append(event(conflicts + 1, .refused(refusal, elapsed: .milliseconds(3))))
            }
            return [
                .attemptsArrived(events),
                .operationFinished(
                    outcome(
                        operation.reference, result, attempts: conflicts + 1,
                        conflicts: events.compactMap { $0.conflict })),
            ]
        case .overtaken(let action):
            do { try bank.post(action) } catch { Issue.record(error) }
            return post(operation, confirmation)
        case .unknown(let written):
            if written { _ = bank.post(operation, confirmed: confirmation) }
            return [
                .attemptsArrived([event(1, .started), event(1, .unknown(failure))]),
                .operationFinished(outcome(operation.reference, .unknown(failure), attempts: 1)),
            ]
        case .gaveUp:
            return [.operationFinished(outcome(operation.reference, .gaveUp(failure), attempts: 100))]
        case .failed(let message):
            let failure = Failure(message: message)
            return [.operationFinished(outcome(operation.reference, .failed(failure), attempts: 1))]
        case .hanging:
            return [.attemptsArrived(conflict(1, event) + conflict(2, event))]
        }
    }

    private func conflict(
        _ attempt: Int, _ event: (Int, AttemptEvent.Phase) -> AttemptEvent
    ) -> [AttemptEvent] {
        let conflict = Conflict(
            attempt: attempt, sqlState: "40001", cause: "another transaction changed account 704 first")
        return [
            event(attempt, .started), event(attempt, .conflicted(conflict, after: .milliseconds(3))),
            event(attempt, .waiting(.milliseconds(12 * attempt))),
        ]
    }

    private func outcome(
        _ reference: Reference, _ result: OperationOutcome.Result, attempts: Int, conflicts: [Conflict] = []
    ) -> OperationOutcome {
        OperationOutcome(
            reference: reference, result: result, attempts: attempts, conflicts: conflicts,
            elapsed: .milliseconds(47))
    }

    // MARK: Reading

    var screen: String { state.view().text }

    var posted: [(operation: Operation, confirmation: Ledger.Confirmation?)] {
        effects.compactMap {
            if case .post(let operation, let confirmation) = $0 { (operation, confirmation) } else { nil }
        }
    }

    func shows(_ text: String) -> Bool { screen.contains(text) }
}

extension ConsoleDriver: CustomTestStringConvertible {
    var testDescription: String { "\n" + screen }
}

extension AttemptEvent {
    fileprivate var conflict: Conflict? {
        if case .conflicted(let conflict, _) = phase { conflict } else { nil }
    }
}
