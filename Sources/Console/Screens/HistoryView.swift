import Ledger

extension ConsoleState {
    func drawHistory(_ canvas: inout Canvas) {
        let hasKeys = focus == .history && dialog == nil
        guard let account = history.account else {
            canvas.put("History", row: 0, style: .title)
            return
        }
        drawHistoryTitle(&canvas, account, hasKeys: hasKeys)
        if history.lines.isEmpty { canvas.put("  loading" + symbols.ellipsis, row: 1, style: .dim) }
        let columns = historyColumns(width: canvas.width - 2)
        let lines = history.lines.dropFirst(history.top).prefix(max(canvas.height - 1, 0))
        for (offset, line) in lines.enumerated() {
            let isSelected = hasKeys && history.top + offset == history.selectedIndex
            if isSelected {
                canvas.highlight(row: 1 + offset, style: .selected)
                canvas.put(symbols.pointer, row: 1 + offset, style: .selected)
            }
            let cells = columns.map { column -> (text: String, style: Style) in
                let cell = historyCell(line, account, column.title)
                return isSelected ? (cell.text, .selected) : cell
            }
            canvas.put(cells: cells, in: columns, from: 2, row: 1 + offset)
        }
    }

    private func drawHistoryTitle(_ canvas: inout Canvas, _ account: Account, hasKeys: Bool) {
        let dot = " \(symbols.dot) "
        let title = [
            "\(account.code)  \(account.name)", account.accountClass.rawValue, account.currency.code,
            "minimum " + Wording.minimum(account.minimum, account.currency),
        ].joined(separator: dot)
        canvas.put(title, row: 0, style: hasKeys ? .strong : .title)
        let balances = history.lines.reversed().map { $0.record.ledgerUnits(account.accountClass) }
        guard balances.count > 1, let oldest = history.lines.last else { return }
        let bars = symbols.sparkline(Array(balances), columns: 16)
        let parts = oldest.record.bookedAt.date.parts
        let since = "\(bars) since \(oldest.record.bookedAt.date.monthName) \(parts.year)"
        if SafeText.columns(title) + SafeText.columns(since) + 2 <= canvas.width {
            canvas.putRight(since, row: 0, style: .dim)
        }
    }

    private func historyColumns(width: Int) -> [Column] {
        let highest = history.lines.first?.record.seq ?? 1
        let number = Column("#", max(String(highest).count + 1, 3))
        let date = Column("DATE", 8)
        let side = Column("SIDE", width < 56 ? 2 : 6)
        let amount = Column("AMOUNT", width < 56 ? 12 : 14, .right)
        var used = number.width + date.width + side.width + amount.width + 4
        let whatAtLeast = min(20, max(width - used, 6))
        used += whatAtLeast
        var tail: [Column] = []
        if used + 16 <= width {
            tail.append(Column("LEDGER", 15, .right))
            used += 16
        }
        if used + 17 <= width {
            tail.append(Column("BY", 16))
            used += 17
        }
        return [number, date, Column("WHAT", whatAtLeast + max(0, width - used)), side, amount] + tail
    }

    private func historyCell(_ line: HistoryLine, _ account: Account, _ title: String) -> (
        text: String, style: Style
    ) {
        switch title {
        case "#": return ("#\(line.record.seq)", .dim)
        case "DATE": return (Wording.day(line.valueDate, today: now.date), .dim)
        case "WHAT":
            let remark = line.remark.isEmpty ? "" : "  " + line.remark
            return (line.title(account, symbols) + remark, .normal)
        case "SIDE":
            guard let entry = line.entry else { return ("", .normal) }
            return (size.width < 58 ? (entry.side == .debit ? "dr" : "cr") : entry.side.rawValue, .normal)
        case "AMOUNT":
            let text = line.entry.map { Money(units: $0.amount, currency: account.currency).grouped }
            return (text ?? "", .normal)
        case "LEDGER":
            let units = line.record.ledgerUnits(account.accountClass)
            return (Money(units: units, currency: account.currency).grouped, units < 0 ? .negative : .normal)
        default: return (line.actor, .dim)
        }
    }
}

extension HistoryLine {
    var entry: (side: Side, amount: Int64)? {
        if case .entry(_, let side, let amount) = record.content { (side, amount) } else { nil }
    }

    /// What kind of record it is, in a few words.
    func title(_ account: Account, _ symbols: Symbols) -> String {
        if let transaction { return transaction.kind.rawValue }
        guard case .change(let change) = record.content else { return record.kindName }
        switch change.kind {
        case .opened: return "opened"
        case .renamed(let name): return "renamed \(symbols.arrow) \(name)"
        case .status(let status): return "status \(symbols.arrow) \(status.rawValue)"
        case .minimum(let units):
            return "minimum \(symbols.arrow) \(Wording.minimum(units, account.currency))"
        }
    }
}
