/// What the mouse does: a press selects what is under it, a second one opens it, the wheel scrolls. A press on a
/// command at the foot of the screen gives the command.
extension ConsoleState {
    private static let wheelLines = 3

    mutating func point(_ mouse: Mouse) -> [ConsoleEffect] {
        let layout = Layout(self)
        switch mouse.kind {
        case .wheelUp, .wheelDown:
            guard Command.find(.moveUp)?.places.contains(place) == true else { return [] }
            if dialog == nil, screens.isEmpty { focus(at: mouse, layout) }
            for _ in 0..<Self.wheelLines { move(mouse.kind == .wheelUp ? .up : .down) }
            return []
        case .press, .doublePress:
            // The second press of two would give a command that the first one has brought to this place.
            if mouse.row == layout.footerRow {
                return mouse.kind == .press ? pressFooter(column: mouse.column) : []
            }
            guard dialog == nil, place != .filter else { return [] }
            let isRow = select(at: mouse, layout)
            return mouse.kind == .doublePress && isRow ? open(selection.opens) : []
        }
    }

    private mutating func pressFooter(column: Int) -> [ConsoleEffect] {
        let button = footerButtons(columns: size.width).first { button in
            (button.column..<(button.column + button.columns)).contains(column)
        }
        return button.map { give($0.command) } ?? []
    }

    private mutating func focus(at mouse: Mouse, _ layout: Layout) {
        let areas: [(Pane, Canvas.Area?)] = [
            (.accounts, layout.accounts), (.history, layout.history), (.attempts, layout.attempts),
        ]
        if let pane = areas.first(where: { $0.1?.contains(mouse) == true })?.0 { focus = pane }
    }

    /// - Returns: whether there is a row.
    private mutating func select(at mouse: Mouse, _ layout: Layout) -> Bool {
        if let area = layout.screen {
            guard area.contains(mouse) else { return false }
            let context = screenContext
            return screens[screens.count - 1].select(row: mouse.row - area.row, context)
        }
        focus(at: mouse, layout)
        if let area = layout.accounts, area.contains(mouse) {
            let index = accounts.top + mouse.row - area.row - Layout.accountHeads(height: area.height)
            accounts.select(index)
            return accounts.selectedIndex == index
        }
        if let area = layout.history, area.contains(mouse) {
            let index = history.top + mouse.row - area.row - 1
            history.select(index)
            return history.selectedIndex == index
        }
        guard let area = layout.attempts, area.contains(mouse) else { return false }
        return attempts.list.select(row: mouse.row - area.row, from: 1, in: attempts.shown)
    }
}

extension Canvas.Area {
    fileprivate func contains(_ mouse: Mouse) -> Bool {
        (row..<(row + height)).contains(mouse.row) && (column..<(column + width)).contains(mouse.column)
    }
}
