import Ledger

/// All accounts added up by class and currency: in sound books debits equal credits in each currency.
struct TrialBalanceScreen: Screen {
    private var lines: [TrialBalanceLine]?
    private var poll = Poll()
    private var problem: String?
    var scroll = 0

    let place = Place.trialBalance
    let title = "Trial balance"

    mutating func move(_ motion: Motion, _ context: ScreenContext) {
        scroll = max(scroll + motion.step(page: context.rows), 0)
    }

    /// The names of the columns count too: they stand above what is scrolled.
    func lineCount(_ console: ConsoleState) -> Int? { rows(console.symbols).count + 1 }

    mutating func reload() { poll.retry() }

    mutating func nextQuestions(_ context: ScreenContext, _ counter: inout RequestCounter)
        -> [(RequestID, Question)]
    {
        poll.begin(&counter, now: context.now).map { [($0, .trialBalanceByClass)] } ?? []
    }

    mutating func take(_ id: RequestID, _ answer: Answer, _ context: ScreenContext) -> Bool {
        guard case .trialBalanceByClass(let answer) = answer,
            poll.end(id, now: context.now, interval: context.interval * 5)
        else { return false }
        lines = answer
        problem = nil
        return true
    }

    mutating func fail(_ id: RequestID, _ message: String, now: Timestamp) -> Bool {
        guard poll.fail(id, now: now) else { return false }
        problem = message
        return true
    }

    var hasExport: Bool { lines != nil }
    var openRequests: [RequestID] { poll.request.map { [$0] } ?? [] }

    func exportTable(_ console: ConsoleState) -> (name: String, table: ExportTable)? {
        guard let lines else { return nil }
        return (
            "trial-balance",
            ExportTable(
                columns: ["currency", "class", "accounts", "debits", "credits", "balance"],
                rows: lines.map {
                    [
                        $0.currency.code, $0.accountClass.rawValue, String($0.accounts),
                        $0.debits.description,
                        $0.credits.description, $0.balance.description,
                    ]
                })
        )
    }

    var loadedAt: Timestamp? { poll.answeredAt }

    // MARK: Showing

    private static func columns(width: Int) -> [Column] {
        let amount = min(22, max((width - 33) / 3, 12))
        let all = [
            Column("CLASS", 10), Column("ACCOUNTS", 10, .right), Column("DEBITS", amount, .right),
            Column("CREDITS", amount, .right), Column("BALANCE", amount, .right),
        ]
        return width < 72 ? [all[0], all[2], all[3]] : all
    }

    private enum Row {
        case currency(Currency)
        case line(TrialBalanceLine)
        case total(TrialBalance, accounts: Int64)
    }

    private func rows(_ symbols: Symbols) -> [Row] {
        guard let lines else { return [] }
        var rows: [Row] = []
        for currency in Set(lines.map(\.currency)).sorted(by: { $0.code < $1.code }) {
            let own = lines.filter { $0.currency == currency }
            rows.append(.currency(currency))
            rows += own.map { .line($0) }
            // Sums of what fits each may be more than fits; such books are beyond any real ledger.
            func sum(_ units: [Int64]) -> Money {
                Money(
                    units: units.reduce(0) { $0.addingReportingOverflow($1).partialValue }, currency: currency
                )
            }
            let total = TrialBalance(
                debits: sum(own.map(\.debits.units)), credits: sum(own.map(\.credits.units)))
            rows.append(.total(total, accounts: own.reduce(0) { $0 + $1.accounts }))
        }
        return rows
    }

    func draw(_ canvas: inout Canvas, _ console: ConsoleState) {
        canvas.put(title: title, filter: nil, note: "", style: .strong)
        let columns = Self.columns(width: canvas.width - 2)
        canvas.putTitles(of: columns, from: 2, row: 1)
        let rows = rows(console.symbols)
        if rows.isEmpty {
            let text =
                problem.map { Wording.sentence($0) }
                ?? (lines == nil
                    ? "adding up all accounts" + console.symbols.ellipsis : "There are no accounts yet.")
            canvas.put("  " + text, row: 2, style: problem == nil ? .dim : .negative)
        }
        for (offset, row) in rows.dropFirst(scroll).prefix(max(canvas.height - 2, 0)).enumerated() {
            draw(row, columns, in: &canvas, row: 2 + offset, console.symbols)
        }
    }

    private func draw(
        _ row: Row, _ columns: [Column], in canvas: inout Canvas, row at: Int, _ symbols: Symbols
    ) {
        func put(
            _ name: String, _ accounts: Int64, _ debits: Money, _ credits: Money, _ last: String,
            _ style: Style
        ) {
            let texts = [
                "CLASS": name, "ACCOUNTS": Wording.count(Int(accounts)), "DEBITS": debits.grouped,
                "CREDITS": credits.grouped, "BALANCE": last,
            ]
            canvas.put(
                cells: columns.map { (texts[$0.title] ?? "", style) }, in: columns, from: 2, row: at)
        }
        switch row {
        case .currency(let currency): canvas.put(currency.code, row: at, style: .title)
        case .line(let line):
            put(
                line.accountClass.rawValue, line.accounts, line.debits, line.credits, line.balance.grouped,
                .normal)
        case .total(let total, let accounts):
            let verdict = total.isBalanced ? "equal \(symbols.good)" : "not equal \(symbols.bad)"
            put(
                total.isBalanced ? "total \(symbols.good)" : "total \(symbols.bad)", accounts, total.debits,
                total.credits, verdict, total.isBalanced ? .positive : .negative)
        }
    }
}

extension TrialBalanceLine {
    /// On the normal side of the class.
    fileprivate var balance: Money {
        let (left, right) =
            accountClass.normalSide == .debit ? (debits, credits) : (credits, debits)
        return Money(
            units: left.units.subtractingReportingOverflow(right.units).partialValue, currency: currency)
    }
}
