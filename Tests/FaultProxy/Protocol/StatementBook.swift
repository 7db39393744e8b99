/// The prepared statements and portals of one session, as far as its messages tell.
///
/// Statements that SQL makes or drops are not seen, save for `DEALLOCATE` of one; an entry that is no longer
/// true at the server harms nobody, because only what is executed is asked about.
struct StatementBook {
    struct Entry {
        let name: String
        /// At most `Limits.statementTextBytes` of it.
        let text: [UInt8]
        /// The rules that text and name match, for the script of this generation.
        var candidates: [Int] = []
        var generation = 0
        fileprivate var lastUse = 0

        init(name: String, text: ArraySlice<UInt8>) {
            self.name = name
            self.text = Array(text.prefix(Limits.statementTextBytes))
        }

        /// The first word, in capitals.
        var command: String {
            let word = text.drop { $0 <= 0x20 }.prefix { (0x41...0x5A).contains($0 & 0xDF) }.prefix(16)
            return String(decoding: word.map { $0 & 0xDF }, as: UTF8.self)
        }

        /// Whether a transaction block ends with it.
        var isCommit: Bool { command == "COMMIT" || command == "END" }
    }

    private var entries: [String: Entry] = [:]
    /// The statement of each portal.
    private var portals: [String: String] = [:]
    private var clock = 0

    mutating func parsed(_ body: ArraySlice<UInt8>) {
        var reader = FieldReader(body)
        guard let name = reader.string(), let text = reader.text() else { return }
        if entries.count >= Limits.statements,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            entries[oldest.key] = nil
        }
        clock += 1
        entries[name] = Entry(name: name, text: text)
        entries[name]?.lastUse = clock
    }

    mutating func bound(_ body: ArraySlice<UInt8>) {
        var reader = FieldReader(body)
        guard let portal = reader.string(), let statement = reader.string() else { return }
        // Portals end with their transaction, unseen: the old ones are of no interest.
        if portals.count >= Limits.statements { portals = [:] }
        portals[portal] = statement
    }

    mutating func closed(_ body: ArraySlice<UInt8>) {
        var reader = FieldReader(body)
        guard let kind = reader.bytes(1)?.first, let name = reader.string() else { return }
        if kind == UInt8(ascii: "S") { entries[name] = nil } else { portals[name] = nil }
    }

    /// The statement that an Execute executes; an unknown one has no text.
    mutating func executed(_ body: ArraySlice<UInt8>) -> Entry {
        var reader = FieldReader(body)
        let name = reader.string().flatMap { portals[$0] } ?? ""
        guard let entry = entries[name] else { return Entry(name: name, text: []) }
        clock += 1
        entries[name]?.lastUse = clock
        if entry.command == "DEALLOCATE" { entries[droppedName(entry.text)] = nil }
        return entry
    }

    /// Keeps what was worked out for an entry.
    mutating func keep(_ candidates: [Int], generation: Int, for entry: Entry) {
        entries[entry.name]?.candidates = candidates
        entries[entry.name]?.generation = generation
    }

    private func droppedName(_ text: [UInt8]) -> String {
        let name = text.drop { $0 <= 0x20 }.dropFirst("DEALLOCATE".utf8.count)
        return String(decoding: name.filter { $0 > 0x20 && $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }
}
