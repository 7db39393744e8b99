import Ledger

/// All transactions, newest first, as they come in.
struct JournalScreen: Screen {
    var filter: FilterField? = FilterField()
    private var list = NewestFirst<PostedTransaction, Identifier>(
        isAhead: { $0.isLater(than: $1) }, key: { $0.head.id })
    private var listedFilter = JournalFilter()

    let place = Place.journal
    let title = "Journal"

    private static let heads = 2

    mutating func move(_ motion: Motion, _ context: ScreenContext) {
        list.move(motion, page: context.rows - Self.heads)
    }

    mutating func select(row: Int, _ context: ScreenContext) -> Bool {
        let index = list.top + row - Self.heads
        list.select(index)
        return row >= Self.heads && index < list.rows.count
    }

    var openRequests: [RequestID] { list.poll.request.map { [$0] } ?? [] }
    var hasExport: Bool { !list.rows.isEmpty }
    mutating func reload() { list.reload() }
    mutating func settle(_ context: ScreenContext) { list.settle(visible: context.rows - Self.heads) }

    /// Shows the transactions up to the end of a day of booking.
    mutating func jump(to day: CalendarDate) {
        let kept = FilterTerm.split(filter?.text ?? "").filter { term in
            term.field?.name != "to" && term.field?.name != "date"
        }
        filter?.field.set((kept.map(\.source) + ["to:\(day)"]).joined(separator: " "))
    }

    mutating func nextQuestions(_ context: ScreenContext, _ counter: inout RequestCounter)
        -> [(RequestID, Question)]
    {
        let wanted = filter?.read(as: JournalFilter.self) ?? JournalFilter()
        if wanted != listedFilter {
            listedFilter = wanted
            list.restart()
        }
        let limit = NewestFirst<PostedTransaction, Identifier>.page
        guard
            let (id, purpose) = list.next(
                now: context.now, visible: max(context.rows - Self.heads, 1),
                joins: listedFilter.isEmpty, counter: &counter)
        else { return [] }
        let question: Question =
            switch purpose {
            case .newest: .journal(listedFilter, before: nil, limit: limit)
            case .older(let id): .journal(listedFilter, before: id, limit: limit)
            case .newer(let id): .newerJournal(than: id, limit: limit)
            }
        return [(id, question)]
    }

    mutating func take(_ id: RequestID, _ answer: Answer, _ context: ScreenContext) -> Bool {
        switch answer {
        case .journal(let page):
            list.take(
                id, page.transactions, continuesAt: page.continuesAt, isComplete: page.isComplete,
                now: context.now, interval: context.interval)
        case .newerJournal(let transactions):
            list.take(
                id, transactions, continuesAt: nil, isComplete: false, now: context.now,
                interval: context.interval)
        default: false
        }
    }

    mutating func fail(_ id: RequestID, _ message: String, now: Timestamp) -> Bool {
        list.fail(id, now: now)
    }

    var loadedAt: Timestamp? { list.poll.answeredAt }

    // MARK: Showing

    func selection(_ console: ConsoleState) -> Selection {
        var selection = Selection()
        guard let transaction = list.selected else { return selection }
        selection.transaction = transaction.head
        selection.opens = .transaction(.id(transaction.head.id))
        selection.copies = {
            [
                ("reference", transaction.head.reference.text),
                ("transaction", transaction.head.id.description),
                ("row", Self.exportRow(transaction).joined(separator: "\t")),
            ]
        }
        return selection
    }

    func exportTable(_ console: ConsoleState) -> (name: String, table: ExportTable)? {
        if list.rows.isEmpty { return nil }
        return (
            "journal", ExportTable(columns: Self.exportColumns, rows: list.rows.map(Self.exportRow))
        )
    }

    private static let exportColumns = [
        "booked_at", "value_date", "kind", "reference", "amount", "currency", "accounts", "actor", "remark",
    ]

    private static func exportRow(_ transaction: PostedTransaction) -> [String] {
        let head = transaction.head
        return [
            head.bookedAt.description, head.valueDate.description, head.kind.rawValue, head.reference.text,
            transaction.amount?.description ?? "", transaction.entries.first?.currency.code ?? "",
            transaction.accountCodes.joined(separator: " "), head.actor, head.remark,
        ]
    }

