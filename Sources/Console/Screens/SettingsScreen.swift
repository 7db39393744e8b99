import Ledger

/// The settings in effect, and where each comes from.
struct SettingsScreen: Screen {
    var filter: FilterField? = FilterField()
    var scroll = 0

    let place = Place.settings
    let title = "Settings"

    mutating func move(_ motion: Motion, _ context: ScreenContext) {
        scroll = max(scroll + motion.step(page: context.rows), 0)
    }

    func lineCount(_ console: ConsoleState) -> Int? { settings(console).count + 1 }

    private func settings(_ console: ConsoleState) -> [SettingLine] {
        let words = (filter?.text ?? "").lowercased().split(separator: " ")
        return console.surroundings.settings.filter { line in
            let text = "\(line.name) \(line.value) \(line.origin)".lowercased()
            return words.allSatisfy { text.contains($0) }
        }
    }

    func draw(_ canvas: inout Canvas, _ console: ConsoleState) {
        let settings = settings(console)
        canvas.put(
            title: title, filter: filter, note: Wording.counted(settings.count, "setting"), style: .strong)
        let room = canvas.width - 4
        let name = min(max(settings.map { SafeText.columns($0.name) }.max() ?? 4, 4), max(room / 3, 8))
        let value = max((room - name) * 11 / 20, 8)
        let columns = [
            Column("NAME", name), Column("VALUE", value), Column("FROM", max(room - name - value - 2, 4)),
        ]
        canvas.putTitles(of: columns, from: 2, row: 1)
        let first = min(scroll, max(settings.count - (canvas.height - 2), 0))
        for (offset, line) in settings.dropFirst(first).prefix(max(canvas.height - 2, 0)).enumerated() {
            let empty = line.value.isEmpty ? "none" : line.value
            canvas.put(
                cells: [
                    (line.name, .normal), (empty, line.value.isEmpty ? .dim : .strong), (line.origin, .dim),
                ],
                in: columns, from: 2, row: 2 + offset)
        }
    }
}
