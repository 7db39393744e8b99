extension ConsoleState {
    /// Every command by place, from the table; the place that help was asked from comes first.
    func helpLines(_ help: HelpDialog) -> [TextLine] {
        let columns = size.width
        var lines: [TextLine] = []
        let places = [help.place] + Place.allCases.filter { $0 != help.place }
        // A command of several places stands under the first of them, so that help stays short.
        var told: Set<CommandID> = []
        for place in places {
            let commands = Command.all.filter { $0.places.contains(place) && told.insert($0.id).inserted }
            if commands.isEmpty { continue }
            if !lines.isEmpty { lines.append(TextLine()) }
            lines.append(TextLine(place.title, .title))
            for command in commands {
                let keys = command.keys.map { $0.label(symbols) }.joined(separator: " ")
                let unavailable: String =
                    if place == help.place, case .unavailable(let why) = availability(of: command.id) {
                        " (not now: \(why))"
                    } else {
                        ""
                    }
                let text = SafeText.wrapped(command.help + unavailable, to: max(columns - 19, 12))
                for (index, line) in text.enumerated() {
                    let head = index == 0 ? keys : ""
                    lines.append(TextLine([("  " + head.padded(to: 16) + " ", .key), (line, .normal)]))
                }
            }
        }
        return lines
    }
}
