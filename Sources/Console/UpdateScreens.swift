import Ledger

/// From screen to screen, and what is chosen on the way.
extension ConsoleState {
    /// The most screens that lie on each other; beyond it, the oldest is forgotten.
    private static let maximumScreens = 20

    mutating func push(_ screen: any Screen) {
        dialog = nil
        screens.append(screen)
        if screens.count > Self.maximumScreens { screens.removeFirst() }
    }

    mutating func open(_ target: Target?) -> [ConsoleEffect] {
        switch target {
        case .account(let code): push(AccountScreen(code: code, account: known(code)))
        case .transaction(let key): push(TransactionScreen(key))
        case .record(let line, let account): push(RecordScreen(line, of: account))
        case .operation(let reference): push(OperationScreen(reference))
        case nil: break
        }
        return []
    }

    /// An account that is on the screen or was offered for what was typed, as it was read then.
    private func known(_ code: AccountCode) -> Account? {
        if let account = selection.account, account.code == code { return account }
        if case .prompt(let prompt) = dialog, let listing = prompt.suggestions.listing(code: code.text) {
            return listing.account
        }
        return accounts.listing(code: code.text)?.account
    }

    /// Goes to one of the screens that a digit stands for. Where it lies on the stack already, the ones over it are
    /// left.
    @discardableResult
    mutating func show(_ command: CommandID) -> [ConsoleEffect] {
        dialog = nil
        let wanted: any Screen
        switch command {
        case .showJournal: wanted = JournalScreen()
        case .showAttempts: wanted = AttemptsScreen()
        case .showTrialBalance: wanted = TrialBalanceScreen()
        case .showVerify: wanted = VerifyScreen()
        case .showSettings: wanted = SettingsScreen()
        default:
            let effects = leave(screens.count)
            focus = .accounts
            return effects
        }
        if let index = screens.lastIndex(where: { $0.place == wanted.place }) {
            return leave(screens.count - 1 - index)
        }
        push(wanted)
        return []
    }

    /// Shows the screen that was seen last, as far as it can be shown again.
    mutating func reopen(_ seen: Preferences.SeenScreen) {
        switch seen.place {
        case .journal: push(JournalScreen())
        case .allAttempts: push(AttemptsScreen())
        case .trialBalance: push(TrialBalanceScreen())
        // It may take minutes, so that it begins when it is asked for.
        case .verify: push(VerifyScreen(begins: false))
        case .settings: push(SettingsScreen())
        case .account:
            guard let code = try? AccountCode(seen.subject) else { return }
            push(AccountScreen(code: code, account: nil))
        case .transaction:
            guard let reference = try? Reference(seen.subject) else { return }
            push(TransactionScreen(.reference(reference)))
        default: return
        }
        let last = screens.count - 1
        if screens[last].filter != nil { screens[last].filter = FilterField(seen.filter) }
    }

    /// Leaves so many screens; what they were waiting for is not wanted any more.
    private mutating func leave(_ count: Int) -> [ConsoleEffect] {
        let left = screens.suffix(count)
        screens.removeLast(min(count, screens.count))
        if left.contains(where: { $0 is VerifyScreen && !$0.openRequests.isEmpty }) {
            notice = Notice(
                text: "The check of the ledger was stopped; \(keyLabel(.showVerify)) begins it anew.",
                role: .warning)
        }
        return left.flatMap(\.openRequests).map { .withdraw($0) }
    }

    /// Esc: one step back, from the inside out. Never quits.
    mutating func goBack() -> [ConsoleEffect] {
        if let exporting {
            self.exporting = nil
            notice = Notice(text: "The export was stopped, and its file taken away.", role: .warning)
            return [.withdraw(exporting.request)]
        } else if hasNews {
            return takeNote()
        } else if let filter = screens.last?.filter, !filter.isEmpty {
            screens[screens.count - 1].filter = FilterField()
        } else if !screens.isEmpty {
            return leave(1)
        } else if isEnlarged {
            isEnlarged = false
        } else if focus != .accounts {
            focus = .accounts
        } else if !accounts.marks.isEmpty {
            accounts.clearMarks()
        } else {
            accounts.filter.clear()
        }
        return []
    }

    // MARK: Prompts

