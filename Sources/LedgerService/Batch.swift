import Ledger
import LedgerStore

/// Operations on their way to the books, and what has become of each so far. Pure: it is told what happened
/// and says what is next.
struct Batch {
    /// One operation and its story.
    struct Item {
        let index: Int
        let operation: Operation
        let confirmation: Confirmation?
        /// The same for all attempts, so that an attempt whose answer got lost can be told from somebody else's.
        let id: Identifier
        var attempts = 0
        var conflicts: [Conflict] = []
        /// Whether the answer to an attempt got lost. From then on it may be on the books at any moment, and
        /// only the books can say that it is not.
        var mayBePosted = false
        /// Whether an attempt found it on the books, of a server that may be the only one to know.
        var isFound = false
    }

    private(set) var pending: [Item]
    private var finished: [Int: OperationOutcome] = [:]
    private var codes: [Identifier: AccountCode] = [:]
    /// The accounts as the last attempt read them.
    private var seen: [AccountCode: Account] = [:]
    let start: Duration

    init(
        operations: [Operation], confirmations: [Reference: Confirmation], start: Duration,
        newID: () -> Identifier
    ) {
        self.start = start
        pending = operations.enumerated().map { index, operation in
            Item(
                index: index, operation: operation, confirmation: confirmations[operation.reference],
                id: newID())
        }
    }

    var isFinished: Bool { pending.isEmpty }

    var outcomes: [OperationOutcome] { finished.sorted { $0.key < $1.key }.map(\.value) }

    /// How many of the pending operations the next statement may write together: they are of one kind, and a
    /// statement that met a rule of the database is tried again in halves until the culprit stands alone.
    var chunk: Int {
        let kind = pending.first?.operation.writeKind
        return pending.prefix(chunkLimit).prefix { $0.operation.writeKind == kind }.count
    }

    private var chunkLimit = Int.max

    mutating func halve(_ chunk: Int) { chunkLimit = max(1, chunk / 2) }

    /// The first operations decided one after the other.
    struct Plan {
        var decisions: [Decision] = []
        /// What becomes of each operation once the decisions are on the books.
        var results: [OperationOutcome.Result] = []
        /// The operations, by their place, that were on the books before.
        var found: [Int] = []
    }

    func plan(_ count: Int, in view: LedgerView, bookedAt: Timestamp) -> Plan {
        var view = view
        var plan = Plan()
        for (place, item) in pending.prefix(count).enumerated() {
            let context = DecisionContext(bookedAt: bookedAt, id: item.id)
            switch view.decide(item.operation, context: context) {
            case .post(let decision):
                if let refusal = decision.refusal(against: item.confirmation) {
                    plan.results.append(.refused(refusal))
                } else {
                    plan.decisions.append(decision)
                    plan.results.append(.posted(decision.receipt))
                    view.apply(decision)
                }
            case .alreadyPosted(let receipt):
                plan.found.append(place)
                plan.results.append(item.isOwn(receipt) ? .posted(receipt) : .alreadyPosted(receipt))
            case .refuse(let refusal):
                plan.results.append(.refused(refusal))
            }
        }
        return plan
    }

    mutating func beginAttempt(of count: Int) {
        for index in pending.indices.prefix(count) { pending[index].attempts += 1 }
    }

    mutating func note(_ failure: StoreFailure, on count: Int) {
        let account = failure.account.flatMap { codes[$0] }
        for index in pending.indices.prefix(count) {
            pending[index].conflicts.append(
                Conflict(failure, attempt: pending[index].attempts, account: account))
        }
    }

    /// Which accounts of the operation this view shows otherwise than the attempt before saw them; none in a first
    /// attempt.
    func changes(for item: Item, in view: LedgerView) -> [BalanceChange] {
        guard item.attempts > 1 else { return [] }
        return view.accounts(of: item.operation).compactMap { after in
            guard let before = seen[after.code], before != after else { return nil }
            return BalanceChange(
                account: after.code, before: before.available, after: after.available,
                versionBefore: before.version, versionAfter: after.version)
        }
    }

    /// The accounts that were read, and their codes: the database speaks of ids, people do not.
    mutating func remember(_ view: LedgerView) {
        seen = view.accounts
        codes = Dictionary(view.accounts.values.map { ($0.id, $0.code) }) { first, _ in first }
    }

    mutating func noteLostAnswer(of count: Int) {
        for index in pending.indices.prefix(count) { pending[index].mayBePosted = true }
    }

    /// These operations are on the books, as far as the server that was asked knows.
    mutating func noteFound(_ places: [Int]) {
        for place in places { pending[pending.startIndex + place].isFound = true }
    }

    /// The first operations ended with these results.
    mutating func finish(_ results: [OperationOutcome.Result], at now: Duration) {
        chunkLimit = .max
        for (item, result) in zip(pending, results) {
            finished[item.index] = OperationOutcome(
                reference: item.operation.reference, result: result, attempts: item.attempts,
                conflicts: item.conflicts, elapsed: now - start)
        }
        pending.removeFirst(min(results.count, pending.count))
    }

    /// All that is left ended in the same way: as said, or unknown where it may be on the books all the same.
    mutating func finishAll(_ result: OperationOutcome.Result, at now: Duration) {
        finish(pending.map { $0.ending(result) }, at: now)
    }
}

extension Batch.Item {
    /// Whether the receipt is that of an attempt of ours whose answer got lost.
    fileprivate func isOwn(_ receipt: Receipt) -> Bool {
        mayBePosted && (receipt.transaction == nil || receipt.transaction == id)
    }

    private func unanswered(_ why: String, _ sqlState: String?) -> Failure {
        // What is true of the last attempt need not be true of the one whose answer was lost.
        let end = why.ranges(of: Failure.nothingWritten).first?.lowerBound ?? why.endIndex
        return Failure(
            message: "the answer to a write was lost and the ledger could not be asked: \(why[..<end]); "
                + "`bursar show \(operation.reference)` will tell",
            sqlState: sqlState)
    }

    func ending(_ result: OperationOutcome.Result) -> OperationOutcome.Result {
        guard mayBePosted || isFound else { return result }
        switch result {
        case .posted, .alreadyPosted, .unknown: return result
        // The rules' refusals were decided from the books as they are; this one says that they could not be read.
        case .refused(.notPermitted(let why)): return .unknown(unanswered(why, nil))
        case .refused: return result
        case .failed(let failure), .gaveUp(let failure):
            return .unknown(unanswered(failure.message, failure.sqlState))
        case .cancelled:
            return .unknown(
                Failure(
                    message: "stopped while the answer to a write was lost; "
                        + "`bursar show \(operation.reference)` will tell"))
        }
    }
}

extension Decision {
    fileprivate func refusal(against confirmation: Confirmation?) -> Refusal? {
        guard let confirmation else { return nil }
        do throws(Refusal) {
            try check(against: confirmation)
            return nil
        } catch {
            return error
        }
    }
}

extension LedgerView {
    /// The accounts that the operation is about, as far as they exist: those that it names, the house account
    /// that it implies, and those of the transaction that it reverses; each once.
    fileprivate func accounts(of operation: Operation) -> [Account] {
        var codes = operation.namedAccounts
        if let house = operation.impliedHouseAccount, let named = codes.first.flatMap({ accounts[$0] }) {
            codes.append(house.code(for: named.currency))
        }
        if let reversed = operation.reversedReference.flatMap({ originals[$0] }) {
            codes += reversed.entries.map(\.account)
        }
        var listed: Set<AccountCode> = []
        return codes.filter { listed.insert($0).inserted }.compactMap { accounts[$0] }
    }
}
