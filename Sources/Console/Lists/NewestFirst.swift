import Ledger

/// A list that grows at its top while the older part is asked for as it is scrolled to: the journal, or the
/// records of an account that a filter holds for. Bounded; what is scrolled away is asked for again.
///
/// One question is open at a time. A question that has looked at its bound of rows says where it stopped, and
/// the next one goes on from there.
struct NewestFirst<Row: Sendable, Key: Hashable & Comparable & Sendable>: Sendable {
    private(set) var rows: [Row] = []
    private(set) var selection = NewestFirstSelection<Key>.first(nil)
    var top = 0
    /// Whether nothing is older than the last row.
    private(set) var reachesOldest = false
    /// Whether the search came to its end and found nothing, which holds until something is found.
    private var isKnownEmpty = false
    /// When the search for anything at all began, while it goes on.
    private var searchedSince: Timestamp?
    /// When all is to be looked through again, after that found nothing. Until then only the newest rows are.
    private var searchesAgainAt: Timestamp?
    /// Where the search for older rows goes on, when that is not the last row.
    private var continuesAt: Key?
    private(set) var isLoaded = false
    private(set) var poll = Poll()
    private var purpose: Purpose?
    private var isReloadWanted = true
    /// Whether newer rows than the first were dropped: new ones are not joined to it then.
    private var isDetached = false
    private let key: @Sendable (Row) -> Key
    /// Whether a row's key is of a time to come, since the clock of the machine that made it is ahead.
    private let isAhead: @Sendable (Key, Timestamp) -> Bool

    /// Rows are asked for by this many.
    static var page: Int { 100 }
    /// The most rows that are kept.
    static var maximumRows: Int { 4000 }

    /// A row's key tells when its operation began, and one that waited comes in under rows that began later: so many
    /// of the newest rows are asked for again with the newer ones.
    private static var overlap: Int { 30 }

    /// What a question is for.
    enum Purpose: Sendable, Hashable {
        /// The newest rows, in the place of all there are.
        case newest
        case older(than: Key)
        /// All rows that are newer than this one, which is among the newest.
        case newer(than: Key)
    }

    init(
        isAhead: @escaping @Sendable (Key, Timestamp) -> Bool = { _, _ in false },
        key: @escaping @Sendable (Row) -> Key
    ) {
        self.isAhead = isAhead
        self.key = key
    }

    /// Whether it is known what there is, down to the oldest.
    var isWhole: Bool { isLoaded && (reachesOldest || isKnownEmpty) }

    var selectedIndex: Int {
        guard let selected = selection.key else { return 0 }
        return rows.firstIndex { key($0) <= selected } ?? max(rows.count - 1, 0)
    }

    var newer: NewerRows { NewerRows(count: top, orMore: isDetached) }

    var selected: Row? { rows.isEmpty ? nil : rows[selectedIndex] }

    mutating func move(_ motion: Motion, page: Int) {
        guard !rows.isEmpty else { return }
        select(motion.moved(selectedIndex, of: rows.count, page: page))
        // Above what was kept there is more.
        if motion == .first || isDetached && selectedIndex == 0 { selection = .newest }
        if isDetached, selection == .newest {
            isDetached = false
            restart()
            selection = .newest
        }
    }

    mutating func select(_ index: Int) {
        guard rows.indices.contains(index) else { return }
        selection = .chosen(key(rows[index]))
    }

    mutating func settle(visible: Int) {
        if selection == .first(nil), let first = rows.first { selection = .first(key(first)) }
        top = topLine(top, showing: selectedIndex, of: rows.count, rows: visible)
    }

    /// Begins anew, since what is listed is another thing now. What is seen stays until the answer is there.
    mutating func restart() {
        if selection == .newest, let row = selected { selection = .chosen(key(row)) }
        isLoaded = false
        isKnownEmpty = false
        searchesAgainAt = nil
        // An answer that is on its way is none to this question; the next one is asked when it has come.
        purpose = nil
        reload()
    }

    mutating func reload() {
        // Rows do not change, and none is joined to those that were kept.
        isReloadWanted = !isLoaded || !isDetached
        poll.retry()
    }

    /// What to ask for now, if anything. The caller begins ``poll`` by ``begin(_:counter:now:)``.
    /// - Parameter joins: whether newer rows can be asked for by themselves; if not, the newest are asked for
    ///   anew while the selection is among them.
    mutating func next(now: Timestamp, visible: Int, joins: Bool, counter: inout RequestCounter)
        -> (RequestID, Purpose)?
    {
        guard poll.request == nil else { return nil }
        let wanted: Purpose
        if isReloadWanted {
            wanted = .newest
        } else if !reachesOldest, selectedIndex + 2 * visible + 20 > rows.count,
            let from = continuesAt ?? rows.last.map(key)
        {
            wanted = .older(than: from)
            poll.hurry()
        } else if isDetached {
            return nil
        } else if joins, let anchor = anchor(now: now) {
            wanted = .newer(than: key(anchor))
        } else if selectedIndex < Self.page / 2 {
            wanted = .newest
        } else {
            return nil
        }
        guard let id = poll.begin(&counter, now: now) else { return nil }
        if wanted == .newest { searchedSince = now }
        purpose = wanted
        isReloadWanted = false
        return (id, wanted)
    }

