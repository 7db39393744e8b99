/// What the proxy did.
public struct FaultJournal: Sendable, Equatable {
    /// One fault, noted when it was decided.
    public struct Entry: Sendable, Equatable {
        public let kind: FaultKind
        /// Place of the rule in its script; nil for what was done by hand.
        public let rule: Int?
        /// Number of the connection: see ``FaultScript``. 0 for what was done by hand.
        public let connection: Int
        /// Number of the statement on its connection, from 1; 0 at startup.
        public let statement: Int
        /// The name of the prepared statement or the beginning of the text; empty at startup.
        public let what: String
    }

    /// The newest, 4,096 at the most, the oldest first.
    public internal(set) var entries: [Entry] = []
    /// All faults since the proxy was started.
    public internal(set) var counts: [FaultKind: Int] = [:]
    public internal(set) var connections = 0
    public internal(set) var statements = 0
    /// Connections that were refused because of a fault that lasts.
    public internal(set) var refused = 0
    /// Connections that were closed at once because 4,096 were open, or whose messages could not be
    /// understood.
    public internal(set) var rejected = 0

    /// All faults together.
    public var total: Int { counts.values.reduce(0, +) }

    /// `answer 12, cutAfterServer 3`, the most frequent first.
    public var summary: String {
        counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
            .map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", ")
    }

    mutating func note(_ entry: Entry) {
        counts[entry.kind, default: 0] += 1
        // Dropped in lots, because each time moves all that stay.
        if entries.count >= Limits.journalEntries { entries.removeFirst(Limits.journalEntries / 4) }
        entries.append(entry)
    }

    mutating func note(_ kind: FaultKind) {
        note(Entry(kind: kind, rule: nil, connection: 0, statement: 0, what: ""))
    }
}
