import Ledger

extension ConsoleState {
    func drawHeader(_ canvas: inout Canvas) {
        let dot = " \(symbols.dot) "
        let who = "\(identity.actor) (\(identity.readOnlyWord ?? identity.role))"
        let ledger = ledgerName
        let lefts = [
            ["bursar", ledger, who].joined(separator: dot), [ledger, who].joined(separator: dot),
            ledger + dot + (identity.readOnlyWord ?? identity.actor),
        ]
        let style = Style(headerRole)
        canvas.highlight(row: 0, style: style)
        // Which ledger it is matters more than anything else, so that stays to the last.
        for right in booksTexts {
            for left in lefts where SafeText.columns(left) + right.columns + 2 <= canvas.width {
                canvas.put(left, row: 0, style: style)
                canvas.putRight(right.text, row: 0, style: isSound ? style : .negative)
                return
            }
        }
        // A name of a ledger can be long, such as a whole connection: its end gives way to who looks and how old it is.
        guard let right = booksTexts.last else { return }
        let tail = dot + (identity.readOnlyWord ?? identity.actor)
        let room = canvas.width - right.columns - SafeText.columns(tail) - 2
        guard room >= 8 else {
            canvas.put(ledger, row: 0, style: style)
            return
        }
        canvas.put(
            SafeText.truncated(ledger, to: room, ellipsis: symbols.ellipsis) + tail, row: 0, style: style)
        canvas.putRight(right.text, row: 0, style: isSound ? style : .negative)
    }

    /// The ledger with its environment; a production ledger says so in capitals, which no colour is needed for.
    var ledgerName: String {
        guard let environment = identity.environment else { return identity.ledger }
        return environment.isProduction
            ? "!! \(environment.name.uppercased()) !! \(identity.ledger)"
            : "[\(environment.name)] \(identity.ledger)"
    }

    private var headerRole: Role {
        guard let environment = identity.environment else { return .header }
        if environment.isProduction, environment.color == .none { return .production }
        return switch environment.color {
        case .none: .header
        case .red: .environmentRed
        case .yellow: .environmentYellow
        case .green: .environmentGreen
        case .blue: .environmentBlue
        case .magenta: .environmentMagenta
        case .cyan: .environmentCyan
        }
    }

    private var isSound: Bool {
        !books.isFoundUnsound && (books.trialBalance?.allSatisfy(\.isBalanced) ?? true)
    }

    /// A text of the header, and the columns that are kept for it: its age grows and shrinks, and what stands on the
    /// left must not come and go with it.
    private typealias BooksText = (text: String, columns: Int)

    /// What the header says of the books, from long to short.
    private var booksTexts: [BooksText] {
        // Of what is seen below; where that is not read from the books, of the trial balance, which is made more rarely.
        let loadedAt = screens.last.map { $0.loadedAt ?? books.loadedAt } ?? accounts.loadedAt
        let isShort = size.width < 90
        let read = loadedAt.map { moment in
            let age = Wording.age(of: moment, now: now)
            return isShort && now.is(.seconds(1), after: moment) ? age : "read " + age
        }
        let readColumns = max((isShort ? "99 s ago" : "read 99 s ago").count, read.map(SafeText.columns) ?? 0)
        func plain(_ text: String) -> BooksText { (text, SafeText.columns(text)) }
        func aged(_ text: String) -> BooksText {
            guard let read else { return plain(text) }
            let start = text + " \(symbols.dot) "
            return (start + read, SafeText.columns(start) + readColumns)
        }
        if identity.isConfined { return [aged("some accounts only"), plain("some accounts only")] }
        guard let lines = books.trialBalance else {
            return [aged("trial balance not known yet"), plain("loading")]
        }
        let off = lines.filter { !$0.isBalanced }
        if off.isEmpty, books.isFoundUnsound {
            let text = "verify found problems \(symbols.bad)"
            return [aged("trial balance 0.00, but " + text), aged(text), plain("unsound \(symbols.bad)")]
        }
        if off.isEmpty {
            let books = "books \(symbols.good)"
            return [
                aged("trial balance 0.00 \(symbols.good)"), aged(books),
                read.map { ($0, readColumns) } ?? plain(books),
            ]
        }
        let differences = off.map {
            "debits \($0.debits.grouped), credits \($0.credits.grouped) \($0.currency)"
        }
        return [
            aged("trial balance off \(symbols.bad): " + differences.joined(separator: "; ")),
            aged("trial balance off \(symbols.bad)"), plain("books off \(symbols.bad)"),
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
        for button in footerButtons(columns: canvas.width) {
            let isAvailable = availability(of: button.command.id) == .available
            canvas.put(
                button.key, column: button.column, row: row, style: isAvailable ? .key : Style(.disabled))
            canvas.put(
                button.command.title, column: button.column + SafeText.columns(button.key) + 1, row: row,
                style: isAvailable ? .normal : Style(.disabled))
        }
    }

    /// A command at the foot of the screen.
    struct FooterButton {
        let command: Command
        let key: String
        let column: Int

        var columns: Int { SafeText.columns(key) + 1 + SafeText.columns(command.title) }
    }

    /// The commands that fit: chosen by rank, shown in the order of the table.
    func footerButtons(columns: Int) -> [FooterButton] {
        let place = self.place
        let candidates = Command.all.enumerated().filter { _, command in
            command.footer != nil && command.places.contains(place)
                && !(command.hidesWhenUnavailable && availability(of: command.id) != .available)
        }
        var room = columns
        var chosen: [(offset: Int, command: Command, key: String)] = []
        for (offset, command) in candidates.sorted(by: { $0.element.footer ?? 0 < $1.element.footer ?? 0 }) {
            guard let key = surroundings.keymap.keys(of: command.id).first?.label(symbols) else { continue }
            let width =
                SafeText.columns(key) + 1 + SafeText.columns(command.title) + (chosen.isEmpty ? 0 : 2)
            if width > room { break }
            room -= width
            chosen.append((offset, command, key))
        }
        var buttons: [FooterButton] = []
        for (_, command, key) in chosen.sorted(by: { $0.offset < $1.offset }) {
            let start = buttons.last.map { $0.column + $0.columns + 2 } ?? 0
            buttons.append(FooterButton(command: command, key: key, column: start))
        }
        return buttons
    }

    /// The key that gives a command, as texts name it.
    func keyLabel(_ command: CommandID) -> String {
        surroundings.keymap.keys(of: command).first?.label(symbols) ?? ":" + command.rawValue
    }
}
