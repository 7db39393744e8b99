import Ledger
import LedgerService

/// From a form over its confirmation to the receipt.
extension ConsoleState {
    // MARK: Opening

    /// Opens the form that a command asks for.
    mutating func startForm(_ command: CommandID) {
        let selection = selection
        let code = selection.account.map(\.code.text) ?? ""
        switch command {
        // A form that cannot end well is opened all the same, with the reason in it: keys that were typed ahead for it
        // would be taken for commands.
        case .deposit: openForm(.deposit, [.account: code], problem: entryProblem(command))
        case .withdraw: openForm(.withdrawal, [.account: code], problem: entryProblem(command))
        case .transfer: openForm(.transfer, [.from: code], problem: entryProblem(command))
        case .adjust: openForm(.adjustment, [.account: code])
        case .journalEntry: openForm(.journalEntry, [:])
        case .reverse: openForm(.reversal, [.reference: selection.transaction?.reference.text ?? ""])
        case .openAccount:
            let currency = (selection.account ?? accounts.rows.first?.account)?.currency.code ?? ""
            openForm(.opening, [.currency: currency])
        case .changeStatus: openStatusForm(code)
        case .repeatLast:
            if let lastForm { dialog = .form(lastForm.repeated(surroundings.makeReference())) }
        case .template: askForTemplate(selection.transaction)
        case .showUnknown: showUnknown()
        default: break
        }
    }

    private mutating func openForm(
        _ kind: FormKind, _ texts: [FormField.ID: String], several: [AccountCode] = [],
        problem: String? = nil
    ) {
        var form = FormDialog(
            kind: kind, texts: texts, several: several, reference: surroundings.makeReference())
        form.message = problem.map(Wording.sentence)
        dialog = .form(form)
    }

    private mutating func openStatusForm(_ code: String) {
        let marked = accounts.marks.keys.sorted()
        if screens.isEmpty, focus == .accounts, !marked.isEmpty {
            openForm(.status, [:], several: marked)
        } else {
            openForm(.status, [.account: code])
        }
    }

    private mutating func askForTemplate(_ transaction: JournalTransaction?) {
        guard let transaction else { return }
        templating = (nil, transaction.id, place)
    }

    /// Fills in a form like a transaction that is on the books.
    private mutating func openTemplate(_ transaction: PostedTransaction) {
        guard let (kind, texts) = transaction.template else {
            notice = Notice(
                text:
                    "There is no form for another \(transaction.head.kind.rawValue) like this one.",
                role: .warning)
            return
        }
        openForm(kind, texts)
    }

    // MARK: Questions of a form

    mutating func nextFormQuestions() -> [(RequestID, Question)] {
        var questions: [(RequestID, Question)] = []
        if let wanted = templating, wanted.request == nil {
            let request = requests.next()
            templating?.request = request
            questions.append((request, .transaction(.id(wanted.transaction))))
        }
        if case .prompt(var prompt) = dialog, prompt.kind == .account,
            let question = prompt.suggestions.nextQuestion(for: prompt.typed, counter: &requests)
        {
            questions.append(question)
            dialog = .prompt(prompt)
        }
        guard case .form(var form) = dialog, case .editing = form.stage else { return questions }
        if let typed = form.focusedField.typedCode,
            let question = form.suggestions.nextQuestion(for: typed, counter: &requests)
        {
            questions.append(question)
        }
        let left = form.visibleFields.enumerated().filter { $0.offset != form.focus }
            .compactMap { form.fields[$0.element].accountCode.flatMap { try? AccountCode($0) } }
            .filter { listing($0.text, form) == nil }
        if let question = form.named.nextQuestion(for: left, counter: &requests) {
            questions.append(question)
        }
        if form.several.isEmpty, let operation = try? form.draft(actor: identity.actor),
            let question = form.live.nextQuestion(
                for: operation, texts: form.texts, now: now, interval: refreshInterval, counter: &requests)
        {
            questions.append(question)
        }
        if !questions.isEmpty { dialog = .form(form) }
        return questions
    }

    /// - Returns: whether it was the answer to a question of a form.
    mutating func takeFormAnswer(_ id: RequestID, _ answer: Answer) -> Bool {
        if let wanted = templating, wanted.request == id, case .transaction(let detail) = answer {
            templating = nil
            // Somebody who has gone elsewhere meanwhile does not want it any more.
            if let detail, place == wanted.place { openTemplate(detail.transaction) }
            return true
        }
        if case .prompt(var prompt) = dialog, prompt.suggestions.take(id, answer) {
            dialog = .prompt(prompt)
            return true
        }
        guard case .form(var form) = dialog,
            form.suggestions.take(id, answer) || form.named.take(id, answer)
        else { return false }
        dialog = .form(form)
        return true
    }

