/// Which key gives which command in which place: the table of commands, with the keys that the settings change.
public struct Keymap: Sendable {
    private var keys: [CommandID: [Key]] = [:]
    private var byKey: [Place: [Key: Command]] = [:]

    /// The keys that are built in.
    public static let standard = Keymap()

    private init() {
        for command in Command.all { keys[command.id] = command.keys }
        index()
    }

    /// - Parameter overrides: names of keys by the name of a command; they take the place of the built-in ones.
    /// - Throws: ``KeymapProblem`` for a name that does not exist, a key that means two things in one place, or a
    ///   way out that would be lost.
    public init(_ overrides: [String: [String]]) throws(KeymapProblem) {
        self.init()
        for (name, keyNames) in overrides.sorted(by: { $0.key < $1.key }) {
            guard let id = CommandID(rawValue: name) else {
                throw KeymapProblem("there is no command “\(name)”; the page of keys lists all")
            }
            var wanted: [Key] = []
            for keyName in keyNames {
                guard let key = Key(name: keyName) else {
                    throw KeymapProblem(
                        "“\(keyName)” is no key; write d, Ctrl-R, Alt-x, F5, Enter, Space, PgUp and so on")
                }
                wanted.append(key)
            }
            keys[id] = wanted
        }
        try check()
        index()
    }

    private mutating func index() {
        byKey = [:]
        for command in Command.all {
            for place in command.places {
                for key in keys[command.id] ?? [] { byKey[place, default: [:]][key] = command }
            }
        }
    }

    private func check() throws(KeymapProblem) {
        if !(keys[.quitNow] ?? []).contains(.control("c")) {
            throw KeymapProblem("quit-now must keep Ctrl-C, the way out of everywhere")
        }
        for place in Place.allCases {
            var seen: [Key: CommandID] = [:]
            for command in Command.all where command.places.contains(place) {
                for key in keys[command.id] ?? [] {
                    if let other = seen[key] {
                        throw KeymapProblem(
                            "\(key.name) would give both \(other.rawValue) and \(command.id.rawValue) in "
                                + "“\(place.title)”; give \(other.rawValue) other keys too")
                    }
                    seen[key] = command.id
                }
                if place.takesText(beside: command.id), let key = keys[command.id]?.first(where: \.isText) {
                    throw KeymapProblem(
                        "\(key.name) cannot give \(command.id.rawValue): text is typed in “\(place.title)”")
                }
            }
        }
    }

    /// The command that a key gives in a place.
    func command(for key: Key, in place: Place) -> Command? { byKey[place]?[key] }

    /// The keys of a command; the first is the one that is shown. Empty when the settings took all away.
    func keys(of id: CommandID) -> [Key] { keys[id] ?? [] }
}

/// Why keys cannot be as the settings want them, in plain words without a full stop.
public struct KeymapProblem: Error, Hashable {
    public let message: String

    init(_ message: String) { self.message = message }
}

extension Place {
    /// Whether characters go into a text here.
    /// Whether a key that types something cannot give the command there. A choice of a form is not typed in.
    fileprivate func takesText(beside command: CommandID) -> Bool {
        switch self {
        case .filter, .suggestions, .prompt, .palette, .help: true
        case .form: command != .nextChoice && command != .previousChoice
        default: false
        }
    }
}

extension Key {
    /// Whether the key types something.
    fileprivate var isText: Bool {
        if case .character = self { true } else { false }
    }
}
