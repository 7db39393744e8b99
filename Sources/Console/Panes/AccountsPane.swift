import Ledger

/// The list of accounts.
///
/// By code and by name it is a window of rows that grows at both ends as it is scrolled. By balance and by last
/// activity it is a ranking of bounded length, since no index holds what changes with every entry: what is seen
/// of it is kept fresh, and the ranking itself is made anew when it is asked for.
struct AccountsPane: Sendable {
    private(set) var rows: [AccountListing] = []
    /// Whether the window begins with the first account of the filter, and ends with the last.
    private(set) var reachesFirst = false
    private(set) var reachesLast = false
    /// Where the search for further rows goes on at each end, when that is not the outermost row.
    private var continuesBefore: AccountKey?
    private var continuesAfter: AccountKey?
    /// The selection is an account, not a line: it stays where it is while rows come and go.
    private(set) var selectedIndex = 0
    var top = 0

    var filter = FilterField()
    var sort = AccountSort(.code)
    /// Accounts that are marked for a change or an export of several. Bounded by ``maximumMarks``.
    private(set) var marks: [AccountCode: AccountListing] = [:]

    /// What ``rows`` were loaded for; nil before the first answer.
    private var loaded: Listing?
    private(set) var loadedAt: Timestamp?
    private var request: Request?
    private var jump: Jump?
    private var isReloadWanted = false
    /// After failures, nothing is asked for so long after the last.
    private var failure: (at: Timestamp, pause: Duration)?

    enum Jump: Sendable { case first, last }

    /// Which accounts are listed, and in which order.
    private struct Listing: Sendable, Hashable {
        let filter: AccountFilter
        let sort: AccountSort
    }

    private struct Request: Sendable {
        let id: RequestID
        let listing: Listing
        let purpose: Purpose
        let limit: Int
    }

    private enum Purpose: Sendable {
        case jump(Jump)
        case append, prepend
        /// The rows that are seen, from the one after this one.
        case refresh(after: AccountKey?)
        /// The rows that are seen, by their codes.
        case renew
    }

    /// Rows are asked for by this many.
    static let page = 200
    /// The most rows that are kept; what is scrolled away is asked for again.
    static let maximumRows = 2000
    /// The longest ranking.
    static let ranking = 1000
    static let maximumMarks = 500

    var accountFilter: AccountFilter { AccountFilter(filter.text) }

    private var listing: Listing { Listing(filter: accountFilter, sort: sort) }

    /// Whether the rows are of another filter or order than what is asked for.
    var isStale: Bool { loaded != listing }

    /// Whether the search for rows is still under way, and has found too few so far.
    var isSearching: Bool { isStale || (continuesAfter != nil && request != nil) }

    private var isRanking: Bool { sort.order == .balance || sort.order == .activity }

    var selected: AccountListing? { rows.indices.contains(selectedIndex) ? rows[selectedIndex] : nil }

    func listing(code: String) -> AccountListing? { rows.first { $0.account.code.text == code } }

    mutating func move(_ motion: Motion, page: Int) {
        selectedIndex = motion.moved(selectedIndex, of: rows.count, page: page)
        if motion == .first, !reachesFirst { jump = .first }
        if motion == .last, !reachesLast { jump = .last }
    }

    mutating func select(_ index: Int) {
        if rows.indices.contains(index) { selectedIndex = index }
    }

    mutating func settle(visible: Int) {
        top = topLine(top, showing: selectedIndex, of: rows.count, rows: visible)
    }

    /// Asks again now; a ranking is made anew.
    mutating func reload() {
        isReloadWanted = true
        if isRanking { loaded = nil }
    }

    /// Balances have changed, so what is seen is asked for again; a ranking stays as it is.
    mutating func refresh() { isReloadWanted = true }

    // MARK: Marks

    /// - Returns: whether there was room for the mark.
    mutating func toggleMark() -> Bool {
        guard let selected else { return true }
        let code = selected.account.code
        if marks.removeValue(forKey: code) != nil { return true }
        guard marks.count < Self.maximumMarks else { return false }
        marks[code] = selected
        return true
    }

    /// Marks every row that there is, or takes all marks away when they are all marked.
    /// - Returns: whether there was room for all.
    mutating func toggleAllMarks() -> Bool {
        if rows.allSatisfy({ marks[$0.account.code] != nil }) {
            marks = [:]
            return true
        }
        for row in rows where marks[row.account.code] == nil {
            guard marks.count < Self.maximumMarks else { return false }
            marks[row.account.code] = row
        }
        return reachesLast && reachesFirst
    }

    mutating func clearMarks() { marks = [:] }

    mutating func clearMark(_ code: AccountCode) { marks[code] = nil }

    // MARK: Asking

    /// The next question, if there is one to ask: one at a time.
    mutating func nextQuestion(
        now: Timestamp, visible: Int, interval: Duration, counter: inout RequestCounter
    ) -> (RequestID, Question)? {
        guard request == nil else { return nil }
        if let failure, !now.is(failure.pause, after: failure.at) { return nil }
        guard let (purpose, question, limit) = wanted(now: now, visible: visible, interval: interval) else {
            return nil
        }
        let id = counter.next()
        isReloadWanted = false
        request = Request(id: id, listing: listing, purpose: purpose, limit: limit)
        return (id, question)
    }

