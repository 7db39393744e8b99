extension ConsoleState {
    /// The screen as it is to be shown.
    public func view() -> Frame {
        var canvas = Canvas(size: size, symbols: symbols)
        guard size.width >= Layout.minimumWidth, size.height >= Layout.minimumHeight else {
            let text = "Too small: \(Layout.minimumWidth)x\(Layout.minimumHeight) is needed"
            for (row, line) in SafeText.wrapped(text, to: size.width).enumerated() {
                canvas.put(line, row: row, style: .warning)
            }
            return canvas.frame
        }
        let layout = Layout(self)
        drawHeader(&canvas)
        for (index, banner) in layout.banners.enumerated() {
            canvas.put(banner.text, row: 1 + index, style: Style(banner.role))
        }
        for row in layout.rules { canvas.rule(row: row) }
        if let area = layout.accounts { canvas.draw(in: area, drawAccounts) }
        if let area = layout.history { canvas.draw(in: area, drawHistory) }
        if let area = layout.attempts { canvas.draw(in: area) { drawAttempts(&$0) } }
        if let area = layout.screen, let screen = screens.last {
            canvas.draw(in: area) { screen.draw(&$0, self) }
        }
        if let area = layout.dialog { canvas.draw(in: area, drawDialog) }
        drawFooter(&canvas, row: layout.footerRow)
        return canvas.frame
    }

    private func drawDialog(_ canvas: inout Canvas) {
        switch dialog {
        case .form(let form): drawForm(&canvas, form)
        case .prompt(let prompt):
            canvas.put(prompt.kind.title, row: 0, style: .strong)
            canvas.put(lines: promptLines(prompt), from: 1, rows: canvas.height - 1)
        case .menu(let menu): drawMenu(&canvas, menu)
        case .palette(let search): drawPalette(&canvas, search)
        case .help(let search): drawHelp(&canvas, search)
        case nil: break
        }
    }

    private func drawForm(_ canvas: inout Canvas, _ form: FormDialog) {
        let lines = formLines(form)
        guard let answers = answerLine(form) else {
            let scroll = form.place == .receipt ? form.scroll : 0
            return canvas.draw(title: formTitle(form), lines: lines, scroll: scroll)
        }
        // The answers stay in sight, however little room there is for what they are about.
        canvas.draw(title: formTitle(form), lines: lines, scroll: form.scroll, below: 1)
        canvas.put(answers.pieces, row: min(lines.count + 2, canvas.height - 1))
    }
}
