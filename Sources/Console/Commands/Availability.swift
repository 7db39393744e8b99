import Ledger

extension ConsoleState {
    /// Whether a command can be given now, and why not.
    func availability(of command: CommandID) -> Availability {
        switch command {
        case .deposit: entryAvailability(.credit)
        case .withdraw, .transfer: entryAvailability(.debit)
        case .changeStatus:
            identity.mayChangeAccounts
                ? requireAccount() : .unavailable("the role \(identity.role) may not change accounts")
        case .reverse: reversalAvailability
        case .openHistory:
            accounts.selected == nil ? .unavailable("no account is selected") : .available
        case .openTransaction:
            history.selected == nil ? .unavailable("no record is selected") : .available
        case .showUnknown:
            unresolved.isEmpty ? .unavailable("the outcome of every operation is known") : .available
        case .nextChoice, .previousChoice:
            if case .form(let form) = dialog, case .choice = form.focusedField.input {
                .available
            } else {
                .unavailable("this field is typed")
            }
        default: .available
        }
    }

    private var postingAvailability: Availability {
        identity.mayPost ? requireAccount() : .unavailable("the role \(identity.role) may not post")
    }

    private func requireAccount() -> Availability {
        accounts.selected == nil ? .unavailable("no account is selected") : .available
    }

    /// Whether the selected account takes entries on this side, as far as the screen knows. The sides are those of
    /// an account whose normal side is credit, as customers' are; for the others they are swapped.
    private func entryAvailability(_ side: Side) -> Availability {
        guard case .available = postingAvailability, let account = accounts.selected?.account else {
            return postingAvailability
        }
        let side = account.accountClass.normalSide == .credit ? side : side.opposite
        if account.status == .closed { return .unavailable("account \(account.code) is closed") }
        return account.status.allows(side)
            ? .available
            : .unavailable(
                "account \(account.code) is \(account.status.rawValue) and takes no \(side.rawValue) entries")
    }

    private var reversalAvailability: Availability {
        guard case .available = postingAvailability else { return postingAvailability }
        guard let line = history.selected else { return .unavailable("no record is selected") }
        guard let transaction = line.transaction else {
            return .unavailable("record #\(line.record.seq) is no entry, so there is nothing to reverse")
        }
        return transaction.kind == .reversal
            ? .unavailable("record #\(line.record.seq) is itself a reversal") : .available
    }
}
