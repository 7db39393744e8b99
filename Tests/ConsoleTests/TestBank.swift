import Ledger
import LedgerService

@testable import Console

/// A ledger in memory: operations are decided by the ledger's own rules, and kept.
struct TestBank {
    var view = LedgerView()
    var histories: [Identifier: [HistoryLine]] = [:]
    var transactions: [Reference: PostedTransaction] = [:]
    var now: Timestamp
    /// What the server's sessions wait for.
    var blocked: [BlockedSession] = []
    /// What killed programs left open.
    var left: [LeftOperation] = []
    /// What a check of the ledger finds.
    var report = VerificationReport()
    /// Records that one question with a filter looks at.
    var lookBound = 5000
    /// Accounts that are counted before a count gives up.
    var countBound = 10_000
    /// Accounts that are looked at for one part of a ranking.
    var rankingBound = 10_000
    /// The time in new ids, in milliseconds since 1970.
    var idTime: UInt64 = 0
    private var ids: UInt64 = 0
    private var references = 0

    init(now: Timestamp) { self.now = now }

    /// The accounts in the order of their codes.
    var listings: [AccountListing] {
        view.accounts.values.sorted { $0.code < $1.code }.map { account in
            AccountListing(
                account: account, lastBookedAt: histories[account.id]?.first?.record.bookedAt ?? now)
        }
    }

    func account(_ code: String) -> Account? { view.accounts[AccountCode(stored: code)] }

    func decide(_ operation: Operation) -> Verdict {
        var view = self.view
        if let reference = operation.reversedReference { view.originals[reference] = transactions[reference] }
        return view.decide(
            operation,
            context: DecisionContext(
                bookedAt: now, id: Identifier(high: idTime << 16 | 0x7000, low: ids * 16)))
    }

    /// Decides an operation and keeps what it does.
    mutating func post(_ operation: Operation, confirmed: Confirmation? = nil) -> OperationOutcome.Result {
        switch decide(operation) {
        case .refuse(let refusal): return .refused(refusal)
        case .alreadyPosted(let receipt): return .alreadyPosted(receipt)
        case .post(let decision):
            do throws(Refusal) {
                if let confirmed { try decision.check(against: confirmed) }
            } catch {
                return .refused(error)
            }
            keep(decision)
            return .posted(decision.receipt)
        }
    }

    /// Posts on behalf of somebody else; what is refused is an error of the test.
    mutating func post(_ action: Operation.Action, narrative: String = "", actor: String = "berta") throws {
        references += 1
        let operation = try Operation(
            reference: Reference("bank-\(references)"), action: action, actor: actor, narrative: narrative)
        if case .refused(let refusal) = post(operation) { throw refusal }
    }

    mutating func open(
        _ code: String, _ name: String, currency: String = "CZK", deposit: String? = nil,
        minimum: String = "0"
    ) throws {
        let code = try AccountCode(code)
        try post(
            .accountChange(
                account: code,
                change: .open(
                    name: name, currency: Currency(currency), accountClass: .liability,
                    minimum: Operation.Minimum(minimum)),
                reason: "new customer"))
        if let deposit { try post(.deposit(account: code, amount: DecimalAmount(deposit))) }
    }

    private mutating func keep(_ decision: Decision) {
        view.apply(decision)
        ids += 1
        for record in decision.records {
            histories[record.accountID, default: []].insert(
                HistoryLine(record: record, transaction: decision.transaction), at: 0)
        }
        if let reversed = decision.reverses {
            transactions[reversed]?.reversedUnits += decision.receipt.lines.reduce(0) {
                $0 + ($1.side == .debit ? $1.amount?.units ?? 0 : 0)
            }
        }
        guard let head = decision.transaction else { return }
        let accounts = Dictionary(
            decision.transitions.map { ($0.after.id, $0.after) }, uniquingKeysWith: { first, _ in first })
        let entries = decision.records.compactMap { record -> PostedTransaction.Entry? in
            guard case .entry(_, let side, let amount) = record.content,
                let account = accounts[record.accountID]
            else { return nil }
            return PostedTransaction.Entry(
                account: account.code, currency: account.currency, accountClass: account.accountClass,
                seq: record.seq, side: side, amount: amount, debits: record.debits, credits: record.credits,
                held: record.held)
        }
        transactions[head.reference] = PostedTransaction(head: head, entries: entries, reversedUnits: 0)
    }

