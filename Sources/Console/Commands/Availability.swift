import Ledger

extension ConsoleState {
    /// Whether a command can be given where the palette or the help was asked for, and why not.
    func availability(of command: CommandID, in listed: Place) -> Availability {
        let origin: Place =
            switch dialog {
            case .palette(let search), .help(let search): search.place
            default: place
            }
        guard let entry = Command.find(command), entry.places.contains(origin) else {
            return .unavailable("it is for “\(listed.title)”")
        }
        return availability(of: command)
    }

    /// Whether a command can be given now, and why not.
    func availability(of command: CommandID) -> Availability {
        switch command {
        case .deposit, .withdraw, .transfer, .adjust, .journalEntry: Availability(identity.postingProblem)
        case .changeStatus, .openAccount: Availability(identity.accountChangeProblem)
        case .reverse: reversalAvailability
        case .showTrialBalance, .showVerify: Availability(identity.wholeLedgerProblem)
        case .repeatLast:
            lastForm == nil
                ? .unavailable("nothing has been posted from here yet")
                : Availability(identity.postingProblem)
        case .template:
            selection.transaction == nil
                ? .unavailable("no transaction is selected") : Availability(identity.postingProblem)
        case .back: canGoBack ? .available : .unavailable("there is nothing to go back to")
        case .open: selection.opens == nil ? .unavailable("nothing is selected") : .available
        case .mark, .markAll:
            accounts.selected == nil ? .unavailable("no account is selected") : .available
        case .copy:
            selection.copies == nil ? .unavailable("there is nothing to copy") : .available
        case .export: hasExport ? .available : .unavailable("there is nothing to export")
        case .showUnknown:
            unresolved.isEmpty && left.notPosted.isEmpty
                ? .unavailable("no operation of this console is without an outcome") : .available
        case .nextChoice, .previousChoice:
            if case .form(let form) = dialog, case .choice = form.focusedField.input {
                .available
            } else {
                .unavailable("this field is typed")
            }
        case .removeChoice:
            if case .menu(let menu) = dialog, menu.kind == .savedFilters, menu.selected > 0 {
                .available
            } else {
                .unavailable("only saved filters can be removed")
            }
        default: .available
        }
    }

    /// Whether Esc does anything where nothing is typed or asked.
    private var canGoBack: Bool {
        exporting != nil || hasNews || !screens.isEmpty || isEnlarged || focus != .accounts
            || !accounts.marks.isEmpty
            || !accounts.filter.isEmpty
    }

    private var hasExport: Bool {
        if let screen = screens.last { return screen.hasExport }
        return switch focus {
        case .accounts: !accounts.rows.isEmpty
        case .history: !history.lines.isEmpty
        case .attempts: true
        }
    }

    /// What is shown now, as a table.
    var exportTable: (name: String, table: ExportTable)? {
        if let screen = screens.last { return screen.exportTable(self) }
        switch focus {
        case .accounts: return accountsTable
        case .history:
            guard let account = history.account, !history.lines.isEmpty else { return nil }
            return (
                "account-\(account.code)",
                ExportTable(
                    columns: HistoryTable.exportColumns,
                    rows: history.lines.map { HistoryTable.exportRow($0, account) })
            )
        case .attempts: return AttemptsScreen().exportTable(self)
        }
    }

    /// Why the selected account takes no such entry, as far as the screen knows; nil where it does, and where a form
    /// asks for the account. The sides are those of an account whose normal side is credit, as customers' are; for the
    /// others they are swapped.
    func entryProblem(_ command: CommandID) -> String? {
        guard let account = selection.account else { return nil }
        let increases: Bool
        switch command {
        case .deposit: increases = true
        case .withdraw, .transfer: increases = false
        default: return nil
        }
        let normal = account.accountClass.normalSide
        let side = increases ? normal : normal.opposite
        if account.status == .closed { return "account \(account.code) is closed" }
        return account.status.allows(side)
            ? nil
            : "account \(account.code) is \(account.status.rawValue) and takes no \(side.rawValue) entries"
    }

    private var reversalAvailability: Availability {
        if let problem = identity.reversalProblem { return .unavailable(problem) }
        let selection = selection
        if let transaction = selection.transaction {
            return transaction.kind == .reversal
                ? .unavailable("\(transaction.reference) is itself a reversal") : .available
        }
        if let line = selection.line {
            return .unavailable("record #\(line.record.seq) is no entry, so there is nothing to reverse")
        }
        return .available
    }
}

extension Availability {
    /// Available unless there is a reason why not.
    fileprivate init(_ problem: String?) {
        self = problem.map { .unavailable($0) } ?? .available
    }
}
