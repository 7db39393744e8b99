import Ledger

/// One account: who it is, why its balances are what they are, how they came about, and every record of it.
struct AccountScreen: Screen {
    let code: AccountCode
    private(set) var account: Account?
    /// Whether there is no such account.
    private var isMissing = false
    private var problem: String?
    private var history = HistoryPane()
    var filter: FilterField? = FilterField()
    private var found = NewestFirst<HistoryLine, Int64> { $0.record.seq }
    private var foundFilter = HistoryFilter()
    private var samples: [BalanceSample] = []
    private var listingPoll = Poll()
    private var samplesPoll = Poll()
    /// The account's newest record when the samples were asked for: without another one the curve is as it was.
    private var sampledVersion: Int64 = 0
    /// The day that is jumped to, and the question of which record that is.
    private var day: CalendarDate?
    private var dayRequest: RequestID?

    let place = Place.account
    var title: String { "Account \(code)" }
    var subject: String { code.text }

    /// - Parameter account: as far as it is known already.
    init(code: AccountCode, account: Account?) {
        self.code = code
        self.account = account
        history.show(account)
    }

    private var isFiltered: Bool { filter?.isEmpty == false }
    private var lines: [HistoryLine] { isFiltered ? found.rows : history.lines }
    private var selectedIndex: Int { isFiltered ? found.selectedIndex : history.selectedIndex }
    private var newer: NewerRows { isFiltered ? found.newer : history.newer }
    private var top: Int { isFiltered ? found.top : history.top }

    // MARK: Moving

    mutating func move(_ motion: Motion, _ context: ScreenContext) {
        let page = context.rows - heads(context)
        isFiltered ? found.move(motion, page: page) : history.move(motion, page: page)
    }

    mutating func select(row: Int, _ context: ScreenContext) -> Bool {
        let index = top + row - heads(context)
        isFiltered ? found.select(index) : history.select(index)
        return row >= heads(context) && index < lines.count
    }

    mutating func jump(to day: CalendarDate) {
        self.day = day
        // The question about an earlier day, if one is open, is not waited for.
        dayRequest = nil
        filter?.clear()
    }

    var openRequests: [RequestID] {
        [listingPoll.request, found.poll.request, samplesPoll.request, dayRequest].compactMap { $0 }
    }

    mutating func reload() {
        listingPoll.retry()
        samplesPoll.retry()
        sampledVersion = 0
        found.reload()
    }

    mutating func settle(_ context: ScreenContext) {
        let visible = context.rows - heads(context)
        history.settle(visible: visible, isMarked: true)
        found.settle(visible: visible)
    }

    // MARK: Asking

    mutating func nextQuestions(_ context: ScreenContext, _ counter: inout RequestCounter)
        -> [(RequestID, Question)]
    {
        var questions: [(RequestID, Question)] = []
        if let id = listingPoll.begin(&counter, now: context.now) {
            questions.append((id, .listings([code])))
        }
        guard let account else { return questions }
        let visible = max(context.rows - heads(context), 1)
        if let day, dayRequest == nil {
            let id = counter.next()
            dayRequest = id
            questions.append((id, .recordNumber(account.id, onOrBefore: day)))
        }
        let wanted = filter?.read(as: HistoryFilter.self) ?? HistoryFilter()
        if wanted != foundFilter {
            foundFilter = wanted
            found.restart()
        }
        if isFiltered {
            if let (id, purpose) = found.next(
                now: context.now, visible: visible, joins: false, counter: &counter)
            {
                let newest: Int64 =
                    if case .older(let seq) = purpose { seq - 1 } else { .max }
                questions.append(
                    (id, .filteredHistory(account, foundFilter, newestSeq: newest, limit: Self.page)))
            }
        } else if let question = history.nextQuestion(now: context.now, visible: visible, counter: &counter) {
            questions.append(question)
        }
        if sampledVersion != account.version, let id = samplesPoll.begin(&counter, now: context.now) {
            sampledVersion = account.version
            questions.append((id, .balanceSamples(account, count: Self.samples)))
        }
        return questions
    }

    private static let page = NewestFirst<HistoryLine, Int64>.page
    /// Points of the curve: enough for the widest screen that shows one.
    private static let samples = 160

    mutating func take(_ id: RequestID, _ answer: Answer, _ context: ScreenContext) -> Bool {
        switch answer {
        case .listings(let listings):
            guard listingPoll.end(id, now: context.now, interval: context.interval) else { return false }
            problem = nil
            isMissing = listings.isEmpty
            if let listing = listings.first {
                account = listing.account
                history.show(listing.account)
            }
        case .recordNumber(let seq):
            guard dayRequest == id else { return false }
            dayRequest = nil
            day = nil
            history.jump(to: seq ?? 1)
        case .history: return history.take(id, answer, now: context.now)
        case .filteredHistory(let page):
            return found.take(
                id, page.lines, continuesAt: page.continuesAt.map { $0 + 1 }, isComplete: page.isComplete,
                now: context.now,
                interval: context.interval)
        case .balanceSamples(let answer):
            guard samplesPoll.end(id, now: context.now, interval: context.interval) else { return false }
            samples = answer
        default: return false
        }
        return true
    }

    mutating func fail(_ id: RequestID, _ message: String, now: Timestamp) -> Bool {
        if dayRequest == id {
            dayRequest = nil
            day = nil
            return true
        }
        if listingPoll.fail(id, now: now) {
            problem = message
            return true
        }
        if samplesPoll.fail(id, now: now) {
            sampledVersion = 0
            return true
        }
        return history.fail(id, now: now) || found.fail(id, now: now)
    }

