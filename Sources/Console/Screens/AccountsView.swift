import Ledger

extension ConsoleState {
    func drawAccounts(_ canvas: inout Canvas) {
        drawFilter(&canvas)
        let heads = Layout.accountHeads(height: canvas.height)
        let columns = accountColumns(width: canvas.width - 2)
        if heads > 1 { canvas.putTitles(of: columns, from: 2, row: 1) }
        let rows = accounts.rows.dropFirst(accounts.top).prefix(max(canvas.height - heads, 0))
        if rows.isEmpty {
            canvas.put("  " + emptyText, row: heads, style: .dim)
        }
        for (offset, listing) in rows.enumerated() {
            let row = heads + offset
            let isSelected = accounts.top + offset == accounts.selectedIndex
            let cells = accountCells(listing, columns, isSelected: isSelected)
            if isSelected {
                let hasKeys = focus == .accounts && dialog == nil && !accounts.isFiltering
                canvas.highlight(row: row, style: hasKeys ? .selected : Style(.remembered))
                canvas.put(symbols.pointer, row: row, style: hasKeys ? .selected : Style(.remembered))
            }
            canvas.put(cells: cells, in: columns, from: 2, row: row)
        }
    }

    private var emptyText: String {
        if accounts.isStale { return "loading" + symbols.ellipsis }
        return accounts.filter == AccountFilter()
            ? "There are no accounts yet: `bursar account open` opens one." : "No account matches the filter."
    }

    /// The pane's title, the filter and the counts.
    private func drawFilter(_ canvas: inout Canvas) {
        let title = "Accounts"
        canvas.put(title, row: 0, style: focus == .accounts && dialog == nil ? .strong : .title)
        let counts = countsText
        let countColumns = SafeText.columns(counts)
        if accounts.isFiltering || !accounts.field.isEmpty {
            let start = title.count + 4
            let room = max(canvas.width - start - countColumns - 2, 4)
            canvas.put("/", column: start - 2, row: 0, style: .key)
            let window = accounts.field.window(columns: room)
            canvas.put(window.text, column: start, row: 0, columns: room, style: .field)
            if accounts.isFiltering { canvas.placeCursor(column: start + window.cursor, row: 0) }
        }
        canvas.putRight(counts, row: 0, style: .dim)
    }

    private var countsText: String {
        guard !accounts.isStale, let counts = books.counts(filter: accounts.filter) else { return "" }
        func text(_ count: BoundedCount) -> String {
            Wording.count(count.count) + (count.isBounded ? "+" : "")
        }
        return accounts.filter == AccountFilter()
            ? text(counts.total) : "\(text(counts.matching)) of \(text(counts.total))"
    }

    // MARK: Columns

    /// Which columns there is room for: the fewer there are, the more they matter.
    private func accountColumns(width: Int) -> [Column] {
        let shown = accounts.rows.dropFirst(accounts.top).prefix(size.height)
        let widest = shown.map { SafeText.columns($0.account.code.text) }.max() ?? 4
        let code = Column("CODE", min(max(widest, 4), width / 4, 24))
        let available = Column("AVAILABLE", width < 50 ? 13 : 15, .right)
        var rest: [Column] = []
        var used = code.width + 1 + available.width + 1
        var hasCurrency = false
        var hasLedger = false
        // Name first, then what tells more than what stands there already.
        let nameAtLeast = min(20, max(8, width - used))
        used += nameAtLeast
        if used + 4 <= width {
            hasCurrency = true
            used += 4
        }
        if used + 16 <= width {
            rest.append(Column("STATUS", 15))
            used += 16
        }
        if used + 16 <= width {
            hasLedger = true
            used += 16
        }
        if used + 9 <= width {
            rest.append(Column("LAST UTC", 8))
            used += 9
        }
        var columns = [code, Column("NAME", nameAtLeast + max(0, width - used))]
        if hasCurrency { columns.append(Column("CCY", 3)) }
        if hasLedger { columns.append(Column("LEDGER", 15, .right)) }
        return columns + [available] + rest
    }

    private func accountCells(
        _ listing: AccountListing, _ columns: [Column], isSelected: Bool
    ) -> [(text: String, style: Style)] {
        let account = listing.account
        return columns.map { column in
            let cell = accountCell(listing, account, column.title)
            guard isSelected else { return cell }
            let hasKeys = focus == .accounts && dialog == nil && !accounts.isFiltering
            return (cell.text, hasKeys ? .selected : Style(.remembered))
        }
    }

    private func accountCell(_ listing: AccountListing, _ account: Account, _ title: String) -> (
        text: String, style: Style
    ) {
        switch title {
        case "CODE": return (account.code.text, .normal)
        case "NAME": return (account.name, .normal)
        case "CCY": return (account.currency.code, .dim)
        case "LEDGER": return (account.ledger.grouped, account.ledgerUnits < 0 ? .negative : .normal)
        case "AVAILABLE":
            return (account.available.grouped, account.available.units < 0 ? .negative : .normal)
        case "STATUS":
            let held = account.held > 0 ? " " + symbols.held : ""
            return (account.status.rawValue + held, account.status == .open ? .dim : .warning)
        default: return (Wording.moment(listing.lastBookedAt, now: now), .dim)
        }
    }
}
