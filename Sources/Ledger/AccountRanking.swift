/// The first accounts by balance or by activity, put together from the parts in which they are found.
public struct AccountRanking: Sendable {
    public let sort: AccountSort
    /// The most accounts that it has.
    public let limit: Int
    /// In their order.
    public private(set) var listings: [AccountListing] = []
    /// Whether more accounts were found than it has room for.
    public private(set) var isCutOff = false
    /// Where the search for further accounts goes on; nil when all were looked at, or before the first part.
    public private(set) var continuesAt: RankingPlace?

    /// - Parameter sort: by balance or by activity.
    public init(_ sort: AccountSort, limit: Int) {
        self.sort = sort
        self.limit = limit
    }

    /// How many accounts a part should have, so that it is known whether there are more.
    public static func partLimit(_ limit: Int) -> Int { limit + 1 }

    /// Takes up the accounts of a part, in the place of what was known of them.
    public mutating func add(_ part: RankingPart) {
        let fresh = Set(part.listings.map(\.account.id))
        let all = listings.filter { !fresh.contains($0.account.id) } + part.listings
        listings = Array(all.sorted(by: sort.isRanked).prefix(limit))
        isCutOff = isCutOff || all.count > limit
        continuesAt = part.continuesAt
    }
}

/// What one question found of a ranking.
public struct RankingPart: Hashable, Sendable {
    public let listings: [AccountListing]
    /// Where the search for further accounts goes on; nil when there is nothing to be found any more.
    public let continuesAt: RankingPlace?

    public init(listings: [AccountListing], continuesAt: RankingPlace?) {
        self.listings = listings
        self.continuesAt = continuesAt
    }
}

/// Where the search for further accounts goes on.
public enum RankingPlace: Hashable, Sendable {
    /// Among more of the greatest or the least balances than were looked at first.
    case magnitudes
    /// A block of the table on disk, by its number from 0.
    case block(Int64)
    /// Behind an account's code; nil for the first account.
    case code(AccountCode?)
}

extension AccountSort {
    /// Whether lists in this order are rankings.
    public var isRanking: Bool { order == .balance || order == .activity }

    /// Whether the first of these accounts comes before the second in a ranking, as the database has it.
    public func isRanked(_ first: AccountListing, before second: AccountListing) -> Bool {
        if order == .balance {
            let (left, right) = (first.balanceNumber, second.balanceNumber)
            if left != right { return (left > right) == isDescending }
        } else if first.lastBookedAt != second.lastBookedAt {
            return (first.lastBookedAt > second.lastBookedAt) == isDescending
        }
        return first.account.code < second.account.code
    }
}

extension AccountListing {
    /// The ledger balance as a number, whatever its currency.
    fileprivate var balanceNumber: Double {
        let power = (0..<account.currency.digits).reduce(1.0) { power, _ in power * 10 }
        return Double(account.ledgerUnits) / power
    }
}