    /// Sums of all accounts, for each currency.
    var trialBalance: [TrialBalance] {
        var sums: [Currency: (debits: Int64, credits: Int64)] = [:]
        for account in view.accounts.values {
            sums[account.currency, default: (0, 0)].debits += account.debits
            sums[account.currency, default: (0, 0)].credits += account.credits
        }
        return sums.sorted { $0.key.code < $1.key.code }.map { currency, sum in
            TrialBalance(
                debits: Money(units: sum.debits, currency: currency),
                credits: Money(units: sum.credits, currency: currency))
        }
    }

    /// Answers what the console asks, as the database would.
    /// - Returns: nil for what cannot be done.
    func answer(_ question: Question) -> Answer? {
        switch question {
        case .accounts(let filter, let sort, let start, let limit):
            .accounts(page(of: listings(filter, sort), from: start, limit: limit))
        case .ranking(let filter, let sort, let place, let limit):
            .ranking(part(of: listings(filter, sort), sort, from: place, limit: limit))
        case .completions(let text, let limit): .completions(completions(of: text, limit: limit))
        case .listings(let codes): .listings(listings.filter { codes.contains($0.account.code) })
        case .history(let account, let newest, let limit):
            .history(Array(lines(account, upTo: newest).prefix(limit)))
        case .filteredHistory(let account, let filter, let newest, let limit):
            .filteredHistory(page(of: account, filter, upTo: newest, limit: limit))
        case .recordNumber(let account, let day):
            .recordNumber(lines(account, upTo: .max).first { $0.valueDate <= day }?.record.seq)
        case .balanceSamples(let account, let count):
            .balanceSamples(
                lines(account.id, upTo: .max).reversed().suffix(count).map {
                    BalanceSample(
                        seq: $0.record.seq, bookedAt: $0.record.bookedAt,
                        units: $0.record.ledgerUnits(account.accountClass))
                })
        case .journal(let filter, let id, let limit):
            .journal(page(of: journal.filter { filter.matches($0) }, before: id, limit: limit))
        case .newerJournal(let id, let limit):
            .newerJournal(Array(journal.filter { $0.head.id > id }.prefix(limit)))
        case .accountCount(let filter):
            .accountCount(bounded(listings(filter, AccountSort(.code)).count))
        case .trialBalance: .trialBalance(trialBalance)
        case .trialBalanceByClass: .trialBalanceByClass(trialBalanceByClass)
        case .preview(let operations): .preview(operations.map(decide))
        case .transaction(let key): .transaction(detail(key))
        case .settled(let reference, let forGood): .settled(view.settled[reference], isFinal: forGood)
        case .leftOperations: .leftOperations(left)
        case .blockedSessions: .blockedSessions(blocked)
        case .verify: .verify(report)
        case .export(_, let path), .exportAccounts(_, _, let path):
            path.hasPrefix("/") ? nil : .export(path: "/home/alice/" + path)
        }
    }

    private func completions(of text: String, limit: Int) -> [AccountListing] {
        let all = listings(AccountFilter(), AccountSort(.code))
        let begins = all.filter { $0.account.code.text.hasPrefix(text) }
        let found = all.filter { AccountFilter(words: text).matches($0.account) && !begins.contains($0) }
        return Array((begins + found).prefix(limit))
    }

    private func lines(_ account: Identifier, upTo newest: Int64) -> [HistoryLine] {
        histories[account, default: []].filter { $0.record.seq <= newest }
    }

    /// Newest first.
    private var journal: [PostedTransaction] {
        transactions.values.sorted { $1.head.id < $0.head.id }
    }

    private func bounded(_ count: Int) -> BoundedCount {
        BoundedCount(count: min(count, countBound), isBounded: count > countBound)
    }

    func listings(_ filter: AccountFilter, _ sort: AccountSort) -> [AccountListing] {
        let found = listings.filter { filter.matches($0.account) }
        if sort.isRanking { return found.sorted(by: sort.isRanked) }
        let sorted = found.sorted { left, right in
            sort.order == .name
                ? (left.account.name, left.account.code) < (right.account.name, right.account.code)
                : left.account.code < right.account.code
        }
        return sort.isDescending ? sorted.reversed() : sorted
    }

    /// Of the accounts in the order of their codes, as many as are looked at for a part.
    private func part(
        of all: [AccountListing], _ sort: AccountSort, from place: RankingPlace?, limit: Int
    ) -> RankingPart {
        var behind: AccountCode?
        if case .code(let code) = place { behind = code }
        let rest = listings.filter { listing in behind.map { $0 < listing.account.code } ?? true }
        let looked = Set(rest.prefix(rankingBound).map(\.account.id))
        return RankingPart(
            listings: Array(all.filter { looked.contains($0.account.id) }.prefix(limit)),
            continuesAt: rest.count > rankingBound ? .code(rest[rankingBound - 1].account.code) : nil)
    }

