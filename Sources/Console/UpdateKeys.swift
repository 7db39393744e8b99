import Ledger

extension ConsoleState {
    mutating func press(_ key: Key) -> [ConsoleEffect] {
        lastActivity = now
        notice = nil
        if key != .control("c") { interruptions = 0 }
        if edit(key) { return [] }
        guard let command = Command.find(key, in: place) else { return [] }
        if case .unavailable(let why) = availability(of: command.id) {
            // In a form, a key that edits nothing here says nothing either.
            if place != .form {
                notice = Notice(text: "\(command.title): \(why).", role: .warning)
            }
            return []
        }
        return perform(command.id)
    }

    /// - Returns: whether the key went into a text.
    private mutating func edit(_ key: Key) -> Bool {
        switch place {
        case .filter: return accounts.field.edit(key)
        case .form:
            guard case .form(var form) = dialog, case .editing = form.stage else { return false }
            guard form.focusedField.edit(key) else { return false }
            form.message = nil
            dialog = .form(form)
            return true
        default: return false
        }
    }

    private mutating func perform(_ command: CommandID) -> [ConsoleEffect] {
        switch command {
        case .moveUp, .moveDown, .pageUp, .pageDown, .moveFirst, .moveLast: move(command)
        case .openHistory: focus = .history
        case .openTransaction: return openTransaction()
        case .nextPane: moveFocus(by: 1)
        case .previousPane: moveFocus(by: -1)
        case .back: goBack()
        case .enlarge: isEnlarged.toggle()
        case .freeze: attempts.toggleFrozen()
        case .filter:
            accounts.isFiltering = true
            focus = .accounts
        case .keepFilter: accounts.isFiltering = false
        case .clearFilter:
            accounts.isFiltering = false
            accounts.field.set("")
        case .deposit: openForm(.deposit)
        case .withdraw: openForm(.withdrawal)
        case .transfer: openForm(.transfer)
        case .changeStatus: openForm(.status)
        case .reverse: openForm(.reversal)
        case .showUnknown:
            if let first = unresolved.first { dialog = .form(FormDialog(unresolved: first)) }
        case .nextField, .previousField, .nextChoice, .previousChoice, .submit, .leaveForm, .nextAnswer,
            .previousAnswer, .answer, .backToForm:
            return performInForm(command)
        case .stopPosting: return stopPosting()
        case .closeReceipt, .leaveUnknown, .closeTransaction, .closeHelp: dialog = nil
        case .reload: accounts.reload()
        case .redraw: return [.redraw]
        case .help: dialog = .help(HelpDialog(place: place))
        case .suspend: return [.suspend]
        case .quit: return [.quit]
        case .quitNow: return interrupt()
        }
        return []
    }

    private mutating func performInForm(_ command: CommandID) -> [ConsoleEffect] {
        guard case .form(var form) = dialog else { return [] }
        switch command {
        case .submit: return submit(form)
        case .answer: return answer(form)
        case .backToForm: backToEditing(form)
        case .leaveForm:
            // While what would be posted is being asked for, the way back is the form.
            if case .previewing = form.stage { backToEditing(form) } else { dialog = nil }
        case .nextField, .previousField, .nextChoice, .previousChoice:
            guard case .editing = form.stage else { return [] }
            switch command {
            case .nextField: form.moveFocus(by: 1)
            case .previousField: form.moveFocus(by: -1)
            default: form.focusedField.choose(by: command == .nextChoice ? 1 : -1)
            }
            dialog = .form(form)
        case .nextAnswer, .previousAnswer:
            form.mark(by: command == .nextAnswer ? 1 : -1)
            dialog = .form(form)
        default: break
        }
        return []
    }

    /// Ctrl-C: what is being posted is stopped first, and the program left the second time at the latest.
    private mutating func interrupt() -> [ConsoleEffect] {
        interruptions += 1
        guard interruptions < 2, case .form(let form) = dialog, case .posting = form.stage else {
            return [.quit]
        }
        notice = Notice(
            text: "Stopping the operation first. Ctrl-C again leaves at once; its outcome is then not shown.",
            role: .warning)
        return stopPosting()
    }

    private mutating func goBack() {
        if isEnlarged {
            isEnlarged = false
        } else if focus != .accounts {
            focus = .accounts
        } else {
            accounts.field.set("")
        }
    }

    private mutating func moveFocus(by step: Int) {
        let panes = Pane.allCases
        let index = panes.firstIndex(of: focus) ?? 0
        focus = panes[(index + step + panes.count) % panes.count]
    }

    private mutating func openTransaction() -> [ConsoleEffect] {
        guard let line = history.selected, let account = history.account else { return [] }
        guard let reference = line.transaction?.reference else {
            dialog = .transaction(TransactionDialog(line: line, account: account, answer: .none))
            return []
        }
        let id = requests.next()
        dialog = .transaction(TransactionDialog(line: line, account: account, answer: .loading(id)))
        return [.lookUp(id, reference)]
    }

    private mutating func move(_ command: CommandID) {
        let layout = Layout(self)
        switch dialog {
        case .help(var help):
            help.scroll = Self.scrolled(
                help.scroll, command, page: layout.dialogRows, last: helpLines(help).count - layout.dialogRows
            )
            dialog = .help(help)
            return
        case .transaction(var transaction):
            transaction.scroll = Self.scrolled(
                transaction.scroll, command, page: layout.dialogRows,
                last: transactionLines(transaction).count - layout.dialogRows)
            dialog = .transaction(transaction)
            return
        case .form(var form):
            let rows = layout.dialogRows - (answerLine(form) == nil ? 0 : 1)
            form.scroll = Self.scrolled(form.scroll, command, page: rows, last: formLines(form).count - rows)
            dialog = .form(form)
            return
        case nil: break
        }
        switch focus {
        case .accounts:
            switch command {
            case .moveFirst: accounts.move(to: .first)
            case .moveLast: accounts.move(to: .last)
            default: accounts.move(by: Self.step(command, page: layout.accountRows))
            }
        case .history:
            switch command {
            case .moveFirst: history.moveToNewest()
            case .moveLast: history.moveToOldest()
            default: history.move(by: Self.step(command, page: layout.historyRows))
            }
        case .attempts: attempts.move(by: Self.step(command, page: max(layout.attemptRows / 3, 1)))
        }
    }

    /// Lines down; the first and the last line are as far as anybody can go.
    private static func step(_ command: CommandID, page: Int) -> Int {
        switch command {
        case .moveUp: -1
        case .moveDown: 1
        case .pageUp: -max(page - 1, 1)
        case .pageDown: max(page - 1, 1)
        case .moveFirst: -1_000_000
        default: 1_000_000
        }
    }

    private static func scrolled(_ scroll: Int, _ command: CommandID, page: Int, last: Int) -> Int {
        min(max(scroll + step(command, page: page), 0), max(last, 0))
    }
}

extension FormDialog {
    /// Marks another of the answers that there are.
    fileprivate mutating func mark(by step: Int) {
        func next(_ answer: Answer, of answers: [Answer]) -> Answer {
            let index = answers.firstIndex(of: answer) ?? 0
            return answers[(index + step + answers.count) % answers.count]
        }
        switch stage {
        case .confirming(let proposal, let answer):
            stage = .confirming(proposal, next(answer, of: proposal.answers))
        case .unknown(let operation, let answer):
            stage = .unknown(operation, next(answer, of: Answer.forUnknown))
        default: break
        }
    }
}
