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
