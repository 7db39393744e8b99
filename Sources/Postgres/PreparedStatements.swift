/// The statements that one connection has prepared, at most `limit` of them between transactions.
struct PreparedStatements {
    /// A class so that its use is noted where it was found: looking for it is most of what it costs.
    final class Entry {
        let sql: String
        let serverName: String
        let types: [UInt32]
        fileprivate var lastUse: UInt64

        init(sql: String, serverName: String, types: [UInt32], lastUse: UInt64) {
            self.sql = sql
            self.serverName = serverName
            self.types = types
            self.lastUse = lastUse
        }
    }

    let limit: Int
    /// In the name of each statement at the server. Behind a pooler other programs' statements stand beside
    /// ours, and theirs must not be executed for one of the same name.
    private let tag: String
    private var entries: [String: Entry] = [:]
    private var clock: UInt64 = 0
    private var lastNumber: UInt64 = 0
    /// Names at the server that nobody needs any more; dropped with a later round trip.
    private(set) var discarded: [String] = []

    init(limit: Int = 256, tag: UInt32) {
        self.limit = limit
        self.tag = String(tag, radix: 36)
    }

    var count: Int { entries.count }

    /// The entry for a statement, if it is prepared. Another text under the same name is another statement.
    mutating func find(_ statement: Statement) -> Entry? {
        guard let entry = entries[statement.name] else { return nil }
        guard entry.sql == statement.sql else {
            forget(statement.name, isAtServer: true)
            return nil
        }
        clock += 1
        entry.lastUse = clock
        return entry
    }

    /// A new entry, not yet kept. A name at the server is never used twice, so that a statement can be prepared
    /// anew without waiting for the old one to go.
    mutating func make(_ statement: Statement, types: [UInt32]) -> Entry {
        clock += 1
        lastNumber += 1
        // Servers keep 63 bytes of a name; ours is in it because their logs show it.
        let readable = statement.name.unicodeScalars.filter { $0.isASCII && $0.properties.isAlphabetic }
        let name = "\(String(String.UnicodeScalarView(readable.prefix(30))))_\(tag)_\(lastNumber)"
        return Entry(sql: statement.sql, serverName: name, types: types, lastUse: clock)
    }

    /// Keeps an entry that the server has confirmed; the one that was not used for longest makes room.
    mutating func keep(_ entry: Entry, for statement: Statement) {
        // Two texts under one name in one round trip: the later one stays.
        forget(statement.name, isAtServer: true)
        entries[statement.name] = entry
        guard entries.count > limit else { return }
        if let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            forget(oldest.key, isAtServer: true)
        }
    }

    /// Forgets a statement; `isAtServer` says whether the server still has it.
    mutating func forget(_ name: String, isAtServer: Bool) {
        guard let entry = entries.removeValue(forKey: name), isAtServer else { return }
        discarded.append(entry.serverName)
    }

    /// Forgets everything, because the server has.
    mutating func forgetAll() {
        entries = [:]
        discarded = []
    }

    /// Some names to drop at the server now.
    mutating func takeDiscarded() -> [String] {
        let batch = Array(discarded.prefix(16))
        discarded.removeFirst(batch.count)
        return batch
    }
}
