import DequeModule
import Ledger

/// Operations that wait to be posted, in the order in which they came, and which of them may go together now. Pure.
///
/// What shares an account with a group that is under way waits for it, and so does everything behind it on the same
/// accounts: nobody overtakes on an account, and a program never conflicts with itself.
struct PostingLine {
    private struct Waiting {
        let item: Batch.Item
        let claims: [AccountCode]
    }

    private var waiting: Deque<Waiting> = []
    /// The accounts of the groups that are under way, by the groups' numbers.
    private var claimed: [Int: Set<AccountCode>] = [:]
    private var lastGroup = 0

    var count: Int { waiting.count }

    mutating func add(_ items: [Batch.Item]) {
        waiting.append(contentsOf: items.lazy.map { Waiting(item: $0, claims: $0.operation.claims) })
    }

    /// Takes back what a group gave up, ahead of all that came later.
    mutating func putBack(_ items: [Batch.Item]) {
        waiting.prepend(contentsOf: items.map { Waiting(item: $0, claims: $0.operation.claims) })
    }

    /// Takes those out that are not wanted any more.
    mutating func remove(_ ids: Set<Identifier>) -> [Batch.Item] {
        let removed = waiting.filter { ids.contains($0.item.id) }.map(\.item)
        if !removed.isEmpty { waiting.removeAll { ids.contains($0.item.id) } }
        return removed
    }

    /// A group that may be posted now; its accounts are claimed until they are released.
    /// - Parameter limit: the most operations of a group.
    mutating func takeGroup(limit: Int) -> Group? {
        var items: [Batch.Item] = []
        var claims: Set<AccountCode> = []
        var passed: [Waiting] = []
        var blocked: Set<AccountCode> = []
        // Behind so many that have to wait, hardly one could go.
        while items.count + passed.count < limit * 2, items.count < limit, let next = waiting.popFirst() {
            if next.claims.contains(where: { blocked.contains($0) || isClaimed($0) }) {
                blocked.formUnion(next.claims)
                passed.append(next)
            } else {
                items.append(next.item)
                claims.formUnion(next.claims)
            }
        }
        waiting.prepend(contentsOf: passed)
        if items.isEmpty { return nil }
        lastGroup += 1
        claimed[lastGroup] = claims
        return Group(number: lastGroup, items: items)
    }

    private func isClaimed(_ code: AccountCode) -> Bool { claimed.values.contains { $0.contains(code) } }

    /// The group is done with its accounts, but for those of these operations.
    mutating func release(_ group: Int, except items: [Batch.Item]) {
        claimed[group] = items.isEmpty ? nil : Set(items.flatMap(\.operation.claims))
    }

    struct Group {
        /// From 1.
        let number: Int
        let items: [Batch.Item]
    }
}

extension Operation {
    /// The accounts that the operation changes. The house accounts of a kind count as one, because which of them is
    /// meant is only known when the account's currency is.
    fileprivate var claims: [AccountCode] {
        var claims = namedAccounts
        for place in claims.indices {
            if let house = HouseAccount.prefixing(claims[place]) { claims[place] = house.claim }
        }
        if let house = impliedHouseAccount { claims.append(house.claim) }
        return claims
    }
}

extension HouseAccount {
    fileprivate var claim: AccountCode { AccountCode(stored: prefix) }
}
