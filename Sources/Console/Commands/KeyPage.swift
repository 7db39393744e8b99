/// The page of keys of the documentation, made from the table of commands.
public enum KeyPage {
    /// In Markdown. A command of several places stands under the first of them.
    public static var markdown: String {
        var lines = [
            "# Keys of the console", "",
            "Made from the table of commands in the program (`BURSAR_RECORD_SNAPSHOTS=1 swift test --filter "
                + "KeyPageTests` writes it anew; a test fails when the two differ). `?` shows the same in the console, "
                + "searchable, and `:` gives any command by its name.", "",
            "Keys are changed in the settings, by a command's name:", "",
            "    [keys]", "    deposit = [\"p\", \"F2\"]", "",
            "A key that would then give two commands in one place is an error, said at the start. Ctrl-C always leaves.",
        ]
        var told: Set<CommandID> = []
        for place in Place.allCases {
            let commands = Command.all.filter { $0.places.contains(place) && told.insert($0.id).inserted }
            if commands.isEmpty { continue }
            lines += [
                "", "## \(place.title)", "", "| command | keys | what it does |", "| --- | --- | --- |",
            ]
            lines += commands.map { command in
                let keys = command.keys.map { "`\($0.name)`" }.joined(separator: " ")
                return "| \(command.id.rawValue) | \(keys) | \(command.help.replacing("|", with: "\\|")) |"
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
