import Ledger

extension ConsoleState {
    /// The selected account's history under the list of accounts.
    func drawHistory(_ canvas: inout Canvas) {
        let hasKeys = focus == .history && dialog == nil
        guard let account = history.account else {
            canvas.put("History", row: 0, style: .title)
            return
        }
        let title = self.title(accountTitle(account), hasKeys ? history.newer : NewerRows(count: 0))
        canvas.put(title, row: 0, style: hasKeys ? .strong : .title)
        drawSparkline(&canvas, account, after: SafeText.columns(title))
        if history.lines.isEmpty { canvas.put("  loading" + symbols.ellipsis, row: 1, style: .dim) }
        let table = HistoryTable(console: self, account: account, width: canvas.width - 2)
        let shown = history.lines.dropFirst(history.top).prefix(max(canvas.height - 1, 0))
        for (offset, line) in shown.enumerated() {
            let isSelected = hasKeys && history.top + offset == history.selectedIndex
            table.draw(line, in: &canvas, row: 1 + offset, isSelected: isSelected)
        }
    }

    /// Code, name and what does not change often, in one line.
    func accountTitle(_ account: Account) -> String {
        [
            "\(account.code)  \(account.name)", account.accountClass.rawValue, account.currency.code,
            "minimum " + Wording.minimum(account.minimum, account.currency),
        ].joined(separator: " \(symbols.dot) ")
    }

    private func drawSparkline(_ canvas: inout Canvas, _ account: Account, after used: Int) {
        guard history.lines.count > 1, let oldest = history.lines.last?.record.bookedAt.date else { return }
        // Over the time of what is loaded.
        let samples = history.lines.reversed().map { line in
            BalanceSample(
                seq: line.record.seq, bookedAt: line.record.bookedAt,
                units: line.record.ledgerUnits(account.accountClass))
        }
        let balances = BalanceChart(samples: samples, currency: account.currency)
            .values(columns: min(samples.count, 16))
        let curve = symbols.sparkline(balances, columns: balances.count)
        let since = "\(curve) since \(oldest.monthName) \(oldest.parts.year)"
        let ends = [balances.min() ?? 0, balances.max() ?? 0].map {
            Money(units: $0, currency: account.currency).grouped
        }
        for text in ["\(ends[0]) to \(ends[1]) \(since)", since]
        where used + SafeText.columns(text) + 2 <= canvas.width {
            canvas.putRight(text, row: 0, style: .dim)
            return
        }
    }

    var historySelection: Selection {
        guard let account = history.account else { return Selection() }
        return Selection(account, history.selected)
    }
}

extension Selection {
    /// A record of an account.
    init(_ account: Account, _ line: HistoryLine?) {
        self.account = account
        self.line = line
        guard let line else { return }
        transaction = line.transaction
        if let transaction = line.transaction {
            opens = .transaction(.id(transaction.id))
        } else {
            opens = .record(line, account)
        }
        copies = { HistoryTable.copies(of: line, account) }
    }
}

/// Records of one account as a table that fits a width.
struct HistoryTable {
    private let console: ConsoleState
    private let account: Account
    private let columns: [Column]

    init(console: ConsoleState, account: Account, width: Int) {
        self.console = console
        self.account = account
        let arrangements = Self.arrangements(of: account)
        let chosen = arrangements.first { $0.least <= width } ?? arrangements[arrangements.count - 1]
        let what = Column("WHAT", max(chosen.what + width - chosen.least, 1))
        columns = chosen.head + [what] + chosen.tail
    }

    /// Columns before and after the one that says what it was, and the least that this one takes.
    private struct Arrangement {
        let head: [Column]
        let what: Int
        let tail: [Column]

        /// With a space between each two.
        var least: Int { (head + tail).reduce(what) { $0 + $1.width + 1 } }
    }

