import Ledger

extension ConsoleState {
    func drawAccounts(_ canvas: inout Canvas) {
        let hasKeys = focus == .accounts && dialog == nil && screens.isEmpty
        canvas.put(
            title: "Accounts", filter: accounts.filter, note: accountsNote, style: hasKeys ? .strong : .title)
        let heads = Layout.accountHeads(height: canvas.height)
        let columns = accountColumns(width: canvas.width - 2)
        if heads > 1 { drawTitles(&canvas, columns) }
        let rows = accounts.rows.dropFirst(accounts.top).prefix(max(canvas.height - heads, 0))
        if rows.isEmpty { canvas.put("  " + emptyText, row: heads, style: .dim) }
        for (offset, listing) in rows.enumerated() {
            let row = heads + offset
            let isSelected = accounts.top + offset == accounts.selectedIndex
            let isMarked = accounts.marks[listing.account.code] != nil
            let style: Style? =
                isSelected
                ? (hasKeys && !accounts.filter.isTyping ? .selected : Style(.remembered))
                : isMarked ? Style(.marked) : nil
            if let style { canvas.highlight(row: row, style: style) }
            let sign = isMarked ? symbols.mark : isSelected ? symbols.pointer : " "
            canvas.put(sign, row: row, style: style ?? .normal)
            let cells = columns.map { column -> (text: String, style: Style) in
                let cell = accountCell(listing, column.title)
                return (cell.text, style ?? cell.style)
            }
            canvas.put(cells: cells, in: columns, from: 2, row: row)
        }
    }

    private var emptyText: String {
        if accounts.isSearching { return "looking" + symbols.ellipsis }
        return accounts.accountFilter == AccountFilter()
            ? "There are no accounts yet: \(keyLabel(.openAccount)) opens one."
            : "No account matches the filter."
    }

    /// Marks and counts, and that it is still being searched.
    private var accountsNote: String {
        let dot = " \(symbols.dot) "
        var parts: [String] = []
        if !accounts.marks.isEmpty { parts.append("\(Wording.count(accounts.marks.count)) marked") }
        func text(_ count: BoundedCount) -> String {
            Wording.count(count.count) + (count.isBounded ? "+" : "")
        }
        if accounts.isStale {
            parts.append("looking" + symbols.ellipsis)
        } else if let counts = books.counts(filter: accounts.accountFilter) {
            parts.append(
                accounts.accountFilter == AccountFilter()
                    ? text(counts.total) : "\(text(counts.matching)) of \(text(counts.total))")
        } else if accounts.isSearching {
            parts.append("\(Wording.count(accounts.rows.count)) so far")
        }
        return parts.joined(separator: dot)
    }

    // MARK: Columns

    /// The title of the column that the accounts are ordered by.
    private var sortColumn: String {
        switch accounts.sort.order {
        case .code: "CODE"
        case .name: "NAME"
        case .balance: "LEDGER"
        case .activity: "LAST UTC"
        }
    }

    private func drawTitles(_ canvas: inout Canvas, _ columns: [Column]) {
        let direction = accounts.sort.isDescending ? symbols.descending : symbols.ascending
        let cells = columns.map { column in
            (
                text: column.title == sortColumn ? "\(column.title) \(direction)" : column.title,
                style: Style.title
            )
        }
        canvas.put(cells: cells, in: columns, from: 2, row: 1)
    }

    /// Every column besides code and name that there is, in the order of their places.
    static let optionalColumns = [
        "CCY", "CLASS", "LEDGER", "HELD", "AVAILABLE", "MINIMUM", "STATUS", "LAST UTC",
    ]

    /// Those that are shown only when somebody wants them.
    static let columnsHiddenAtFirst: Set<String> = ["CLASS", "HELD", "MINIMUM"]

    /// Whether the preferences want a column.
    func wants(column: String) -> Bool {
        Self.columnsHiddenAtFirst.contains(column) == preferences.hiddenColumns.contains(column)
    }