    mutating func acceptPrompt() -> [ConsoleEffect] {
        guard case .prompt(var prompt) = dialog else { return [] }
        let text = prompt.field.text.trimmingSpaces
        do throws(Refusal) {
            switch prompt.kind {
            case .account: return open(.account(try AccountCode(text)))
            case .reference: return open(.transaction(.reference(try Reference(text))))
            case .date:
                guard let day = CalendarDate(text) else {
                    throw .textInvalid(field: "day", why: "write it as YYYY-MM-DD")
                }
                jump(to: day)
            case .filterName:
                guard !text.isEmpty else { throw .textInvalid(field: "name", why: "it is empty") }
                save(Preferences.SavedFilter(name: text, text: accounts.filter.text))
            case .exportPath(let table): return try export(to: text, .export(table, path: text), prompt)
            case .exportAccounts(let filter, let sort):
                return try export(to: text, .exportAccounts(filter, sort, path: text), prompt)
            }
        } catch {
            prompt.message = Wording.sentence(error.message)
            dialog = .prompt(prompt)
        }
        return []
    }

    private mutating func export(
        to path: String, _ question: Question, _ prompt: PromptDialog
    ) throws(Refusal) -> [ConsoleEffect] {
        guard !path.isEmpty else { throw .textInvalid(field: "path", why: "it is empty") }
        let id = requests.next()
        exporting = (id, prompt)
        dialog = nil
        notice = Notice(text: "Writing\(symbols.ellipsis)", role: .normal)
        return [.ask(id, question)]
    }

    /// Which of a transaction's two days is jumped to: the journal is in the order of booking, a history shows value
    /// dates.
    var dayMeaning: String { screens.last is JournalScreen ? "day of booking (UTC)" : "value date" }

    private mutating func jump(to day: CalendarDate) {
        dialog = nil
        if var screen = screens.last as? JournalScreen {
            screen.jump(to: day)
            screens[screens.count - 1] = screen
        } else if var screen = screens.last as? AccountScreen {
            screen.jump(to: day)
            screens[screens.count - 1] = screen
        } else if let account = history.account {
            // A history of its own has room to look around.
            var screen = AccountScreen(code: account.code, account: account)
            screen.jump(to: day)
            push(screen)
        }
    }

    private mutating func save(_ filter: Preferences.SavedFilter) {
        dialog = nil
        preferences.savedFilters.removeAll { $0.name == filter.name }
        guard preferences.savedFilters.count < Preferences.maximumFilters else {
            notice = Notice(
                text: "\(Preferences.maximumFilters) filters are saved; remove one first.", role: .warning)
            return
        }
        preferences.savedFilters.append(filter)
        preferences.savedFilters.sort { $0.name < $1.name }
        notice = Notice(text: "Saved as \(filter.name).", role: .positive)
    }

    // MARK: Menus

    mutating func openMenu(_ command: CommandID) {
        var menu: MenuDialog
        switch command {
        case .sort:
            menu = MenuDialog(
                kind: .sort,
                items: AccountOrder.allCases.map { order in
                    MenuDialog.Item(order.title, order.explanation, isOn: accounts.sort.order == order)
                })
            menu.selected = AccountOrder.allCases.firstIndex(of: accounts.sort.order) ?? 0
        case .columns: menu = MenuDialog(kind: .columns, items: columnItems)
        case .savedFilters:
            let now = accounts.filter.isEmpty ? "no filter is typed" : accounts.filter.text
            menu = MenuDialog(
                kind: .savedFilters,
                items: [MenuDialog.Item("save the filter" + symbols.ellipsis, now)]
                    + preferences.savedFilters.map { MenuDialog.Item($0.name, $0.text) })
            menu.selected = preferences.savedFilters.isEmpty ? 0 : 1
        case .theme:
            menu = MenuDialog(
                kind: .theme,
                items: Theme.allCases.map { MenuDialog.Item($0.rawValue, isOn: $0 == preferences.theme) })
            menu.selected = Theme.allCases.firstIndex(of: preferences.theme) ?? 0
        default:
            menu = MenuDialog(
                kind: .copy, items: selection.copies?().map { MenuDialog.Item($0.title, $0.text) } ?? [])
        }
        dialog = .menu(menu)
    }

    private var columnItems: [MenuDialog.Item] {
        Self.optionalColumns.map { title in
            let isOn = wants(column: title)
            return MenuDialog.Item(
                title, isOn && !hasRoom(forColumn: title) ? "no room at this width" : "", isOn: isOn)
        }
    }