    mutating func failFormQuestion(_ id: RequestID) -> Bool {
        if let wanted = templating, wanted.request == id {
            templating = nil
            notice = Notice(text: "The transaction could not be read; try again.", role: .negative)
            return true
        }
        if case .prompt(var prompt) = dialog, prompt.suggestions.fail(id) {
            dialog = .prompt(prompt)
            return true
        }
        guard case .form(var form) = dialog else { return false }
        let isMine = form.suggestions.fail(id) || form.named.fail(id) || form.live.take(id, nil)
        if isMine { dialog = .form(form) }
        return isMine
    }

    // MARK: Commands of a form

    mutating func performInForm(_ command: CommandID) -> [ConsoleEffect] {
        if case .prompt(let prompt) = dialog { return perform(command, in: prompt) }
        guard case .form(var form) = dialog else { return [] }
        switch command {
        case .submit: return submit(form)
        case .answer: return answer(form)
        case .backToForm: backToEditing(form)
        case .leaveForm:
            // While what would be posted is being asked for, the way back is the form.
            if case .previewing = form.stage { backToEditing(form) } else { dialog = nil }
        case .nextAnswer, .previousAnswer:
            form.mark(by: command == .nextAnswer ? 1 : -1)
            dialog = .form(form)
        default:
            guard case .editing = form.stage else { return [] }
            editForm(&form, command)
            dialog = .form(form)
        }
        return []
    }

    /// What is done with the accounts that a prompt offers; the one that is taken is gone to at once.
    private mutating func perform(_ command: CommandID, in prompt: PromptDialog) -> [ConsoleEffect] {
        var prompt = prompt
        let offered = prompt.offered
        switch command {
        case .nextSuggestion: prompt.suggestions.mark(by: 1, of: offered)
        case .previousSuggestion: prompt.suggestions.mark(by: -1, of: offered)
        case .dismissSuggestions: prompt.suggestions.isDismissed = true
        case .acceptSuggestion where offered.indices.contains(prompt.suggestions.selected):
            prompt.field.set(offered[prompt.suggestions.selected].account.code.text)
            dialog = .prompt(prompt)
            return acceptPrompt()
        default: break
        }
        dialog = .prompt(prompt)
        return []
    }

    private func editForm(_ form: inout FormDialog, _ command: CommandID) {
        let offered = form.offered
        switch command {
        case .nextField: form.moveFocus(by: 1)
        case .previousField: form.moveFocus(by: -1)
        case .nextChoice, .previousChoice:
            form.focusedField.choose(by: command == .nextChoice ? 1 : -1)
        case .nextSuggestion: form.suggestions.mark(by: 1, of: offered)
        case .previousSuggestion: form.suggestions.mark(by: -1, of: offered)
        case .acceptSuggestion:
            if offered.indices.contains(form.suggestions.selected) {
                let code = offered[form.suggestions.selected].account.code
                if form.focusedField.complete(code) { form.moveFocus(by: 1) }
            }
        case .dismissSuggestions: form.suggestions.isDismissed = true
        default: break
        }
    }

    /// Asks what would be posted.
    private mutating func submit(_ form: FormDialog) -> [ConsoleEffect] {
        guard case .editing = form.stage else { return [] }
        var form = form
        defer { dialog = .form(form) }
        do throws(FormProblem) {
            let makeReference = surroundings.makeReference
            if !form.several.isEmpty {
                let operations = try form.operations(
                    actor: identity.actor, newReference: makeReference)
                return [preview(operations, previous: nil, in: &form)]
            }
            let operation = try form.operation(actor: identity.actor, newReference: makeReference)
            return [preview([operation], previous: nil, in: &form)]
        } catch {
            form.message = Wording.sentence(error.text)
            return []
        }
    }

    private mutating func preview(
        _ operations: [Operation], previous: Decision?, in form: inout FormDialog
    ) -> ConsoleEffect {
        let id = requests.next()
        form.message = nil
        form.stage = .previewing(id, operations, previous: previous)
        return .ask(id, .preview(operations))
    }

    mutating func previewed(_ id: RequestID, _ verdicts: [Verdict]) {
        guard case .form(var form) = dialog else { return }
        if form.live.take(id, verdicts.first) {
            dialog = .form(form)
            return
        }
        guard case .previewing(id, let operations, let previous) = form.stage,
            verdicts.count == operations.count
        else { return }
        if !form.several.isEmpty {
            form.stage = .confirmingAll(BulkRun(operations: operations, verdicts: verdicts), .back)
        } else {
            switch verdicts[0] {
            case .post(let decision):
                form.stage = .confirming(
                    Proposal(operation: operations[0], decision: decision, previous: previous), .back)
            case .alreadyPosted(let receipt): form.stage = .receipt(receipt, nil)
            case .refuse(let refusal): refuse(refusal, in: &form)
            }
        }
        dialog = .form(form)
    }

    mutating func previewFailed(_ id: RequestID, _ message: String) {
        guard case .form(var form) = dialog, case .previewing(id, _, _) = form.stage else { return }
        form.stage = .editing
        form.message = Wording.sentence(message) + " Nothing was written."
        dialog = .form(form)
    }

