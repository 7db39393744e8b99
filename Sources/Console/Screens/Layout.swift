/// Where everything is on the screen, for a state and its size. Pure arithmetic, so that update and view agree.
struct Layout {
    private(set) var accounts: Canvas.Area?
    private(set) var history: Canvas.Area?
    private(set) var attempts: Canvas.Area?
    /// Of the screen over the panes.
    private(set) var screen: Canvas.Area?
    private(set) var dialog: Canvas.Area?
    /// Rows with a line across.
    private(set) var rules: [Int] = []
    /// Standing notices under the header.
    let banners: [ConsoleState.Notice]
    let footerRow: Int

    static let minimumWidth = 24
    static let minimumHeight = 6

    /// Below this many rows for all panes, two are shown; below the other, one.
    private static let rowsForThree = 17
    private static let rowsForTwo = 11

    init(_ state: ConsoleState) {
        let (width, height) = (state.size.width, state.size.height)
        banners = Self.lines(of: state.banners, width: width, rows: height < 12 ? 1 : 3)
        footerRow = height - 1
        let top = 1 + banners.count
        let content = Canvas.Area(column: 0, row: top, width: width, height: max(footerRow - top, 0))
        if let wanted = state.dialogHeight {
            place(dialog: wanted, over: state, in: content)
        } else {
            place(state, in: content)
        }
    }

    var accountRows: Int { accounts.map { max($0.height - Self.accountHeads(height: $0.height), 0) } ?? 0 }
    var historyRows: Int { history.map { max($0.height - 1, 0) } ?? 0 }
    var attemptRows: Int { attempts.map { max($0.height - 1, 0) } ?? 0 }
    var dialogRows: Int { dialog.map { max($0.height - 1, 0) } ?? 0 }

    /// Notices in so many rows; a long one is wrapped as long as each that follows has a row.
    private static func lines(
        of notices: [ConsoleState.Notice], width: Int, rows: Int
    ) -> [ConsoleState.Notice] {
        var lines: [ConsoleState.Notice] = []
        for (index, notice) in notices.prefix(rows).enumerated() {
            let room = max(rows - lines.count - (min(notices.count, rows) - index - 1), 1)
            let wrapped = SafeText.wrapped(notice.text, to: max(width, 1))
            let rest = wrapped.dropFirst(room - 1).joined(separator: " ")
            let texts = wrapped.prefix(room - 1) + (rest.isEmpty ? [] : [rest])
            lines += texts.map { ConsoleState.Notice(text: $0, role: notice.role) }
        }
        return lines
    }

    /// Title, and names of the columns where there is room for them.
    static func accountHeads(height: Int) -> Int { height >= 6 ? 2 : 1 }

    /// The dialog lies over the lower part; what it is about stays in sight above it where there is room.
    private mutating func place(dialog wanted: Int, over state: ConsoleState, in content: Canvas.Area) {
        let height = max(wanted, content.height * 11 / 20)
        let above = content.height - height - 1
        guard above >= 5 else {
            dialog = content
            return
        }
        split(content, [above, height]) { layout, areas in
            if state.screens.isEmpty { layout.accounts = areas[0] } else { layout.screen = areas[0] }
            layout.dialog = areas[1]
        }
    }

    private mutating func place(_ state: ConsoleState, in content: Canvas.Area) {
        if !state.screens.isEmpty {
            screen = content
            return
        }
        let height = content.height
        if state.isEnlarged || height < Self.rowsForTwo {
            set(state.focus, content)
            return
        }
        if height < Self.rowsForThree {
            let lower = (height - 1) / 2
            split(content, [height - 1 - lower, lower]) { layout, areas in
                layout.accounts = areas[0]
                layout.set(state.focus == .attempts ? .attempts : .history, areas[1])
            }
            return
        }
        let attempts = max(4, (height - 2) * 28 / 100)
        let history = max(4, (height - 2 - attempts) * 46 / 100)
        split(content, [height - 2 - attempts - history, history, attempts]) { layout, areas in
            layout.accounts = areas[0]
            layout.history = areas[1]
            layout.attempts = areas[2]
        }
    }

    /// Cuts an area into parts of these heights, with a line between each two.
    private mutating func split(
        _ area: Canvas.Area, _ heights: [Int], _ body: (inout Layout, [Canvas.Area]) -> Void
    ) {
        var areas: [Canvas.Area] = []
        var row = area.row
        for height in heights {
            areas.append(Canvas.Area(column: area.column, row: row, width: area.width, height: height))
            row += height
            if areas.count < heights.count { rules.append(row) }
            row += 1
        }
        body(&self, areas)
    }

    private mutating func set(_ pane: ConsoleState.Pane, _ area: Canvas.Area) {
        switch pane {
        case .accounts: accounts = area
        case .history: history = area
        case .attempts: attempts = area
        }
    }
}

extension ConsoleState {
    /// What stands under the header as long as it is so.
    var banners: [Notice] {
        var banners: [Notice] = []
        if let connectionProblem {
            let age = (screens.last.map(\.loadedAt) ?? accounts.loadedAt).map {
                " The screen shows what was read \(Wording.age(of: $0, now: now))."
            }
            banners.append(
                Notice(
                    text:
                        "\(symbols.bad) Not connected: \(Wording.sentence(connectionProblem)) It is tried again by itself."
                        + (age ?? ""),
                    role: .negative))
        }
        if let queryProblem, connectionProblem == nil {
            banners.append(Notice(text: "\(symbols.bad) \(Wording.sentence(queryProblem))", role: .negative))
        }
        if !foundOnBooks.isEmpty {
            let references = foundOnBooks.map(\.reference.text).joined(separator: ", ")
            let what = foundOnBooks.count == 1 ? "The \(foundOnBooks[0].kind)" : "The operations"
            banners.append(
                Notice(
                    text:
                        "\(symbols.good) \(what) whose outcome was unknown \(foundOnBooks.count == 1 ? "is" : "are") "
                        + "on the books: \(references). \(keyLabel(.back)) takes note.",
                    role: .positive))
        }
        banners += leftBanners
        if let first = unresolved.first, place != .unknown {
            let more = unresolved.count > 1 ? " and \(unresolved.count - 1) more" : ""
            let what = first.isGone ? "Not posted after all" : "Outcome unknown"
            banners.append(
                Notice(
                    text: "\(symbols.unknown) \(what) (\(keyLabel(.showUnknown)) shows it): "
                        + summary(of: first.proposal) + more,
                    role: .warning))
        }
        return banners
    }

    /// Rows that the dialog wants, its title included; nil without one.
    var dialogHeight: Int? {
        switch dialog {
        case .form(let form): formLines(form).count + (answerLine(form) == nil ? 1 : 3)
        case .prompt(let prompt): promptLines(prompt).count + 1
        case .menu(let menu): menu.items.count + 1
        case .palette(let search): search.matches(everywhere: false).count + 5
        case .help: size.height
        case nil: nil
        }
    }

    /// What screens may know besides themselves.
    var screenContext: ScreenContext {
        ScreenContext(
            now: now, rows: screenRows, columns: size.width, interval: refreshInterval, symbols: symbols,
            log: attempts.shown)
    }
}
