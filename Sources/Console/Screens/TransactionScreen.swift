import Ledger
import LedgerService

/// One transaction: its entries, who and why, what it reverses or is reversed by, its attempts if it was posted
/// from here, and its hash. Its accounts and linked transactions can be opened.
struct TransactionScreen: Screen {
    private let key: TransactionKey
    private var detail: TransactionDetail?
    private var poll = Poll()
    private var isMissing = false
    private var problem: String?
    /// The marked line; nil before the first answer.
    private var selected: Int?

    let place = Place.transaction
    var title: String { detail.map { "Transaction \($0.transaction.head.reference)" } ?? "Transaction" }
    var isRemembered: Bool { !subject.isEmpty }
    var subject: String {
        if case .reference(let reference) = key { return reference.text }
        return detail?.transaction.head.reference.text ?? ""
    }

    init(_ key: TransactionKey) { self.key = key }

    mutating func move(_ motion: Motion, _ context: ScreenContext) {
        let count = lines(context).count
        selected = motion.moved(selected ?? 0, of: count, page: context.rows - 1)
    }

    mutating func select(row: Int, _ context: ScreenContext) -> Bool {
        let lines = lines(context)
        let index = firstLine(lines, rows: context.rows - 1) + row - 1
        guard row > 0, lines.indices.contains(index) else { return false }
        selected = index
        return true
    }

    var openRequests: [RequestID] { poll.request.map { [$0] } ?? [] }
    var hasExport: Bool { detail != nil }

    mutating func reload() { poll.retry() }

    mutating func nextQuestions(_ context: ScreenContext, _ counter: inout RequestCounter)
        -> [(RequestID, Question)]
    {
        poll.begin(&counter, now: context.now).map { [($0, .transaction(key))] } ?? []
    }

    mutating func take(_ id: RequestID, _ answer: Answer, _ context: ScreenContext) -> Bool {
        // What it says never changes; only a reversal may come.
        guard case .transaction(let answer) = answer,
            poll.end(id, now: context.now, interval: context.interval * 5)
        else { return false }
        problem = nil
        isMissing = answer == nil
        let marked = selected.flatMap { index in lines(context).dropFirst(index).first }
        if let answer { detail = answer }
        // A reversal takes lines of its own.
        if let marked {
            let same = lines(context).firstIndex {
                $0.target == marked.target && $0.line.text == marked.line.text
            }
            selected = same ?? selected
        }
        // The first entry is what people go on from.
        if selected == nil { selected = lines(context).firstIndex { $0.target != nil } }
        return true
    }

    mutating func fail(_ id: RequestID, _ message: String, now: Timestamp) -> Bool {
        guard poll.fail(id, now: now) else { return false }
        problem = message
        return true
    }

    var loadedAt: Timestamp? { poll.answeredAt }

    // MARK: Showing

    func selection(_ console: ConsoleState) -> Selection {
        guard let detail else { return Selection() }
        let head = detail.transaction.head
        let lines = lines(console.screenContext)
        let line = selected.flatMap { lines.indices.contains($0) ? lines[$0] : nil }
        var selection = Selection()
        selection.transaction = head
        selection.opens = line?.target
        if case .account(let code) = line?.target {
            selection.account = console.accounts.listing(code: code.text)?.account
        }
        selection.copies = {
            [
                ("value", line?.copy ?? ""), ("line", line?.line.text.trimmingSpaces ?? ""),
                ("reference", head.reference.text),
                ("transaction", head.id.description), ("hash", head.digest.description),
                ("everything", lines.map(\.line.text).joined(separator: "\n")),
            ].filter { !$0.1.isEmpty }
        }
        return selection
    }

    func exportTable(_ console: ConsoleState) -> (name: String, table: ExportTable)? {
        guard let detail else { return nil }
        let head = detail.transaction.head
        return (
            "transaction",
            ExportTable(
                columns: ["reference", "account", "seq", "side", "amount", "currency", "ledger"],
                rows: detail.transaction.entries.map {
                    [
                        head.reference.text, $0.account.text, String($0.seq), $0.side.rawValue,
                        Money(units: $0.amount, currency: $0.currency).description, $0.currency.code,
                        $0.ledger.description,
                    ]
                })
        )
    }

    func draw(_ canvas: inout Canvas, _ console: ConsoleState) {
        let lines = lines(console.screenContext)
        let first = firstLine(lines, rows: canvas.height - 1)
        let note =
            lines.count > canvas.height - 1
            ? "line \((selected ?? 0) + 1) of \(lines.count)" : ""
        canvas.put(title: title, filter: nil, note: note, style: .strong)
        for (offset, line) in lines.dropFirst(first).prefix(max(canvas.height - 1, 0)).enumerated() {
            let isSelected = first + offset == selected
            canvas.put(line.line.pieces, row: 1 + offset)
            guard isSelected else { continue }
            canvas.highlight(row: 1 + offset, style: .selected)
            canvas.put(console.symbols.pointer, row: 1 + offset, style: .selected)
        }
    }

    private func firstLine(_ lines: [Line], rows: Int) -> Int {
        topLine(0, showing: selected ?? 0, of: lines.count, rows: rows)
    }

    /// A line, what it opens, and what of it is worth copying.
    private struct Line {
        let line: TextLine
        var target: Target?
        var copy: String?
    }