    /// From the widest to the narrowest. The balance is what a history is read for, so that it stays when the number,
    /// the side and the day have gone: those are on the record's own screen too.
    private static func arrangements(of account: Account) -> [Arrangement] {
        let number = Column("#", max(String(account.version).count + 1, 3))
        let (day, shortDay) = (Column("VALUE DATE", 10), Column("VALUE", 8))
        let shortSide = Column("SIDE", 2)
        let wide = [Column("SIDE", 6), Column("AMOUNT", 14, .right), Column("LEDGER", 15, .right)]
        let (by, reference) = (Column("BY", 16), Column("REFERENCE", 30))
        // No amount and no balance can have been larger than all debits or all credits together.
        let greatest = Money(units: max(account.debits, account.credits), currency: account.currency)
        let digits = max(greatest.grouped.count, 6)
        // A balance may have a minus sign.
        let narrow = [
            Column("AMOUNT", min(digits, 14), .right), Column("LEDGER", min(digits + 1, 15), .right),
        ]
        return [
            Arrangement(head: [number, day], what: 29, tail: wide + [by, reference]),
            Arrangement(head: [number, day], what: 20, tail: wide + [by]),
            Arrangement(head: [number, day], what: 20, tail: wide),
            Arrangement(head: [number, day], what: 9, tail: [shortSide] + narrow),
            Arrangement(head: [number, shortDay], what: 7, tail: [shortSide] + narrow),
            Arrangement(head: [shortDay], what: 7, tail: [shortSide] + narrow),
            Arrangement(head: [shortDay], what: 7, tail: narrow),
            Arrangement(head: [], what: 4, tail: narrow),
            Arrangement(head: [], what: 4, tail: [narrow[0]]),
        ]
    }

    func drawTitles(_ canvas: inout Canvas, row: Int) { canvas.putTitles(of: columns, from: 2, row: row) }

    func draw(_ line: HistoryLine, in canvas: inout Canvas, row: Int, isSelected: Bool) {
        if isSelected {
            canvas.highlight(row: row, style: .selected)
            canvas.put(console.symbols.pointer, row: row, style: .selected)
        }
        let cells = columns.map { column -> (text: String, style: Style) in
            let cell = cell(line, column)
            return isSelected ? (cell.text, .selected) : cell
        }
        canvas.put(cells: cells, in: columns, from: 2, row: row)
    }

    private func cell(_ line: HistoryLine, _ column: Column) -> (text: String, style: Style) {
        switch column.title {
        case "#": return ("#\(line.record.seq)", .dim)
        case "VALUE DATE", "VALUE":
            return (
                Wording.day(line.valueDate, today: console.now.date, columns: column.width), .dim
            )
        case "WHAT":
            let remark = line.remark.isEmpty ? "" : "  " + line.remark
            return (line.title(account, console.symbols) + remark, .normal)
        case "SIDE":
            guard let entry = line.entry else { return ("", .normal) }
            return (column.width < 6 ? (entry.side == .debit ? "dr" : "cr") : entry.side.rawValue, .normal)
        case "AMOUNT":
            let text = line.entry.map { Money(units: $0.amount, currency: account.currency).grouped }
            return (text ?? "", .normal)
        case "LEDGER":
            let units = line.record.ledgerUnits(account.accountClass)
            return (Money(units: units, currency: account.currency).grouped, units < 0 ? .negative : .normal)
        case "REFERENCE": return (line.reference?.text ?? "", .dim)
        default: return (line.actor, .dim)
        }
    }

    /// What of a record is worth copying.
    static func copies(of line: HistoryLine, _ account: Account) -> [(title: String, text: String)] {
        var copies: [(title: String, text: String)] = []
        func add(_ title: String, _ text: String) {
            if !text.isEmpty { copies.append((title, text)) }
        }
        let ledger = Money(units: line.record.ledgerUnits(account.accountClass), currency: account.currency)
        add("reference", line.reference?.text ?? "")
        if let entry = line.entry {
            add("amount", Money(units: entry.amount, currency: account.currency).description)
        }
        add("ledger balance", ledger.description)
        add("remark", line.remark)
        add("account", account.code.text)
        add("row", exportRow(line, account).joined(separator: "\t"))
        return copies
    }

    static let exportColumns = [
        "account", "seq", "value_date", "kind", "side", "amount", "currency", "ledger", "reference", "actor",
        "remark",
    ]

    static func exportRow(_ line: HistoryLine, _ account: Account) -> [String] {
        [
            account.code.text, String(line.record.seq), line.valueDate.description,
            line.transaction?.kind.rawValue ?? line.record.kindName, line.entry?.side.rawValue ?? "",
            line.entry.map { Money(units: $0.amount, currency: account.currency).description } ?? "",
            account.currency.code,
            Money(units: line.record.ledgerUnits(account.accountClass), currency: account.currency)
                .description,
            line.reference?.text ?? "", line.actor, line.remark,
        ]
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
