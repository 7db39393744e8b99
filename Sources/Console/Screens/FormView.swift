import Ledger
import LedgerService

extension ConsoleState {
    func formTitle(_ form: FormDialog) -> String {
        switch form.stage {
        case .editing:
            form.several.isEmpty
                ? form.kind.title
                : "\(form.kind.title) of \(Wording.counted(form.several.count, "marked account"))"
        case .previewing: "\(form.kind.title): asking the ledger" + symbols.ellipsis
        case .confirming(let proposal, _):
            proposal.previous == nil
                ? "\(form.kind.title): is this what you want?"
                : "\(form.kind.title): the outcome changed; is this what you want now?"
        case .posting(_, let since, let isStopping):
            "\(form.kind.title): " + (isStopping ? "stopping" : "posting") + symbols.ellipsis + " "
                + Wording.duration(.microseconds(max(0, now.microseconds - since.microseconds)))
        case .confirmingAll(let run, _):
            "\(form.kind.title) of \(Wording.counted(run.operations.count, "account")): is this what you want?"
        case .postingAll(let run):
            "\(form.kind.title): \(run.isStopping ? "stopping" : "posting") "
                + "\(Wording.count(min(run.outcomes.count + 1, run.operations.count))) of "
                + Wording.count(run.operations.count)
        case .receiptAll: "\(form.kind.title): what became of it"
        case .receipt: "\(form.kind.title): receipt"
        case .unknown: "\(form.kind.title): the outcome is not known"
        }
    }

    /// What the form shows below its title.
    func formLines(_ form: FormDialog) -> [TextLine] {
        let columns = size.width
        switch form.stage {
        case .editing, .previewing: return editingLines(form, columns: columns)
        case .confirming(let proposal, _): return proposalLines(proposal, columns: columns)
        case .posting(let proposal, _, _): return postingLines(proposal, columns: columns)
        case .receipt(let receipt, let outcome): return receiptLines(receipt, outcome, columns: columns)
        case .unknown(let operation, _): return unknownLines(operation, columns: columns)
        case .confirmingAll(let run, _): return bulkProposalLines(run, columns: columns)
        case .postingAll(let run):
            return bulkAttemptLines(run, columns: columns) + bulkOutcomeLines(run, columns: columns)
        case .receiptAll(let run): return bulkOutcomeLines(run, columns: columns)
        }
    }

    /// The answers that there are, in the dialog's last row; nil where none is asked for.
    func answerLine(_ form: FormDialog) -> TextLine? {
        switch form.stage {
        case .confirming(let proposal, let answer): answerLine(proposal.answers, marked: answer)
        case .confirmingAll(let run, let answer):
            answerLine(
                run.postable > 0 ? [.back, .post] : [.back], marked: run.postable > 0 ? answer : .back)
        case .unknown(let operation, let answer): answerLine(operation.answers, marked: answer)
        default: nil
        }
    }

    // MARK: Editing

    private func editingLines(_ form: FormDialog, columns: Int) -> [TextLine] {
        var lines: [TextLine] = []
        let labelColumns = TextLine.labelColumns
        let room = max(columns - labelColumns - 5, 8)
        let hasHintsBeside = columns >= 76
        let inputColumns = hasHintsBeside ? min(36, columns * 3 / 10) : room
        for (position, index) in form.visibleFields.enumerated() {
            let field = form.fields[index]
            let isFocused = position == form.focus
            let label = (isFocused ? symbols.pointer : " ") + " " + field.label.padded(to: labelColumns) + " "
            let start = SafeText.columns(label)
            let hint = hint(for: field, in: form)
            var pieces: [(text: String, style: Style)] = [(label, isFocused ? .strong : .dim)]
            // What is typed takes the place of a hint that there is none of.
            let spare = hint.text.isEmpty ? room : room - SafeText.columns(hint.text) - 2
            let inputColumns = max(inputColumns, min(field.columns + 1, spare))
            var cursor: Int?
            switch field.input {
            case .text(let input):
                let window = input.window(columns: inputColumns)
                pieces.append((window.text.padded(to: inputColumns), Style(.field, underlined: true)))
                if isFocused { cursor = start + window.cursor }
            case .choice(let values, let index):
                let text = "\(symbols.previous) \(values[index]) \(symbols.next)"
                pieces.append((text.padded(to: inputColumns), isFocused ? .selected : .field))
            }
            let isBeside = hasHintsBeside && start + inputColumns + 2 + SafeText.columns(hint.text) <= columns
            if isBeside { pieces.append(("  " + hint.text, hint.style)) }
            lines.append(TextLine(pieces, cursor: cursor, isFocused: isFocused))
            if !isBeside, isFocused {
                lines += TextLine.paragraph(hint.text, hint.style, columns: columns, indent: start)
            }
            if isFocused { lines += suggestionLines(form.offered, form.suggestions, indent: start) }
        }
        if form.message == nil { lines += liveLines(form, columns: columns) }
        if let message = form.message {
            lines.append(TextLine())
            lines += TextLine.paragraph(message, .negative, columns: columns)
        }
        return lines
    }

