import Ledger

extension ConsoleState {
    mutating func press(_ key: Key) -> [ConsoleEffect] {
        lastActivity = now
        notice = nil
        if key != .control("c") { interruptions = 0 }
        if case .mouse(let mouse) = key { return point(mouse) }
        if edit(key) { return [] }
        guard let command = surroundings.keymap.command(for: key, in: place) else { return [] }
        return give(command)
    }

    /// Gives a command, or says why it cannot be given now.
    mutating func give(_ command: Command) -> [ConsoleEffect] {
        if case .unavailable(let why) = availability(of: command.id) {
            // In a form, a key that edits nothing here says nothing either; nor does Esc where it leads nowhere.
            if place != .form, command.id != .back {
                notice = Notice(text: "\(command.title): \(why).", role: .warning)
            }
            return []
        }
        return perform(command.id)
    }

    /// - Returns: whether the key went into a text.
    private mutating func edit(_ key: Key) -> Bool {
        switch place {
        case .filter:
            if screens.isEmpty { return accounts.filter.field.edit(key) }
            guard var filter = screens[screens.count - 1].filter else { return false }
            let isEdited = filter.field.edit(key)
            screens[screens.count - 1].filter = filter
            return isEdited
        case .form, .suggestions, .prompt:
            if case .prompt(var prompt) = dialog {
                guard prompt.field.edit(key) else { return false }
                prompt.message = nil
                prompt.suggestions.isDismissed = false
                dialog = .prompt(prompt)
                return true
            }
            guard case .form(var form) = dialog, case .editing = form.stage else { return false }
            // Ctrl-N and Ctrl-P go through the suggestions, and Tab takes one: those are no edits.
            guard form.focusedField.edit(key) else { return false }
            form.message = nil
            form.suggestions.isDismissed = false
            dialog = .form(form)
            return true
        case .palette, .help: return editSearch(key)
        default: return false
        }
    }

    private mutating func editSearch(_ key: Key) -> Bool {
        guard case .palette(var search)? = dialog else {
            guard case .help(var search)? = dialog, search.field.edit(key) else { return false }
            search.selected = 0
            dialog = .help(search)
            return true
        }
        guard search.field.edit(key) else { return false }
        search.selected = 0
        dialog = .palette(search)
        return true
    }

    mutating func perform(_ command: CommandID) -> [ConsoleEffect] {
        if let motion = Motion(command) {
            move(motion)
            return []
        }
        switch command {
        case .open: return open(selection.opens)
        case .nextPane: moveFocus(by: 1)
        case .previousPane: moveFocus(by: -1)
        case .back: return goBack()
        case .enlarge: isEnlarged.toggle()
        case .freezeView: attempts.toggleFrozen(now: now)
        case .showAccounts, .showJournal, .showAttempts, .showTrialBalance, .showVerify, .showSettings:
            return show(command)
        case .goToAccount: dialog = .prompt(PromptDialog(.account))
        case .goToReference: dialog = .prompt(PromptDialog(.reference))
        case .jumpToDate: dialog = .prompt(PromptDialog(.date(dayMeaning)))
        case .filter, .keepFilter, .clearFilter: performInFilter(command)
        case .savedFilters, .sort, .columns, .theme, .copy: openMenu(command)
        case .mark, .markAll: mark(command)
        case .deposit, .withdraw, .transfer, .adjust, .journalEntry, .reverse, .changeStatus, .openAccount,
            .repeatLast, .template, .showUnknown:
            startForm(command)
        case .export: askForPath()
        case .acceptPrompt: return acceptPrompt()
        case .choose: return choose()
        case .removeChoice: removeChoice()
        case .leavePrompt, .leaveMenu, .closeReceipt, .leaveUnknown: dialog = nil
        case .leavePalette: leaveSearch()
        case .runCommand, .nextCommand, .previousCommand, .completeCommand: return performInSearch(command)
        case .stopPosting: return stopPosting()
        case .reload: reload()
        case .palette: dialog = .palette(CommandSearch(place: place))
        case .help: dialog = .help(CommandSearch(place: place))
        case .formHelp: askForHelp()
        case .mouse:
            preferences.usesMouse.toggle()
            notice = Notice(
                text: preferences.usesMouse
                    ? "The mouse selects and scrolls; the terminal's own selection needs Shift now."
                    : "The mouse is the terminal's again.", role: .positive)
            return [.useMouse(preferences.usesMouse)]
        case .redraw: return [.redraw]
        case .suspend: return [.suspend]
        case .quit: return quit()
        case .quitNow: return interrupt()
        default: return performInForm(command)
        }
        return []
    }

