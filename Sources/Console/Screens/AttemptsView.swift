import Ledger
import LedgerService

extension ConsoleState {
    /// The latest operations at the bottom of the first screen.
    func drawAttempts(_ canvas: inout Canvas) {
        let hasKeys = focus == .attempts && dialog == nil
        let title = attempts.isFrozen ? "Attempts (frozen)" : "Attempts"
        canvas.put(title, row: 0, style: hasKeys ? .strong : .title)
        drawTotals(&canvas, row: 0, after: title.count + 2)
        let log = attempts.shown
        if log.count == 0 {
            canvas.put("  Operations are shown here with each of their attempts.", row: 1, style: .dim)
        }
        drawAttempts(&canvas, attempts.list, attempts.list.indices(in: log), log, from: 1, marks: hasKeys)
    }

    /// Operations from a row down to the end of the canvas.
    func drawAttempts(
        _ canvas: inout Canvas, _ list: AttemptList, _ indices: [Int], _ log: AttemptLog, from first: Int,
        marks: Bool = true
    ) {
        var row = first
        var index = list.top
        let selected = list.selectedIndex(indices, in: log)
        while row < canvas.height, indices.indices.contains(index), let group = log[indices[index]] {
            let isSelected = marks && index == selected
            for (offset, line) in attemptLines(group, columns: canvas.width).enumerated() {
                canvas.put(line.pieces, row: row)
                if isSelected, offset == 0 {
                    canvas.highlight(row: row, style: .selected)
                    canvas.put(symbols.pointer, row: row, style: .selected)
                }
                row += 1
            }
            index += 1
        }
    }

    /// Totals and rates: as much as there is room for, the more important first. Before all that, if so, that not every
    /// operation is in the list.
    func drawTotals(_ canvas: inout Canvas, row: Int, after start: Int = 2) {
        let totals = attempts.shown.totals
        guard totals.attempts > 0 else { return }
        let rates = totals.rates(now: now)
        var parts = [
            "posted \(Wording.count(totals.posted))",
            "conflicts \(Wording.count(totals.conflicts)) (\(totals.conflictPercent)%)",
            "retried \(Wording.count(totals.retried))", "gave up \(Wording.count(totals.gaveUp))",
            "refused \(Wording.count(totals.refused))",
        ]
        if totals.alreadyPosted > 0 { parts.append("posted already \(Wording.count(totals.alreadyPosted))") }
        if totals.failed > 0 { parts.append("failed \(Wording.count(totals.failed))") }
        if let median = totals.latency(percentile: 50), let late = totals.latency(percentile: 99) {
            parts.append("p50 \(Wording.duration(median)) p99 \(Wording.duration(late))")
        }
        parts.append("\(Self.rate(rates.posted))/s")
        parts.append(symbols.sparkline(totals.postedEachSecond(now: now, seconds: 20), columns: 20))
        var column = start
        let separator = " \(symbols.dot) "
        var sampled = attempts.shown.sampledText ?? ""
        if !sampled.isEmpty {
            let whole = sampled + separator + "all counted"
            if column + SafeText.columns(whole) <= canvas.width { sampled = whole }
            canvas.put(sampled, column: column, row: row)
            column += SafeText.columns(sampled)
        }
        for (index, part) in parts.enumerated() {
            let text = (index == 0 && sampled.isEmpty ? "" : separator) + part
            guard column + SafeText.columns(text) <= canvas.width else { return }
            let isBad = part.hasPrefix("gave up") && totals.gaveUp > 0 || part.hasPrefix("failed")
            canvas.put(text, column: column, row: row, style: isBad ? .negative : .dim)
            column += SafeText.columns(text)
        }
    }

    private static func rate(_ value: Double) -> String {
        value < 10 ? Money.text(Int64(value * 10), digits: 1, grouping: false) : Wording.count(Int(value))
    }