    /// Accounts that are offered for what is typed.
    func suggestionLines(
        _ offered: [AccountListing], _ suggestions: Suggestions, indent: Int
    ) -> [TextLine] {
        let codes = offered.map { SafeText.columns($0.account.code.text) }.max() ?? 0
        return offered.enumerated().map { index, listing in
            let isMarked = index == suggestions.selected
            let account = listing.account
            let text =
                "\(isMarked ? symbols.pointer : " ") \(account.code.text.padded(to: codes))  \(account.name)  "
                + "\(account.available.grouped) \(account.currency)"
                + (account.status == .open ? "" : "  \(account.status.rawValue)")
            return TextLine([
                (String(repeating: " ", count: indent), .normal), (text, isMarked ? .selected : .dim),
            ])
        }
    }

    /// What would become of what is typed so far.
    private func liveLines(_ form: FormDialog, columns: Int) -> [TextLine] {
        guard case .editing = form.stage, let verdict = form.live.verdict(for: form.texts) else { return [] }
        switch verdict {
        case .post(let decision):
            return [TextLine()]
                + decision.transitions.flatMap { transition -> [TextLine] in
                    changedFacts(transition).map { name, text in
                        TextLine([
                            ("  \(transition.after.code)  ", .normal), ("\(name) \(text)", .dim),
                        ])
                    }
                }
        case .refuse(let refusal):
            return [TextLine()]
                + TextLine.paragraph(
                    "Cannot be posted as it is: \(refusal.message).", .warning, columns: columns)
        case .alreadyPosted: return []
        }
    }

    /// What there is to say about a field: what is wrong, or which account it is.
    private func hint(for field: FormField, in form: FormDialog) -> (text: String, style: Style) {
        let currency = form.accountCodes.lazy.compactMap { self.listing($0, form)?.account.currency }.first
        // A name is typed to be completed to a code.
        let isCompleted = field.id == form.focusedField.id && !form.offered.isEmpty
        if !isCompleted, let problem = field.problem(currency: currency) {
            return ("\(symbols.bad) \(problem)", .negative)
        }
        if let account = field.accountCode.flatMap({ listing($0, form)?.account }) {
            let facts = [account.name, "\(account.available.grouped) \(account.currency) available"]
            let status = account.status == .open ? [] : [account.status.rawValue]
            return ((facts + status).joined(separator: " \(symbols.dot) "), .dim)
        }
        switch field.id {
        case .against: return (field.isEmpty ? "empty: the suspense account" : "", .dim)
        case .amount:
            if form.kind == .reversal, field.isEmpty { return ("empty: all that is left to reverse", .dim) }
            return (currency?.code ?? "", .dim)
        case .minimum: return ("an amount, or none for no minimum", .dim)
        case .valueDate: return (field.isEmpty ? "empty: today; else YYYY-MM-DD" : "", .dim)
        case .leg: return ("account, side, amount: 576 debit 12.50", .dim)
        case .currency: return (field.isEmpty ? "three letters, such as EUR" : "", .dim)
        case .reason, .reasonCode:
            return (field.isEmpty && field.isRequired ? "required" : "", .dim)
        default: return ("", .dim)
        }
    }

    /// An account that is known without asking.
    func listing(_ code: String, _ form: FormDialog) -> AccountListing? {
        // What the preview below was decided from is newer than what any list says.
        if case .post(let decision) = form.live.verdict(for: form.texts),
            let account = decision.transitions.first(where: { $0.before?.code.text == code })?.before
        {
            return AccountListing(account: account, lastBookedAt: now)
        }
        let known = form.suggestions.listing(code: code) ?? accounts.listing(code: code)
        if let listing = known ?? form.named.listing(code: code) { return listing }
        guard let account = selection.account, account.code.text == code else { return nil }
        return AccountListing(account: account, lastBookedAt: now)
    }