    /// Ctrl-C: what is being posted is stopped first, and the program left the second time at the latest.
    private mutating func interrupt() -> [ConsoleEffect] {
        interruptions += 1
        guard interruptions < 2, case .form(let form) = dialog, form.place == .posting else {
            return [.quit]
        }
        notice = Notice(
            text: "Stopping the operation first. Ctrl-C again leaves at once; its outcome is then not shown.",
            role: .warning)
        return stopPosting()
    }

    /// Somebody who leaves while an outcome is unknown is told so, once.
    private mutating func quit() -> [ConsoleEffect] {
        if unresolved.isEmpty || hasWarnedOfQuitting { return [.quit] }
        hasWarnedOfQuitting = true
        notice = Notice(
            text: "The outcome of \(Wording.counted(unresolved.count, "operation")) is not known yet "
                + "(\(keyLabel(.showUnknown)) shows it). \(keyLabel(.quit)) again leaves all the same; "
                + "`bursar show REFERENCE` tells later.", role: .warning)
        return []
    }

    private mutating func askForPath() {
        if let (filter, sort) = unreadAccounts {
            dialog = .prompt(
                PromptDialog(.exportAccounts(filter, sort), text: "accounts-\(fileStamp).csv"))
        } else if let (name, table) = exportTable {
            dialog = .prompt(PromptDialog(.exportPath(table), text: "\(name)-\(fileStamp).csv"))
        }
    }

    private mutating func reload() {
        books.reload()
        if let last = screens.indices.last { screens[last].reload() } else { accounts.reload() }
    }

    /// The moment, for a file's name.
    private var fileStamp: String {
        let clock = now.clock.filter { $0 != ":" }
        return "\(now.date)-\(clock)"
    }

    // MARK: Moving

    mutating func move(_ motion: Motion) {
        let layout = Layout(self)
        switch dialog {
        case .form(var form):
            let rows = layout.dialogRows - (answerLine(form) == nil ? 0 : 1)
            let last = max(formLines(form).count - rows, 0)
            form.scroll = min(max(form.scroll + motion.step(page: rows), 0), last)
            dialog = .form(form)
        case .menu(var menu):
            menu.selected = motion.moved(menu.selected, of: menu.items.count, page: layout.dialogRows)
            dialog = .menu(menu)
        case .prompt, .palette, .help: break
        case nil where !screens.isEmpty:
            let context = screenContext
            screens[screens.count - 1].move(motion, context)
        case nil:
            switch focus {
            case .accounts: accounts.move(motion, page: layout.accountRows)
            case .history: history.move(motion, page: layout.historyRows)
            case .attempts:
                attempts.list.move(motion, in: attempts.shown, page: max(layout.attemptRows / 3, 1))
            }
        }
    }

    private mutating func moveFocus(by step: Int) {
        let panes = Pane.allCases
        let index = panes.firstIndex(of: focus) ?? 0
        focus = panes[(index + step + panes.count) % panes.count]
    }

    // MARK: Filters and marks

    private mutating func performInFilter(_ command: CommandID) {
        // The two lower panes have no room for a filter of their own; their screens do.
        if screens.isEmpty, command == .filter {
            switch focus {
            case .accounts: break
            case .history:
                if let account = history.account { push(AccountScreen(code: account.code, account: account)) }
            case .attempts: push(AttemptsScreen())
            }
        }
        var filter = screens.isEmpty ? accounts.filter : screens.last?.filter ?? FilterField()
        switch command {
        case .filter: filter.isTyping = true
        case .keepFilter: filter.isTyping = false
        default: filter.clear()
        }
        if screens.isEmpty {
            accounts.filter = filter
            focus = .accounts
        } else {
            screens[screens.count - 1].filter = filter
        }
    }

    private mutating func mark(_ command: CommandID) {
        let hasRoom = command == .mark ? accounts.toggleMark() : accounts.toggleAllMarks()
        if command == .mark { move(.down) }
        guard !hasRoom else { return }
        let marked = Wording.count(accounts.marks.count)
        notice = Notice(text: "\(marked) are marked, and no more can be.", role: .warning)
    }
}
