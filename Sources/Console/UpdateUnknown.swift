import Ledger
import LedgerService

/// Operations whose outcome is not known: kept, shown and asked about until it is.
extension ConsoleState {
    /// How often the ledger is asked by itself.
    private static let lookUpInterval = Duration.seconds(5)

    /// Keeps an operation whose outcome is not known, with the form that it was sent from.
    mutating func keepUnknown(_ operation: UnresolvedOperation, of form: FormDialog) {
        let reference = operation.proposal.operation.reference
        unresolved.removeAll { $0.proposal.operation.reference == reference }
        unresolved.append(operation)
        unresolvedForms[reference] = form
    }

    /// Shows the next of the operations whose outcome is not known.
    mutating func showUnknown() {
        guard let first = unresolved.first else { return showLeft() }
        unresolved.append(unresolved.removeFirst())
        dialog = .form(unknownForm(first))
    }

    private func unknownForm(_ operation: UnresolvedOperation) -> FormDialog {
        guard var form = unresolvedForms[operation.proposal.operation.reference] else {
            return FormDialog(unresolved: operation)
        }
        form.stage = .unknown(operation, .lookUp)
        return form
    }

    /// What an outcome says of an operation that was sent before, and whose answer got lost: that nothing was written
    /// by *this* call is no word on the first one.
    func considered(_ outcome: OperationOutcome) -> OperationOutcome {
        guard
            let open = unresolved.first(where: {
                $0.proposal.operation.reference == outcome.reference
            })
        else { return outcome }
        switch outcome.result {
        case .posted, .alreadyPosted, .unknown: return outcome
        case .refused(let refusal):
            // A rule was asked after the reference had been looked for, and was not on the books.
            guard case .notPermitted = refusal else { return outcome }
        case .failed, .gaveUp, .cancelled: break
        }
        return OperationOutcome(
            reference: outcome.reference, result: .unknown(open.failure), attempts: outcome.attempts,
            conflicts: outcome.conflicts, elapsed: outcome.elapsed)
    }

    /// Takes an operation whose outcome is known now off the list of those whose is not.
    /// - Returns: that somebody is being told.
    mutating func forget(_ outcome: OperationOutcome) -> [ConsoleEffect] {
        if case .unknown = outcome.result { return [] }
        forgetUnknown(outcome.reference)
        left.forget(outcome.reference)
        return [.acknowledge([outcome.reference])]
    }

    /// Sends an operation again, under the same reference: if it is on the books by then, nothing is posted a second
    /// time.
    mutating func sendAgain(_ operation: UnresolvedOperation, from form: FormDialog) -> ConsoleEffect {
        for index in unresolved.indices where unresolved[index].proposal == operation.proposal {
            unresolved[index].isGone = false
        }
        return post(operation.proposal, in: form)
    }

    /// Somebody does not want an operation any more that was not posted after all.
    mutating func drop(_ operation: UnresolvedOperation) -> [ConsoleEffect] {
        let reference = operation.proposal.operation.reference
        forgetUnknown(reference)
        dialog = nil
        notice = Notice(text: "Forgotten: \(reference) was not posted.", role: .normal)
        return [.acknowledge([reference])]
    }

    private mutating func forgetUnknown(_ reference: Reference) {
        unresolved.removeAll { $0.proposal.operation.reference == reference }
        unresolvedForms[reference] = nil
    }

    /// An operation turned out to be on the books.
    mutating func resolve(_ receipt: Receipt) -> [ConsoleEffect] {
        guard unresolved.contains(where: { $0.proposal.operation.reference == receipt.reference }) else {
            return []
        }
        attempts.find(receipt, at: now)
        lastForm = unresolvedForms[receipt.reference] ?? lastForm
        forgetUnknown(receipt.reference)
        accounts.refresh()
        if case .form(var form) = dialog, case .unknown(let operation, _) = form.stage,
            operation.proposal.operation.reference == receipt.reference
        {
            form.stage = .receipt(receipt, nil)
            form.renew(surroundings.makeReference())
            dialog = .form(form)
            return [.acknowledge([receipt.reference])]
        }
        foundOnBooks.append(receipt)
        return []
    }

    /// Asks about each operation whose outcome is not known, every few seconds.
    mutating func lookUpUnknown() -> [ConsoleEffect] {
        unresolved.filter { operation in
            !operation.isGone && operation.askedAt.map { now.is(Self.lookUpInterval, after: $0) } ?? true
        }.prefix(3).flatMap { lookUp($0.proposal.operation.reference) }
    }

    /// Asks whether an operation is on the books.
    mutating func lookUp(_ reference: Reference) -> [ConsoleEffect] {
        guard
            let index = unresolved.firstIndex(where: { $0.proposal.operation.reference == reference }),
            unresolved[index].request == nil
        else { return [] }
        let id = requests.next()
        unresolved[index].request = id
        unresolved[index].askedAt = now
        refreshUnknown(unresolved[index])
        return [.ask(id, .settled(reference, forGood: unresolved[index].isOver(at: now)))]
    }

    mutating func lookUpAll() -> [ConsoleEffect] {
        unresolved.map(\.proposal.operation.reference).flatMap { lookUp($0) }
    }

    mutating func settled(
        _ id: RequestID, _ operation: SettledOperation?, isFinal: Bool
    ) -> [ConsoleEffect] {
        guard let index = unresolved.firstIndex(where: { $0.request == id }) else { return [] }
        unresolved[index].request = nil
        unresolved[index].problem = nil
        guard let operation else {
            unresolved[index].missingAt = now
            unresolved[index].isGone = isFinal
            refreshUnknown(unresolved[index])
            return []
        }
        return resolve(operation.receipt)
    }

    /// The ledger could not be asked.
    mutating func lookUpFailed(_ id: RequestID, _ message: String) {
        for index in unresolved.indices where unresolved[index].request == id {
            unresolved[index].request = nil
            unresolved[index].problem = message
            refreshUnknown(unresolved[index])
        }
    }

    /// Shows what is new about an operation where it is shown.
    private mutating func refreshUnknown(_ operation: UnresolvedOperation) {
        guard case .form(var form) = dialog, case .unknown(let shown, let answer) = form.stage,
            shown.proposal.operation.reference == operation.proposal.operation.reference
        else { return }
        form.stage = .unknown(operation, answer)
        dialog = .form(form)
    }
}
