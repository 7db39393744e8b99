import Ledger

/// The list of accounts.
///
/// By code and by name it is a window of rows that grows at both ends as it is scrolled. By balance and by last
/// activity it is a ranking of bounded length, since no index holds what changes with every entry: what is seen
/// of it is kept fresh, and the ranking itself is made anew as often as what it costs allows.
struct AccountsPane: Sendable {
    private var window = AccountWindow()
    /// Rows in sight, as the screen was last laid out.
    private var visible = 1
    /// The columns that the longest code and the longest name take. They only grow while the list is the same, so that
    /// its columns stand still while it is scrolled.
    private(set) var widest = (code: 0, name: 0)

    var filter = FilterField()
    var sort = AccountSort(.code)
    /// Accounts that are marked for a change or an export of several. Bounded by ``maximumMarks``.
    private(set) var marks: [AccountCode: AccountListing] = [:]

    /// What ``rows`` were loaded for; nil before the first answer.
    private var loaded: Listing?
    /// When the last answer came, and when each row was read.
    private var answeredAt: Timestamp?
    private var readAt: [Identifier: Timestamp] = [:]
    private var ranking = RankingProgress()
    private var request: Request?
    private var jump: AccountWindow.End?
    private var isReloadWanted = false
    /// Whether the last refresh ended before the last row in sight, so that those are asked for by their codes.
    private var isPartlyRefreshed = false
    /// Whether rows are read on to be marked.
    private(set) var isMarkingAll = false
    /// After failures, the same list is not asked for so long after the last.
    private var failure: (listing: Listing, at: Timestamp, pause: Duration)?

    /// Which accounts are listed, and in which order.
    private struct Listing: Sendable, Hashable {
        let filter: AccountFilter
        let sort: AccountSort
    }

    private struct Request: Sendable {
        let id: RequestID
        let listing: Listing
        let purpose: Purpose
        let askedAt: Timestamp
        var isWithdrawn = false
    }

    private enum Purpose: Sendable {
        case jump(AccountWindow.End)
        case append, prepend
        /// A part of the ranking.
        case rank
        /// The rows that are seen, from the one after this one.
        case refresh(after: AccountKey?)
        /// These rows, by their codes.
        case renew([Identifier])
    }

    /// Rows are asked for by this many.
    static let page = 200
    /// The longest ranking.
    static let ranking = 1000
    static let maximumMarks = 500

    var rows: [AccountListing] { window.rows }
    var selectedIndex: Int { window.selectedIndex }
    var selected: AccountListing? { window.selected }
    var top: Int { window.top }

    var accountFilter: AccountFilter { filter.read(as: AccountFilter.self) }

    private var listing: Listing { Listing(filter: accountFilter, sort: sort) }

    /// Whether the rows are of another filter or order than what is asked for.
    var isStale: Bool { loaded != listing }

    /// Whether the search for rows is still under way, and has found too few so far.
    var isSearching: Bool {
        isStale || isBeingRanked || (window.continuesAfter != nil && request != nil)
    }

    /// Whether there may be accounts that come before those that are listed.
    var isBeingRanked: Bool { isRanking && !isStale && !ranking.isWhole }

    /// Whether it is a ranking that ends before the accounts do.
    var isCutOff: Bool { isRanking && window.isCutOff }

    /// Whether a row is sure to be in the list that is asked for. The others are what is left of the one before.
    func belongs(_ row: AccountListing) -> Bool {
        !isStale || (loaded?.sort == sort && accountFilter.matches(row.account))
    }

    /// Whether there is nothing more of the list to read, and whether that is every account that the filter matches.
    var isAllRead: Bool {
        !isStale && window.reachesFirst && window.reachesLast && !isBeingRanked
    }
    var isWhole: Bool { isAllRead && !window.isCutOff }

    /// When the row in sight that was read longest ago was read; nil before the first answer.
    var loadedAt: Timestamp? { seen.compactMap { readAt[$0.account.id] }.min() ?? answeredAt }

    /// When the order of the rows was read, where that is not read with the rows themselves.
    var rankedAt: Timestamp? { isRanking ? ranking.madeAt : nil }

    private var seen: ArraySlice<AccountListing> { rows.dropFirst(top).prefix(visible) }

    private var isRanking: Bool { sort.isRanking }

    func listing(code: String) -> AccountListing? { rows.first { $0.account.code.text == code } }

    mutating func move(_ motion: Motion, page: Int) {
        window.move(motion, page: page)
        if isRanking { jump = nil }
        if motion == .first, !window.reachesFirst { jump = .first }
        if motion == .last, !window.reachesLast { jump = .last }
    }

