import Ledger

/// Random numbers that come again with the same seed (SplitMix64), so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self)]
    }
}

/// A ledger in memory: what the database would hold, read and written as the store does.
struct Books {
    private(set) var accounts: [AccountCode: Account] = [:]
    private(set) var settled: [Reference: SettledOperation] = [:]
    private(set) var transactions: [Reference: PostedTransaction] = [:]
    private(set) var history: [AccountCode: [HistoryLine]] = [:]
    private(set) var time: Int64 = 1_764_000_000_000_000
    private var count: UInt64 = 0
    /// Who writes; nobody is written down when it is nil, as before the ledger kept it.
    var origin: Origin?

    /// The view that the store reads for these operations.
    func view(of operations: [Operation]) -> LedgerView {
        var view = LedgerView()
        view.origin = origin
        for reference in operations.compactMap(\.reversedReference) {
            view.originals[reference] = transactions[reference]
        }
        var codes = Set(operations.flatMap(\.namedAccounts))
        for original in view.originals.values { codes.formUnion(original.entries.map(\.account)) }
        for operation in operations {
            guard let house = operation.impliedHouseAccount else { continue }
            for code in operation.namedAccounts {
                if let account = accounts[code] { codes.insert(house.code(for: account.currency)) }
            }
        }
        for code in codes { view.accounts[code] = accounts[code] }
        for operation in operations { view.settled[operation.reference] = settled[operation.reference] }
        return view
    }

    /// The next booking time and id.
    mutating func context() -> DecisionContext {
        count += 1
        time += 1_000_000
        return DecisionContext(
            bookedAt: Timestamp(microseconds: time), id: Identifier(high: count, low: 0x8000_0000_0000_0000))
    }

    /// Decides one operation from a fresh read and writes it when it can be posted.
    @discardableResult
    mutating func perform(_ operation: Operation) -> Verdict {
        let verdict = view(of: [operation]).decide(operation, context: context())
        if case .post(let decision) = verdict { write(decision) }
        return verdict
    }

    /// Decides all from one read, as the service decides a batch, and writes them then.
    mutating func performAtOnce(_ operations: [Operation]) -> [Verdict] {
        var view = view(of: operations)
        var verdicts: [Verdict] = []
        for operation in operations {
            let verdict = view.decide(operation, context: context())
            if case .post(let decision) = verdict { view.apply(decision) }
            verdicts.append(verdict)
        }
        for case .post(let decision) in verdicts { write(decision) }
        return verdicts
    }

    private mutating func write(_ decision: Decision) {
        for transition in decision.transitions { accounts[transition.after.code] = transition.after }
        for record in decision.records {
            guard
                let code = decision.transitions.first(where: { $0.after.id == record.accountID })?.after.code
            else { continue }
            history[code, default: []].append(HistoryLine(record: record, transaction: decision.transaction))
        }
        settled[decision.receipt.reference] = SettledOperation(
            fingerprint: decision.fingerprint, receipt: decision.receipt)
        if let transaction = decision.transaction {
            transactions[transaction.reference] = PostedTransaction(
                head: transaction, entries: entries(of: decision), reversedUnits: 0)
        }
        if let reversed = decision.reverses {
            let debits = decision.receipt.lines.filter { $0.side == .debit }.compactMap(\.amount?.units)
            transactions[reversed]?.reversedUnits += debits.reduce(0, +)
        }
    }

    private func entries(of decision: Decision) -> [PostedTransaction.Entry] {
        decision.records.compactMap { record in
            guard case .entry(_, let side, let amount) = record.content,
                let account = decision.transitions.first(where: { $0.after.id == record.accountID })?.after
            else { return nil }
            return PostedTransaction.Entry(
                account: account.code, currency: account.currency, accountClass: account.accountClass,
                seq: record.seq, side: side, amount: amount, debits: record.debits, credits: record.credits,
                held: record.held)
        }
    }
}

// MARK: - Short ways to write a test

extension Books {
    /// Books with accounts opened in CZK: liability, minimum zero.
    init(_ first: String, _ codes: String...) throws {
        self.init()
        for code in [first] + codes { try open(code) }
    }

    @discardableResult
    mutating func open(
        _ code: String, _ currency: String = "CZK", class accountClass: AccountClass = .liability,
        minimum: String = "0"
    ) throws -> Verdict {
        try change(
            code,
            .open(
                name: "Account \(code)", currency: Currency(currency), accountClass: accountClass,
                minimum: Operation.Minimum(minimum)),
            reason: "")
    }

    @discardableResult
    mutating func change(
        _ code: String, _ change: Operation.AccountChange, reason: String = "because"
    ) throws -> Verdict {
        try run(.accountChange(account: AccountCode(code), change: change, reason: reason))
    }

    @discardableResult
    mutating func run(_ action: Operation.Action, reference: String? = nil) throws -> Verdict {
        perform(
            try Operation(
                reference: Reference(reference ?? "r\(settled.count)-\(time)"), action: action,
                actor: "tester"))
    }

    @discardableResult
    mutating func deposit(_ code: String, _ amount: String, reference: String? = nil) throws -> Verdict {
        try run(
            .deposit(account: AccountCode(code), amount: DecimalAmount(amount)), reference: reference)
    }

    @discardableResult
    mutating func withdraw(_ code: String, _ amount: String, reference: String? = nil) throws -> Verdict {
        try run(
            .withdrawal(account: AccountCode(code), amount: DecimalAmount(amount)), reference: reference)
    }

    @discardableResult
    mutating func transfer(
        _ from: String, _ to: String, _ amount: String, reference: String? = nil
    ) throws -> Verdict {
        try run(
            .transfer(from: AccountCode(from), to: AccountCode(to), amount: DecimalAmount(amount)),
            reference: reference)
    }

    @discardableResult
    mutating func reverse(
        _ original: String, _ amount: String? = nil, reason: String = "mistake", reference: String? = nil
    ) throws -> Verdict {
        try run(
            .reversal(of: Reference(original), amount: amount.map { try DecimalAmount($0) }, reason: reason),
            reference: reference)
    }

    @discardableResult
    mutating func journalEntry(
        _ legs: [(String, Side, String)], reference: String? = nil
    ) throws -> Verdict {
        try run(
            .journalEntry(
                legs: legs.map {
                    try Operation.Leg(
                        account: AccountCode($0.0), side: $0.1, amount: DecimalAmount($0.2))
                }),
            reference: reference)
    }

    func ledger(_ code: String) -> String? {
        accounts[AccountCode(stored: code)]?.ledger.description
    }

    func status(_ code: String) -> AccountStatus? { accounts[AccountCode(stored: code)]?.status }
}

extension Verdict {
    var decision: Decision? {
        if case .post(let decision) = self { decision } else { nil }
    }

    var refusal: Refusal? {
        if case .refuse(let refusal) = self { refusal } else { nil }
    }

    /// The refusal's name; nil when it was not refused.
    var refusalName: String? { refusal?.name }

    var isPosted: Bool { decision != nil }
}

/// The refusal that the body ends in.
func refusal<Value>(_ body: () throws -> Value) -> Refusal? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? Refusal
    }
}
