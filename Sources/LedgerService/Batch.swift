import Ledger
import LedgerStore

/// Operations on their way to the books together, and what has become of each so far. Pure: it is told what happened
/// and says what is next.
///
/// They may come from many callers. Each keeps its own attempts, conflicts and deadline, and ends by itself.
struct Batch {
    /// One operation and its story.
    struct Item: Sendable {
        /// The same for all attempts, so that an attempt whose answer got lost can be told from somebody else's.
        let id: Identifier
        let operation: Operation
        let confirmation: Confirmation?
        /// When it was asked for, in the time of `ServiceEnvironment.uptime`.
        let start: Duration
        var attempts = 0
        var conflicts: [Conflict] = []
        /// Conflicts with somebody else: answers that got lost are told of in another way.
        fileprivate(set) var conflictsTold = 0
        /// How often somebody else was faster.
        fileprivate(set) var lostRaces = 0
        /// Whether the answer to an attempt got lost. From then on it may be on the books at any moment, and
        /// only the books can say that it is not.
        var mayBePosted = false
        /// Whether an attempt found it on the books, of a server that may be the only one to know.
        var isFound = false
        /// Whether its caller does not want it any more.
        var isCancelled = false
        /// Its way into the outbox; nil when it was kept before, or there is none.
        var keeping: Keeping?
        /// The latest attempt that was told of as begun: one that was called off for another's sake begins once more.
        fileprivate var told = 0

        init(id: Identifier, operation: Operation, confirmation: Confirmation?, start: Duration) {
            self.id = id
            self.operation = operation
            self.confirmation = confirmation
            self.start = start
        }
    }

    /// What a decision may be made from.
    struct Known {
        var view: LedgerView
        /// Whether it was read for this attempt. What is only remembered cannot refuse anything.
        let isFresh: Bool
        /// The places of the operations that need more than that, which is to be read.
        var missing: [Int] = []
        /// What was decided from it before its turn.
        var plan: Plan?
    }

    /// An operation that ended.
    struct Ended: Sendable {
        let id: Identifier
        let outcome: OperationOutcome
    }

    private(set) var pending: [Item]
    private var ended: [Ended] = []
    /// Whether operations that a conflict was not about go back to where they came from, and do not wait with those
    /// that it was about.
    let sparesOthers: Bool
    private var spared: [Item] = []
    private var known: Known?
    /// The accounts as the last attempt read or remembered them.
    private var seen: [AccountCode: Account] = [:]
    /// The accounts as this program's last writes left them, as far as nothing says otherwise.
    private var left: [AccountCode: Account] = [:]
    private var memoryHeld: Bool?
    /// What may cut its waits for a turn short.
    let alarm: Alarm?
    /// Whether the program has had its turn: see ``RetryPolicy/lockingWait``.
    let hadTurn: Bool

    /// - Parameter known: what the first attempt may be decided from; nil to read the accounts.
    init(
        _ items: [Item], sparesOthers: Bool = false, known: Known? = nil, alarm: Alarm? = nil,
        hadTurn: Bool = true
    ) {
        pending = items
        self.sparesOthers = sparesOthers
        self.known = known
        self.alarm = alarm
        self.hadTurn = hadTurn
    }

    var isFinished: Bool { pending.isEmpty }

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
        /// What they were decided from.
        let view: LedgerView
        /// The accounts once the decisions are on the books.
        var accounts: [AccountCode: Account] = [:]
        /// The decisions as they are sent, where they wait for their turn.
        var writing: Writing?

        init(from view: LedgerView) { self.view = view }

