import Ledger
import LedgerStore

/// Accounts and transactions that questions are asked about.
struct Sample: Sendable {
    let accounts: [Account]
    let busy: Account
    let transactions: [PostedTransaction]
    /// A day in the middle of the journal.
    let middle: CalendarDate

    init(_ queries: LedgerQueries, seed: UInt64) async throws {
        let count = try await queries.trialBalanceByClass().reduce(0) { $0 + $1.accounts }
        var random = SplitMix(seed: seed)
        let codes = try (0..<500).map { _ in
            let number = Int64.random(in: 2...max(2, count), using: &random)
            let digits = String((number * 1_000_003) % 10_000_000)
            return try AccountCode(String(repeating: "0", count: 7 - digits.count) + digits)
        }
        accounts = try await queries.accounts(codes: codes).map(\.account).sorted { $0.code < $1.code }
        guard
            let busy = try await queries.accounts(codes: [AccountCode(LedgerBuilder.busyCode)]).first?
                .account,
            !accounts.isEmpty
        else { throw SampleError() }
        self.busy = busy
        var transactions: [PostedTransaction] = []
        for account in accounts.prefix(100) {
            let lines = try await queries.history(of: account.id, newestSeq: account.version, limit: 20)
            let references = lines.compactMap(\.transaction?.reference)
            transactions += try await queries.transactions(references: references)
        }
        self.transactions = transactions.sorted { $0.head.id < $1.head.id }
        guard let middle = self.transactions.dropFirst(transactions.count / 2).first else {
            throw SampleError()
        }
        self.middle = middle.head.bookedAt.date
    }

    func account(_ choice: UInt64) -> Account { accounts[Int(choice % UInt64(accounts.count))] }

    func transaction(_ choice: UInt64) -> PostedTransaction {
        transactions[Int(choice % UInt64(transactions.count))]
    }

    func day(_ choice: UInt64) -> CalendarDate {
        CalendarDate(daysSince1970: middle.daysSince1970 - 400 + Int32(choice % 800))
    }
}

struct SampleError: Error, CustomStringConvertible {
    var description: String { "the ledger was not built by `bursar-bench build`" }
}

/// A question that is timed. It answers how many rows it got.
struct Question: Sendable {
    let title: String
    /// Whether it reads all accounts and is asked less often.
    var isLong = false
    let ask: @Sendable (LedgerQueries, UInt64) async throws -> Int

    init(
        _ title: String, isLong: Bool = false,
        ask: @escaping @Sendable (LedgerQueries, UInt64) async throws -> Int
    ) {
        self.title = title
        self.isLong = isLong
        self.ask = ask
    }

    static func all(_ sample: Sample) -> [Question] {
        pages(sample) + filters + rankings + histories(sample) + journal(sample)
    }

    private static let page = 50

    private static func pages(_ sample: Sample) -> [Question] {
        [AccountOrder.code, .name].flatMap { order -> [Question] in
            let sort = AccountSort(order)
            let empty = AccountFilter()
            return [
                Question("accounts by \(order), first page") { queries, _ in
                    try await queries.accounts(empty, sort: sort, from: .first, limit: page).listings.count
                },
                Question("accounts by \(order), a page in the middle") { queries, choice in
                    let key = AccountKey(sample.account(choice))
                    return try await queries.accounts(empty, sort: sort, from: .after(key), limit: page)
                        .listings.count
                },
                Question("accounts by \(order), the page before") { queries, choice in
                    let key = AccountKey(sample.account(choice))
                    return try await queries.accounts(empty, sort: sort, from: .before(key), limit: page)
                        .listings.count
                },
                Question("accounts by \(order), last page") { queries, _ in
                    try await queries.accounts(empty, sort: sort, from: .last, limit: page).listings.count
                },
            ]
        }
    }

    private static var filters: [Question] {
        let texts = [
            Names.rareWord, "nováková", "žofie kopřiva oy", "7103", "vo", "xq", "status:frozen",
            "status:frozen ccy:jpy", "ccy:EUR", "class:equity", "balance<0", "balance>99999999",
            "ccy:jpy balance<-20000 nagy", "nowhere",
        ]
        let lists = texts.flatMap { text in
            [AccountOrder.code, .name].map { order in
                Question("\(order): \(text)") { queries, _ in
                    try await queries.accounts(
                        AccountFilter(text), sort: AccountSort(order), from: .first, limit: page
                    ).listings.count
                }
            }
        }
        let counts = ["", Names.rareWord, "vo", "xq", "status:frozen", "balance<0", "class:equity"].map {
            text in
            Question("count: \(text)") { queries, _ in
                try await queries.countAccounts(AccountFilter(text)).count
            }
        }
        return lists + counts
    }

