import Ledger

extension ConsoleState {
    /// A record in full, and the transaction that it is an entry of.
    func transactionLines(_ dialog: TransactionDialog) -> [TextLine] {
        let columns = size.width
        let (line, account) = (dialog.line, dialog.account)
        var lines: [TextLine] = []
        func fact(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { lines += TextLine.fact(name, value, columns: columns) }
        }
        fact("Kind", line.title(account, symbols))
        fact("Reference", line.reference?.text)
        fact("Booked", "\(line.record.bookedAt.date) \(Wording.preciseTime(line.record.bookedAt)) UTC")
        fact("Value date", line.valueDate.description)
        fact("By", line.actor)
        fact("Reason code", line.transaction?.reasonCode)
        if case .change(let change) = line.record.content { fact("Reason", change.reason) }
        fact("Reason", line.transaction?.reason)
        fact("Narrative", line.transaction?.narrative)
        fact(
            "Ledger",
            Money(units: line.record.ledgerUnits(account.accountClass), currency: account.currency).grouped
                + " \(account.currency) after it")
        switch dialog.answer {
        case .none: break
        case .loading: lines.append(TextLine("  loading the whole transaction" + symbols.ellipsis, .dim))
        case .failed(let message): lines += TextLine.paragraph(message, .negative, columns: columns)
        case .found(let transaction): lines += entryLines(transaction, columns: columns)
        }
        return lines
    }

    private func entryLines(_ transaction: PostedTransaction, columns: Int) -> [TextLine] {
        var lines = TextLine.fact("Transaction", transaction.head.id.description, columns: columns)
        for entry in transaction.entries {
            let amount = Money(units: entry.amount, currency: entry.currency)
            lines += TextLine.fact(
                entry.account.text,
                "\(entry.side.rawValue) \(amount.grouped) \(entry.currency), record #\(entry.seq), "
                    + "ledger balance \(entry.ledger.grouped)",
                columns: columns)
        }
        if let currency = transaction.entries.first?.currency, transaction.reversedUnits > 0 {
            lines += TextLine.fact(
                "Reversed",
                Money(units: transaction.reversedUnits, currency: currency).grouped + " of "
                    + Money(units: transaction.debitUnits, currency: currency).grouped,
                columns: columns, style: .warning)
        }
        return lines
    }
}