    private func answerLine(_ answers: [ConfirmationAnswer], marked: ConfirmationAnswer) -> TextLine {
        var pieces: [(text: String, style: Style)] = [("  ", .normal)]
        for answer in answers {
            let isMarked = answer == marked
            pieces.append((isMarked ? symbols.pointer : " ", .strong))
            pieces.append(("[ \(answer.title) ]", isMarked ? .selected : .normal))
            pieces.append((size.width < 60 ? "" : "  ", .normal))
        }
        return TextLine(pieces)
    }

    // MARK: Posting and after

    private func postingLines(_ proposal: Proposal, columns: Int) -> [TextLine] {
        TextLine.paragraph(Wording.sentence(summary(of: proposal)), columns: columns)
            + latestAttempts(of: proposal.operation, columns: columns)
    }

    /// The attempts of an operation that is under way, as they happen.
    func latestAttempts(of operation: Operation, columns: Int) -> [TextLine] {
        guard let group = attempts.log[operation.reference] else { return [] }
        return attemptDetails(group, columns: columns).suffix(10)
    }

    private func receiptLines(
        _ receipt: Receipt, _ outcome: OperationOutcome?, columns: Int
    ) -> [TextLine] {
        var lines: [TextLine] = []
        var headline = "\(symbols.good) \(receipt.kind) posted"
        if let outcome {
            if case .alreadyPosted = outcome.result { headline += " already; nothing was written now" }
            headline += " in \(Wording.duration(outcome.elapsed)), "
            headline += Wording.counted(outcome.attempts, "attempt")
            let counts = [
                (outcome.conflictCount, "conflict"), (outcome.lostAnswers, "lost answer"),
                (outcome.outages, "lost connection"),
            ]
            let troubles = counts.filter { $0.0 > 0 }.map { Wording.counted($0.0, $0.1) }
            if !troubles.isEmpty { headline += " (\(troubles.joined(separator: ", ")))" }
        } else {
            headline += "; it is on the books"
        }
        lines += TextLine.paragraph(headline, .positive, columns: columns)
        lines += TextLine.fact("Reference", receipt.reference.text, columns: columns)
        if let transaction = receipt.transaction {
            lines += TextLine.fact("Transaction", transaction.description, columns: columns)
        }
        lines += TextLine.fact(
            "Booked", "\(receipt.bookedAt.date) \(Wording.preciseTime(receipt.bookedAt)) UTC",
            columns: columns)
        for line in receipt.lines {
            var text = "record #\(line.seq)"
            if let side = line.side, let amount = line.amount {
                text += ", \(side.rawValue) \(amount.grouped) \(amount.currency)"
            }
            text += ", ledger balance \(line.ledger.grouped)"
            if line.available != line.ledger { text += ", available \(line.available.grouped)" }
            lines += TextLine.fact(line.account.text, text, columns: columns)
        }
        return lines
    }

    private func unknownLines(_ operation: UnresolvedOperation, columns: Int) -> [TextLine] {
        var lines = TextLine.paragraph(
            "\(symbols.unknown) \(Wording.sentence(operation.failure.message))", .warning, columns: columns)
        lines += TextLine.paragraph(
            Wording.sentence(summary(of: operation.proposal)), columns: columns)
        lines += TextLine.fact("Reference", operation.proposal.operation.reference.text, columns: columns)
        if let problem = operation.problem {
            lines += TextLine.paragraph(
                "It could not be looked up: \(Wording.sentence(problem)) It is tried again by itself.",
                .warning, columns: columns)
        }
        if operation.request != nil {
            lines += TextLine.paragraph("Looking it up" + symbols.ellipsis, .dim, columns: columns)
        } else if operation.isGone {
            lines += TextLine.paragraph(
                "It is not on the books, and no write of it is under way any more: it was not posted. It can be sent "
                    + "again or forgotten; what is forgotten is not asked about any more.",
                columns: columns)
        } else if let moment = operation.missingAt {
            lines += TextLine.paragraph(
                "At \(moment.clock) UTC it was not on the books. Sending it again is safe: under its reference "
                    + "it is posted once at the most.",
                columns: columns)
        }
        return lines
    }
}

extension FormField {
    fileprivate var isEmpty: Bool { trimmed.isEmpty }

    /// Of what is typed; zero for a choice.
    fileprivate var columns: Int {
        if case .text(let input) = input { SafeText.columns(input.text) } else { 0 }
    }
}
