import Ledger
import LedgerStore
import TestSupport
import Testing

/// Lists of accounts say what the filters say, and reach every account once, whichever way they are read.
@Suite struct AccountListTests {
    static let filters = [
        "", "kov", "KOV elektro", "müller", "MÜLLER gmbh", "žofie", "Žofie MALÁ", "софия", "иванов", "σοφ",
        "太郎",
        "%", "_", "\\", "100%", "share_co", "a", "vo", "status:frozen", "status:open", "status:closed",
        "status:frozen ccy:eur", "ccy:jpy", "ccy:kwd", "class:asset", "class:income kov", "balance<0",
        "balance>100", "balance>=133", "balance=133", "balance=133.0", "balance<-20 ccy:jpy", "available<0",
        "balance>0 balance<50.5", "balance<=-13.5", "balance>0.001", "balance=0", "balance<=0.0000",
        "nowhere",
        "status:frozen balance>0 kov", "-1", "same name", "ccy:jpy balance=14.5", "status:debit-frozen", "Ä",
    ]

    @Test func theDatabaseFindsWhatTheFilterMatches() async throws {
        let bank = try await Bank.make()
        for text in Self.filters {
            let filter = AccountFilter(text)
            let expected = bank.accounts.filter(filter.matches).map(\.code).sorted()
            for sort in [AccountSort(.code), AccountSort(.name, isDescending: true)] {
                let page = try await bank.ledger.store.queries.accounts(
                    filter, sort: sort, from: .first, limit: 1000)
                #expect(page.listings.map(\.account.code).sorted() == expected, "\(text) by \(sort)")
                #expect(page.isComplete && page.continuesAt == nil, "\(text)")
            }
            for sort in Self.rankings {
                let ranking = try await bank.ledger.store.queries.ranking(filter, sort, limit: 1000)
                #expect(ranking.listings.map(\.account.code).sorted() == expected, "\(text) by \(sort)")
            }
            let count = try await bank.ledger.store.queries.countAccounts(filter)
            #expect(count == BoundedCount(count: expected.count, isBounded: false), "\(text)")
        }
        #expect(bank.accounts.contains { AccountFilter("balance<0 ccy:jpy").matches($0) })
    }