    var loadedAt: Timestamp? { listingPoll.answeredAt }

    // MARK: Showing

    func selection(_ console: ConsoleState) -> Selection {
        guard let account else { return Selection() }
        return Selection(account, lines.isEmpty ? nil : lines[selectedIndex])
    }

    var hasExport: Bool { account != nil && !lines.isEmpty }

    func exportTable(_ console: ConsoleState) -> (name: String, table: ExportTable)? {
        guard let account, !lines.isEmpty else { return nil }
        return (
            "account-\(code)",
            ExportTable(
                columns: HistoryTable.exportColumns,
                rows: lines.map { HistoryTable.exportRow($0, account) })
        )
    }

    /// Rows of the curve, which are kept free until it is known, so that the history does not move down.
    private func chartRows(rows: Int, columns: Int) -> Int {
        let isWorthIt = (account?.version ?? 0) > 1
        return rows >= 16 && columns >= 60 && isWorthIt ? min(max(rows / 5, 4), 8) : 0
    }

    /// Identity, balances, the curve, and the title of the history with the names of its columns.
    private func heads(_ context: ScreenContext) -> Int {
        let facts = context.rows >= 10 ? 2 : 1
        let chart = chartRows(rows: context.rows, columns: context.columns)
        return facts + (chart > 0 ? chart + 1 : 0) + (context.rows >= 10 ? 2 : 1)
    }

    func draw(_ canvas: inout Canvas, _ console: ConsoleState) {
        guard let account else {
            let text =
                isMissing
                ? "There is no account \(code)." : problem.map { Wording.sentence($0) } ?? "loading"
            canvas.put(text, row: 0, style: isMissing || problem != nil ? .negative : .dim)
            return
        }
        canvas.put(console.accountTitle(account), row: 0, style: .strong)
        var row = 1
        if canvas.height >= 10 {
            canvas.put(balanceLine(account, console).pieces, row: row)
            row += 1
        }
        let chart = chartRows(rows: canvas.height, columns: canvas.width)
        if chart > 0 {
            let plot = BalanceChart(samples: samples, currency: account.currency)
            plot.draw(&canvas, row: row, rows: chart + 1)
            row += chart + 1
        }
        drawHistory(&canvas, account, console, row: row)
    }

    /// Why the available balance is what it is, and what may leave the account.
    private func balanceLine(_ account: Account, _ console: ConsoleState) -> TextLine {
        var pieces: [(text: String, style: Style)] = [
            (
                "ledger \(account.ledger.grouped) \(account.currency)",
                account.ledgerUnits < 0 ? .negative : .normal
            )
        ]
        if account.held > 0 {
            let held = Money(units: account.held, currency: account.currency).grouped
            pieces.append((" - holds \(held)", .warning))
        }
        pieces.append((" = available \(account.available.grouped)", .strong))
        let dot = " \(console.symbols.dot) "
        switch account.status {
        case .open: break
        case .closed: pieces.append((dot + "closed: takes no entries", .warning))
        default:
            let sides = [Side.debit, .credit].filter { !account.status.allows($0) }.map(\.rawValue)
            pieces.append(
                (
                    dot + "\(account.status.rawValue): no \(sides.joined(separator: " or ")) entries",
                    .warning
                ))
        }
        if let minimum = account.minimum {
            let free = account.available.units.subtractingReportingOverflow(minimum).partialValue
            let text = Money(units: max(free, 0), currency: account.currency).grouped
            pieces.append((dot + "\(text) above the minimum", .dim))
        } else {
            pieces.append((dot + "no minimum", .dim))
        }
        return TextLine(pieces)
    }

    private func drawHistory(
        _ canvas: inout Canvas, _ account: Account, _ console: ConsoleState, row: Int
    ) {
        var area = canvas.area
        area.row += row
        area.height -= row
        canvas.draw(in: area) { canvas in
            canvas.put(
                title: console.title("History", newer), filter: filter,
                note: note(account, console),
                hint: filter?.hint(as: HistoryFilter.self), style: .title)
            let table = HistoryTable(console: console, account: account, width: canvas.width - 2)
            let heads = row + canvas.height >= 10 ? 2 : 1
            if heads > 1 { table.drawTitles(&canvas, row: 1) }
            if lines.isEmpty {
                canvas.put(
                    emptyList: emptyText(console), isKnown: found.isWhole, filter: foundFilter,
                    row: heads)
            }
            let (top, selected) = (top, selectedIndex)
            let shown = lines.dropFirst(top).prefix(max(canvas.height - heads, 0))
            for (offset, line) in shown.enumerated() {
                table.draw(
                    line, in: &canvas, row: heads + offset,
                    isSelected: top + offset == selected && console.dialog == nil)
            }
        }
    }

    private func emptyText(_ console: ConsoleState) -> String {
        guard isFiltered, found.isWhole else { return "loading" + console.symbols.ellipsis }
        return foundFilter.days.isEmpty
            ? "No record matches the filter." : "No record matches the filter; its days are those of booking."
    }

    private func note(_ account: Account, _ console: ConsoleState) -> String {
        if day != nil { return "looking for the day" + console.symbols.ellipsis }
        if isFiltered {
            return found.isWhole
                ? Wording.counted(lines.count, "record") : "\(Wording.count(lines.count)) so far"
        }
        return Wording.counted(Int(account.version), "record")
    }
}