    private static let ranked = 200

    private static var rankings: [Question] {
        let filters = [
            "", "ccy:EUR", "class:equity", "balance<0", "balance>99999999", "status:frozen", "vo", "xq",
            Names.rareWord, "nowhere",
        ]
        let sorts = [AccountOrder.balance, .activity].flatMap { order in
            [AccountSort(order), AccountSort(order, isDescending: false)]
        }
        // As the console asks for them: the first part, and all of them together.
        let lists = filters.flatMap { text in
            sorts.flatMap { sort in
                let title = "by \(sort.order)\(sort.isDescending ? "" : ", least first"): \(text)"
                let filter = AccountFilter(text)
                return [
                    Question(title, isLong: true) { queries, _ in
                        let limit = AccountRanking.partLimit(ranked)
                        return try await queries.ranking(filter, sort, from: nil, limit: limit).listings.count
                    },
                    Question(title + ", to the end", isLong: true) { queries, _ in
                        try await queries.wholeRanking(filter, sort, limit: ranked).listings.count
                    },
                ]
            }
        }
        return lists + totals
    }

    private static let totals = [
        Question("trial balance", isLong: true) { queries, _ in try await queries.trialBalance().count },
        Question("trial balance by class", isLong: true) { queries, _ in
            try await queries.trialBalanceByClass().count
        },
        Question("blocked sessions") { queries, _ in try await queries.blockedSessions().count },
    ]

    private static func histories(_ sample: Sample) -> [Question] {
        let accounts: [(String, @Sendable (UInt64) -> Account)] = [
            ("\(sample.busy.version) records", { _ in sample.busy }), ("about 10 records", sample.account),
        ]
        return accounts.flatMap { title, account in
            [
                Question("\(title): newest page") { queries, choice in
                    let account = account(choice)
                    return try await queries.history(of: account.id, newestSeq: account.version, limit: page)
                        .count
                },
                Question("\(title): a page in the middle") { queries, choice in
                    let account = account(choice)
                    let seq = 1 + Int64(choice % UInt64(account.version))
                    return try await queries.history(of: account.id, newestSeq: seq, limit: page).count
                },
                Question("\(title): jump to a day") { queries, choice in
                    try await queries.record(of: account(choice).id, onOrBefore: sample.day(choice)) == nil
                        ? 0 : 1
                },
                Question("\(title): 100 samples") { queries, choice in
                    try await queries.balanceSamples(of: account(choice), count: 100).count
                },
                Question("\(title): kind:adjustment") { queries, choice in
                    let account = account(choice)
                    return try await queries.history(
                        of: account, filter: HistoryFilter("kind:adjustment"), newestSeq: account.version,
                        limit: page
                    ).lines.count
                },
                Question("\(title): a word that is not there") { queries, choice in
                    let account = account(choice)
                    return try await queries.history(
                        of: account, filter: HistoryFilter("nowhere"), newestSeq: account.version, limit: page
                    ).lines.count
                },
            ]
        }
    }

    private static func journal(_ sample: Sample) -> [Question] {
        let filters = [
            "", "kind:adjustment", "by:alice", "amount>10000", "amount>99999999", "ref:transfer-12345",
            "ref:transfer-1", "account:\(LedgerBuilder.busyCode)", "nowhere", "date:\(sample.middle)",
            "from:\(sample.middle) to:\(sample.middle) zboží",
        ]
        return filters.map { text in
            Question("journal: \(text)") { queries, _ in
                try await queries.journal(JournalFilter(text), before: nil, limit: page).transactions.count
            }
        } + [
            Question("journal: account: one of a million") { queries, choice in
                let filter = JournalFilter("account:\(sample.account(choice).code)")
                return try await queries.journal(filter, before: nil, limit: page).transactions.count
            },
            Question("journal: a page in the middle") { queries, choice in
                try await queries.journal(
                    JournalFilter(), before: sample.transaction(choice).head.id, limit: page
                ).transactions.count
            },
            Question("journal: newer than a place in the middle") { queries, choice in
                try await queries.journalNewer(than: sample.transaction(choice).head.id, limit: page).count
            },
            Question("transaction and what reverses it") { queries, choice in
                let id = sample.transaction(choice).head.id
                let reversals = try await queries.reversals(of: id)
                return try await queries.transaction(id: id) == nil ? 0 : 1 + reversals.count
            },
        ]
    }
}
