import Foundation

/// Compares what tellers were told with what is on the books. It knows the rules by itself, and nothing of the program's
/// own code.
struct Checker {
    private let books: Books
    private var stories: [String: Story] = [:]
    private var lines: [String: AccountLine] = [:]
    private var times: [String: Times] = [:]
    /// By the id of the transaction that they reverse.
    private let reversals: [String: [Books.Transaction]]
    private var posted: [String: Posted] = [:]
    private var findings = Findings()

    struct Findings: Sendable {
        var outcomes: [String: Int] = [:]
        var records = 0
        var anomalies: [String] = []
    }

    /// What the logs tell of an operation.
    private struct Story {
        let operation: TellerOperation
        let began: Int64
        var told: (at: Int64, TellerEvent.Told)?
        var foundOut: (at: Int64, isPosted: Bool)?

        /// When somebody knew that it was posted.
        var knownPostedAt: Int64? {
            if let told, told.1 == .posted || told.1 == .alreadyPosted { return told.at }
            return foundOut.flatMap { $0.isPosted ? $0.at : nil }
        }
    }

    /// When an account's records can have come about, each list rising, so that it can be searched in.
    private struct Times {
        /// For each record, the earliest moment at which it or one after it was known to be posted.
        var knownAfter: [Int64] = []
        /// For each record, the latest moment at which it or one before it was begun.
        var begunUpTo: [Int64] = []
    }

    /// What stands on the books under a reference.
    private struct Posted {
        var kinds: [String] = []
        var transactions: Set<String> = []
        var entries: [Books.Record] = []
        var changes: [Books.Record] = []
    }

    init(books: Books, events: [TellerEvent]) {
        self.books = books
        reversals = Dictionary(grouping: books.transactions.filter { $0.reverses != nil }) {
            $0.reverses ?? ""
        }
        for event in events {
            if case .began(let at, let operation) = event {
                stories[operation.reference] = Story(operation: operation, began: at)
            }
        }
        for event in events {
            switch event {
            case .began: break
            case .told(let at, let reference, let told): stories[reference]?.told = (at, told)
            case .foundOut(let at, let reference, let isPosted):
                if let known = stories[reference]?.foundOut, known.isPosted != isPosted {
                    findings.anomalies.append(
                        "\(reference): found out to be posted once, and not another time")
                }
                if stories[reference]?.foundOut == nil { stories[reference]?.foundOut = (at, isPosted) }
            }
        }
        let records = Dictionary(grouping: books.records) { $0.account }
        for account in books.accounts {
            lines[account.code] = AccountLine(account, records[account.code] ?? [])
        }
        for (code, line) in lines { times[code] = times(of: line) }
        for transaction in books.transactions {
            posted[transaction.reference, default: Posted()].kinds.append(transaction.kind)
            posted[transaction.reference]?.transactions.insert(transaction.id)
        }
        for record in books.records {
            guard let reference = record.reference else { continue }
            if record.kind == "entry" {
                posted[reference, default: Posted()].entries.append(record)
            } else {
                posted[reference, default: Posted()].changes.append(record)
            }
        }
    }

    private func times(of line: AccountLine) -> Times {
        var times = Times()
        var earliest = Int64.max
        for state in line.states.reversed() {
            // What no teller has done was there before.
            let story = stories[state.reference]
            earliest = min(earliest, story == nil ? .min : story?.knownPostedAt ?? .max)
            times.knownAfter.append(earliest)
        }
        times.knownAfter.reverse()
        var latest = Int64.min
        for state in line.states {
            latest = max(latest, stories[state.reference]?.began ?? .min)
            times.begunUpTo.append(latest)
        }
        return times
    }

    func check() -> Findings {
        var checker = self
        checker.run()
        return checker.findings
    }

    private mutating func run() {
        findings.records = books.records.count
        for code in lines.keys.sorted() { findings.anomalies += lines[code]?.anomalies ?? [] }
        checkTransactions()
        checkReversals()
        for reference in stories.keys.sorted() { checkStory(reference) }
        checkOrder()
    }

    private mutating func note(_ text: String) { findings.anomalies.append(text) }

    // MARK: The books by themselves

    private mutating func checkTransactions() {
        let entries = Dictionary(grouping: books.records.filter { $0.kind == "entry" }) {
            $0.transaction ?? ""
        }
        for transaction in books.transactions {
            let own = entries[transaction.id] ?? []
            let debits = own.filter { $0.side == "debit" }.reduce(0) { $0 + $1.amount }
            let credits = own.filter { $0.side == "credit" }.reduce(0) { $0 + $1.amount }
            if own.isEmpty || debits != credits {
                note("\(transaction.reference): debits of \(debits) and credits of \(credits)")
            }
        }
        let known = Set(books.transactions.map(\.id))
        for id in entries.keys where !known.contains(id) {
            note("entries of a transaction that is not there: \(id)")
        }
        let total = books.accounts.reduce(0) { $0 + $1.debits - $1.credits }
        if total != 0 { note("debits and credits of all accounts differ by \(total)") }
        for (reference, found) in posted where !reference.isEmpty {
            if found.kinds.count + found.changes.count > 1 {
                note("\(reference) is on the books \(found.kinds.count + found.changes.count) times")
            }
        }
    }

    private mutating func checkReversals() {
        let byID = Dictionary(books.transactions.map { ($0.id, $0) }) { first, _ in first }
        for (id, several) in reversals {
            guard let original = byID[id] else {
                note("\(several[0].reference) reverses what is not there")
                continue
            }
            let reversed = several.reduce(0) { $0 + units(of: $1.reference) }
            if reversed > units(of: original.reference) {
                note("\(original.reference) is reversed more than once")
            }
        }
    }

