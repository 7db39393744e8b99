import Ledger
import LedgerStore
import TestSupport
import Testing

/// A ledger with accounts of several currencies, classes, languages and states, and transactions among them.
struct Bank: Sendable {
    let ledger: TestLedger
    let accounts: [Account]
    let listings: [AccountListing]

    static let names = [
        "Žofie Dvořák", "ŽOFIE malá", "100% Share_Co", "Müller GmbH", "Müller AG", "ΣΟΦΊΑ Παπά",
        "Back\\slash",
        "Дмитрий Иванов", "山田 太郎", "Kov", "Elektro Kovář", "same name",
    ]
    private static let currencies = ["CZK", "EUR", "JPY", "KWD"]
    private static let classes: [AccountClass] = [.liability, .asset, .income, .liability]

    static func make() async throws -> Bank {
        let ledger = try await TestLedger.make()
        var operations: [Ledger.Operation] = []
        for number in 0..<60 {
            operations.append(
                try ledger.operation(
                    .accountChange(
                        account: code(number),
                        change: .open(
                            name: names[number % names.count], currency: try Currency(currencies[number % 4]),
                            accountClass: classes[number / 4 % 4], minimum: .unlimited),
                        reason: ""), reference: "open-\(number)"))
        }
        for number in 0..<60 where number % 5 != 0 {
            let amount = number % 4 == 2 ? "\(number * 7)" : "\(number * 3).5"
            operations.append(
                try ledger.operation(
                    number % 3 == 0
                        ? .withdrawal(account: code(number), amount: try DecimalAmount(amount))
                        : .deposit(account: code(number), amount: try DecimalAmount(amount)),
                    reference: "\(number % 2 == 0 ? "cash" : "till")-\(number)",
                    narrative: "zboží č. \(number)"))
        }
        for number in 0..<60 where number % 11 == 3 {
            operations.append(
                try ledger.operation(
                    .accountChange(account: code(number), change: .freeze(nil), reason: "court order")))
        }
        for outcome in await ledger.service.perform(operations) where outcome.receipt == nil {
            Issue.record("\(outcome)")
        }
        let queries = ledger.store.queries
        let accounts = try await queries.accounts(after: Identifier(high: 0, low: 0), limit: 1000).map(
            \.account)
        let listings = try await queries.accounts(codes: accounts.map(\.code))
        return Bank(ledger: ledger, accounts: accounts, listings: listings)
    }

    private static func code(_ number: Int) throws -> AccountCode {
        // Not in the order of their numbers.
        try AccountCode(number % 7 == 0 ? "Ä\(number)" : "\(number * 37 % 101)-\(number)")
    }

    /// A ledger that looks at `bound` rows a question.
    func queries(lookingAt bound: Int) -> LedgerQueries {
        var queries = ledger.store.queries
        queries.bounds.accounts = bound
        queries.bounds.ranked = max(1, bound / 2)
        queries.bounds.transactions = bound
        queries.bounds.found = bound
        queries.bounds.records = bound
        queries.bounds.touched = bound
        queries.bounds.blocks = bound
        return queries
    }
}

extension LedgerQueries {
    /// All parts of a ranking, put together, from this place on.
    func ranking(
        _ filter: AccountFilter, _ sort: AccountSort, limit: Int, from start: RankingPlace? = nil
    ) async throws -> AccountRanking {
        guard start != nil else { return try await wholeRanking(filter, sort, limit: limit) }
        var ranking = AccountRanking(sort, limit: limit)
        var place = start
        repeat {
            ranking.add(
                try await self.ranking(filter, sort, from: place, limit: AccountRanking.partLimit(limit)))
            place = ranking.continuesAt
        } while place != nil
        return ranking
    }
}
