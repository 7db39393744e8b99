import Ledger
import LedgerService

extension ConsoleState {
    /// The latest operations at the bottom of the first screen.
    func drawAttempts(_ canvas: inout Canvas) {
        let hasKeys = focus == .attempts && dialog == nil
        let title = attemptsTitle(attempts.list)
        canvas.put(title, row: 0, style: hasKeys ? .strong : .title)
        drawTotals(&canvas, row: 0, after: title.count + 2, rows: 1)
        let log = attempts.shown
        if log.count == 0 {
            canvas.put("  Operations are shown here with each of their attempts.", row: 1, style: .dim)
        }
        drawAttempts(&canvas, attempts.list, attempts.list.indices(in: log), log, from: 1, marks: hasKeys)
    }

    func attemptsTitle(_ list: AttemptList) -> String {
        if attempts.isFrozen { return "Attempts (frozen)" }
        return title("Attempts", NewerRows(count: list.top))
    }

    /// Says how many rows are above what is in sight, and how to get there.
    func title(_ title: String, _ newer: NewerRows) -> String {
        if newer.count == 0, !newer.orMore { return title }
        let count = Wording.count(newer.count) + (newer.orMore ? "+" : "")
        return "\(title) (\(keyLabel(.moveFirst)): \(count) newer)"
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

    /// Totals and rates in so many rows: as much as there is room for, the more important first. Before all that, if so,
    /// that not every operation is in the list.
    func drawTotals(_ canvas: inout Canvas, row: Int, after start: Int, rows: Int) {
        guard attempts.shown.totals.attempts > 0 else { return }
        let room = canvas.width - start
        let separator = " \(symbols.dot) "
        /// Where each part begins; nil when they take more than these rows.
        func flow(_ parts: [TotalsPart]) -> [(column: Int, row: Int, part: TotalsPart)]? {
            var placed: [(column: Int, row: Int, part: TotalsPart)] = []
            var (column, line) = (0, 0)
            for part in parts {
                let gap = column == 0 ? 0 : SafeText.columns(separator)
                let columns = SafeText.columns(part.text)
                if column > 0, column + gap + columns > room { (column, line) = (0, line + 1) }
                guard line < rows, column + columns <= room else { return nil }
                let begin = column == 0 ? 0 : column + gap
                placed.append((begin, line, part))
                column = begin + columns
            }
            return placed
        }
        // Rate and curve go first, then counts are shortened, before anything else goes.
        let (long, short) = (totalsParts(isShort: false), totalsParts(isShort: true))
        let bare = long.filter { $0.text != Self.allCounted }
        let tries =
            (0...2).flatMap { count in [long, bare].map { $0.dropLast(count) } }
            + (0..<short.count).map { short.dropLast($0) }
        guard let placed = tries.lazy.compactMap({ flow(Array($0)) }).first else { return }
        for (column, line, part) in placed {
            if column > 0 {
                canvas.put(
                    separator, column: start + column - SafeText.columns(separator), row: row + line,
                    style: .dim)
            }
            canvas.put(part.text, column: start + column, row: row + line, style: part.style)
        }
    }

    private static let allCounted = "all counted"

    private typealias TotalsPart = (text: String, style: Style)

    private func totalsParts(isShort: Bool) -> [TotalsPart] {
        let log = attempts.shown
        let totals = log.totals
        let end = attempts.frozenAt ?? now
        let rates = totals.rates(now: end)
        var parts: [TotalsPart] = []
        if let sampled = log.sampledText {
            parts.append((sampled, .normal))
            if !isShort { parts.append((Self.allCounted, .normal)) }
        }
        func count(_ value: Int) -> String { isShort ? Wording.shortCount(value) : Wording.count(value) }
        parts += [
            ("posted \(count(totals.posted))", .dim),
            ("conflicts \(count(totals.conflicts)) (\(totals.conflictPercent)%)", .dim),
            ("retried \(count(totals.retried))", .dim),
            ("gave up \(count(totals.gaveUp))", totals.gaveUp > 0 ? .negative : .dim),
            ("refused \(count(totals.refused))", .dim),
        ]
        if totals.alreadyPosted > 0 { parts.append(("posted already \(count(totals.alreadyPosted))", .dim)) }
        if totals.failed > 0 { parts.append(("failed \(count(totals.failed))", .negative)) }
        if let median = totals.latency(percentile: 50), let late = totals.latency(percentile: 99) {
            parts.append(("p50 \(Wording.duration(median)) p99 \(Wording.duration(late))", .dim))
        }
        parts.append(("\(Self.rate(rates.posted))/s", .dim))
        parts.append((symbols.sparkline(totals.postedEachSecond(now: end, seconds: 20), columns: 20), .dim))
        return parts
    }

    private static func rate(_ value: Double) -> String {
        value < 10 ? Money.text(Int64(value * 10), digits: 1, grouping: false) : Wording.count(Int(value))
    }

    /// An operation with its attempts: one line when the first attempt was enough.
    func attemptLines(_ group: OperationAttempts, columns: Int) -> [TextLine] {
        let time = columns < 60 ? group.began.clock : Wording.preciseTime(group.began)
        let result = attemptResult(group)
        let room = max(columns - SafeText.columns(result.text) - SafeText.columns(time) - 5, 8)
        let title = SafeText.truncated(
            what(group.operation, columns: room), to: room, ellipsis: symbols.ellipsis
        ).padded(to: room)
        let head = TextLine([
            ("  \(time) ", .dim), (title + "  ", .normal), (result.text, result.style),
        ])
        return group.isPlain ? [head] : [head] + attemptDetails(group, columns: columns)
    }

    /// Kind, accounts and amount.
    func what(_ operation: OperationSummary, columns: Int) -> String {
        let amount = operation.amount.map { "  " + $0 } ?? ""
        let room = columns - SafeText.columns(operation.kind + amount) - 1
        let route = Wording.route(operation.route, symbols, columns: room)
        return operation.kind + (route.isEmpty ? "" : " " + route) + amount
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
                symbols.bad, "\(conflict.text), after \(Wording.duration(time))",
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