    private func units(of reference: String) -> Int64 {
        posted[reference]?.entries.filter { $0.side == "debit" }.reduce(0) { $0 + $1.amount } ?? 0
    }

    // MARK: What was told

    private mutating func checkStory(_ reference: String) {
        guard let story = stories[reference] else { return }
        let isOnBooks = posted[reference] != nil
        switch story.told?.1 {
        case .posted, .alreadyPosted:
            count("posted")
            if !isOnBooks { note("\(reference) was told to be posted, and is not there") }
        case .refused(let name, let facts):
            count("refused")
            if isOnBooks { note("\(reference) was told to be refused (\(name)), and is there") }
            checkRefusal(story, name, facts)
        case .failed(let message):
            count("failed")
            if isOnBooks { note("\(reference) was told to have failed (\(message)), and is there") }
        case .gaveUp:
            count("gave up")
            if isOnBooks { note("\(reference) was told not to be posted, and is there") }
        case .unknown:
            count("unknown")
            if story.foundOut == nil { note("\(reference) was unknown, and nobody found it out") }
        case nil:
            count("cut off")
            // Killed before it was in the outbox, it was never sent.
            if isOnBooks, story.foundOut == nil {
                note("\(reference) was cut off, is there, and nobody found it out")
            }
        }
        if let found = story.foundOut, found.isPosted != isOnBooks {
            note(
                "\(reference) was found out to be \(found.isPosted ? "" : "not ")posted, which it is\(isOnBooks ? "" : " not")"
            )
        }
        if let found = posted[reference] { checkContent(story.operation, found) }
    }

    private mutating func count(_ name: String) { findings.outcomes[name, default: 0] += 1 }

    /// Whether what is on the books is what was asked for.
    private mutating func checkContent(_ operation: TellerOperation, _ found: Posted) {
        let sides = found.entries.map { "\($0.side ?? "") \($0.account) \($0.amount)" }.sorted()
        let units = operation.units ?? 0
        let expected: [String]
        switch operation.kind {
        case "transfer":
            expected = [
                "debit \(operation.accounts[0]) \(units)", "credit \(operation.accounts[1]) \(units)",
            ]
        case "deposit": expected = ["debit cash-CZK \(units)", "credit \(operation.accounts[0]) \(units)"]
        case "withdrawal": expected = ["debit \(operation.accounts[0]) \(units)", "credit cash-CZK \(units)"]
        case "reversal":
            let mirrored = posted[operation.original ?? ""]?.entries ?? []
            expected = mirrored.map {
                "\($0.side == "debit" ? "credit" : "debit") \($0.account) \($0.amount)"
            }
        default:
            let account = found.changes.first?.account
            if !found.entries.isEmpty || found.changes.count != 1 || account != operation.accounts.first {
                note("\(operation.reference) is not the change that was asked for")
            }
            return
        }
        if sides != expected.sorted() {
            note("\(operation.reference) should be \(expected.sorted()), and is \(sides)")
        }
    }

    // MARK: Refusals

    /// The states that an account can have had while the operation was under way: from after all that was known to be
    /// posted before it began to before anything that began after it had ended.
    private func states(of account: String, during story: Story) -> [AccountLine.State] {
        guard let all = lines[account]?.states, let times = times[account] else { return [] }
        let lower = max(times.knownAfter.partitioningIndex { $0 >= story.began } - 1, 0)
        let upper = times.begunUpTo.partitioningIndex { $0 > story.told?.at ?? .max }
        return lower < upper ? Array(all[lower..<upper]) : []
    }

    /// A refusal must have been right at some moment between question and answer.
    private mutating func checkRefusal(_ story: Story, _ name: String, _ facts: [String: String]) {
        let states = facts["account"].map { self.states(of: $0, during: story) } ?? []
        func units(_ fact: String) -> Int64? {
            facts[fact].flatMap { Decimal(string: $0) }.map { NSDecimalNumber(decimal: $0 * 100).int64Value }
        }
        let isRight: Bool
        switch name {
        case "insufficient_funds":
            isRight = states.contains { state in
                guard let available = units("available"), let requested = units("requested") else {
                    return false
                }
                // A new minimum is refused by what the account has; an entry by what it would leave.
                let minimum = story.operation.kind == "set-minimum" ? units("minimum") : state.minimum
                return state.units == available && minimum.map { available - requested < $0 } == true
            }
        case "account_frozen":
            isRight = states.contains { state in
                state.status == facts["status"] && facts["side"].map { !state.allows($0) } != false
            }
        case "account_closed": isRight = states.contains { $0.status == "closed" }
        case "account_not_empty": isRight = states.contains { $0.units != 0 }
        case "already_reversed", "not_reversible":
            let originals = posted[story.operation.original ?? ""]?.transactions ?? []
            isRight = originals.flatMap { reversals[$0] ?? [] }.contains { reversal in
                stories[reversal.reference].map { $0.began < story.told?.at ?? .max } != false
            }
        default: isRight = false
        }
        if !isRight {
            note(
                "\(story.operation.reference) was refused (\(name) \(facts)), which was right at no moment meanwhile"
            )
        }
    }

    // MARK: Order

    private mutating func checkOrder() {
        let writes = posted.keys.map { reference in
            SerialOrder.Write(
                reference: reference, began: stories[reference]?.began,
                ended: stories[reference]?.knownPostedAt)
        }
        let accounts = lines.values.map { line in line.states.map(\.reference) }
        if let circle = SerialOrder.circle(among: writes, accounts: accounts) { note(circle) }
    }
}

extension [Int64] {
    /// The first place from which on the condition holds, in a list in which it holds from one place on.
    fileprivate func partitioningIndex(_ holds: (Int64) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
