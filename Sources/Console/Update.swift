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
        case .ticked(let moment): now = moment
        case .answered(let id, let answer): effects = take(id, answer)
        case .progressed(let id, let progress):
            for index in screens.indices {
                guard var verify = screens[index] as? VerifyScreen else { continue }
                verify.take(id, progress)
                screens[index] = verify
            }
        case .exported(let id, let count):
            if exporting?.request == id {
                notice = Notice(
                    text: "Writing\(symbols.ellipsis) \(Wording.counted(count, "account")) so far; "
                        + "\(keyLabel(.back)) stops it.", role: .normal)
            }
        case .queryFailed(let id, let message): failed(id, message)
        case .attemptsArrived(let batch): effects = arrived(batch)
        case .operationFinished(let outcome): effects = finished(outcome)
        case .connectionLost(let message): connectionProblem = message
        case .standbyChanged(let isStandby): identity.isStandby = isStandby
        case .connectionRestored:
            connectionProblem = nil
            // What was asked before failed for want of the connection.
            queryProblem = nil
            accounts.refresh()
            books.reload()
            reloadScreen()
            effects = lookUpAll()
        }
        effects += lookUpUnknown() + nextEffects()
        settleScrolling()
        return effects
    }

    /// Questions that the state gives rise to by itself.
    mutating func nextEffects() -> [ConsoleEffect] {
        history.show(accounts.selected?.account)
        let layout = Layout(self)
        screenRows = layout.screen?.height ?? max(size.height - 2, 1)
        var questions: [(RequestID, Question)] = []
        let superseded = accounts.takeSuperseded()
        // What lies under a screen is not seen, and asks for nothing.
        if screens.isEmpty {
            if let question = accounts.nextQuestion(
                now: now, visible: layout.accountRows, interval: refreshInterval, counter: &requests)
            {
                questions.append(question)
            }
            if let question = history.nextQuestion(
                now: now, visible: layout.historyRows, counter: &requests)
            {
                questions.append(question)
            }
        } else {
            let context = screenContext
            for index in screens.indices where index == screens.count - 1 || screens[index] is VerifyScreen {
                questions += screens[index].nextQuestions(context, &requests)
            }
        }
        // They read many accounts, and the first screen must not wait for them.
        if accounts.loadedAt != nil || !screens.isEmpty {
            questions += books.nextQuestions(
                filter: accounts.accountFilter, listed: accounts.isStale ? 0 : accounts.rows.count,
                isPart: identity.isConfined, now: now, counter: &requests)
        }
        if accounts.loadedAt != nil || !screens.isEmpty,
            let question = left.nextQuestion(now: now, counter: &requests)
        {
            questions.append(question)
        }
        questions += nextFormQuestions()
        remember()
        return (superseded.map { [.withdraw($0)] } ?? []) + questions.map { .ask($0.0, $0.1) }
    }

    /// Keeps each selected line in sight.
    private mutating func settleScrolling() {
        let layout = Layout(self)
        if screens.isEmpty {
            accounts.settle(visible: layout.accountRows)
            history.settle(visible: layout.historyRows, isMarked: focus == .history)
            attempts.list.settle(in: attempts.shown, rows: layout.attemptRows)
        } else {
            let context = screenContext
            let last = screens.count - 1
            screens[last].settle(context)
            // The title stands above what is scrolled.
            if let count = screens[last].lineCount(self) {
                screens[last].scroll = min(screens[last].scroll, max(count - context.rows + 1, 0))
            }
        }
    }

    /// Asks again for what the seen screen shows. A check of the ledger is not made again for it.
    mutating func reloadScreen() {
        guard let last = screens.indices.last, !(screens[last] is VerifyScreen) else { return }
        screens[last].reload()
    }

    /// Keeps what the next start begins with.
    private mutating func remember() {
        preferences.filter = accounts.filter.text
        preferences.sort = accounts.sort
        preferences.screen = screens.last { $0.isRemembered }.map { screen in
            Preferences.SeenScreen(
                place: screen.place, subject: screen.subject, filter: screen.filter?.text ?? "")
        }
    }

    // MARK: Answers

    private mutating func take(_ id: RequestID, _ answer: Answer) -> [ConsoleEffect] {
        switch answer {
        case .preview(let verdicts): previewed(id, verdicts)
        case .settled(let operation, let isFinal): return settled(id, operation, isFinal: isFinal)
        case .leftOperations:
            for receipt in left.take(id, answer, now: now) ?? [] where !foundOnBooks.contains(receipt) {
                foundOnBooks.append(receipt)
            }
        case .export(let path):
            if exporting?.request == id {
                exporting = nil
                notice = Notice(text: "Written to \(path).", role: .positive)
            }
        default:
            let context = screenContext
            let isTaken =
                accounts.take(id, answer, now: now) || history.take(id, answer, now: now)
                || books.take(id, answer, now: now) || takeFormAnswer(id, answer)
                || screens.indices.contains { screens[$0].take(id, answer, context) }
            if case .verify(let report) = answer, isTaken { books.take(report) }
            if isTaken {
                connectionProblem = nil
                queryProblem = nil
            }
        }
        return []
    }

    private mutating func failed(_ id: RequestID, _ message: String) {
        if let (request, prompt) = exporting, request == id {
            exporting = nil
            // Somebody who has gone on to something else meanwhile is not to be interrupted.
            guard dialog == nil else {
                notice = Notice(text: Wording.sentence(message), role: .negative)
                return
            }
            var again = prompt
            again.message = Wording.sentence(message)
            (dialog, notice) = (.prompt(again), nil)
            return
        }
        if accounts.drop(id) || books.drop(id, filter: accounts.accountFilter) || failFormQuestion(id) {
            return
        }
        let now = now
        let isScreens = screens.indices.contains { screens[$0].fail(id, message, now: now) }
        if isScreens || accounts.fail(id, now: now) || history.fail(id, now: now) || books.fail(id, now: now)
            || left.fail(id, now: now)
        {
            queryProblem = message
            return
        }
        lookUpFailed(id, message)
        previewFailed(id, message)
    }

    private mutating func arrived(_ batch: AttemptBatch) -> [ConsoleEffect] {
        attempts.add(batch)
        if let latest = batch.latest { now = max(now, latest) }
        lastActivity = now
        return batch.events.flatMap { event -> [ConsoleEffect] in
            switch event.phase {
            case .posted(let receipt, _, _), .alreadyPosted(let receipt, _): resolve(receipt)
            default: []
            }
        }
    }
}
