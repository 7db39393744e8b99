import Ledger
import LedgerService

extension ConsoleState {
    func formTitle(_ form: FormDialog) -> String {
        switch form.stage {
        case .editing: form.kind.title
        case .previewing: "\(form.kind.title): asking the ledger" + symbols.ellipsis
        case .confirming(let proposal, _):
            proposal.previous == nil
                ? "\(form.kind.title): is this what you want?"
                : "\(form.kind.title): the outcome changed; is this what you want now?"
        case .posting(_, let since, let isStopping):
            "\(form.kind.title): " + (isStopping ? "stopping" : "posting") + symbols.ellipsis + " "
                + Wording.duration(.microseconds(max(0, now.microseconds - since.microseconds)))
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
        }
    }

    /// The answers that there are, in the dialog's last row; nil where none is asked for.
    func answerLine(_ form: FormDialog) -> TextLine? {
        switch form.stage {
        case .confirming(let proposal, let answer): answerLine(proposal.answers, marked: answer)
        case .unknown(_, let answer): answerLine(Answer.forUnknown, marked: answer)
        default: nil
        }
    }

    // MARK: Editing

    private func editingLines(_ form: FormDialog, columns: Int) -> [TextLine] {
        var lines: [TextLine] = []
        let labelColumns = 11
        let room = max(columns - labelColumns - 4, 8)
        let hasHintsBeside = columns >= 76
        let inputColumns = hasHintsBeside ? min(36, columns * 3 / 10) : room
        for (position, index) in form.visibleFields.enumerated() {
            let field = form.fields[index]
            let isFocused = position == form.focus
            let label = (isFocused ? symbols.pointer : " ") + " " + field.label.padded(to: labelColumns)
            let start = SafeText.columns(label)
            let hint = hint(for: field, in: form)
            var pieces: [(text: String, style: Style)] = [(label, isFocused ? .strong : .dim)]
            var cursor: Int?
            switch field.input {
            case .text(let input):
                let window = input.window(columns: inputColumns)
                pieces.append((window.text.padded(to: inputColumns), Style(.field, underlined: true)))
                if isFocused { cursor = start + window.cursor }
            case .choice(let values, let index):
                let text = "\(symbols.left) \(values[index]) \(symbols.right)"
                pieces.append((text.padded(to: inputColumns), isFocused ? .selected : .field))
            }
            let isBeside = hasHintsBeside && start + inputColumns + 2 + SafeText.columns(hint.text) <= columns
            if isBeside { pieces.append(("  " + hint.text, hint.style)) }
            lines.append(TextLine(pieces, cursor: cursor, isFocused: isFocused))
            if !isBeside, isFocused {
                lines += TextLine.paragraph(hint.text, hint.style, columns: columns, indent: start)
            }
        }
        if let message = form.message {
            lines.append(TextLine())
            lines += TextLine.paragraph(message, .negative, columns: columns)
        }
        return lines
    }

    /// What there is to say about a field: what is wrong, or which account it is.
    private func hint(for field: FormField, in form: FormDialog) -> (text: String, style: Style) {
        let currency = form.accountCodes.lazy.compactMap { self.accounts.listing(code: $0)?.account.currency }
            .first
        if let problem = field.problem(currency: currency) {
            return ("\(symbols.bad) \(problem)", .negative)
        }
        switch field.id {
        case .account, .from, .to:
            guard let account = accounts.listing(code: field.trimmed)?.account else { return ("", .dim) }
            let facts = [account.name, "\(account.available.grouped) \(account.currency) available"]
            let status = account.status == .open ? [] : [account.status.rawValue]
            return ((facts + status).joined(separator: " \(symbols.dot) "), .dim)
        case .amount:
            if form.kind == .reversal, field.isEmpty { return ("empty: all that is left to reverse", .dim) }
            return (currency?.code ?? "", .dim)
        case .minimum: return ("an amount, or none for no minimum", .dim)
        case .reason: return (field.isEmpty ? "required" : "", .dim)
        default: return ("", .dim)
        }
    }

    private func answerLine(_ answers: [Answer], marked: Answer) -> TextLine {
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
        var lines = TextLine.paragraph(Wording.sentence(summary(of: proposal.operation)), columns: columns)
        if let group = attempts.log[proposal.operation.reference] {
            lines += attemptDetails(group, columns: columns).suffix(10)
        }
        return lines
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
            if !outcome.conflicts.isEmpty {
                headline += " (\(Wording.counted(outcome.conflicts.count, "conflict")))"
            }
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
            Wording.sentence(summary(of: operation.proposal.operation)), columns: columns)
        lines += TextLine.fact("Reference", operation.proposal.operation.reference.text, columns: columns)
        if operation.request != nil {
            lines += TextLine.paragraph("Looking it up" + symbols.ellipsis, .dim, columns: columns)
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
}
