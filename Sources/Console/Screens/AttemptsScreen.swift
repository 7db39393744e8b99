import Ledger
import LedgerService

/// The attempts of all operations on a screen of their own: how they went in numbers, which sessions wait for
/// which, and each operation with its attempts.
struct AttemptsScreen: Screen {
    private var list = AttemptList()
    private var blocked: [BlockedSession] = []
    private var blockedPoll = Poll()

    let place = Place.allAttempts
    let title = "Attempts"

    var filter: FilterField? {
        get { list.filter }
        set { list.filter = newValue ?? FilterField() }
    }

    mutating func move(_ motion: Motion, _ context: ScreenContext) {
        list.move(motion, in: context.log, page: max(listRows(context) / 3, 1))
    }

    mutating func select(row: Int, _ context: ScreenContext) -> Bool {
        list.select(row: row, from: context.rows - listRows(context), in: context.log)
    }

    var openRequests: [RequestID] { blockedPoll.request.map { [$0] } ?? [] }
    var hasExport: Bool { true }

    mutating func settle(_ context: ScreenContext) {
        list.settle(in: context.log, rows: listRows(context))
    }

    private func listRows(_ context: ScreenContext) -> Int {
        let totals = Self.totalsRows(rows: context.rows, columns: context.columns)
        return context.rows - totals - Self.tableRows(rows: context.rows)
            - blockedRows(rows: context.rows) - 1
    }

    private static func totalsRows(rows: Int, columns: Int) -> Int {
        rows < 12 ? 0 : rows >= 20 && columns < 140 ? 2 : 1
    }

    private static func tableRows(rows: Int) -> Int { rows >= 20 ? 8 : 0 }

    private func blockedRows(rows: Int) -> Int {
        blocked.isEmpty || rows < 16 ? 0 : min(blocked.count, 4) + 1
    }

    mutating func nextQuestions(_ context: ScreenContext, _ counter: inout RequestCounter)
        -> [(RequestID, Question)]
    {
        blockedPoll.begin(&counter, now: context.now).map { [($0, .blockedSessions)] } ?? []
    }

    mutating func take(_ id: RequestID, _ answer: Answer, _ context: ScreenContext) -> Bool {
        guard case .blockedSessions(let answer) = answer,
            blockedPoll.end(id, now: context.now, interval: .seconds(1))
        else { return false }
        blocked = answer
        return true
    }

    mutating func fail(_ id: RequestID, _ message: String, now: Timestamp) -> Bool {
        guard blockedPoll.fail(id, now: now) else { return false }
        blocked = []
        return true
    }

    // MARK: Showing

    func selection(_ console: ConsoleState) -> Selection {
        list.selection(in: console.attempts.shown, console)
    }

    func exportTable(_ console: ConsoleState) -> (name: String, table: ExportTable)? {
        let log = console.attempts.shown
        let rows = list.indices(in: log).compactMap { log[$0] }.flatMap { group in
            group.lines.map { Self.exportRow(group, $0, console) }
        }
        return rows.isEmpty ? nil : ("attempts", ExportTable(columns: Self.exportColumns, rows: rows))
    }

    private static let exportColumns = [
        "at", "reference", "kind", "accounts", "amount", "actor", "outcome", "attempt", "result", "sqlstate",
        "statement", "detail", "wait_ms",
    ]

    private static func exportRow(
        _ group: OperationAttempts, _ line: OperationAttempts.Line, _ console: ConsoleState
    ) -> [String] {
        let operation = group.operation
        var conflict: Conflict?
        if case .conflict(let found, _) = line.result { conflict = found }
        return [
            line.at.description, operation.reference.text, operation.kind,
            operation.accounts.map(\.text).joined(separator: " "), operation.amount ?? "", operation.actor,
            group.outcomeName, String(line.attempt), console.result(of: line).text, conflict?.sqlState ?? "",
            conflict?.statement ?? "", conflict?.detail ?? "", line.wait.map { $0.millisecondsText } ?? "",
        ]
    }

    func draw(_ canvas: inout Canvas, _ console: ConsoleState) {
        let log = console.attempts.shown
        let indices = list.indices(in: log)
        let totals = Self.totalsRows(rows: canvas.height, columns: canvas.width)
        let tables = Self.tableRows(rows: canvas.height)
        let sampled = totals == 0 ? log.sampledText : nil
        let listed = listedText(log, matching: indices.count)
        canvas.put(
            title: console.attemptsTitle(list), filter: list.filter, note: sampled ?? listed,
            hint: list.filter.hint(as: AttemptFilter.self), style: .strong)
        var row = 1
        console.drawTotals(&canvas, row: 1, after: 2, rows: totals)
        row += totals
        if tables > 0 { drawStatistics(&canvas, log, from: row, rows: tables) }
        row += tables
        row += drawBlocked(&canvas, console, row: row)
        if indices.isEmpty {
            canvas.put(
                emptyList: log.count == 0
                    ? "Operations are shown here with each of their attempts."
                    : "No operation matches the filter.",
                isKnown: log.count > 0, filter: list.filter.read(as: AttemptFilter.self), row: row)
        }
        console.drawAttempts(&canvas, list, indices, log, from: row)
    }

