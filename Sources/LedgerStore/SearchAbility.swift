import Postgres
import Synchronization

/// What the database can look up by index, which depends on how it was made. Asked once; a word index that is not
/// there is asked for again, since it may come later.
final class SearchAbility: Sendable {
    struct Facts: Sendable {
        /// Whether there is an index of the words in codes and names.
        let hasWordIndex: Bool
        /// Whether letters beyond ASCII are letters to that index.
        let knowsAllLetters: Bool
        /// Whether text sorts by its bytes, so that what begins alike lies together in an index.
        let sortsByBytes: Bool
        /// Whether a part of a table can be read as it lies on disk, without the rest.
        let readsBlocks: Bool
    }

    private let known = Mutex<Facts?>(nil)

    func facts(_ queries: LedgerQueries) async throws(PostgresError) -> Facts {
        guard queries.dialect == .postgresql else {
            return Facts(hasWordIndex: false, knowsAllLetters: false, sortsByBytes: true, readsBlocks: false)
        }
        if let facts = known.withLock({ $0 }) { return facts }
        guard let row = try await queries.execute(Self.selectFacts, []).first else {
            return Facts(hasWordIndex: false, knowsAllLetters: false, sortsByBytes: false, readsBlocks: false)
        }
        let facts = Facts(
            hasWordIndex: try row.decode(0), knowsAllLetters: try row.decode(1),
            sortsByBytes: try row.decode(2), readsBlocks: try row.decode(3))
        if facts.hasWordIndex { known.withLock { $0 = facts } }
        return facts
    }

    static let maximumWords = 3

    /// The words, longest first and at most ``maximumWords``, that the word index finds without reading all of it: it knows
    /// groups of three letters or digits that stand together.
    static func indexed(_ words: [String], knowsAllLetters: Bool) -> [String] {
        let usable = words.filter { word in
            var run = 0
            for scalar in word.unicodeScalars {
                let counts =
                    scalar.isASCII
                    ? scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    : knowsAllLetters && scalar.properties.isAlphabetic
                run = counts ? run + 1 : 0
                if run == 3 { return true }
            }
            return false
        }
        return Array(usable.sorted { $0.unicodeScalars.count > $1.unicodeScalars.count }.prefix(maximumWords))
    }

    private static let selectFacts = Statement(
        name: "select_search_ability",
        sql: """
            SELECT to_regclass('bursar.accounts_words_idx') IS NOT NULL,
                datctype NOT IN ('C', 'POSIX'),
                datcollate IN ('C', 'POSIX') OR lower(datcollate) IN ('c.utf8', 'c.utf-8'),
                current_setting('server_version_num')::int >= 140000
            FROM pg_database WHERE datname = current_database()
            """)
}