    mutating func choose() -> [ConsoleEffect] {
        guard case .menu(var menu) = dialog, menu.items.indices.contains(menu.selected) else { return [] }
        dialog = nil
        switch menu.kind {
        case .sort:
            let order = AccountOrder.allCases[menu.selected]
            // Chosen once more, it is turned around.
            if accounts.sort.order == order {
                accounts.sort.isDescending.toggle()
            } else {
                accounts.sort = AccountSort(order)
            }
        case .columns:
            let title = Self.optionalColumns[menu.selected]
            if preferences.hiddenColumns.remove(title) == nil { preferences.hiddenColumns.insert(title) }
            menu.items = columnItems
            dialog = .menu(menu)
        case .savedFilters:
            if menu.selected == 0 {
                dialog = .prompt(PromptDialog(.filterName))
            } else {
                accounts.filter.field.set(preferences.savedFilters[menu.selected - 1].text)
                accounts.filter.isTyping = false
            }
        case .removeFilter(let filter):
            if menu.selected > 0 { preferences.savedFilters.removeAll { $0 == filter } }
            openMenu(.savedFilters)
        case .theme:
            preferences.theme = Theme.allCases[menu.selected]
            return [.useTheme(preferences.theme)]
        case .copy:
            let text = menu.items[menu.selected].detail
            notice = Notice(
                text:
                    "Sent to the terminal's clipboard: \(SafeText.truncated(text, to: 60)). Some terminals do not "
                    + "take it.", role: .positive)
            return [.copy(text)]
        }
        return []
    }

    /// Asks whether the marked filter is to be removed; that it is kept is the answer at hand.
    mutating func removeChoice() {
        guard case .menu(let menu) = dialog, menu.kind == .savedFilters, menu.selected > 0 else { return }
        let filter = preferences.savedFilters[menu.selected - 1]
        dialog = .menu(
            MenuDialog(
                kind: .removeFilter(filter),
                items: [MenuDialog.Item("keep it"), MenuDialog.Item("remove it", filter.text)]))
    }

    // MARK: Commands by name

    mutating func performInSearch(_ command: CommandID) -> [ConsoleEffect] {
        var search: CommandSearch
        let isHelp: Bool
        switch dialog {
        case .palette(let found): (search, isHelp) = (found, false)
        case .help(let found): (search, isHelp) = (found, true)
        default: return []
        }
        let count = search.matches(everywhere: isHelp).count
        switch command {
        case .nextCommand: search.move(by: 1, of: count)
        case .previousCommand: search.move(by: -1, of: count)
        case .completeCommand:
            if let match = chosenCommand(search, everywhere: isHelp) {
                search.field.set(match.command.id.rawValue)
                search.selected = 0
            }
        default: return run(search, isHelp: isHelp)
        }
        dialog = isHelp ? .help(search) : .palette(search)
        return []
    }

    /// Gives the marked command, as if its key had been pressed where the search was begun.
    private mutating func run(_ search: CommandSearch, isHelp: Bool) -> [ConsoleEffect] {
        guard let match = chosenCommand(search, everywhere: isHelp) else { return [] }
        if case .unavailable(let why) = availability(of: match.command.id, in: match.place) {
            notice = Notice(text: "\(match.command.title): \(why).", role: .warning)
            return []
        }
        leaveSearch()
        return perform(match.command.id)
    }

    /// Opens the help over what is being typed or asked, which stays as it is.
    mutating func askForHelp() {
        var over = dialog
        // What a dialog has asked for is not waited for meanwhile; it asks again.
        switch dialog {
        case .form(var form):
            if case .previewing = form.stage { return }
            form.forgetQuestions()
            over = .form(form)
        case .prompt(var prompt):
            prompt.suggestions = Suggestions()
            over = .prompt(prompt)
        default: break
        }
        // The place is that of what is gone back to.
        dialog = over
        dialog = .help(CommandSearch(place: place, over: over))
    }

    /// Back to where the palette or the help was asked for.
    mutating func leaveSearch() {
        if case .help(let search) = dialog { dialog = search.over } else { dialog = nil }
    }
}

extension AccountOrder {
    var title: String {
        switch self {
        case .code: "code"
        case .name: "name"
        case .balance: "balance"
        case .activity: "last activity"
        }
    }

    fileprivate var explanation: String {
        switch self {
        case .code, .name: "chosen again: backwards"
        case .balance:
            "the \(Wording.count(AccountsPane.ranking)) largest ledger balances; chosen again: the smallest"
        case .activity: "the \(Wording.count(AccountsPane.ranking)) latest; chosen again: the longest ago"
        }
    }
}
