import Ledger

extension ConsoleState {
    // MARK: Prompts and menus

    func promptLines(_ prompt: PromptDialog) -> [TextLine] {
        let room = max(size.width - 4, 8)
        let window = prompt.field.window(columns: room)
        var lines = [
            TextLine(
                [("  ", .normal), (window.text.padded(to: room), Style(.field, underlined: true))],
                cursor: 2 + window.cursor, isFocused: true)
        ]
        lines += suggestionLines(prompt.offered, prompt.suggestions, indent: 2)
        lines += TextLine.paragraph(prompt.kind.hint, .dim, columns: size.width)
        if let message = prompt.message {
            lines += TextLine.paragraph(message, .negative, columns: size.width)
        }
        return lines
    }

    func drawMenu(_ canvas: inout Canvas, _ menu: MenuDialog) {
        canvas.put(menu.kind.title, row: 0, style: .strong)
        let rows = max(canvas.height - 1, 1)
        let first = topLine(0, showing: menu.selected, of: menu.items.count, rows: rows)
        let titles = min(menu.items.map { SafeText.columns($0.title) }.max() ?? 0, max(canvas.width / 2, 10))
        for (offset, item) in menu.items.dropFirst(first).prefix(rows).enumerated() {
            let isSelected = first + offset == menu.selected
            let style: Style = isSelected ? .selected : .normal
            if isSelected {
                canvas.highlight(row: 1 + offset, style: .selected)
                canvas.put(symbols.pointer, row: 1 + offset, style: .selected)
            }
            let sign = item.isOn.map { $0 ? "[x] " : "[ ] " } ?? ""
            canvas.put(sign + item.title, column: 2, row: 1 + offset, columns: titles + 4, style: style)
            canvas.put(
                item.detail, column: titles + 8, row: 1 + offset, style: isSelected ? .selected : .dim)
        }
    }

    // MARK: Commands by name

    /// The command that the palette or the help would give now.
    func chosenCommand(_ search: CommandSearch, everywhere: Bool) -> CommandSearch.Match? {
        let matches = search.matches(everywhere: everywhere)
        return matches.isEmpty ? nil : matches[min(search.selected, matches.count - 1)]
    }

    func drawPalette(_ canvas: inout Canvas, _ search: CommandSearch) {
        drawSearch(&canvas, "Command", search, sign: ":")
        let matches = search.matches(everywhere: false)
        if matches.isEmpty { canvas.put("  No command has this name.", row: 1, style: .dim) }
        let rows = max(canvas.height - 1 - drawExplanation(&canvas, search, everywhere: false), 1)
        let first = topLine(0, showing: search.selected, of: matches.count, rows: rows)
        for (offset, match) in matches.dropFirst(first).prefix(rows).enumerated() {
            draw(match, isSelected: first + offset == search.selected, in: &canvas, row: 1 + offset)
        }
    }

    /// Every command by place, or those that are searched for, with its keys.
    func drawHelp(_ canvas: inout Canvas, _ search: CommandSearch) {
        drawSearch(&canvas, "Help", search, sign: "/")
        let matches = search.matches(everywhere: true)
        if matches.isEmpty { canvas.put("  Nothing has these words.", row: 1, style: .dim) }
        let lines = helpLines(matches, grouped: search.field.isEmpty)
        let selected = lines.firstIndex { $0 == .command(search.selected) } ?? 0
        let rows = max(canvas.height - 1 - drawExplanation(&canvas, search, everywhere: true), 1)
        let first = topLine(0, showing: selected, of: lines.count, rows: rows)
        for (offset, line) in lines.dropFirst(first).prefix(rows).enumerated() {
            switch line {
            case .gap: break
            case .place(let place): canvas.put(place.title, row: 1 + offset, style: .title)
            case .command(let index):
                draw(matches[index], isSelected: index == search.selected, in: &canvas, row: 1 + offset)
            }
        }
    }

    /// All that there is to say of the marked command, at the foot of the canvas.
    /// - Returns: the rows it took.
    private func drawExplanation(
        _ canvas: inout Canvas, _ search: CommandSearch, everywhere: Bool
    ) -> Int {
        guard canvas.height >= 8, let match = chosenCommand(search, everywhere: everywhere) else { return 0 }
        let keys = surroundings.keymap.keys(of: match.command.id).map { $0.label(symbols) }
            .joined(separator: " ")
        let why: String =
            if case .unavailable(let why) = availability(of: match.command.id, in: match.place) {
                " Not now: \(why)."
            } else { "" }
        let text = "\(match.command.title) (\(keys)): \(match.command.help).\(why)"
        let lines = SafeText.wrapped(text, to: canvas.width - 2).prefix(3)
        canvas.rule(row: canvas.height - 4)
        for (offset, line) in lines.enumerated() {
            canvas.put("  " + line, row: canvas.height - 3 + offset, style: .dim)
        }
        return 4
    }

    private enum HelpLine: Hashable {
        case gap
        case place(Place)
        /// By its index among the matches.
        case command(Int)
    }

    private func helpLines(_ matches: [CommandSearch.Match], grouped: Bool) -> [HelpLine] {
        var lines: [HelpLine] = []
        for (index, match) in matches.enumerated() {
            if grouped, index == 0 || matches[index - 1].place != match.place {
                if index > 0 { lines.append(.gap) }
                lines.append(.place(match.place))
            }
            lines.append(.command(index))
        }
        return lines
    }

    private func drawSearch(_ canvas: inout Canvas, _ title: String, _ search: CommandSearch, sign: String) {
        canvas.put(title, row: 0, style: .strong)
        canvas.put(sign, column: title.count + 2, row: 0, style: .key)
        let room = max(canvas.width - title.count - 5, 4)
        let window = search.field.window(columns: room)
        canvas.put(window.text, column: title.count + 4, row: 0, columns: room, style: .field)
        canvas.placeCursor(column: title.count + 4 + window.cursor, row: 0)
    }

    private func draw(_ match: CommandSearch.Match, isSelected: Bool, in canvas: inout Canvas, row: Int) {
        let command = match.command
        let keys = surroundings.keymap.keys(of: command.id).map { $0.label(symbols) }.joined(separator: " ")
        let availability = availability(of: command.id, in: match.place)
        let style: Style =
            isSelected ? .selected : availability == .available ? .normal : Style(.disabled)
        if isSelected {
            canvas.highlight(row: row, style: .selected)
            canvas.put(symbols.pointer, row: row, style: .selected)
        }
        let nameColumns = canvas.width >= 60 ? 20 : 13
        let keyColumns = canvas.width >= 110 ? 26 : canvas.width >= 60 ? 12 : 8
        canvas.put(command.id.rawValue, column: 2, row: row, columns: nameColumns, style: style)
        canvas.put(
            keys, column: 3 + nameColumns, row: row, columns: keyColumns, style: isSelected ? .selected : .key
        )
        var text = command.help
        if case .unavailable(let why) = availability { text = "not now: \(why) \(symbols.dot) " + text }
        canvas.put(text, column: 4 + nameColumns + keyColumns, row: row, style: style)
    }
}
