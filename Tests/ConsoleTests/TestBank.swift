import Ledger
import LedgerService

/// A ledger in memory: operations are decided by the ledger's own rules, and kept.
struct TestBank {
    private(set) var view = LedgerView()
    private(set) var histories: [Identifier: [HistoryLine]] = [:]
    private(set) var transactions: [Reference: PostedTransaction] = [:]
    var now: Timestamp
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
            operation, context: DecisionContext(bookedAt: now, id: Identifier(high: 0x7000, low: ids * 16)))
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

    func listings(_ filter: AccountFilter) -> [AccountListing] {
        listings.filter { listing in
            let account = listing.account
            let text = (account.code.text + " " + account.name).lowercased()
            return filter.words.allSatisfy { text.contains($0.lowercased()) }
                && (filter.status == nil || filter.status == account.status)
                && (filter.currency == nil || filter.currency == account.currency.code)
                && (filter.accountClass == nil || filter.accountClass == account.accountClass)
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