    mutating func select(_ index: Int) { window.select(index) }

    mutating func settle(visible: Int) {
        self.visible = max(visible, 1)
        window.settle(visible: visible)
    }

    /// Asks again now; a ranking is made anew.
    mutating func reload() {
        refresh()
        ranking.hurry()
    }

    /// Balances have changed, so what is seen is asked for again; a ranking stays as it is for now.
    mutating func refresh() {
        isReloadWanted = true
        failure = nil
    }

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

    /// Marks every account of the list, for which rows are read on; or takes all marks away when all rows are marked, or
    /// as many as can be.
    /// - Returns: whether there was room for all rows that there are.
    mutating func toggleAllMarks() -> Bool {
        if marks.count >= Self.maximumMarks || rows.allSatisfy({ marks[$0.account.code] != nil }) {
            clearMarks()
            return true
        }
        isMarkingAll = true
        markRows()
        return isMarkingAll || isWhole
    }

    private mutating func markRows() {
        for row in rows where marks[row.account.code] == nil {
            guard marks.count < Self.maximumMarks else {
                isMarkingAll = false
                return
            }
            marks[row.account.code] = row
        }
        if isAllRead { isMarkingAll = false }
    }

    mutating func clearMarks() {
        marks = [:]
        isMarkingAll = false
    }

    mutating func clearMark(_ code: AccountCode) { marks[code] = nil }

    // MARK: Asking

    /// The next question, if there is one to ask: one at a time.
    mutating func nextQuestion(
        now: Timestamp, visible: Int, interval: Duration, counter: inout RequestCounter
    ) -> (RequestID, Question)? {
        // What a key has just brought into sight is what is asked for.
        settle(visible: visible)
        guard request == nil else { return nil }
        if let failure, failure.listing == listing, !now.is(failure.pause, after: failure.at) { return nil }
        if isRanking, !isStale, isMoreWanted { ranking.lengthen() }
        guard let (purpose, question) = wanted(now: now, interval: interval) else { return nil }
        let id = counter.next()
        isReloadWanted = false
        request = Request(id: id, listing: listing, purpose: purpose, askedAt: now)
        return (id, question)
    }

    /// The question on its way when another list is wanted by now; named once.
    mutating func takeSuperseded() -> RequestID? {
        guard let request, request.listing != listing, !request.isWithdrawn else { return nil }
        self.request?.isWithdrawn = true
        return request.id
    }

    private func wanted(now: Timestamp, interval: Duration) -> (Purpose, Question)? {
        func page(_ purpose: Purpose, _ start: AccountsStart, _ limit: Int) -> (Purpose, Question) {
            (purpose, .accounts(accountFilter, sort, from: start, limit: limit))
        }
        if isRanking { return wantedOfRanking(now: now, interval: interval) }
        if isStale { return page(.jump(.first), .first, Self.page) }
        switch jump {
        case .first: return page(.jump(.first), .first, Self.page)
        case .last: return page(.jump(.last), .last, Self.page)
        case nil: break
        }
        if isMoreWanted, let from = window.end {
            return page(.append, .after(from), Self.page)
        }
        if !window.reachesFirst, isMarkingAll || selectedIndex < 2 * visible + 20,
            let from = window.beginning
        {
            return page(.prepend, .before(from), Self.page)
        }
        guard isRefreshDue(now: now, interval: interval) else { return nil }
        if isPartlyRefreshed { return renewal }
        // Without the row before the first one there is nothing to page from, so it is left for later.
        let first = window.reachesFirst ? top : max(top, 1)
        let before = rows.indices.contains(first - 1) ? AccountKey(rows[first - 1].account) : nil
        return page(.refresh(after: before), before.map { .after($0) } ?? .first, visible + 10)
    }

    private func wantedOfRanking(now: Timestamp, interval: Duration) -> (Purpose, Question)? {
        func part(of ranking: RankingProgress) -> (Purpose, Question) {
            (.rank, .ranking(accountFilter, sort, from: ranking.place, limit: ranking.partLimit))
        }
        if isStale { return part(of: RankingProgress()) }
        // What is seen is kept fresh while another ranking is made.
        if ranking.isWhole, isRefreshDue(now: now, interval: interval), let renewal { return renewal }
        return ranking.isDue(now: now, interval: interval) ? part(of: ranking) : nil
    }

    /// Whether rows behind the last one are wanted.
    private var isMoreWanted: Bool {
        !window.reachesLast
            && (isMarkingAll || jump == .last || selectedIndex + 2 * visible + 20 > rows.count)
    }

    private func isRefreshDue(now: Timestamp, interval: Duration) -> Bool {
        loadedAt.map { isReloadWanted || now.is(interval, after: $0) } ?? false
    }

