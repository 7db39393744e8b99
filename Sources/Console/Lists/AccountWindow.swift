import Ledger

/// The accounts of a list that were read: all of it, or a window that grows at both ends as it is scrolled.
///
/// No account is missing between two of its rows, but for what has come in there since they were read.
struct AccountWindow: Sendable {
    private(set) var rows: [AccountListing] = []
    /// Whether it begins with the first account of the list, and ends with the last.
    private(set) var reachesFirst = false
    private(set) var reachesLast = false
    /// Whether it is a ranking that there are more accounts than.
    private(set) var isCutOff = false
    /// Where the search for further rows goes on at each end, when that is not the outermost row.
    private var continuesBefore: AccountKey?
    private(set) var continuesAfter: AccountKey?
    /// The selection is an account, not a line: it stays where it is while rows come and go.
    private(set) var selectedIndex = 0
    var top = 0

    /// The most rows that are kept; what is scrolled away is asked for again.
    static let maximumRows = 2000

    enum End: Sendable { case first, last }

    var selected: AccountListing? { rows.indices.contains(selectedIndex) ? rows[selectedIndex] : nil }

    /// What the rows at each end are asked for from; nil without rows.
    var end: AccountKey? { continuesAfter ?? rows.last.map { AccountKey($0.account) } }
    var beginning: AccountKey? { continuesBefore ?? rows.first.map { AccountKey($0.account) } }

    // MARK: Selecting

    mutating func move(_ motion: Motion, page: Int) {
        selectedIndex = motion.moved(selectedIndex, of: rows.count, page: page)
    }

    mutating func select(_ index: Int) {
        if rows.indices.contains(index) { selectedIndex = index }
    }

    mutating func select(_ end: End) { selectedIndex = end == .first ? 0 : max(rows.count - 1, 0) }

    /// Selects this account where it is listed, else what has come in its place.
    mutating func select(_ account: Identifier?) {
        if let account, let index = rows.firstIndex(where: { $0.account.id == account }) {
            selectedIndex = index
        }
        selectedIndex = min(selectedIndex, max(rows.count - 1, 0))
    }

    mutating func settle(visible: Int) {
        top = topLine(top, showing: selectedIndex, of: rows.count, rows: visible)
    }

    // MARK: Rows that were read

    /// Begins anew with the page at one end of the list.
    mutating func replaceAll(_ page: AccountPage, at end: End) {
        rows = page.listings
        isCutOff = false
        reachesFirst = end == .first || page.isComplete
        reachesLast = end == .last || page.isComplete
        continuesAfter = end == .first ? page.continuesAt : nil
        continuesBefore = end == .last ? page.continuesAt : nil
        top = 0
    }

    /// Puts a ranking in the place of what was listed before.
    mutating func replaceAll(_ ranking: AccountRanking) {
        rows = ranking.listings
        isCutOff = ranking.isCutOff
        reachesFirst = true
        reachesLast = !isCutOff || ranking.limit >= AccountsPane.ranking
        (continuesBefore, continuesAfter) = (nil, nil)
    }

    mutating func append(_ page: AccountPage) {
        rows += unknown(page.listings)
        continuesAfter = page.continuesAt
        if page.isComplete { reachesLast = true }
    }

    mutating func prepend(_ page: AccountPage) {
        let new = unknown(page.listings)
        rows.insert(contentsOf: new, at: 0)
        top += new.count
        continuesBefore = page.continuesAt
        if page.isComplete { reachesFirst = true }
    }

    private func unknown(_ listings: [AccountListing]) -> [AccountListing] {
        let known = Set(rows.map(\.account.id))
        return listings.filter { !known.contains($0.account.id) }
    }

    /// Puts fresh rows in the place of those that they cover.
    /// - Parameter key: the place that the page comes after; nil for the first page.
    mutating func refresh(after key: AccountKey?, _ page: AccountPage, sort: AccountSort) {
        var start = 0
        if let key {
            guard let index = rows.firstIndex(where: { $0.account.code == key.code }) else { return }
            start = index + 1
        }
        let fresh = Set(page.listings.map(\.account.id))
        var end = rows.count
        if !page.isComplete, let last = page.listings.last {
            if let known = rows.lastIndex(where: { $0.account.id == last.account.id }) {
                end = max(start, known + 1)
            } else {
                // Between the last one, which is new, and the rows that come after it lies what nobody has read, so
                // that only the side with the selection is kept.
                let key = AccountKey(last.account)
                let behind = rows[start...].firstIndex { sort.isOrdered(key, AccountKey($0.account)) }
                if let behind, selectedIndex >= behind, !fresh.contains(rows[selectedIndex].account.id) {
                    return keepRows(from: behind)
                }
                rows.removeLast(rows.count - start)
                end = start
                reachesLast = false
                continuesAfter = nil
            }
        }
        let rest = rows[end...].filter { !fresh.contains($0.account.id) }
        rows = rows[..<start].filter { !fresh.contains($0.account.id) } + page.listings + rest
        if page.isComplete {
            reachesLast = true
            continuesAfter = nil
        }
    }

    /// Forgets the rows before this one; those that belong there are asked for from here.
    private mutating func keepRows(from index: Int) {
        rows.removeFirst(index)
        selectedIndex -= index
        top = max(0, top - index)
        reachesFirst = false
        continuesBefore = nil
    }

    /// Renews rows where they are.
    mutating func update(_ listings: [AccountListing]) {
        let fresh = Dictionary(listings.map { ($0.account.id, $0) }, uniquingKeysWith: { first, _ in first })
        for index in rows.indices {
            if let listing = fresh[rows[index].account.id] { rows[index] = listing }
        }
    }

    /// Forgets what is farthest from the selection of more rows than are kept.
    mutating func trim() {
        let excess = rows.count - Self.maximumRows
        guard excess > 0 else { return }
        if selectedIndex > rows.count / 2 {
            keepRows(from: excess)
        } else {
            rows.removeLast(excess)
            reachesLast = false
            continuesAfter = nil
        }
    }
}