    private func lines(_ context: ScreenContext) -> [Line] {
        guard let detail else {
            let ellipsis = context.symbols.ellipsis
            let text =
                isMissing
                ? "There is no transaction of this reference. An account change has a reference too, and is found "
                    + "in its account's history."
                : problem.map { Wording.sentence($0) } ?? "loading" + ellipsis
            let style: Style = isMissing || problem != nil ? .negative : .dim
            return TextLine.paragraph(text, style, columns: context.columns).map { Line(line: $0) }
        }
        return facts(detail.transaction, context) + entries(detail, context) + links(detail, context)
    }

    private func facts(_ transaction: PostedTransaction, _ context: ScreenContext) -> [Line] {
        let head = transaction.head
        var lines: [Line] = []
        func fact(_ name: String, _ value: String?, _ style: Style = .normal) {
            guard let value, !value.isEmpty else { return }
            lines += TextLine.fact(name, value, columns: context.columns, style: style).map {
                Line(line: $0, copy: value)
            }
        }
        fact("Kind", head.kind.rawValue)
        fact("Reference", head.reference.text)
        fact("Transaction", head.id.description)
        fact("Booked", "\(head.bookedAt.date) \(Wording.preciseTime(head.bookedAt)) UTC")
        fact("Value date", head.valueDate.description)
        fact("By", head.actor)
        fact("Session", head.origin?.sentence)
        fact("Reason code", head.reasonCode)
        fact("Reason", head.reason)
        fact("Narrative", head.narrative)
        fact("Hash", head.digest.description, .dim)
        if transaction.reversedUnits > 0, let amount = transaction.amount {
            let reversed = Money(units: transaction.reversedUnits, currency: amount.currency).grouped
            fact("Reversed", "\(reversed) of \(amount.grouped)", .warning)
        }
        return lines
    }

    private func entries(_ detail: TransactionDetail, _ context: ScreenContext) -> [Line] {
        [Line(line: TextLine()), Line(line: TextLine("  Entries", .title))]
            + detail.transaction.entries.map { entry in
                let amount = Money(units: entry.amount, currency: entry.currency)
                let text =
                    "    \(entry.side.rawValue.padded(to: 6)) \(entry.account.text.padded(to: 12)) "
                    + "\(amount.grouped.paddedLeft(to: 14)) \(entry.currency)  record #\(entry.seq), "
                    + "ledger balance \(entry.ledger.grouped)"
                return Line(
                    line: TextLine(text), target: .account(entry.account), copy: amount.description)
            }
    }

    private func links(_ detail: TransactionDetail, _ context: ScreenContext) -> [Line] {
        let reference = detail.transaction.head.reference
        var lines: [Line] = []
        func link(_ text: String, _ target: Target, copy: String) {
            lines.append(Line(line: TextLine("    " + text), target: target, copy: copy))
        }
        if let original = detail.original {
            link(
                "reverses \(original.reference)", .transaction(.id(original.id)),
                copy: original.reference.text)
        }
        for reversal in detail.reversals {
            link(
                "reversed by \(reversal.reference) on \(reversal.bookedAt.date), \(reversal.actor)",
                .transaction(.id(reversal.id)), copy: reversal.reference.text)
        }
        if let group = context.log[reference] {
            link(
                "posted from here: \(Wording.counted(group.attempt, "attempt")), "
                    + Wording.counted(group.conflicts, "conflict"),
                .operation(reference), copy: reference.text)
        }
        return lines.isEmpty
            ? [] : [Line(line: TextLine()), Line(line: TextLine("  Linked", .title))] + lines
    }
}

/// A record that is no entry: a change of its account.
struct RecordScreen: Screen {
    let line: HistoryLine
    let account: Account
    var scroll = 0

    let place = Place.transaction
    let isRemembered = false
    var title: String { "Record #\(line.record.seq) of account \(account.code)" }

    init(_ line: HistoryLine, of account: Account) {
        self.line = line
        self.account = account
    }

    mutating func move(_ motion: Motion, _ context: ScreenContext) {
        scroll = max(scroll + motion.step(page: context.rows), 0)
    }

    func lineCount(_ console: ConsoleState) -> Int? { lines(console, columns: console.size.width).count }

    func selection(_ console: ConsoleState) -> Selection {
        var selection = Selection(account, line)
        selection.opens = .account(account.code)
        return selection
    }

    func draw(_ canvas: inout Canvas, _ console: ConsoleState) {
        canvas.draw(title: title, lines: lines(console, columns: canvas.width), scroll: scroll)
    }

    private func lines(_ console: ConsoleState, columns: Int) -> [TextLine] {
        var lines: [TextLine] = []
        func fact(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { lines += TextLine.fact(name, value, columns: columns) }
        }
        fact("Kind", line.title(account, console.symbols))
        fact("Reference", line.reference?.text)
        fact("Booked", "\(line.record.bookedAt.date) \(Wording.preciseTime(line.record.bookedAt)) UTC")
        fact("By", line.actor)
        fact("Session", line.record.origin?.sentence)
        fact("Reason", line.remark)
        let units = line.record.ledgerUnits(account.accountClass)
        fact(
            "Ledger",
            Money(units: units, currency: account.currency).grouped + " \(account.currency) after it")
        fact("Hash", line.record.hash.description)
        return lines
    }
}
