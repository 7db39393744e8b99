import Ledger

extension ConsoleState {
    func drawAccounts(_ canvas: inout Canvas) {
        let hasKeys = focus == .accounts && dialog == nil && screens.isEmpty
        canvas.put(
            title: "Accounts", filter: accounts.filter, note: accountsNote,
            hint: accounts.filter.hint(as: AccountFilter.self), style: hasKeys ? .strong : .title)
        let heads = Layout.accountHeads(height: canvas.height)
        let columns = accountColumns
        if heads > 1 { drawTitles(&canvas, columns) }
        let rows = accounts.rows.dropFirst(accounts.top).prefix(max(canvas.height - heads, 0))
        if rows.isEmpty {
            canvas.put(
                emptyList: emptyText, isKnown: !accounts.isSearching, filter: accounts.accountFilter,
                row: heads)
        }
        for (offset, listing) in rows.enumerated() {
            let row = heads + offset
            let isSelected = accounts.top + offset == accounts.selectedIndex
            let isMarked = accounts.marks[listing.account.code] != nil
            let highlight: Style? =
                isSelected
                ? (hasKeys && !accounts.filter.isTyping ? .selected : Style(.remembered))
                : isMarked ? Style(.marked) : nil
            let style = accounts.belongs(listing) ? highlight : .dim
            if let style { canvas.highlight(row: row, style: style) }
            let sign = isMarked ? symbols.mark : isSelected ? symbols.pointer : " "
            canvas.put(sign, row: row, style: style ?? .normal)
            let cells = columns.map { column -> (text: String, style: Style) in
                let cell = accountCell(listing, column)
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

    /// Marks and counts, how old the order is, and that it is still being searched.
    private var accountsNote: String {
        var parts: [String] = []
        if !accounts.marks.isEmpty { parts.append(marksText) }
        if !accountColumns.contains(where: { $0.title == sortColumn }) {
            parts.append("by \(accounts.sort.order.title) \(sortDirection)")
        }
        if accounts.isStale {
            parts.append("reading" + symbols.ellipsis)
        } else {
            if accounts.isBeingRanked { parts.append("ranking" + symbols.ellipsis) }
            if let rankedAt = accounts.rankedAt, now.is(refreshInterval * 2, after: rankedAt) {
                parts.append("ranked " + Wording.age(of: rankedAt, now: now))
            }
            if accounts.isCutOff { parts.append("the first \(Wording.count(accounts.rows.count))") }
            parts.append(countText)
        }
        return parts.joined(separator: " \(symbols.dot) ")
    }

    private var marksText: String {
        let text = "\(Wording.count(accounts.marks.count)) marked"
        if accounts.isMarkingAll { return text + symbols.ellipsis }
        return accounts.marks.count < AccountsPane.maximumMarks ? text : text + ", the most there can be"
    }

    /// How many accounts the filter matches, and of how many. What is listed is known to match, whenever the rest was
    /// counted.
    private var countText: String {
        func text(_ known: BoundedCount?, atLeast number: Int) -> String {
            guard let known, known.count >= number else { return Wording.count(number) + "+" }
            return Wording.count(known.count) + (known.isBounded ? "+" : "")
        }
        let filter = accounts.accountFilter
        let listed = accounts.rows.count
        // Accounts are never fewer; of those that were opened below the last row, the list learns when it is read on.
        let counted = filter == AccountFilter() ? books.total?.count ?? 0 : 0
        let known =
            accounts.isWhole
            ? BoundedCount(count: max(listed, counted), isBounded: false) : books.matching(filter: filter)
        guard let known else {
            return accounts.isSearching
                ? "\(Wording.count(listed)) so far" : "counting" + symbols.ellipsis
        }
        let matching = text(known, atLeast: listed)
        guard filter != AccountFilter(), let total = books.total else { return matching }
        return "\(matching) of \(text(total, atLeast: max(known.count, listed)))"
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

    private var sortDirection: String { accounts.sort.isDescending ? symbols.descending : symbols.ascending }

    private func drawTitles(_ canvas: inout Canvas, _ columns: [Column]) {
        let cells = columns.map { column in
            (
                text: column.title == sortColumn ? "\(column.title) \(sortDirection)" : column.title,
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

    /// Whether there is room for a column at this width of the screen.
    func hasRoom(forColumn title: String) -> Bool { accountColumns.contains { $0.title == title } }

    /// Which columns there is room for: the one that the accounts are ordered by first, then those that matter more.
    private var accountColumns: [Column] {
        let width = size.width - 2
        let amount = width < 50 ? 13 : 15
        var byImportance: [(title: String, width: Int)] = [
            ("AVAILABLE", amount), ("CCY", 3), ("STATUS", 15), ("LEDGER", 15), ("LAST UTC", 10),
            ("CLASS", 9), ("HELD", 13), ("MINIMUM", 13),
        ]
        if let index = byImportance.firstIndex(where: { $0.title == sortColumn }) {
            let (title, columns) = byImportance.remove(at: index)
            // With the arrow behind its title.
            byImportance.insert((title, max(columns, title.count + 2)), at: 0)
        }
        let code = min(max(accounts.widest.code, 6), width / 4, 24)
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
        // Amounts far from the names that they belong to are hard to read.
        let name = min(nameAtLeast + max(0, width - used), max(accounts.widest.name, Self.nameColumns))
        return [Column("CODE", code), Column("NAME", name)] + rest
    }

    /// The least columns that names are given where there is room.
    private static let nameColumns = 40

    private func accountCell(_ listing: AccountListing, _ column: Column) -> (text: String, style: Style) {
        let account = listing.account
        switch column.title {
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
        default: return (Wording.moment(listing.lastBookedAt, now: now, columns: column.width), .dim)
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
                ("row", AccountTable.row(listing).joined(separator: "\t")),
            ]
        }
        return selection
    }

    /// The list to be exported, where rows of it have not been read: a ranking is no longer than its rows.
    var unreadAccounts: (filter: AccountFilter, sort: AccountSort)? {
        let isSeen = screens.isEmpty && focus == .accounts
        guard isSeen, accounts.marks.isEmpty, !accounts.isAllRead else { return nil }
        return (accounts.accountFilter, accounts.sort)
    }

    /// The marked accounts, or else the rows that were read.
    var accountsTable: (name: String, table: ExportTable)? {
        let listings =
            accounts.marks.isEmpty
            ? accounts.rows : accounts.marks.values.sorted { $0.account.code < $1.account.code }
        if listings.isEmpty { return nil }
        return ("accounts", ExportTable(columns: AccountTable.columns, rows: listings.map(AccountTable.row)))
    }
}