    private func listedText(_ log: AttemptLog, matching count: Int) -> String {
        let shown = Wording.count(log.count)
        if !list.filter.isEmpty {
            let operations = Wording.counted(log.count, "operation")
            let all = log.leftOut > 0 ? "the \(operations) shown" : "the latest \(operations)"
            return "\(Wording.count(count)) of \(all)"
        }
        if log.leftOut == 0 { return "the latest " + Wording.counted(log.count, "operation") }
        return "\(shown) of the latest \(Wording.count(log.count + log.leftOut)) operations"
    }

    private func drawStatistics(_ canvas: inout Canvas, _ log: AttemptLog, from first: Int, rows: Int) {
        // Causes are sentences, and need the most room.
        let parts: [(column: Int, width: Int)] =
            canvas.width >= 120
            ? [(0, 28), (30, 28), (60, canvas.width - 60)] : [(0, 22), (23, 23), (47, canvas.width - 47)]
        let tables: [(String, [(String, Int)])] = [
            (
                "Attempts needed",
                zip(ConflictTally.attemptLabels, log.totals.tally.byAttempts).map { ($0, $1) }
            ),
            ("Conflicts by account", ConflictTally.most(log.totals.tally.byAccount, rows - 1)),
            ("Conflicts by cause", ConflictTally.most(log.totals.tally.byCause, rows - 1)),
        ]
        for (part, table) in zip(parts, tables) where part.width > 8 {
            let (column, columnWidth) = part
            canvas.put(table.0, column: column + 2, row: first, columns: columnWidth - 2, style: .title)
            let highest = table.1.map(\.1).max() ?? 0
            let labels = min(table.1.map { SafeText.columns($0.0) }.max() ?? 0, columnWidth - 16)
            for (offset, (label, count)) in table.1.prefix(rows - 1).enumerated() where labels > 0 {
                let row = first + 1 + offset
                canvas.put(label, column: column + 2, row: row, columns: labels)
                let number = Wording.count(count).paddedLeft(to: 7)
                canvas.put(number, column: column + 3 + labels, row: row, style: .dim)
                let room = columnWidth - labels - 13
                let length = highest == 0 ? 0 : (count * room + highest - 1) / highest
                canvas.put(
                    String(repeating: canvas.symbols.bars.last ?? "#", count: max(length, 0)),
                    column: column + 11 + labels, row: row, columns: max(room, 0), style: Style(.chart))
            }
        }
    }

    /// Who waits for whom in the server.
    /// - Returns: the rows it took.
    private func drawBlocked(_ canvas: inout Canvas, _ console: ConsoleState, row: Int) -> Int {
        let rows = blockedRows(rows: canvas.height)
        guard rows > 0 else { return 0 }
        let shown = blocked.prefix(rows - 1)
        let rest = blocked.count > shown.count ? ", those that wait longest" : ""
        canvas.put(
            "Waiting in the server: \(Wording.counted(blocked.count, "session"))\(rest)", column: 2, row: row,
            style: .title)
        for (offset, session) in shown.enumerated() {
            canvas.put(Self.text(session, console.symbols), row: row + 1 + offset, style: .warning)
        }
        return rows
    }

    /// Who waits, and for whom; what the one runs that is in the way matters more than what the waiting one wants.
    private static func text(_ session: BlockedSession, _ symbols: Symbols) -> String {
        let blockers = session.blockers.map { blocker in
            let who = [String(blocker.processID), blocker.role, blocker.application]
            let name = who.filter { !$0.isEmpty }.joined(separator: " ")
            let state = blocker.state.isEmpty || blocker.state == "active" ? "" : ", \(blocker.state)"
            return name + state + (blocker.statement.isEmpty ? "" : ": \(blocker.statement)")
        }
        let who = [String(session.processID), session.role, session.application].filter { !$0.isEmpty }
        let own = session.statement.isEmpty ? "" : " \(symbols.dot) wants: \(session.statement)"
        return "  \(who.joined(separator: " ")) waits \(Wording.duration(session.waiting)) for "
            + blockers.joined(separator: "; ") + own
    }
}

/// One operation in the order of time: each attempt with all that the server said, each wait, and what was read anew.
struct OperationScreen: Screen {
    private let reference: Reference
    var scroll = 0

