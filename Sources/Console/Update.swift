import Ledger
import LedgerService

extension ConsoleState {
    /// Changes the state by what happened.
    /// - Returns: what is to be done now, in order.
    public mutating func update(_ action: ConsoleAction) -> [ConsoleEffect] {
        var effects: [ConsoleEffect] = []
        switch action {
        case .keyPressed(let key): effects = press(key)
        case .resized(let size): self.size = size
        case .ticked(let moment): now = max(now, moment)
        case .accountsLoaded(let id, let listings):
            if accounts.load(id, listings, now: now) { answered() }
        case .historyLoaded(let id, let lines):
            if history.load(id, lines) { answered() }
        case .accountsCounted(let id, let count):
            if books.load(id, count, now: now) { answered() }
        case .trialBalanceLoaded(let id, let lines):
            if books.load(id, lines, now: now) { answered() }
        case .previewed(let id, let verdict): previewed(id, verdict)
        case .transactionLoaded(let id, let transaction): loaded(id, transaction)
        case .settled(let id, let operation): settled(id, operation)
        case .queryFailed(let id, let message): failed(id, message)
        case .attemptsArrived(let events): arrived(events)
        case .operationFinished(let outcome): effects = finished(outcome)
        case .connectionLost(let message): connectionProblem = message
        case .connectionRestored:
            connectionProblem = nil
            accounts.reload()
            effects = settleAll()
        }
        effects += nextEffects()
        settleScrolling()
        return effects
    }

    /// Questions that the state gives rise to by itself.
    mutating func nextEffects() -> [ConsoleEffect] {
        history.show(accounts.selected?.account)
        let layout = Layout(self)
        var effects: [ConsoleEffect] = []
        if let effect = accounts.nextEffect(
            now: now, visible: layout.accountRows, interval: refreshInterval, counter: &requests)
        {
            effects.append(effect)
        }
        if let effect = history.nextEffect(now: now, visible: layout.historyRows, counter: &requests) {
            effects.append(effect)
        }
        return effects + books.nextEffects(filter: accounts.filter, now: now, counter: &requests)
    }

    /// Keeps each pane's selected line in sight.
    private mutating func settleScrolling() {
        let layout = Layout(self)
        accounts.top = Self.top(
            accounts.top, showing: accounts.selectedIndex, of: accounts.rows.count, rows: layout.accountRows)
        history.top = Self.top(
            history.top, showing: history.selectedIndex, of: history.lines.count, rows: layout.historyRows)
    }

    private static func top(_ top: Int, showing index: Int, of count: Int, rows: Int) -> Int {
        let rows = max(rows, 1)
        let lowest = max(0, count - rows)
        return min(max(min(top, index), index - rows + 1, 0), lowest)
    }

    /// An answer came, so the ledger is there.
    private mutating func answered() {
        connectionProblem = nil
        queryProblem = nil
    }

    private mutating func failed(_ id: RequestID, _ message: String) {
        if accounts.fail(id, now: now) || history.fail(id, now: now) || books.fail(id, now: now) {
            queryProblem = message
            return
        }
        for index in unresolved.indices where unresolved[index].request == id {
            unresolved[index].request = nil
            refreshUnknown(unresolved[index])
        }
        switch dialog {
        case .form(var form):
            if case .previewing(let request, _, _) = form.stage, request == id {
                form.stage = .editing
                form.message = Wording.sentence(message) + " Nothing was written."
                dialog = .form(form)
            }
        case .transaction(var transaction):
            if case .loading(let request) = transaction.answer, request == id {
                transaction.answer = .failed(Wording.sentence(message))
                dialog = .transaction(transaction)
            }
        case .help, nil: break
        }
    }

    private mutating func loaded(_ id: RequestID, _ answer: PostedTransaction?) {
        guard case .transaction(var transaction) = dialog, case .loading(id) = transaction.answer else {
            return
        }
        transaction.answer = answer.map { .found($0) } ?? .none
        dialog = .transaction(transaction)
    }

    private mutating func arrived(_ events: [AttemptEvent]) {
        attempts.add(events)
        if let last = events.last { now = max(now, last.at) }
        lastActivity = now
        for event in events {
            switch event.phase {
            case .posted(let receipt, _, _), .alreadyPosted(let receipt, _): resolve(receipt)
            default: break
            }
        }
    }
}
