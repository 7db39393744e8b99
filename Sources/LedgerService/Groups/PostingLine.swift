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

    private var waiting: [Waiting] = []
    /// Where the line begins; what is before it has gone.
    private var head = 0
    private var claimed: Set<AccountCode> = []

    var count: Int { waiting.count - head }

    mutating func add(_ items: [Batch.Item]) {
        waiting += items.map { Waiting(item: $0, claims: $0.operation.claims) }
    }

    /// Takes back what a group gave up, ahead of all that came later.
    mutating func putBack(_ items: [Batch.Item]) {
        let first = items.map { Waiting(item: $0, claims: $0.operation.claims) }
        waiting.replaceSubrange(..<head, with: first)
        head = 0
    }

    /// Takes those out that are not wanted any more.
    mutating func remove(_ ids: Set<Identifier>) -> [Batch.Item] {
        let removed = waiting[head...].filter { ids.contains($0.item.id) }.map(\.item)
        if !removed.isEmpty {
            waiting = waiting[head...].filter { !ids.contains($0.item.id) }
            head = 0
        }
        return removed
    }

    /// A group that may be posted now; its accounts are claimed until they are released.
    /// - Parameter limit: the most operations of a group.
    mutating func takeGroup(limit: Int) -> Group? {
        var group = Group()
        var passed: [Waiting] = []
        var blocked: Set<AccountCode> = []
        // Behind so many that have to wait, hardly one could go.
        let end = min(waiting.count, head + limit * 2)
        var place = head
        while place < end, group.items.count < limit {
            let next = waiting[place]
            place += 1
            if next.claims.contains(where: { claimed.contains($0) || blocked.contains($0) }) {
                blocked.formUnion(next.claims)
                passed.append(next)
            } else {
                group.items.append(next.item)
                group.claims.formUnion(next.claims)
            }
        }
        if group.items.isEmpty { return nil }
        head = place - passed.count
        waiting.replaceSubrange(head..<place, with: passed)
        compact()
        claimed.formUnion(group.claims)
        return group
    }

    /// The accounts that these operations change.
    static func claims(of items: [Batch.Item]) -> Set<AccountCode> { Set(items.flatMap(\.operation.claims)) }

    mutating func release(_ claims: Set<AccountCode>) { claimed.subtract(claims) }

    private mutating func compact() {
        guard head > 64, head > waiting.count / 2 else { return }
        waiting.removeFirst(head)
        head = 0
    }

    struct Group {
        var items: [Batch.Item] = []
        var claims: Set<AccountCode> = []
    }
}

extension Operation {
    /// The accounts that the operation changes. The house accounts of a kind count as one, because which of them is
    /// meant is only known when the account's currency is.
    fileprivate var claims: [AccountCode] {
        var claims = namedAccounts.map { code in
            HouseAccount.allCases.first { code.text.utf8.starts(with: $0.prefix.utf8) }?.claim ?? code
        }
        if let house = impliedHouseAccount { claims.append(house.claim) }
        return claims
    }
}

extension HouseAccount {
    fileprivate var claim: AccountCode { AccountCode(stored: prefix) }
}