    /// The row below which nothing new is looked for. What is made now comes in under rows that are ahead of the time,
    /// however long they stay so.
    private func anchor(now: Timestamp) -> Row? {
        let present = rows.firstIndex { !isAhead(key($0), now) } ?? rows.endIndex
        return rows[present...].prefix(Self.overlap + 1).last ?? rows.last
    }

    /// - Returns: whether the answer was to the question that is open.
    mutating func take(
        _ id: RequestID, _ answer: [Row], continuesAt: Key?, isComplete: Bool, now: Timestamp,
        interval: Duration
    ) -> Bool {
        guard poll.end(id, now: now, interval: interval) else { return false }
        guard let purpose else {
            poll.hurry()
            return true
        }
        self.purpose = nil
        let (continuesAt, isComplete) = whatIsLeft(answer, continuesAt, isComplete, now: now)
        switch purpose {
        case .newest where isLoaded && !isDetached && rows.count > 0:
            join(answer, end: isComplete ? nil : continuesAt ?? answer.last.map(key))
        case .newest:
            rows = answer
            self.continuesAt = continuesAt
            reachesOldest = isComplete
            isDetached = false
            if !isLoaded || selectedIndex == 0 {
                if selection != .newest { selection = .first(nil) }
                top = 0
            }
            isLoaded = true
        case .older:
            rows += answer
            self.continuesAt = continuesAt
            if isComplete { reachesOldest = true }
        case .newer(let anchor) where answer.count < Self.page:
            let known = rows.firstIndex { key($0) == anchor } ?? 0
            rows.replaceSubrange(0..<known, with: answer)
            top = topLine(top, after: answer.count - known)
        case .newer: leaveGap(before: answer)
        }
        if !rows.isEmpty { isKnownEmpty = false } else if reachesOldest { isKnownEmpty = true }
        // The search goes on at once while it has found too little.
        if self.continuesAt != nil || isReloadWanted { poll.hurry() }
        trim()
        return true
    }

    /// How far a search has come that has found nothing yet. A whole one takes no more than a twentieth of the time;
    /// in between, only what has come in since can be found, and that is among the newest.
    private mutating func whatIsLeft(_ answer: [Row], _ continuesAt: Key?, _ isComplete: Bool, now: Timestamp)
        -> (continuesAt: Key?, isComplete: Bool)
    {
        guard rows.isEmpty, answer.isEmpty else { return (continuesAt, isComplete) }
        if isComplete, let searchedSince {
            let took = max(0, now.microseconds - searchedSince.microseconds)
            searchesAgainAt = now.advanced(by: .microseconds(20 * took))
            self.searchedSince = nil
        } else if isKnownEmpty, let searchesAgainAt, now < searchesAgainAt {
            searchedSince = nil
            return (nil, true)
        }
        return (continuesAt, isComplete)
    }

    /// Puts the newest rows in the place of those that they cover, and keeps what lies below: what was found there
    /// was searched for at length.
    private mutating func join(_ answer: [Row], end: Key?) {
        guard let end else {
            rows = answer
            (reachesOldest, continuesAt) = (true, nil)
            return
        }
        let isFull = answer.count >= Self.page
        guard !isFull || rows.contains(where: { key($0) >= end }) else { return leaveGap(before: answer) }
        let kept = rows.filter { key($0) < end }
        top = topLine(top, after: answer.count + kept.count - rows.count)
        rows = answer + kept
    }

    /// More came than one page holds: what lies between is unknown. Who follows the newest sees the newest; everybody
    /// else keeps what there is.
    private mutating func leaveGap(before answer: [Row]) {
        guard selection == .newest else {
            isDetached = true
            return
        }
        rows = answer
        reachesOldest = false
        continuesAt = nil
    }

    mutating func fail(_ id: RequestID, now: Timestamp) -> Bool {
        guard poll.fail(id, now: now) else { return false }
        if !isLoaded { isReloadWanted = true }
        purpose = nil
        return true
    }

    private mutating func trim() {
        let excess = rows.count - Self.maximumRows
        guard excess > 0 else { return }
        if selectedIndex > rows.count / 2 {
            rows.removeFirst(excess)
            top = max(0, top - excess)
            isDetached = true
        } else {
            rows.removeLast(excess)
            reachesOldest = false
            continuesAt = nil
        }
    }
}