    private func refuse(_ refusal: Refusal, in form: inout FormDialog) {
        form.stage = .editing
        form.message = "Refused: " + refusal.message + ". Nothing was posted."
        form.focusField(of: refusal)
    }

    /// Gives the marked answer.
    private mutating func answer(_ form: FormDialog) -> [ConsoleEffect] {
        switch form.stage {
        case .confirming(var proposal, let answer):
            if answer == .back {
                backToEditing(form)
                return []
            }
            proposal.atAnyBalance = answer == .postAnyway
            return [post(proposal, in: form)]
        case .confirmingAll(let run, let answer):
            if answer == .back || run.postable == 0 {
                backToEditing(form)
                return []
            }
            return postNext(of: run, in: form)
        case .unknown(let operation, .sendAgain):
            return [sendAgain(operation, from: form)]
        case .unknown(let operation, .forget) where operation.isGone: return drop(operation)
        case .unknown(let operation, _):
            return lookUp(operation.proposal.operation.reference)
        default: return []
        }
    }

    private mutating func backToEditing(_ form: FormDialog) {
        var form = form
        form.stage = .editing
        form.live.forget()
        dialog = .form(form)
    }

    // MARK: Posting

    mutating func post(_ proposal: Proposal, in form: FormDialog) -> ConsoleEffect {
        var form = form
        form.markSent()
        form.message = nil
        form.stage = .posting(proposal, since: now, isStopping: false)
        dialog = .form(form)
        return .post(proposal.operation, proposal.confirmation)
    }

    /// Asks for what is under way to be stopped; once.
    mutating func stopPosting() -> [ConsoleEffect] {
        guard case .form(var form) = dialog else { return [] }
        let reference: Reference
        switch form.stage {
        case .posting(let proposal, let since, false):
            form.stage = .posting(proposal, since: since, isStopping: true)
            reference = proposal.operation.reference
        case .postingAll(var run) where !run.isStopping:
            guard let current = run.current else { return [] }
            run.isStopping = true
            form.stage = .postingAll(run)
            reference = current.reference
        default: return []
        }
        dialog = .form(form)
        return [.cancelOperation(reference)]
    }

    mutating func finished(_ outcome: OperationOutcome) -> [ConsoleEffect] {
        let outcome = considered(outcome)
        accounts.refresh()
        if screens.last?.place == .transaction { reloadScreen() }
        if interruptions > 0 { (interruptions, notice) = (0, nil) }
        var effects = outcome.receipt.map { resolve($0) } ?? []
        effects += forget(outcome)
        guard case .form(let form) = dialog else { return effects }
        if case .postingAll(let run) = form.stage { return effects + finished(outcome, of: run, in: form) }
        return effects + finished(outcome, in: form)
    }

    private mutating func finished(_ outcome: OperationOutcome, in form: FormDialog) -> [ConsoleEffect] {
        guard case .posting(let proposal, _, _) = form.stage,
            proposal.operation.reference == outcome.reference
        else { return [] }
        var form = form
        defer { dialog = .form(form) }
        switch outcome.result {
        case .posted(let receipt), .alreadyPosted(let receipt):
            lastForm = form
            form.stage = .receipt(receipt, outcome)
            form.renew(surroundings.makeReference())
        case .refused(.outcomeChanged):
            return [preview([proposal.operation], previous: proposal.decision, in: &form)]
        case .refused(let refusal): refuse(refusal, in: &form)
        case .failed(let failure):
            form.stage = .editing
            form.message = "Failed: " + Wording.sentence(failure.message)
        case .gaveUp(let failure):
            form.stage = .editing
            form.message = Wording.sentence(failure.message) + " \(keyLabel(.submit)) tries again."
        case .cancelled:
            form.stage = .editing
            form.message = "Stopped before it was posted. Nothing was written."
        case .unknown(let failure):
            let operation = UnresolvedOperation(
                kind: form.kind, proposal: proposal, failure: failure, since: now, askedAt: now)
            keepUnknown(operation, of: form)
            form.stage = .unknown(operation, .lookUp)
        }
        return []
    }
}

extension FormDialog {
    /// Marks another of the answers that there are.
    fileprivate mutating func mark(by step: Int) {
        func next(_ answer: ConfirmationAnswer, of answers: [ConfirmationAnswer]) -> ConfirmationAnswer {
            let index = answers.firstIndex(of: answer) ?? 0
            return answers[(index + step + answers.count) % answers.count]
        }
        switch stage {
        case .confirming(let proposal, let answer):
            stage = .confirming(proposal, next(answer, of: proposal.answers))
        case .confirmingAll(let run, let answer):
            stage = .confirmingAll(run, next(answer, of: [.back, .post]))
        case .unknown(let operation, let answer):
            stage = .unknown(operation, next(answer, of: operation.answers))
        default: break
        }
    }
}