    private var renewal: (Purpose, Question)? {
        seen.isEmpty ? nil : (.renew(seen.map(\.account.id)), .listings(seen.map(\.account.code)))
    }

    // MARK: Answers

    /// - Returns: whether the answer was to the question that is open.
    mutating func take(_ id: RequestID, _ answer: Answer, now: Timestamp) -> Bool {
        guard let request, request.id == id else { return false }
        self.request = nil
        failure = nil
        // While it was on its way, another filter was typed.
        guard request.listing == listing else { return true }
        let selectedID = staysFirst(answer) ? nil : selected?.account.id
        switch answer {
        case .accounts(let page): take(page, for: request, now: now)
        case .ranking(let part): take(part, for: request, now: now)
        case .listings(let listings):
            window.update(listings)
            note(listings, now: now)
            if case .renew(let ids) = request.purpose { for id in ids { readAt[id] = now } }
            isPartlyRefreshed = false
        default: return false
        }
        if case .jump = request.purpose, jump != nil {
            jump = nil
        } else {
            window.select(selectedID)
        }
        if isRanking, jump == .last, window.reachesLast {
            window.select(.last)
            jump = nil
        }
        if isMarkingAll { markRows() }
        trim()
        return true
    }

    /// Whether the first account stays selected, whichever that comes to be: while a ranking is not known to its end, and
    /// nobody has moved.
    private func staysFirst(_ answer: Answer) -> Bool {
        if isStale, case .ranking(let part) = answer { return part.continuesAt != nil }
        return isBeingRanked && selectedIndex == 0
    }

    private mutating func take(_ page: AccountPage, for request: Request, now: Timestamp) {
        switch request.purpose {
        case .jump(let end):
            if loaded != request.listing { startList() }
            window.replaceAll(page, at: end)
            if jump != nil || loaded != listing { window.select(end) }
            loaded = request.listing
        case .append: window.append(page)
        case .prepend: window.prepend(page)
        case .refresh(let key):
            if page.continuesAt == nil {
                window.refresh(after: key, page, sort: sort)
            } else {
                window.update(page.listings)
            }
        case .rank, .renew: break
        }
        note(page.listings, now: now)
        if case .refresh = request.purpose {
            isPartlyRefreshed = seen.contains { row in
                readAt[row.account.id].map { $0 < request.askedAt } ?? true
            }
        }
    }

    private mutating func take(_ part: RankingPart, for request: Request, now: Timestamp) {
        if loaded != request.listing {
            startList()
            loaded = request.listing
            window.select(.first)
            jump = nil
        }
        guard let shown = ranking.take(part, of: sort, askedAt: request.askedAt, now: now) else { return }
        window.replaceAll(shown.ranking)
        note(shown.ranking.listings, readAt: shown.readAt, now: now)
    }

    /// Takes note of rows that were read.
    private mutating func note(_ listings: [AccountListing], readAt time: Timestamp? = nil, now: Timestamp) {
        answeredAt = now
        for listing in listings {
            readAt[listing.account.id] = time ?? now
            widest.code = max(widest.code, SafeText.columns(listing.account.code.text))
            widest.name = max(widest.name, SafeText.columns(listing.account.name))
        }
        update(marked: listings)
    }

    private mutating func startList() {
        readAt = [:]
        ranking = RankingProgress()
        widest = (0, 0)
        isMarkingAll = false
        isPartlyRefreshed = false
    }

    /// - Returns: whether it was the question of a list that is not wanted any more, so that it matters to nobody.
    mutating func drop(_ id: RequestID) -> Bool {
        guard let request, request.id == id, request.isWithdrawn || request.listing != listing else {
            return false
        }
        self.request = nil
        return true
    }

    mutating func fail(_ id: RequestID, now: Timestamp) -> Bool {
        guard let request, request.id == id else { return false }
        self.request = nil
        failure = (listing, now, min((failure?.pause ?? .seconds(1)) * 2, .seconds(60)))
        // What is seen is read on meanwhile.
        if case .rank = request.purpose { ranking.fail(askedAt: request.askedAt, now: now) }
        return true
    }

    private mutating func update(marked listings: [AccountListing]) {
        if marks.isEmpty { return }
        for listing in listings where marks[listing.account.code] != nil {
            marks[listing.account.code] = listing
        }
    }

    private mutating func trim() {
        window.trim()
        // Some of those that were read are not listed any more.
        guard readAt.count > 2 * AccountWindow.maximumRows else { return }
        let kept = Set(rows.map(\.account.id))
        readAt = readAt.filter { kept.contains($0.key) }
    }
}
