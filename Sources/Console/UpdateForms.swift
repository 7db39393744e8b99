import Ledger
import LedgerService

/// From a form over its confirmation to the receipt.
extension ConsoleState {
    mutating func openForm(_ kind: FormKind) {
        let reversing = kind == .reversal ? history.selected?.transaction?.reference : nil
        dialog = .form(
            FormDialog(
                kind: kind, account: accounts.selected?.account.code, reversing: reversing,
                reference: makeReference()))
    }

    /// Asks what would be posted.
    mutating func submit(_ form: FormDialog) -> [ConsoleEffect] {
        guard case .editing = form.stage else { return [] }
        var form = form
        defer { dialog = .form(form) }
        do throws(FormProblem) {
            let operation = try form.operation(actor: identity.actor, newReference: makeReference)
            return [preview(operation, previous: nil, in: &form)]
        } catch {
            form.message = Wording.sentence(error.text)
            return []
        }
    }

    private mutating func preview(
        _ operation: Operation, previous: Decision?, in form: inout FormDialog
    ) -> ConsoleEffect {
        let id = requests.next()
        form.message = nil
        form.stage = .previewing(id, operation, previous: previous)
        return .preview(id, operation)
    }

    mutating func previewed(_ id: RequestID, _ verdict: Verdict) {
        guard case .form(var form) = dialog, case .previewing(id, let operation, let previous) = form.stage
        else { return }
        switch verdict {
        case .post(let decision):
            form.stage = .confirming(
                Proposal(operation: operation, decision: decision, previous: previous), .back)
        case .alreadyPosted(let receipt): form.stage = .receipt(receipt, nil)
        case .refuse(let refusal): refuse(refusal, in: &form)
        }
        dialog = .form(form)
    }

    private func refuse(_ refusal: Refusal, in form: inout FormDialog) {
        form.stage = .editing
        form.message = "Refused: " + refusal.message + ". Nothing was posted."
        form.focusField(of: refusal)
    }

    /// Gives the marked answer.
    mutating func answer(_ form: FormDialog) -> [ConsoleEffect] {
        switch form.stage {
        case .confirming(var proposal, let answer):
            if answer == .back {
                backToEditing(form)
                return []
            }
            proposal.atAnyBalance = answer == .postAnyway
            return [post(proposal, in: form)]
        case .unknown(let operation, .sendAgain):
            // The same reference: if it is on the books by then, nothing is posted a second time.
            return [post(operation.proposal, in: form)]
        case .unknown(let operation, _):
            return settle(operation.proposal.operation.reference)
        default: return []
        }
    }

    mutating func backToEditing(_ form: FormDialog) {
        var form = form
        form.stage = .editing
        dialog = .form(form)
    }

    private mutating func post(_ proposal: Proposal, in form: FormDialog) -> ConsoleEffect {
        var form = form
        form.markSent()
        form.message = nil
        form.stage = .posting(proposal, since: now, isStopping: false)
        dialog = .form(form)
        return .post(proposal.operation, proposal.confirmation)
    }

    /// Asks for the operation that is under way to be stopped; once.
    mutating func stopPosting() -> [ConsoleEffect] {
        guard case .form(var form) = dialog, case .posting(let proposal, let since, false) = form.stage else {
            return []
        }
        form.stage = .posting(proposal, since: since, isStopping: true)
        dialog = .form(form)
        return [.cancelOperation(proposal.operation.reference)]
    }

    mutating func finished(_ outcome: OperationOutcome) -> [ConsoleEffect] {
        accounts.reload()
        if let receipt = outcome.receipt { resolve(receipt) }
        guard case .form(var form) = dialog, case .posting(let proposal, _, _) = form.stage,
            proposal.operation.reference == outcome.reference
        else {
            forget(outcome)
            return []
        }
        defer { dialog = .form(form) }
        forget(outcome)
        switch outcome.result {
        case .posted(let receipt), .alreadyPosted(let receipt):
            form.stage = .receipt(receipt, outcome)
            form.renew(makeReference())
        case .refused(.outcomeChanged):
            return [preview(proposal.operation, previous: proposal.decision, in: &form)]
        case .refused(let refusal): refuse(refusal, in: &form)
        case .failed(let failure):
            form.stage = .editing
            form.message = "Failed: " + Wording.sentence(failure.message)
        case .gaveUp(let failure):
            form.stage = .editing
            form.message =
                "Gave up after \(Wording.counted(outcome.attempts, "attempt")): "
                + Wording.sentence(failure.message) + " Enter tries again."
        case .cancelled:
            form.stage = .editing
            form.message = "Stopped before it was posted. Nothing was written."
        case .unknown(let failure):
            let operation = UnresolvedOperation(kind: form.kind, proposal: proposal, failure: failure)
            unresolved.append(operation)
            form.stage = .unknown(operation, .lookUp)
        }
        return []
    }

    // MARK: Outcomes that are not known

    /// Takes an operation whose outcome is known now off the list of those whose is not.
    private mutating func forget(_ outcome: OperationOutcome) {
        unresolved.removeAll { $0.proposal.operation.reference == outcome.reference }
    }

    /// An operation turned out to be on the books.
    mutating func resolve(_ receipt: Receipt) {
        guard unresolved.contains(where: { $0.proposal.operation.reference == receipt.reference }) else {
            return
        }
        unresolved.removeAll { $0.proposal.operation.reference == receipt.reference }
        accounts.reload()
        if case .form(var form) = dialog, case .unknown(let operation, _) = form.stage,
            operation.proposal.operation.reference == receipt.reference
        {
            form.stage = .receipt(receipt, nil)
            form.renew(makeReference())
            dialog = .form(form)
        } else {
            notice = Notice(
                text: "The \(receipt.kind) whose outcome was unknown is on the books: \(receipt.reference).",
                role: .positive)
        }
    }

    /// Asks whether an operation is on the books.
    mutating func settle(_ reference: Reference) -> [ConsoleEffect] {
        guard
            let index = unresolved.firstIndex(where: { $0.proposal.operation.reference == reference }),
            unresolved[index].request == nil
        else { return [] }
        let id = requests.next()
        unresolved[index].request = id
        refreshUnknown(unresolved[index])
        return [.settle(id, reference)]
    }

    mutating func settleAll() -> [ConsoleEffect] {
        unresolved.map(\.proposal.operation.reference).flatMap { settle($0) }
    }

    mutating func settled(_ id: RequestID, _ operation: SettledOperation?) {
        guard let index = unresolved.firstIndex(where: { $0.request == id }) else { return }
        unresolved[index].request = nil
        guard let operation else {
            unresolved[index].missingAt = now
            refreshUnknown(unresolved[index])
            return
        }
        resolve(operation.receipt)
    }

    /// Shows what is new about an operation where it is shown.
    mutating func refreshUnknown(_ operation: UnresolvedOperation) {
        guard case .form(var form) = dialog, case .unknown(let shown, let answer) = form.stage,
            shown.proposal.operation.reference == operation.proposal.operation.reference
        else { return }
        form.stage = .unknown(operation, answer)
        dialog = .form(form)
    }
}