    /// An operation with its attempts: one line when the first attempt was enough.
    func attemptLines(_ group: OperationAttempts, columns: Int) -> [TextLine] {
        let accounts = group.operation.accounts.prefix(3).map(\.text)
        let what = ([group.operation.kind] + [accounts.joined(separator: " \(symbols.arrow) ")])
            .filter { !$0.isEmpty }.joined(separator: " ")
        let amount = group.operation.amount.map { "  " + $0 } ?? ""
        let time = columns < 60 ? group.began.clock : Wording.preciseTime(group.began)
        let result = attemptResult(group)
        let room = max(columns - SafeText.columns(result.text) - SafeText.columns(time) - 5, 8)
        let title = SafeText.truncated(what + amount, to: room, ellipsis: symbols.ellipsis).padded(to: room)
        let head = TextLine([
            ("  \(time) ", .dim), (title + "  ", .normal), (result.text, result.style),
        ])
        return group.isPlain ? [head] : [head] + attemptDetails(group, columns: columns)
    }

    func attemptDetails(_ group: OperationAttempts, columns: Int) -> [TextLine] {
        var lines: [TextLine] = []
        if group.hidden > 0 {
            lines.append(TextLine("    \(Wording.counted(group.hidden, "earlier line")) left out", .dim))
        }
        for line in group.lines {
            let wait = line.wait.map { "waited " + Wording.duration($0) } ?? ""
            let result = self.result(of: line)
            let head = "    try \(line.attempt) \(result.sign) "
            let room = max(
                columns - SafeText.columns(head) - (wait.isEmpty ? 0 : SafeText.columns(wait) + 2), 8)
            let text = SafeText.truncated(result.text, to: room, ellipsis: symbols.ellipsis).padded(to: room)
            lines.append(
                TextLine([(head, result.style), (text, .normal), (wait.isEmpty ? "" : "  " + wait, .dim)]))
        }
        return lines
    }

    func result(of line: OperationAttempts.Line) -> (sign: String, text: String, style: Style) {
        switch line.result {
        case .running: (symbols.running, "running", .warning)
        case .posted(let time): (symbols.good, Wording.duration(time), .positive)
        case .conflict(let conflict, let time):
            (
                symbols.bad, "\(conflict.sqlState) \(conflict.cause), after \(Wording.duration(time))",
                .negative
            )
        case .reread(let changes): (symbols.again, text(of: changes), .warning)
        case .note(let text, true): (symbols.good, text, .positive)
        case .note(let text, false): (symbols.bad, text, .negative)
        case .note(let text, nil): (symbols.unknown, text, .warning)
        }
    }

    /// What was found different when the accounts were read again.
    private func text(of changes: [BalanceChange]) -> String {
        "read again: "
            + changes.map { change in
                "\(change.account) available \(change.before.grouped) \(symbols.arrow) \(change.after.grouped)"
            }.joined(separator: ", ")
    }

    func attemptResult(_ group: OperationAttempts) -> (text: String, style: Style) {
        let conflicts = group.conflicts > 0 ? " (\(Wording.counted(group.conflicts, "conflict")))" : ""
        let attempt = "try \(group.attempt)"
        switch group.state {
        case .running: return ("\(attempt) \(symbols.running) running\(conflicts)", .warning)
        case .waiting(let wait):
            return ("\(attempt) waiting \(Wording.duration(wait))\(conflicts)", .warning)
        case .unknown: return ("\(symbols.unknown) outcome unknown", .warning)
        case .posted(_, let elapsed):
            return (
                "\(attempt) \(symbols.good) posted in \(Wording.duration(elapsed))\(conflicts)", .positive
            )
        case .alreadyPosted: return ("\(symbols.good) posted already", .positive)
        case .refused: return ("\(symbols.bad) refused\(conflicts)", .negative)
        case .failed: return ("\(symbols.bad) failed\(conflicts)", .negative)
        case .gaveUp: return ("\(attempt) \(symbols.bad) gave up\(conflicts)", .negative)
        case .cancelled: return ("stopped\(conflicts)", .warning)
        }
    }
}
