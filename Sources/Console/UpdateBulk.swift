import Ledger
import LedgerService

/// One change of several accounts, posted one after the other.
extension ConsoleState {
    /// Posts the next operation of several; those that would be refused are passed over.
    mutating func postNext(of run: BulkRun, in form: FormDialog) -> [ConsoleEffect] {
        var (run, form) = (run, form)
        while let operation = run.current {
            if run.isStopping {
                run.outcomes.append(OperationOutcome(unsent: operation.reference, .cancelled))
                continue
            }
            switch run.verdicts[run.outcomes.count] {
            case .refuse(let refusal):
                run.outcomes.append(OperationOutcome(unsent: operation.reference, .refused(refusal)))
            case .alreadyPosted(let receipt):
                run.outcomes.append(OperationOutcome(unsent: operation.reference, .alreadyPosted(receipt)))
            case .post(let decision):
                form.stage = .postingAll(run)
                dialog = .form(form)
                return [.post(operation, decision.confirmation)]
            }
        }
        form.stage = .receiptAll(run)
        dialog = .form(form)
        // What was not changed stays marked, for another try.
        for (operation, outcome) in zip(run.operations, run.outcomes) where outcome.receipt != nil {
            for code in operation.namedAccounts { accounts.clearMark(code) }
        }
        return []
    }

    mutating func finished(
        _ outcome: OperationOutcome, of run: BulkRun, in form: FormDialog
    ) -> [ConsoleEffect] {
        guard run.current?.reference == outcome.reference else { return [] }
        var run = run
        switch outcome.result {
        case .unknown(let failure):
            if let proposal = run.proposal(at: run.outcomes.count) {
                keepUnknown(
                    UnresolvedOperation(
                        kind: form.kind, proposal: proposal, failure: failure, since: now, askedAt: now),
                    of: FormDialog(kind: form.kind, reference: outcome.reference))
            }
            run.isStopping = true
        // What follows would only meet the same trouble, each until its deadline.
        case .gaveUp, .failed: run.isStopping = true
        case .posted, .alreadyPosted, .refused, .cancelled: break
        }
        run.outcomes.append(outcome)
        return postNext(of: run, in: form)
    }
}

extension OperationOutcome {
    /// Of an operation of several that was never sent.
    fileprivate init(unsent reference: Reference, _ result: Result) {
        self.init(reference: reference, result: result, attempts: 0, conflicts: [], elapsed: .zero)
    }
}