    private func page(of all: [AccountListing], from start: AccountsStart, limit: Int) -> AccountPage {
        func index(_ key: AccountKey) -> Int? { all.firstIndex { $0.account.code == key.code } }
        let part: ArraySlice<AccountListing> =
            switch start {
            case .first: all[...]
            case .after(let key): all[(index(key).map { $0 + 1 } ?? all.count)...]
            case .before(let key): all[..<(index(key) ?? 0)]
            case .last: all[...]
            }
        let isBackward: Bool =
            switch start {
            case .first, .after: false
            case .before, .last: true
            }
        return AccountPage(
            listings: Array(isBackward ? part.suffix(limit) : part.prefix(limit)), continuesAt: nil,
            isComplete: part.count <= limit)
    }

    private func page(
        of account: Account, _ filter: HistoryFilter, upTo newest: Int64, limit: Int
    ) -> HistoryPage {
        let looked = lines(account.id, upTo: newest).prefix(lookBound)
        let found = looked.filter { filter.matches($0, of: account) }.prefix(limit)
        let isFull = found.count == limit
        let last = looked.last?.record.seq ?? 1
        return HistoryPage(
            lines: Array(found), continuesAt: isFull || last <= 1 ? nil : last - 1,
            isComplete: !isFull && last <= 1)
    }

    private func page(of all: [PostedTransaction], before id: Identifier?, limit: Int) -> JournalPage {
        let part = all.filter { transaction in id.map { transaction.head.id < $0 } ?? true }
        return JournalPage(
            transactions: Array(part.prefix(limit)), continuesAt: nil, isComplete: part.count <= limit)
    }

    private func detail(_ key: TransactionKey) -> TransactionDetail? {
        let found: PostedTransaction? =
            switch key {
            case .reference(let reference): transactions[reference]
            case .id(let id): transactions.values.first { $0.head.id == id }
            }
        return found.map { found in
            TransactionDetail(
                transaction: found,
                original: transactions.values.first { $0.head.id == found.head.reverses }?.head,
                reversals: journal.filter { $0.head.reverses == found.head.id }.map(\.head))
        }
    }

    private var trialBalanceByClass: [TrialBalanceLine] {
        let groups = Dictionary(grouping: view.accounts.values) {
            [$0.currency.code, $0.accountClass.rawValue]
        }
        return groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.compactMap { _, accounts in
            guard let first = accounts.first else { return nil }
            return TrialBalanceLine(
                accountClass: first.accountClass, accounts: Int64(accounts.count),
                debits: Money(units: accounts.reduce(0) { $0 + $1.debits }, currency: first.currency),
                credits: Money(units: accounts.reduce(0) { $0 + $1.credits }, currency: first.currency))
        }
    }

    /// The bank of the snapshots.
    static func sample(now: Timestamp) throws -> TestBank {
        var bank = TestBank(now: Timestamp(microseconds: now.microseconds - 20 * 86_400_000_000))
        try bank.open("576", "Account 576", deposit: "41189.40")
        try bank.open("704", "Žofie Nováková", deposit: "8310.00", minimum: "-500.00")
        try bank.open("2378", "日本支店 トーキョー", currency: "JPY", deposit: "1200000")
        try bank.open("3001", "Family 👨‍👩‍👧‍👦 & Söhne", deposit: "77.05", minimum: "none")
        try bank.open("4001", "Evil \u{5d0}\u{5d1} name", currency: "EUR", deposit: "12.50")
        let code = try AccountCode("576")
        let amounts = ["2452.00", "18.90", "900.00", "33.10", "120.00", "4.44"]
        for (index, amount) in amounts.enumerated() {
            bank.now = Timestamp(microseconds: bank.now.microseconds + 3 * 86_400_000_000)
            let amount = try DecimalAmount(amount)
            try bank.post(
                index.isMultiple(of: 2)
                    ? .withdrawal(account: code, amount: amount) : .deposit(account: code, amount: amount),
                narrative: index.isMultiple(of: 2) ? "household" : "interest")
        }
        try bank.post(
            .accountChange(account: AccountCode("704"), change: .freeze(.debit), reason: "court order 12/26"))
        bank.now = now
        return bank
    }
}