    /// Which columns there is room for: those that matter more are found room for first.
    private func accountColumns(width: Int) -> [Column] {
        let shown = accounts.rows.dropFirst(accounts.top).prefix(size.height)
        let widest = shown.map { SafeText.columns($0.account.code.text) }.max() ?? 4
        let amount = width < 50 ? 13 : 15
        let byImportance: [(title: String, width: Int)] = [
            ("AVAILABLE", amount), ("CCY", 3), ("STATUS", 15), ("LEDGER", 15), ("LAST UTC", 9),
            ("CLASS", 9), ("HELD", 13), ("MINIMUM", 13),
        ]
        let code = min(max(widest, 6), width / 4, 24)
        let nameAtLeast = min(20, max(8, width - code - amount - 2))
        var used = code + 1 + nameAtLeast
        var chosen: [String: Int] = [:]
        for (title, columns) in byImportance where wants(column: title) {
            guard used + columns + 1 <= width else { continue }
            used += columns + 1
            chosen[title] = columns
        }
        let right: Set<String> = ["LEDGER", "HELD", "AVAILABLE", "MINIMUM"]
        let rest = Self.optionalColumns.compactMap { title in
            chosen[title].map { Column(title, $0, right.contains(title) ? .right : .left) }
        }
        return [Column("CODE", code), Column("NAME", nameAtLeast + max(0, width - used))] + rest
    }

    private func accountCell(_ listing: AccountListing, _ title: String) -> (text: String, style: Style) {
        let account = listing.account
        switch title {
        case "CODE": return (account.code.text, .normal)
        case "NAME": return (account.name, .normal)
        case "CCY": return (account.currency.code, .dim)
        case "CLASS": return (account.accountClass.rawValue, .dim)
        case "LEDGER": return (account.ledger.grouped, account.ledgerUnits < 0 ? .negative : .normal)
        case "HELD":
            return (Money(units: account.held, currency: account.currency).grouped, .dim)
        case "AVAILABLE":
            return (account.available.grouped, account.available.units < 0 ? .negative : .normal)
        case "MINIMUM": return (Wording.minimum(account.minimum, account.currency), .dim)
        case "STATUS":
            let held = account.held > 0 ? " " + symbols.held : ""
            return (account.status.rawValue + held, account.status == .open ? .dim : .warning)
        default: return (Wording.moment(listing.lastBookedAt, now: now), .dim)
        }
    }

    // MARK: What commands are about

    var accountsSelection: Selection {
        var selection = Selection()
        guard let listing = accounts.selected else { return selection }
        let account = listing.account
        selection.account = account
        selection.opens = .account(account.code)
        selection.copies = {
            [
                ("code", account.code.text), ("name", account.name),
                ("ledger balance", account.ledger.description),
                ("available balance", account.available.description),
                ("row", Self.exportRow(listing).joined(separator: "\t")),
            ]
        }
        return selection
    }

    /// The marked accounts, or else those that are listed.
    var accountsTable: (name: String, table: ExportTable)? {
        let listings =
            accounts.marks.isEmpty
            ? accounts.rows : accounts.marks.values.sorted { $0.account.code < $1.account.code }
        if listings.isEmpty { return nil }
        return ("accounts", ExportTable(columns: Self.exportColumns, rows: listings.map(Self.exportRow)))
    }

    private static let exportColumns = [
        "account", "name", "currency", "class", "status", "ledger", "held", "available", "minimum",
        "last_booked_at",
    ]

    private static func exportRow(_ listing: AccountListing) -> [String] {
        let account = listing.account
        return [
            account.code.text, account.name, account.currency.code, account.accountClass.rawValue,
            account.status.rawValue, account.ledger.description,
            Money(units: account.held, currency: account.currency).description,
            account.available.description,
            account.minimum.map { Money(units: $0, currency: account.currency).description } ?? "none",
            listing.lastBookedAt.description,
        ]
    }
}
