import Ledger

/// The list of accounts: a window of rows, in the order of their codes, that grows at both ends as it is scrolled.
struct AccountsPane: Sendable {
    private(set) var rows: [AccountListing] = []
    /// Whether the window begins with the first account of the filter, and ends with the last.
    private(set) var reachesFirst = false
    private(set) var reachesLast = false
    /// The selection is an account, not a line: it stays where it is while rows come and go.
    private(set) var selectedIndex = 0
    var top = 0

    var field = LineField(limit: 200)
    var isFiltering = false
    /// What ``rows`` were loaded for; nil before the first answer.
    private(set) var loadedFilter: AccountFilter?
    private(set) var loadedAt: Timestamp?
    private var request: Request?
    private var jump: Jump?
    private var isReloadWanted = false
    /// After a failure, nothing is asked before this moment.
    private var notBefore: Timestamp?

    enum Jump: Sendable { case first, last }

    private struct Request: Sendable {
        let id: RequestID
        let filter: AccountFilter
        let purpose: Purpose
        let limit: Int
    }

    private enum Purpose: Sendable {
        case jump(Jump)
        case append, prepend
        /// The rows that are seen, from the one after this one.
        case refresh(after: AccountCode?)
    }

    /// Rows are asked for by this many.
    static let page = 200
    /// The most rows that are kept; what is scrolled away is asked for again.
    static let maximumRows = 2000

    var filter: AccountFilter { AccountFilter(field.text) }

    /// Whether the rows are of another filter than the one that is typed.
    var isStale: Bool { loadedFilter != filter }

    var selected: AccountListing? { rows.indices.contains(selectedIndex) ? rows[selectedIndex] : nil }

    func listing(code: String) -> AccountListing? { rows.first { $0.account.code.text == code } }

    mutating func move(by step: Int) {
        selectedIndex = min(max(selectedIndex + step, 0), max(rows.count - 1, 0))
    }

    mutating func move(to end: Jump) {
        switch end {
        case .first:
            selectedIndex = 0
            if !reachesFirst { jump = .first }
        case .last:
            selectedIndex = max(rows.count - 1, 0)
            if !reachesLast { jump = .last }
        }
    }

    mutating func reload() { isReloadWanted = true }

    // MARK: Asking

    /// The next question, if there is one to ask: one at a time.
    mutating func nextEffect(now: Timestamp, visible: Int, interval: Duration, counter: inout RequestCounter)
        -> ConsoleEffect?
    {
        guard request == nil else { return nil }
        if let notBefore, now < notBefore { return nil }
        guard let (purpose, start, limit) = wanted(now: now, visible: visible, interval: interval) else {
            return nil
        }
        let id = counter.next()
        isReloadWanted = false
        request = Request(id: id, filter: filter, purpose: purpose, limit: limit)
        return .loadAccounts(id, filter, from: start, limit: limit)
    }

    private func wanted(now: Timestamp, visible: Int, interval: Duration) -> (Purpose, AccountsStart, Int)? {
        if isStale { return (.jump(.first), .first, Self.page) }
        switch jump {
        case .first: return (.jump(.first), .first, Self.page)
        case .last: return (.jump(.last), .last, Self.page)
        case nil: break
        }
        if !reachesLast, selectedIndex + 2 * visible + 20 > rows.count, let last = rows.last {
            return (.append, .after(last.account.code), Self.page)
        }
        if !reachesFirst, selectedIndex < 2 * visible + 20, let first = rows.first {
            return (.prepend, .before(first.account.code), Self.page)
        }
        guard let loadedAt, isReloadWanted || now >= loadedAt.advanced(by: interval) else { return nil }
        // Without the row before the first one there is nothing to page from, so it is left for later.
        let first = reachesFirst ? top : max(top, 1)
        let before = rows.indices.contains(first - 1) ? rows[first - 1].account.code : nil
        let start: AccountsStart = before.map { .after($0) } ?? .first
        return (.refresh(after: before), start, max(visible, 1) + 10)
    }

    // MARK: Answers

    /// - Returns: whether the answer was to the question that is open.
    mutating func load(_ id: RequestID, _ listings: [AccountListing], now: Timestamp) -> Bool {
        guard let request, request.id == id else { return false }
        self.request = nil
        notBefore = nil
        // While it was on its way, another filter was typed.
        guard request.filter == filter else { return false }
        let selectedID = selected?.account.id
        let isComplete = listings.count < request.limit
        switch request.purpose {
        case .jump(let end):
            replaceAll(listings, end, isComplete: isComplete)
            loadedFilter = request.filter
            loadedAt = now
        case .append:
            rows += unknown(listings)
            if isComplete { reachesLast = true }
        case .prepend:
            let new = unknown(listings)
            rows.insert(contentsOf: new, at: 0)
            top += new.count
            if isComplete { reachesFirst = true }
        case .refresh(let code):
            refresh(after: code, listings, isComplete: isComplete)
            loadedAt = now
        }
        if case .jump = request.purpose, jump != nil {
            jump = nil
        } else if let selectedID, let index = rows.firstIndex(where: { $0.account.id == selectedID }) {
            selectedIndex = index
        }
        selectedIndex = min(selectedIndex, max(rows.count - 1, 0))
        trim()
        return true
    }

    mutating func fail(_ id: RequestID, now: Timestamp) -> Bool {
        guard request?.id == id else { return false }
        request = nil
        notBefore = now.advanced(by: .seconds(2))
        return true
    }

    private mutating func replaceAll(_ listings: [AccountListing], _ end: Jump, isComplete: Bool) {
        rows = listings
        reachesFirst = end == .first || isComplete
        reachesLast = end == .last || isComplete
        if jump != nil { selectedIndex = end == .first ? 0 : max(rows.count - 1, 0) }
        top = 0
    }

    private func unknown(_ listings: [AccountListing]) -> [AccountListing] {
        let known = Set(rows.map(\.account.id))
        return listings.filter { !known.contains($0.account.id) }
    }

    /// Puts fresh rows in the place of those that they cover.
    private mutating func refresh(after code: AccountCode?, _ listings: [AccountListing], isComplete: Bool) {
        var start = 0
        if let code {
            guard let index = rows.firstIndex(where: { $0.account.code == code }) else { return }
            start = index + 1
        }
        var end = rows.count
        if !isComplete, let last = listings.last {
            let known = rows.lastIndex { $0.account.id == last.account.id }
            end = min(known.map { $0 + 1 } ?? start + listings.count, rows.count)
        }
        let fresh = Set(listings.map(\.account.id))
        let rest = rows[max(start, end)...].filter { !fresh.contains($0.account.id) }
        rows = rows[..<start].filter { !fresh.contains($0.account.id) } + listings + rest
        if isComplete { reachesLast = true }
    }

    private mutating func trim() {
        let excess = rows.count - Self.maximumRows
        guard excess > 0 else { return }
        if selectedIndex > rows.count / 2 {
            rows.removeFirst(excess)
            selectedIndex -= excess
            top = max(0, top - excess)
            reachesFirst = false
        } else {
            rows.removeLast(excess)
            reachesLast = false
        }
    }
}

extension Timestamp {
    /// The moment so much later.
    func advanced(by duration: Duration) -> Timestamp {
        let step = Int64(clamping: Int128(duration / .microseconds(1)))
        return Timestamp(microseconds: microseconds.addingReportingOverflow(step).partialValue)
    }
}