        /// Whether every operation is to be written.
        var postsAll: Bool { decisions.count == results.count }
    }

    func plan(_ count: Int, in view: LedgerView, bookedAt: Timestamp) -> Plan {
        var plan = Plan(from: view)
        var view = view
        view.settled.reserveCapacity(view.settled.count + count)
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
        plan.accounts = view.accounts
        return plan
    }

    /// - Returns: the places of those operations for which this is a new attempt.
    mutating func beginAttempt(of count: Int) -> [Int] {
        for place in pending.indices.prefix(count) { pending[place].attempts += 1 }
        let new = pending.indices.prefix(count).filter { pending[$0].attempts > pending[$0].told }
        for place in new { pending[place].told = pending[place].attempts }
        return new
    }

    /// Their callers do not want these any more.
    mutating func cancel(_ ids: Set<Identifier>) {
        for place in pending.indices where ids.contains(pending[place].id) {
            pending[place].isCancelled = true
        }
    }

    /// The ways into the outbox on which some of the first operations are still, or failed.
    func keepings(of count: Int) -> [Keeping] {
        var keepings: [Keeping] = []
        for item in pending.prefix(count) {
            if let keeping = item.keeping, keepings.last !== keeping { keepings.append(keeping) }
        }
        return keepings.filter { !$0.isKept }
    }

    // MARK: What is known of the accounts

    /// What the next attempt may be decided from without reading; once.
    mutating func takeKnown() -> Known? {
        defer { known = nil }
        return known
    }

    /// The accounts were just read, and the next attempt needs not read them again.
    mutating func know(_ view: LedgerView) { known = Known(view: view, isFresh: true) }

    /// The operations were decided before their turn.
    mutating func know(_ plan: Plan) { known = Known(view: plan.view, isFresh: false, plan: plan) }

    /// Time has passed since.
    mutating func forgetKnown() { known = nil }

    /// The accounts that an attempt is decided from.
    mutating func remember(_ view: LedgerView) { seen = view.accounts }

    /// A write left the accounts like this.
    mutating func leave(_ accounts: [AccountCode: Account], fromMemory: Bool) {
        if left.isEmpty { left = accounts } else { left.merge(accounts) { $1 } }
        if fromMemory { memoryHeld = true }
    }

    /// What was known of the accounts is not to be trusted any more.
    mutating func distrust(fromMemory: Bool) {
        left = [:]
        if fromMemory { memoryHeld = false }
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

    // MARK: Conflicts

    /// The operations, by their place, that somebody else got in the way of, as this view shows, which was read after
    /// the failure. All of them when it does not show.
    func hit(_ count: Int, in view: LedgerView) -> [Int] {
        let hit = pending.indices.prefix(count).filter { place in
            let item = pending[place]
            return view.settled[item.operation.reference] != nil
                || view.accounts(of: item.operation).contains { seen[$0.code]?.version != $0.version }
        }
        return hit.isEmpty ? Array(pending.indices.prefix(count)) : hit
    }

    mutating func note(_ failure: StoreFailure, on places: some Sequence<Int>) {
        // The database speaks of ids, people do not.
        let account = failure.account.flatMap { id in seen.values.first { $0.id == id }?.code }
        for index in places {
            pending[index].conflicts.append(
                Conflict(failure, attempt: pending[index].attempts, account: account))
            if failure.kind != .unknownOutcome, failure.kind != .unavailable {
                pending[index].conflictsTold += 1
            }
            if failure.isRace { pending[index].lostRaces += 1 }
        }
    }

    /// Of the first operations only these go on here. The attempt of the others never was, and where they can they go
    /// back to where they came from.
    mutating func goOn(with places: [Int], of count: Int) {
        let kept = Set(places)
        for place in pending.indices.prefix(count) where !kept.contains(place) {
            pending[place].attempts -= 1
        }
        guard sparesOthers, kept.count < count else { return }
        spared += pending.indices.prefix(count).filter { !kept.contains($0) }.map { pending[$0] }
        pending = places.map { pending[$0] } + pending.dropFirst(count)
    }

    /// Whether one of the first operations has lost this many races.
    func hasLost(_ races: Int, among count: Int) -> Bool {
        pending.prefix(count).contains { $0.lostRaces >= races }
    }

    mutating func noteLostAnswer(of count: Int) {
        for index in pending.indices.prefix(count) { pending[index].mayBePosted = true }
    }

    /// These operations are on the books, as far as the server that was asked knows.
    mutating func noteFound(_ places: [Int]) {
        for place in places { pending[place].isFound = true }
    }

    // MARK: Ends

    /// The first operations ended with these results.
    mutating func finish(_ results: [OperationOutcome.Result], at now: Duration) {
        chunkLimit = .max
        for (item, result) in zip(pending, results) {
            ended.append(
                Ended(
                    id: item.id,
                    outcome: OperationOutcome(
                        reference: item.operation.reference, result: result, attempts: item.attempts,
                        conflicts: item.conflicts, elapsed: now - item.start)))
        }
        pending.removeFirst(min(results.count, pending.count))
    }

    /// Brings the operations that are to end without another attempt to the front.
    /// - Returns: how many they are.
    mutating func bringForward(_ ends: (Item) -> Bool) -> Int {
        guard pending.contains(where: ends) else { return 0 }
        let ending = pending.filter(ends)
        pending = ending + pending.filter { !ends($0) }
        known = nil
        return ending.count
    }

    /// What an attempt came to.
    struct Report: Sendable {
        let ended: [Ended]
        /// Operations that go back to where they came from.
        let spared: [Item]
        /// Accounts of which what was known before may not hold any more.
        let touched: [AccountCode]
        /// Accounts as this program's writes left them.
        let left: [AccountCode: Account]
        /// Whether what was remembered proved right or wrong; nil when it was not put to the test.
        let memoryHeld: Bool?
    }

    /// What came of it since it was last asked.
    mutating func takeReport() -> Report {
        defer { (ended, spared, left, memoryHeld) = ([], [], [:], nil) }
        return Report(
            ended: ended, spared: spared, touched: Array(seen.keys), left: left, memoryHeld: memoryHeld)
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

    /// How it ends where it would end in this way: unknown when it may be on the books all the same.
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
