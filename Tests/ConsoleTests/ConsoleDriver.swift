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
    /// What the console is told of attempts.
    private var sample = AttemptSample()
    private var flooded = 0

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
        isConfined: Bool = false,
        symbols: Symbols = .unicode, environment: LedgerEnvironment? = nil, isReadOnly: Bool = false,
        keymap: Keymap = .standard, preferences: Preferences = Preferences()
    ) throws {
        let counter = Counter()
        let settings = [
            SettingLine(name: "ledger", value: "embedded in /var/lib/bursar", origin: "built in"),
            SettingLine(name: "actor", value: "alice", origin: "environment BURSAR_ACTOR"),
            SettingLine(name: "retry.deadline", value: "30.000 s", origin: "--deadline"),
        ]
        state = ConsoleState(
            identity: Identity(
                ledger: "embedded", environment: environment, actor: "alice", role: role,
                mayPost: role != "viewer", mayChangeAccounts: role == "supervisor",
                mayReverse: role == "supervisor", isConfined: isConfined, isReadOnly: isReadOnly),
            surroundings: ConsoleState.Surroundings(
                symbols: symbols, keymap: keymap, settings: settings,
                statementText: { $0 == "post_transfer" ? "INSERT INTO bursar.journal\nSELECT 1" : nil },
                makeReference: { Reference(stored: "ref-\(counter.next())") }),
            preferences: preferences, now: Self.now, size: Size(width: width, height: height))
        self.bank = try bank ?? TestBank.sample(now: Self.now)
        take(state.start())
        settle()
    }

    /// A deposit of 10 into account 576 whose answer got lost.
    init(depositLost moment: LostAnswer) throws {
        try self.init()
        fates = [.unknown(written: moment == .afterWriting)]
        press(.down, .down, .down, .character("d"))
        type("10")
        press(.enter, .tab, .enter)
    }

    enum LostAnswer { case beforeWriting, afterWriting }

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

    /// Others post so much, spread evenly and taken once in each frame; one in fifty has a conflict, one in five hundred
    /// is refused.
    mutating func flood(operations count: Int, over time: Duration) {
        let start = state.now
        for number in 0..<count {
            let moment = start.advanced(by: time * number / count)
            sample.add(Self.story(flooded, at: moment))
            flooded += 1
            if number % (count / 60) == 0 { act(.attemptsArrived(sample.take())) }
        }
        act(.attemptsArrived(sample.take()))
        act(.ticked(start.advanced(by: time)))
    }

    private static func story(_ number: Int, at moment: Timestamp) -> [AttemptEvent] {
        let summary = OperationSummaryMaker.summary(number)
        let hasConflict = number % 50 == 7
        var events: [AttemptEvent] = []
        func add(_ attempt: Int, _ conflicts: Int, _ phase: AttemptEvent.Phase) {
            events.append(
                AttemptEvent(
                    at: moment, operation: summary, attempt: attempt, conflicts: conflicts, phase: phase))
        }
        add(1, 0, .started)
        if hasConflict {
            let conflict = Conflict(
                attempt: 1, sqlState: "40001", cause: "another transaction changed account 704 first",
                account: AccountCode(stored: "704"), statement: "post_entries")
            add(1, 1, .conflicted(conflict, after: .milliseconds(3)))
            add(2, 1, .started)
        }
        let elapsed = Duration.microseconds(1000 + number % 3000)
        if number % 500 == 13 {
            add(1, 0, .refused(.reasonRequired(what: "reason"), elapsed: elapsed))
        } else {
            let receipt = Receipt(
                reference: summary.reference, kind: "journal", transaction: nil, bookedAt: moment, lines: [])
            let attempt = hasConflict ? 2 : 1
            add(attempt, attempt - 1, .posted(receipt, attemptTime: elapsed, elapsed: elapsed))
        }
        return events
    }

    /// Lets time go by, with ticks as the console asks for them.
    mutating func wait(_ duration: Duration) {
        let end = state.now.advanced(by: duration)
        while state.now < end {
            bank.now = state.now.advanced(by: state.nextTick)
            act(.ticked(bank.now))
        }
    }

    /// All questions that are open now fail.
    mutating func fail(_ message: String) {
        let asked = open
        open = []
        for case .ask(let id, _) in asked { take(state.update(.queryFailed(id, message: message))) }
    }

    /// How many questions of a kind were asked so far.
    func questions(where isCounted: (Question) -> Bool) -> Int {
        effects.count { if case .ask(_, let question) = $0 { isCounted(question) } else { false } }
    }

    /// Answers everything that is open now.
    mutating func answer() { answer { _ in true } }

    /// Answers what is open now and chosen; of what is no question, everything.
    mutating func answer(where isChosen: (Question) -> Bool) {
        let asked = open
        open = []
        for effect in asked {
            if case .ask(_, let question) = effect, !isChosen(question) {
                open.append(effect)
                continue
            }
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
        case .ask(let id, let question):
            guard let answer = bank.answer(question) else {
                return [.queryFailed(id, message: "the disk is full")]
            }
            return [.answered(id, answer)]
        case .post(let operation, let confirmation): return post(operation, confirmation)
        case .cancelOperation(let reference):
            return [.operationFinished(outcome(reference, .cancelled, attempts: 3))]
        case .withdraw, .acknowledge, .copy, .useMouse, .useTheme, .redraw, .suspend, .quit: return []
        }
    }

    private mutating func post(_ operation: Operation, _ confirmation: Ledger.Confirmation?)
        -> [ConsoleAction]
    {
        let summary = OperationSummary(operation)
        let now = state.now
        var conflicts = 0
        func event(_ attempt: Int, _ phase: AttemptEvent.Phase) -> AttemptEvent {
            if case .conflicted = phase { conflicts += 1 }
            return AttemptEvent(
                at: now, operation: summary, attempt: attempt, conflicts: conflicts, phase: phase)
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
                arrival(of: events),
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
                arrival(of: [event(1, .started), event(1, .unknown(failure))]),
                .operationFinished(outcome(operation.reference, .unknown(failure), attempts: 1)),
            ]
        case .gaveUp:
            return [.operationFinished(outcome(operation.reference, .gaveUp(failure), attempts: 100))]
        case .failed(let message):
            let failure = Failure(message: message)
            return [.operationFinished(outcome(operation.reference, .failed(failure), attempts: 1))]
        case .hanging:
            return [arrival(of: conflict(1, event) + conflict(2, event))]
        }
    }

    private mutating func arrival(of events: [AttemptEvent]) -> ConsoleAction {
        sample.add(events)
        return .attemptsArrived(sample.take())
    }

    private func conflict(
        _ attempt: Int, _ event: (Int, AttemptEvent.Phase) -> AttemptEvent
    ) -> [AttemptEvent] {
        let conflict = Conflict(
            attempt: attempt, sqlState: "40001", cause: "another transaction changed account 704 first",
            account: AccountCode(stored: "704"), statement: "post_transfer",
            detail: "could not serialize access due to concurrent update")
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

    /// The screen as a terminal without colours shows it: under each line, what it does with it where that is
    /// anything: `b` bold, `d` dim, `r` reverse, `u` underlined, upper case for two of them.
    var monochromeScreen: String {
        let frame = state.view()
        let lines = screen.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return lines.indices.map { row in
            var marks = frame.row(row).map { cell -> Character in
                let attributes = Theme.monochrome.look(of: cell.style.role, depth: .none).attributes
                let named: [(Look.Attributes, Character)] = [
                    (.reverse, "r"), (.bold, "b"), (.underline, "u"), (.dim, "d"),
                ]
                let found = named.filter { attributes.contains($0.0) }
                guard let first = found.first?.1 else { return " " }
                return found.count > 1 ? Character(first.uppercased()) : first
            }
            while marks.last == " " { marks.removeLast() }
            return marks.isEmpty ? lines[row] : lines[row] + "\n" + String(marks)
        }.joined(separator: "\n")
    }

    var posted: [(operation: Operation, confirmation: Ledger.Confirmation?)] {
        effects.compactMap {
            if case .post(let operation, let confirmation) = $0 { (operation, confirmation) } else { nil }
        }
    }

    /// Questions that were asked, in order.
    var questions: [Question] {
        effects.compactMap { if case .ask(_, let question) = $0 { question } else { nil } }
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
