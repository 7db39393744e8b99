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
        if let area = layout.attempts { canvas.draw(in: area, drawAttempts) }
        if let area = layout.dialog { canvas.draw(in: area, drawDialog) }
        drawFooter(&canvas, row: layout.footerRow)
        return canvas.frame
    }

    private func drawDialog(_ canvas: inout Canvas) {
        switch dialog {
        case .form(let form):
            drawForm(&canvas, form)
        case .transaction(let transaction):
            let title = "Record #\(transaction.line.record.seq) of account \(transaction.account.code)"
            drawScrolled(&canvas, title, transactionLines(transaction), scroll: transaction.scroll)
        case .help(let help):
            drawScrolled(&canvas, "Help", helpLines(help), scroll: help.scroll)
        case nil: break
        }
    }

    /// Lines under a title, which says where they are when not all are in sight.
    private func drawScrolled(
        _ canvas: inout Canvas, _ title: String, _ lines: [TextLine], scroll: Int, below: Int = 0
    ) {
        let rows = max(canvas.height - 1 - below, 0)
        canvas.put(title, row: 0, style: .strong)
        if lines.count > rows {
            let first = min(max(scroll, 0), lines.count - rows)
            let text = " lines \(first + 1) to \(first + rows) of \(lines.count)"
            canvas.putRight(text, row: 0, style: .dim)
        }
        canvas.put(lines: lines, scroll: scroll, from: 1, rows: rows)
    }

    private func drawForm(_ canvas: inout Canvas, _ form: FormDialog) {
        let lines = formLines(form)
        guard let answers = answerLine(form) else {
            if form.place == .receipt {
                drawScrolled(&canvas, formTitle(form), lines, scroll: form.scroll)
            } else {
                canvas.put(formTitle(form), row: 0, style: .strong)
                canvas.put(lines: lines, from: 1, rows: canvas.height - 1)
            }
            return
        }
        // The answers stay in sight, however little room there is for what they are about.
        drawScrolled(&canvas, formTitle(form), lines, scroll: form.scroll, below: 1)
        canvas.put(answers.pieces, row: min(lines.count + 2, canvas.height - 1))
    }
}
