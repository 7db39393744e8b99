import Ledger

extension PostedTransaction {
    /// The form that posts another one like it; nil for a reversal, which is about one transaction alone.
    var template: (FormKind, [FormField.ID: String])? {
        var texts: [FormField.ID: String] = [.narrative: head.narrative]
        let debit = entries.first { $0.side == .debit }
        let credit = entries.first { $0.side == .credit }
        func text(_ entry: Entry) -> String {
            Money(units: entry.amount, currency: entry.currency).description
        }
        if let amount { texts[.amount] = amount.description }
        switch head.kind {
        case .deposit: texts[.account] = credit?.account.text
        case .withdrawal: texts[.account] = debit?.account.text
        case .transfer:
            texts[.from] = debit?.account.text
            texts[.to] = credit?.account.text
        case .adjustment:
            // The suspense account is the other side unless another was named.
            let isAgainst: (Entry?) -> Bool = {
                $0?.account.text.hasPrefix(HouseAccount.suspense.prefix) == true
            }
            let side: Side = isAgainst(credit) ? .debit : .credit
            texts[.side] = side.rawValue
            texts[.account] = (side == .debit ? debit : credit)?.account.text
            texts[.reasonCode] = head.reasonCode
            let other = side == .debit ? credit : debit
            if !isAgainst(other) { texts[.against] = other?.account.text }
        case .journalEntry:
            if entries.count > FormKind.maximumLegs { return nil }
            for (index, entry) in entries.prefix(FormKind.maximumLegs).enumerated() {
                texts[.leg(index + 1)] = "\(entry.account) \(entry.side.rawValue) \(text(entry))"
            }
        case .reversal: return nil
        }
        let kinds: [TransactionKind: FormKind] = [
            .deposit: .deposit, .withdrawal: .withdrawal, .transfer: .transfer, .adjustment: .adjustment,
            .journalEntry: .journalEntry,
        ]
        return kinds[head.kind].map { ($0, texts) }
    }
}

extension Operation {
    /// The form that it is typed in, filled in.
    var template: (FormKind, [FormField.ID: String]) {
        var texts: [FormField.ID: String] = [.narrative: narrative, .valueDate: valueDate?.description ?? ""]
        switch action {
        case .deposit(let account, let amount), .withdrawal(let account, let amount):
            texts[.account] = account.text
            texts[.amount] = amount.description
            if case .deposit = action { return (.deposit, texts) }
            return (.withdrawal, texts)
        case .transfer(let from, let to, let amount):
            texts[.from] = from.text
            texts[.to] = to.text
            texts[.amount] = amount.description
            return (.transfer, texts)
        case .adjustment(let account, let amount, let side, let reasonCode, let against):
            texts[.account] = account.text
            texts[.amount] = amount.description
            texts[.side] = side.rawValue
            texts[.reasonCode] = reasonCode
            texts[.against] = against?.text
            return (.adjustment, texts)
        case .journalEntry(let legs):
            for (index, leg) in legs.prefix(FormKind.maximumLegs).enumerated() {
                texts[.leg(index + 1)] = "\(leg.account) \(leg.side.rawValue) \(leg.amount)"
            }
            return (.journalEntry, texts)
        case .reversal(let reference, let amount, let reason):
            texts[.reference] = reference.text
            texts[.amount] = amount?.description
            texts[.reason] = reason
            return (.reversal, texts)
        case .accountChange(let account, let change, let reason):
            texts[.account] = account.text
            texts[.reason] = reason
            return (change.form, texts.merging(change.texts(of: account)) { _, new in new })
        }
    }
}

extension Operation.AccountChange {
    fileprivate var form: FormKind {
        if case .open = self { .opening } else { .status }
    }

    fileprivate func texts(of account: AccountCode) -> [FormField.ID: String] {
        switch self {
        case .open(let name, let currency, let accountClass, let minimum):
            [
                .newAccount: account.text, .name: name, .currency: currency.code,
                .accountClass: accountClass.rawValue, .minimum: minimum.text,
            ]
        case .rename(let name): [.change: StatusChoice.rename.rawValue, .name: name]
        case .freeze(nil): [.change: StatusChoice.freeze.rawValue]
        case .freeze(.debit): [.change: StatusChoice.freezeDebit.rawValue]
        case .freeze(.credit): [.change: StatusChoice.freezeCredit.rawValue]
        case .unfreeze: [.change: StatusChoice.unfreeze.rawValue]
        case .close: [.change: StatusChoice.close.rawValue]
        case .reopen: [.change: StatusChoice.reopen.rawValue]
        case .setMinimum(let minimum):
            [.change: StatusChoice.setMinimum.rawValue, .minimum: minimum.text]
        }
    }
}