    @Test func theSameIsFoundWithoutAWordIndex() async throws {
        let bank = try await Bank.make()
        try await bank.ledger.tamper("DROP INDEX bursar.accounts_words_idx")
        for text in ["kov", "müller", "nowhere", "žofie"] {
            let filter = AccountFilter(text)
            let page = try await bank.ledger.store.queries.accounts(
                filter, sort: AccountSort(.code), from: .first, limit: 1000)
            #expect(
                page.listings.map(\.account.code) == bank.accounts.filter(filter.matches).map(\.code).sorted()
            )
        }
    }

    @Test(arguments: [AccountOrder.code, .name], [false, true])
    func bothDirectionsReachEveryAccountOnceWithAnyBound(order: AccountOrder, isDescending: Bool) async throws
    {
        let bank = try await Bank.make()
        let sort = AccountSort(order, isDescending: isDescending)
        for (text, bound, limit) in [
            ("", 5, 7), ("", 100, 3), ("müller", 4, 2), ("ccy:jpy", 9, 3), ("balance<0", 3, 2),
            ("status:frozen", 2, 1), ("vo", 1, 1), ("nowhere", 10, 5), ("žofie", 3, 2), ("kov ELEKTRO", 1, 1),
            ("gmbh müller ccy:eur", 1, 1), ("софия", 1, 3), ("100%", 2, 2), ("same name", 1, 2),
        ] {
            let filter = AccountFilter(text)
            let expected = sorted(bank.accounts.filter(filter.matches), by: sort)
            let queries = bank.queries(lookingAt: bound)
            var down: [AccountCode] = []
            var start = LedgerQueries.Start.first
            while true {
                let page = try await queries.accounts(filter, sort: sort, from: start, limit: limit)
                down += page.listings.map(\.account.code)
                if page.isComplete { break }
                start = .after(try next(page.continuesAt, page.listings.last, limit, page))
            }
            #expect(down == expected, "\(text) down")
            var up: [AccountCode] = []
            start = .last
            while true {
                let page = try await queries.accounts(filter, sort: sort, from: start, limit: limit)
                up = page.listings.map(\.account.code) + up
                if page.isComplete { break }
                start = .before(try next(page.continuesAt, page.listings.first, limit, page))
            }
            #expect(up == expected, "\(text) up")
        }
    }

    /// A page that is not the last one is full, or says where to go on.
    private func next(
        _ continuesAt: AccountKey?, _ end: AccountListing?, _ limit: Int, _ page: AccountPage
    ) throws -> AccountKey {
        if let continuesAt { return continuesAt }
        #expect(page.listings.count == limit)
        return AccountKey(try #require(end).account)
    }

    private func sorted(_ accounts: [Account], by sort: AccountSort) -> [AccountCode] {
        let ordered = accounts.sorted { left, right in
            if sort.order == .name, left.name != right.name {
                return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
            }
            return left.code < right.code
        }
        return (sort.isDescending ? ordered.reversed() : ordered).map(\.code)
    }

    @Test func codesThatBeginWithWhatIsTypedComeFirst() async throws {
        let bank = try await Bank.make()
        let queries = bank.ledger.store.queries
        let all = bank.listings.sorted { $0.account.code < $1.account.code }
        for text in ["7", "74-2", "Ä", "Ä1", "ä", "cash", "müller", "zz", "%", "_", "\u{10FFFF}"] {
            let begin = all.filter { $0.account.code.text.hasPrefix(text) }
            let found = all.filter { AccountFilter(words: text).matches($0.account) && !begin.contains($0) }
            let expected = (begin + found).map(\.account.code)
            for limit in [0, 1, 3, 1000] {
                let completions = try await queries.completions(of: text, limit: limit)
                #expect(completions.map(\.account.code) == Array(expected.prefix(limit)), "\(text) \(limit)")
            }
        }
    }

    @Test func aCountGivesUpAfterSoManyAccounts() async throws {
        let bank = try await Bank.make()
        let count = try await bank.queries(lookingAt: 10).countAccounts(
            AccountFilter("balance<-100000"), bound: 5)
        #expect(count == BoundedCount(count: 0, isBounded: true))
        let all = try await bank.ledger.store.queries.countAccounts(AccountFilter(), bound: 10)
        #expect(all == BoundedCount(count: 10, isBounded: true))
    }

    @Test func theGreatestBalancesComeFirstWhateverTheirCurrency() async throws {
        let bank = try await Bank.make()
        let greatest = try await bank.ledger.store.queries.ranking(
            AccountFilter(), AccountSort(.balance), limit: 20)
        let expected = bank.accounts.sorted { (number($0), $1.code) > (number($1), $0.code) }
        #expect(greatest.listings.map(\.account.code) == expected.prefix(20).map(\.code))
        #expect(greatest.isCutOff)
        let least = try await bank.ledger.store.queries.ranking(
            AccountFilter(), AccountSort(.balance, isDescending: false), limit: 1)
        #expect(number(least.listings[0].account) == bank.accounts.map(number).min())
    }

    @Test(arguments: [
        "", "ccy:EUR", "class:asset", "ccy:KWD class:income", "balance<0", "balance=0", "balance>=300,000",
        "balance>-50,000 balance<50,000 class:liability", "available<=-10000.5", "available>100 ccy:jpy",
        "balance>5 balance<4",
        "žofie", "ko balance>0", "1 status:frozen",
    ])
    func whatAFilterHoldsForStandsInTheOrderOfItsBalances(filter: String) async throws {
        let bank = try await Bank.make()
        // Large enough to differ in magnitude, which rows are away from as far as they may be.
        try await bank.ledger.tamper(
            """
            UPDATE bursar.accounts SET debits = debits * 3000, credits = credits * 3000;
            UPDATE bursar.accounts AS a SET magnitude = \(LedgerStore.magnitudeSQL)
                + abs(hashtext(code)) % (2 * \(Magnitude.tolerance) + 1) - \(Magnitude.tolerance)
            """)
        let accounts = try await bank.ledger.store.queries.accounts(codes: bank.accounts.map(\.code))
            .map(\.account)
        #expect(Set(accounts.map { Magnitude.of($0.ledger) }).count > 30)
        let filter = AccountFilter(filter)
        for isDescending in [true, false] {
            let expected = accounts.filter(filter.matches).sorted {
                let (left, right) = (number($0), number($1))
                return left == right ? $0.code < $1.code : (left > right) == isDescending
            }
            for (limit, bound) in [(1, 10_000), (3, 8), (3, 30), (10, 20), (10, 10_000), (100, 1), (100, 40)]
            {
                let ranking = try await bank.queries(lookingAt: bound).ranking(
                    filter, AccountSort(.balance, isDescending: isDescending), limit: limit)
                #expect(ranking.listings.map(\.account.code) == expected.prefix(limit).map(\.code))
                #expect(ranking.isCutOff == (expected.count > limit))
            }
        }
    }

    /// What comes first is certain before all accounts were looked at, whichever way they are looked at then.
    @Test(arguments: AccountListTests.rankings, [RankingPlace?.none, .block(0), .code(nil)])
    func aRankingIsTheSameWhereverItsPartsEnd(sort: AccountSort, start: RankingPlace?) async throws {
        let bank = try await Bank.make()
        // Over several blocks of the table, which a part takes one of.
        try await bank.ledger.tamper(
            """
            UPDATE bursar.accounts SET debits = debits * 3000, credits = credits * 3000,
                booked_at = booked_at - abs(hashtext(code)) % 1000 * INTERVAL '1 second';
            UPDATE bursar.accounts AS a SET magnitude = \(LedgerStore.magnitudeSQL)
            """)
        let all = try await bank.ledger.store.queries.accounts(codes: bank.accounts.map(\.code))
        for text in ["", "ko", "vo", "ccy:EUR", "status:frozen", "balance<0", "müller", "žofie malá", "xq"] {
            let filter = AccountFilter(text)
            let expected = all.filter { filter.matches($0.account) }.sorted(by: sort.isRanked)
            for (bound, limit) in [(1, 100), (7, 5), (25, 3), (25, 100), (40, 10)] {
                let queries = bank.queries(lookingAt: bound)
                let ranking = try await queries.ranking(filter, sort, limit: limit, from: start)
                #expect(ranking.listings == Array(expected.prefix(limit)), "\(text), \(bound), \(limit)")
                if start != nil { continue }
                let first = try await queries.ranking(filter, sort, from: nil, limit: limit)
                let isUnsure = text.isEmpty && sort.order == .balance && bound < limit
                if isUnsure { #expect(first.continuesAt == .magnitudes) }
                guard sort != AccountSort(.activity, isDescending: false), first.continuesAt != nil else {
                    continue
                }
                // What comes before the parts among all accounts is certain to come first.
                var certain = first
                if first.continuesAt == .magnitudes {
                    certain = try await queries.ranking(filter, sort, from: .magnitudes, limit: limit)
                }
                let number = certain.listings.count
                #expect(certain.continuesAt == nil || certain.continuesAt == .block(0))
                #expect(certain.listings == Array(expected.prefix(number)), "\(text), \(bound)")
            }
        }
    }

    static let rankings = [AccountOrder.balance, .activity].flatMap { order in
        [AccountSort(order, isDescending: true), AccountSort(order, isDescending: false)]
    }

    private func number(_ account: Account) -> Double {
        (0..<account.currency.digits).reduce(Double(account.ledgerUnits)) { number, _ in number / 10 }
    }

    @Test(arguments: [1, 7, 1000]) func theLatestActivityComesFirst(bound: Int) async throws {
        let bank = try await Bank.make()
        // So that not all were booked at one moment.
        for number in [5, 17, 23] {
            let code = bank.accounts[number].code
            let change = Operation.AccountChange.rename("renamed \(number)")
            let outcome = await bank.ledger.service.perform(
                try bank.ledger.operation(.accountChange(account: code, change: change, reason: "test")))
            #expect(outcome.receipt != nil)
            let deposit = Operation.Action.deposit(
                account: bank.accounts[number + 1].code, amount: try DecimalAmount("1"))
            _ = await bank.ledger.service.perform(try bank.ledger.operation(deposit))
        }
        let all = try await bank.ledger.store.queries.accounts(codes: bank.accounts.map(\.code))
        let expected = all.sorted { ($0.lastBookedAt, $1.account.code) > ($1.lastBookedAt, $0.account.code) }
        for limit in [3, 10, 1000] {
            let ranking = try await bank.queries(lookingAt: bound).ranking(
                AccountFilter(), AccountSort(.activity), limit: limit)
            #expect(ranking.listings == Array(expected.prefix(limit)))
        }
        let eldest = try await bank.ledger.store.queries.ranking(
            AccountFilter("ccy:eur"), AccountSort(.activity, isDescending: false), limit: 2)
        let eur = all.filter { $0.account.currency.code == "EUR" }
        #expect(eldest.listings.first?.lastBookedAt == eur.map(\.lastBookedAt).min())
    }
}