    private func wanted(now: Timestamp, visible: Int, interval: Duration) -> (Purpose, Question, Int)? {
        func page(_ purpose: Purpose, _ start: AccountsStart, _ limit: Int) -> (Purpose, Question, Int) {
            (purpose, .accounts(accountFilter, sort, from: start, limit: limit), limit)
        }
        if isStale { return page(.jump(.first), .first, isRanking ? Self.ranking : Self.page) }
        switch jump {
        case .first: return page(.jump(.first), .first, Self.page)
        case .last: return page(.jump(.last), .last, Self.page)
        case nil: break
        }
        if !reachesLast, selectedIndex + 2 * visible + 20 > rows.count,
            let from = continuesAfter ?? rows.last.map({ AccountKey($0.account) })
        {
            return page(.append, .after(from), Self.page)
        }
        if !reachesFirst, selectedIndex < 2 * visible + 20,
            let from = continuesBefore ?? rows.first.map({ AccountKey($0.account) })
        {
            return page(.prepend, .before(from), Self.page)
        }
        guard let loadedAt, isReloadWanted || now.is(interval, after: loadedAt) else { return nil }
        if isRanking {
            let codes = rows.dropFirst(top).prefix(max(visible, 1)).map(\.account.code)
            return codes.isEmpty ? nil : (.renew, .listings(codes), codes.count)
        }
        // Without the row before the first one there is nothing to page from, so it is left for later.
        let first = reachesFirst ? top : max(top, 1)
        let before = rows.indices.contains(first - 1) ? AccountKey(rows[first - 1].account) : nil
        return page(.refresh(after: before), before.map { .after($0) } ?? .first, max(visible, 1) + 10)
    }

    // MARK: Answers

    /// - Returns: whether the answer was to the question that is open.
    mutating func take(_ id: RequestID, _ answer: Answer, now: Timestamp) -> Bool {
        guard let request, request.id == id else { return false }
        self.request = nil
        failure = nil
        // While it was on its way, another filter was typed.
        guard request.listing == listing else { return true }
        let selectedID = selected?.account.id
        switch answer {
        case .accounts(let page): take(page, for: request, now: now)
        case .listings(let listings):
            update(listings)
            loadedAt = now
        default: return false
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

    private mutating func take(_ page: AccountPage, for request: Request, now: Timestamp) {
        switch request.purpose {
        case .jump(let end):
            replaceAll(page, end)
            loaded = request.listing
            loadedAt = now
        case .append:
            rows += unknown(page.listings)
            continuesAfter = page.continuesAt
            if page.isComplete { reachesLast = true }
        case .prepend:
            let new = unknown(page.listings)
            rows.insert(contentsOf: new, at: 0)
            top += new.count
            continuesBefore = page.continuesAt
            if page.isComplete { reachesFirst = true }
        case .refresh(let key):
            if page.continuesAt == nil { refresh(after: key, page) } else { update(page.listings) }
            loadedAt = now
        case .renew: break
        }
        update(marked: page.listings)
    }

    mutating func fail(_ id: RequestID, now: Timestamp) -> Bool {
        guard request?.id == id else { return false }
        request = nil
        failure = (now, min((failure?.pause ?? .seconds(1)) * 2, .seconds(60)))
        return true
    }

    private mutating func replaceAll(_ page: AccountPage, _ end: Jump) {
        rows = page.listings
        let isAll = page.isComplete || isRanking
        reachesFirst = end == .first || isAll
        reachesLast = end == .last || isAll
        continuesAfter = end == .first ? page.continuesAt : nil
        continuesBefore = end == .last ? page.continuesAt : nil
        if jump != nil || loaded != listing { selectedIndex = end == .first ? 0 : max(rows.count - 1, 0) }
        top = 0
    }

    private func unknown(_ listings: [AccountListing]) -> [AccountListing] {
        let known = Set(rows.map(\.account.id))
        return listings.filter { !known.contains($0.account.id) }
    }

    /// Puts fresh rows in the place of those that they cover.
    private mutating func refresh(after key: AccountKey?, _ page: AccountPage) {
        var start = 0
        if let key {
            guard let index = rows.firstIndex(where: { $0.account.code == key.code }) else { return }
            start = index + 1
        }
        var end = rows.count
        if !page.isComplete, let last = page.listings.last {
            let known = rows.lastIndex { $0.account.id == last.account.id }
            end = min(known.map { $0 + 1 } ?? start + page.listings.count, rows.count)
        }
        let fresh = Set(page.listings.map(\.account.id))
        let rest = rows[max(start, end)...].filter { !fresh.contains($0.account.id) }
        rows = rows[..<start].filter { !fresh.contains($0.account.id) } + page.listings + rest
        if page.isComplete {
            reachesLast = true
            continuesAfter = nil
        }
    }

    /// Renews rows where they are.
    private mutating func update(_ listings: [AccountListing]) {
        let fresh = Dictionary(listings.map { ($0.account.id, $0) }, uniquingKeysWith: { first, _ in first })
        for index in rows.indices {
            if let listing = fresh[rows[index].account.id] { rows[index] = listing }
        }
        update(marked: listings)
    }

    private mutating func update(marked listings: [AccountListing]) {
        if marks.isEmpty { return }
        for listing in listings where marks[listing.account.code] != nil {
            marks[listing.account.code] = listing
        }
    }

    private mutating func trim() {
        let excess = rows.count - Self.maximumRows
        guard excess > 0 else { return }
        if selectedIndex > rows.count / 2 {
            rows.removeFirst(excess)
            selectedIndex -= excess
            top = max(0, top - excess)
            reachesFirst = false
            continuesBefore = nil
        } else {
            rows.removeLast(excess)
            reachesLast = false
            continuesAfter = nil
        }
    }
}
