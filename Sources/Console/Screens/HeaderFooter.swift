import Ledger

extension ConsoleState {
    func drawHeader(_ canvas: inout Canvas) {
        let dot = " \(symbols.dot) "
        let who = "\(identity.actor) (\(identity.role))"
        let lefts = [
            ["bursar", identity.ledger, who].joined(separator: dot),
            [identity.ledger, who].joined(separator: dot), identity.ledger + dot + identity.actor,
        ]
        let rights = trialBalanceTexts
        canvas.highlight(row: 0, style: .header)
        // Which ledger it is matters more than anything else, so that stays to the last.
        for right in rights {
            for left in lefts where SafeText.columns(left) + SafeText.columns(right) + 2 <= canvas.width {
                canvas.put(left, row: 0, style: .header)
                canvas.putRight(right, row: 0, style: isBalanced ? .header : .negative)
                return
            }
        }
        canvas.put(identity.ledger, row: 0, style: .header)
    }

    private var isBalanced: Bool { books.trialBalance?.allSatisfy(\.isBalanced) ?? true }

    /// What the header says of the books, from long to short.
    private var trialBalanceTexts: [String] {
        let age = accounts.loadedAt.map { " \(symbols.dot) " + Wording.age(of: $0, now: now) } ?? ""
        guard let lines = books.trialBalance else { return ["trial balance not known yet" + age, "loading"] }
        let off = lines.filter { !$0.isBalanced }
        if off.isEmpty {
            let text = "trial balance 0.00 \(symbols.good)"
            return [text + age, text, "books \(symbols.good)"]
        }
        let differences = off.map {
            "debits \($0.debits.grouped), credits \($0.credits.grouped) \($0.currency)"
        }
        return [
            "trial balance off \(symbols.bad): " + differences.joined(separator: "; "),
            "trial balance off \(symbols.bad)",
        ]
    }

    /// The last row: what happened just now, or else the keys, from the table of commands.
    func drawFooter(_ canvas: inout Canvas, row: Int) {
        if let notice {
            let lines = SafeText.wrapped(notice.text, to: canvas.width)
            let shown = lines.suffix(max(1, min(lines.count, row - 2)))
            for (index, line) in shown.enumerated() {
                let at = row - shown.count + 1 + index
                canvas.put(String(repeating: " ", count: canvas.width), row: at)
                canvas.put(line, row: at, style: Style(notice.role))
            }
            return
        }
        var column = 0
        for command in footerCommands(columns: canvas.width) {
            let key = command.keys[0].label(symbols)
            let isAvailable = availability(of: command.id) == .available
            canvas.put(key, column: column, row: row, style: isAvailable ? .key : .dim)
            column += SafeText.columns(key) + 1
            canvas.put(command.title, column: column, row: row, style: isAvailable ? .normal : .dim)
            column += SafeText.columns(command.title) + 2
        }
    }

    /// The commands that fit: chosen by rank, shown in the order of the table.
    func footerCommands(columns: Int) -> [Command] {
        let place = self.place
        let candidates = Command.all.enumerated().filter { _, command in
            command.footer != nil && command.places.contains(place)
                && !(command.hidesWhenUnavailable && availability(of: command.id) != .available)
        }
        var room = columns
        var chosen: [(offset: Int, element: Command)] = []
        for candidate in candidates.sorted(by: { $0.element.footer ?? 0 < $1.element.footer ?? 0 }) {
            let command = candidate.element
            let width =
                SafeText.columns(command.keys[0].label(symbols)) + 1 + SafeText.columns(command.title)
                + (chosen.isEmpty ? 0 : 2)
            if width > room { break }
            room -= width
            chosen.append(candidate)
        }
        return chosen.sorted { $0.offset < $1.offset }.map(\.element)
    }
}