    func draw(_ canvas: inout Canvas, _ console: ConsoleState) {
        canvas.put(
            title: console.title(title, list.newer), filter: filter, note: note,
            hint: filter?.hint(as: JournalFilter.self),
            style: .strong)
        let columns = Self.columns(width: canvas.width - 2)
        canvas.putTitles(of: columns, from: 2, row: 1)
        if list.rows.isEmpty {
            canvas.put(
                emptyList: list.isWhole ? emptyText : "loading" + console.symbols.ellipsis,
                isKnown: list.isWhole,
                filter: listedFilter, row: Self.heads)
        }
        let selected = list.selectedIndex
        let shown = list.rows.dropFirst(list.top).prefix(max(canvas.height - Self.heads, 0))
        for (offset, transaction) in shown.enumerated() {
            let row = Self.heads + offset
            let isSelected = list.top + offset == selected
            if isSelected {
                canvas.highlight(row: row, style: .selected)
                canvas.put(console.symbols.pointer, row: row, style: .selected)
            }
            let cells = columns.map { column -> (text: String, style: Style) in
                let cell = Self.cell(transaction, column, console)
                return isSelected ? (cell.text, .selected) : cell
            }
            canvas.put(cells: cells, in: columns, from: 2, row: row)
        }
    }

    private var emptyText: String {
        if listedFilter.isEmpty { return "Nothing has been posted yet." }
        return listedFilter.days.isEmpty
            ? "No transaction matches the filter."
            : "No transaction matches the filter; its days are those of booking."
    }

    private var note: String {
        if list.isWhole { return Wording.counted(list.rows.count, "transaction") }
        return listedFilter.isEmpty ? "" : "\(Wording.count(list.rows.count)) so far"
    }

    /// The wider it is, the more is told: time, kind and amount always.
    private static func columns(width: Int) -> [Column] {
        var columns = [
            Column("BOOKED UTC", width < 70 ? 8 : 19), Column("KIND", width < 70 ? 8 : 13),
            Column("AMOUNT", width < 70 ? 12 : 15, .right), Column("CCY", 3),
        ]
        var used = columns.reduce(0) { $0 + $1.width + 1 }
        guard width >= 90 else { return columns + [Column("ACCOUNTS", max(width - used, 4))] }
        columns.append(Column("ACCOUNTS", 20))
        used += 21
        if width >= 120 {
            columns.append(Column("BY", 12))
            used += 13
        }
        if width >= 140 {
            columns.append(Column("REFERENCE", 28))
            used += 29
        }
        return columns + [Column("NARRATIVE", max(width - used, 4))]
    }

    private static func cell(
        _ transaction: PostedTransaction, _ column: Column, _ console: ConsoleState
    ) -> (text: String, style: Style) {
        let head = transaction.head
        switch column.title {
        case "BOOKED UTC":
            return (
                column.width < 19
                    ? Wording.moment(head.bookedAt, now: console.now)
                    : "\(head.bookedAt.date) \(head.bookedAt.clock)", .dim
            )
        case "KIND": return (head.kind.rawValue, .normal)
        case "AMOUNT": return (transaction.amount?.grouped ?? "", .normal)
        case "CCY": return (transaction.entries.first?.currency.code ?? "", .dim)
        case "BY": return (head.actor, .dim)
        case "ACCOUNTS":
            return (Wording.route(transaction.route, console.symbols, columns: column.width), .normal)
        case "REFERENCE": return (head.reference.text, .dim)
        default: return (head.remark, .normal)
        }
    }
}

extension PostedTransaction {
    /// The sum of its debits; nil where it has entries in several currencies.
    var amount: Money? {
        guard let currency = entries.first?.currency, entries.allSatisfy({ $0.currency == currency }) else {
            return nil
        }
        return Money(units: debitUnits, currency: currency)
    }

    var route: AccountRoute {
        AccountRoute(
            debited: entries.filter { $0.side == .debit }.map(\.account),
            credited: entries.filter { $0.side == .credit }.map(\.account))
    }

    /// Its accounts, those that are debited first, each once.
    var accountCodes: [String] {
        var codes: [String] = []
        for entry in entries where !codes.contains(entry.account.text) { codes.append(entry.account.text) }
        return codes
    }
}

extension JournalTransaction {
    /// What people wrote about it.
    var remark: String {
        [reasonCode, reason, narrative].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " \u{b7} ")
    }
}
