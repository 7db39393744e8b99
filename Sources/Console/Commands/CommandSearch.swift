/// The commands that a typed text finds: the palette and the help.
struct CommandSearch: Sendable {
    /// Where it was asked for: a command is given there, and that place's commands come first.
    let place: Place
    /// What it was asked for in, which is gone back to; nil where nothing lay over the screen.
    let over: Dialog?
    var field = LineField(limit: 200)
    var selected = 0

    init(place: Place, over: Dialog? = nil, text: String = "") {
        self.place = place
        self.over = over
        field.set(text)
    }

    /// One command, with the place under which it is listed.
    struct Match: Sendable {
        let command: Command
        let place: Place
    }

    /// - Parameter everywhere: whether commands of other places are listed too, under the first of theirs.
    func matches(everywhere: Bool) -> [Match] {
        let words = field.text.lowercased().split(separator: " ").map(String.init)
        var told: Set<CommandID> = []
        var matches: [Match] = []
        for place in everywhere ? [place] + Place.allCases.filter({ $0 != place }) : [place] {
            for command in Command.all where command.places.contains(place) {
                guard told.insert(command.id).inserted else { continue }
                if everywhere || !command.isMotion { matches.append(Match(command: command, place: place)) }
            }
        }
        if words.isEmpty { return matches }
        // What begins with the words is meant more often than what has them in its explanation.
        let ranked = matches.compactMap { match in match.command.rank(of: words).map { (match, $0) } }
        let best = ranked.enumerated().sorted { left, right in
            func key(_ entry: (offset: Int, element: (Match, Int))) -> (Int, Int, Int) {
                let (match, rank) = entry.element
                // Of two names that begin alike, the shorter one is nearer to what is typed.
                return (rank, rank == 1 ? match.command.id.rawValue.count : 0, entry.offset)
            }
            return key(left) < key(right)
        }
        return best.map(\.element.0)
    }

    mutating func move(by step: Int, of count: Int) {
        selected = count == 0 ? 0 : (min(selected, count - 1) + step + count) % count
    }
}

extension Command {
    /// Whether it only goes from line to line, which nobody types a name for.
    fileprivate var isMotion: Bool { Motion(id) != nil }

    /// How well the words fit: 0 for the beginning of the name, more for worse, nil when one of them is not found.
    fileprivate func rank(of words: [String]) -> Int? {
        let name = id.rawValue
        let title = title.lowercased()
        let whole = [name, title, help.lowercased()].joined(separator: " ")
        guard words.allSatisfy({ whole.contains($0) }) else { return nil }
        let first = words[0]
        if name == words.joined(separator: "-") || title == words.joined(separator: " ") { return 0 }
        let parts = name.split(separator: "-") + title.split(separator: " ")
        let isNamed = words.allSatisfy { word in parts.contains { $0.hasPrefix(word) } }
        if name.hasPrefix(first) || title.hasPrefix(first) { return isNamed ? 1 : 2 }
        return name.contains(first) || title.contains(first) ? 3 : 4
    }
}
