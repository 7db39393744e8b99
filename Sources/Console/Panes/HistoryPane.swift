import Ledger

/// The selected account's records, newest first: a window that grows at both ends as it is scrolled. Records are
/// numbered without gaps, so the window is known by the numbers of its ends.
struct HistoryPane: Sendable {
    private(set) var account: Account?
    private(set) var lines: [HistoryLine] = []
    /// By the number of the record.
    private(set) var selection = NewestFirstSelection<Int64>.first(nil)
    var top = 0
    private var request: Request?
    /// The record that was asked for, while it is not among the lines.
    private var jumpTarget: Int64?
    /// After an answer that brought nothing new, or none, nothing is asked for a while: a history that is not what
    /// its account says must not be asked for without end.
    private var pausedAt: Timestamp?

    private static let pause = Duration.seconds(2)

    private struct Request: Sendable {
        let id: RequestID
        let account: Identifier
        let purpose: Purpose

        /// Whether its answer still joins what there is.
        func isWanted(_ lines: [HistoryLine]) -> Bool {
            switch purpose {
            case .newest, .around: true
            case .older, .newer: !lines.isEmpty
            }
        }
    }

    private enum Purpose: Sendable {
        case newest, older, newer
        /// The records around this number.
        case around(Int64)
    }

    /// Records are asked for by this many.
    static let page = 200
    /// The most records that are kept.
    static let maximumLines = 4000

    /// Index into ``lines``.
    var selectedIndex: Int {
        guard let selected = selection.key, let newest = lines.first?.record.seq else { return 0 }
        return min(max(Int(newest - selected), 0), lines.count - 1)
    }

    var newer: NewerRows {
        guard let account, lines.indices.contains(top) else { return NewerRows(count: 0) }
        return NewerRows(count: Int(max(account.version - lines[top].record.seq, 0)))
    }

    var selected: HistoryLine? { lines.isEmpty ? nil : lines[selectedIndex] }

    /// Shows another account, or the same one as it is now.
    mutating func show(_ account: Account?) {
        if self.account?.id != account?.id {
            lines = []
            selection = .first(nil)
            top = 0
            jumpTarget = nil
        }
        self.account = account
    }

    mutating func move(_ motion: Motion, page: Int) {
        switch motion {
        case .first: moveToNewest()
        case .last: moveToOldest()
        default: select(motion.moved(selectedIndex, of: lines.count, page: page))
        }
    }

    mutating func select(_ index: Int) {
        guard lines.indices.contains(index) else { return }
        jumpTarget = nil
        selection = .chosen(lines[index].record.seq)
    }

    /// - Parameter isMarked: whether the selection is shown; if not, the newest are seen until somebody has chosen one.
    mutating func settle(visible: Int, isMarked: Bool) {
        if case .first(let seq) = selection {
            selection = .first(isMarked ? seq ?? lines.first?.record.seq : nil)
        }
        top = topLine(top, showing: selectedIndex, of: lines.count, rows: visible)
    }

    private mutating func moveToNewest() {
        selection = .newest
        jumpTarget = nil
        if !isNewest { lines = [] }
        top = 0
    }

    private mutating func moveToOldest() {
        guard let oldest = lines.last?.record.seq else { return }
        if oldest > 1 { jump(to: 1) } else { selection = .chosen(1) }
    }

    /// Goes to the record of this number, or the nearest one that there is.
    mutating func jump(to seq: Int64) {
        let seq = max(seq, 1)
        selection = .chosen(seq)
        jumpTarget = nil
        if let newest = lines.first?.record.seq, let oldest = lines.last?.record.seq, seq <= newest,
            seq >= oldest
        {
            return
        }
        jumpTarget = seq
    }

    /// Whether the window begins with the newest record that is known of.
    private var isNewest: Bool { (lines.first?.record.seq ?? 0) >= (account?.version ?? 0) }

    // MARK: Asking

    mutating func nextQuestion(now: Timestamp, visible: Int, counter: inout RequestCounter)
        -> (RequestID, Question)?
    {
        guard request == nil, let account else { return nil }
        if let pausedAt, !now.is(Self.pause, after: pausedAt) { return nil }
        guard let (purpose, newest) = wanted(account, visible: visible) else { return nil }
        let id = counter.next()
        request = Request(id: id, account: account.id, purpose: purpose)
        // At first as many as need no second question until somebody moves.
        let isFirst = lines.isEmpty && jumpTarget == nil
        let limit = isFirst ? min(1 + Self.reach(visible), Self.page) : Self.page
        return (id, .history(account.id, newestSeq: newest, limit: limit))
    }

    /// How many records beyond the selected one are to be there before somebody scrolls to them.
    private static func reach(_ visible: Int) -> Int { 2 * visible + 20 }

    private func wanted(_ account: Account, visible: Int) -> (Purpose, Int64)? {
        // As many older as newer ones, so that there is something to see on both sides.
        if let jumpTarget { return (.around(jumpTarget), jumpTarget + Int64(Self.page / 2)) }
        guard let newest = lines.first?.record.seq, let oldest = lines.last?.record.seq else {
            return (.newest, .max)
        }
        let index = selectedIndex
        if oldest > 1, index + Self.reach(visible) > lines.count { return (.older, oldest - 1) }
        guard newest < account.version else { return nil }
        // New records are wanted where the newest are seen; elsewhere only what is scrolled to.
        if selection.key == nil { return (.newest, .max) }
        return index < Self.reach(visible) ? (.newer, newest + Int64(Self.page)) : nil
    }

    // MARK: Answers

    mutating func take(_ id: RequestID, _ answer: Answer, now: Timestamp) -> Bool {
        guard let request, request.id == id, case .history(let answer) = answer else { return false }
        self.request = nil
        pausedAt = nil
        // While it was on its way, another account was selected, or left and selected again.
        guard request.account == account?.id, request.isWanted(lines) else { return true }
        let ends = (lines.first?.record.seq, lines.last?.record.seq)
        defer { if ends == (lines.first?.record.seq, lines.last?.record.seq) { pausedAt = now } }
        switch request.purpose {
        case .newest: addNewer(answer, replacesGap: selection.key == nil)
        case .newer: addNewer(answer, replacesGap: false)
        case .older:
            if let first = answer.first, first.record.seq + 1 == lines.last?.record.seq { lines += answer }
        case .around(let target):
            guard let jumpTarget, target == jumpTarget else { break }
            lines = answer
            selection = .chosen(jumpTarget)
            self.jumpTarget = nil
        }
        // The list of accounts may be behind what was read just now.
        if let newest = lines.first?.record.seq, let version = account?.version, newest > version {
            account?.version = newest
        }
        trim()
        return true
    }

    mutating func fail(_ id: RequestID, now: Timestamp) -> Bool {
        guard request?.id == id else { return false }
        request = nil
        pausedAt = now
        return true
    }

    private mutating func addNewer(_ answer: [HistoryLine], replacesGap: Bool) {
        guard let newest = lines.first?.record.seq, let oldestAnswer = answer.last?.record.seq else {
            lines = answer
            return
        }
        if oldestAnswer > newest + 1 {
            if replacesGap { lines = answer }
            return
        }
        let new = answer.prefix { $0.record.seq > newest }
        lines.insert(contentsOf: new, at: 0)
        top = topLine(top, after: new.count)
    }

    private mutating func trim() {
        let excess = lines.count - Self.maximumLines
        guard excess > 0 else { return }
        if selectedIndex > lines.count / 2 {
            lines.removeFirst(excess)
            top = max(0, top - excess)
        } else {
            lines.removeLast(excess)
        }
    }
}