    let place = Place.operation
    let isRemembered = false
    var title: String { "Operation \(reference)" }

    init(_ reference: Reference) { self.reference = reference }

    mutating func move(_ motion: Motion, _ context: ScreenContext) {
        scroll = max(scroll + motion.step(page: context.rows), 0)
    }

    /// As the list had it from which it was opened, which may be frozen.
    private func group(_ console: ConsoleState) -> OperationAttempts? {
        console.attempts.shown[reference] ?? console.attempts.log[reference]
    }

    func lineCount(_ console: ConsoleState) -> Int? {
        group(console).map { console.timeline($0, columns: console.size.width).count }
    }

    func selection(_ console: ConsoleState) -> Selection {
        var selection = Selection()
        guard let group = group(console) else { return selection }
        if let code = group.operation.accounts.first {
            selection.account = console.accounts.listing(code: code.text)?.account
        }
        if case .posted(let receipt, _) = group.state, receipt.transaction != nil {
            selection.opens = .transaction(.reference(reference))
        }
        let reference = reference
        selection.copies = {
            let statements = group.statements.compactMap { name in
                console.surroundings.statementText(name).map { (title: "statement \(name)", text: $0) }
            }
            let everything = console.timeline(group, columns: 200).map(\.text).joined(separator: "\n")
            return [("reference", reference.text)] + statements + [("everything", everything)]
        }
        return selection
    }

    func draw(_ canvas: inout Canvas, _ console: ConsoleState) {
        guard let group = group(console) else {
            canvas.put("It is too long ago: only the latest operations are kept.", row: 0, style: .dim)
            return
        }
        canvas.draw(title: title, lines: console.timeline(group, columns: canvas.width), scroll: scroll)
    }
}

extension OperationAttempts {
    /// The names of the statements that conflicts came up in, each once.
    var statements: [String] {
        var names: [String] = []
        for line in lines {
            if case .conflict(let conflict, _) = line.result, let name = conflict.statement,
                !names.contains(name)
            {
                names.append(name)
            }
        }
        return names
    }
}

extension Duration {
    fileprivate var millisecondsText: String {
        Money.text(Int64(clamping: Int128(self / .microseconds(1))), digits: 3, grouping: false)
    }
}

extension ConsoleState {
    /// An operation with all that is known of its attempts.
    func timeline(_ group: OperationAttempts, columns: Int) -> [TextLine] {
        var lines: [TextLine] = []
        let operation = group.operation
        lines += TextLine.fact(
            "Operation", what(operation, columns: columns - TextLine.labelColumns - 3), columns: columns)
        lines += TextLine.fact("Reference", operation.reference.text, columns: columns)
        lines += TextLine.fact("By", operation.actor, columns: columns)
        lines += TextLine.fact(
            "Began", "\(group.began.date) \(Wording.preciseTime(group.began)) UTC", columns: columns)
        let result = attemptResult(group)
        lines += TextLine.fact("Outcome", result.text, columns: columns, style: result.style)
        if group.hidden > 0 {
            lines.append(TextLine("  \(Wording.counted(group.hidden, "earlier line")) left out", .dim))
        }
        for line in group.lines { lines += timeline(line, of: group, columns: columns) }
        for name in group.statements {
            guard let text = surroundings.statementText(name) else { continue }
            lines += [TextLine(), TextLine("  Statement \(name)", .title)]
            for line in text.split(separator: "\n") {
                lines += TextLine.paragraph(String(line), .dim, columns: columns, indent: 4)
            }
        }
        return lines
    }

    private func timeline(
        _ line: OperationAttempts.Line, of group: OperationAttempts, columns: Int
    ) -> [TextLine] {
        let result = result(of: line)
        let after = Duration.microseconds(max(0, line.at.microseconds - group.began.microseconds))
        let head = "  +\(Wording.duration(after).padded(to: 9)) try \(line.attempt) \(result.sign) "
        var lines: [TextLine] = [TextLine()]
        let texts = SafeText.wrapped(result.text, to: max(columns - SafeText.columns(head), 12))
        for (index, text) in texts.enumerated() {
            let margin = String(repeating: " ", count: SafeText.columns(head))
            lines.append(TextLine([(index == 0 ? head : margin, result.style), (text, .normal)]))
        }
        func more(_ name: String, _ text: String?) {
            guard let text, !text.isEmpty else { return }
            lines += TextLine.paragraph("\(name): \(text)", .dim, columns: columns, indent: 19)
        }
        if case .conflict(let conflict, _) = line.result {
            more("statement", conflict.statement)
            more("account", conflict.account?.text)
            more("server", conflict.detail)
        }
        more("waited", line.wait.map { Wording.duration($0) })
        return lines
    }
}
