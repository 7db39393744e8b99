import Ledger
import LedgerService

/// The attempts of all operations, the newest operation at the top; frozen or running.
struct AttemptsPane: Sendable {
    private(set) var log = AttemptLog()
    /// The log as it was when it was frozen.
    private(set) var frozen: AttemptLog?
    /// When it was frozen.
    private(set) var frozenAt: Timestamp?
    var list = AttemptList()

    var shown: AttemptLog { frozen ?? log }
    var isFrozen: Bool { frozen != nil }

    mutating func add(_ batch: AttemptBatch) { log.add(batch) }

    mutating func find(_ receipt: Receipt, at now: Timestamp) { log.find(receipt, at: now) }

    mutating func toggleFrozen(now: Timestamp) {
        (frozen, frozenAt) = isFrozen ? (nil, nil) : (log, now)
    }

    func selection(_ console: ConsoleState) -> Selection { list.selection(in: shown, console) }
}

/// Operations of an attempt log as they are listed: filtered, with one of them selected. The selection is an
/// operation, not a line: what is read keeps its place while others come in above it.
struct AttemptList: Sendable {
    var filter = FilterField()
    /// Nil follows the newest.
    private(set) var selected: Reference?
    /// The first operation in sight, by its age among those that the filter holds for.
    private(set) var top = 0

    /// The operations that the filter holds for, by age.
    func indices(in log: AttemptLog) -> [Int] {
        let filter = self.filter.read(as: AttemptFilter.self)
        if filter.isEmpty { return Array(0..<log.count) }
        return (0..<log.count).filter { index in log[index].map(filter.matches) ?? false }
    }

    func selectedIndex(_ indices: [Int], in log: AttemptLog) -> Int {
        guard let selected else { return 0 }
        // One that has left the log was older than all that are in it.
        guard let age = log.index(of: selected) else { return max(indices.count - 1, 0) }
        return indices.firstIndex { $0 >= age } ?? max(indices.count - 1, 0)
    }

    mutating func move(_ motion: Motion, in log: AttemptLog, page: Int) {
        guard motion != .first else {
            selected = nil
            return
        }
        let indices = indices(in: log)
        select(motion.moved(selectedIndex(indices, in: log), of: indices.count, page: page), indices, log)
    }

    mutating func select(_ index: Int, _ indices: [Int], _ log: AttemptLog) {
        guard indices.indices.contains(index) else { return }
        selected = log[indices[index]]?.operation.reference
    }

    /// Selects the operation that is drawn in a row.
    /// - Parameter first: the row of the first operation in sight.
    /// - Returns: whether there is one.
    mutating func select(row: Int, from first: Int, in log: AttemptLog) -> Bool {
        let indices = indices(in: log)
        var (end, index) = (first, top)
        while row >= first, indices.indices.contains(index), let group = log[indices[index]] {
            end += group.rows
            if row < end {
                select(index, indices, log)
                return true
            }
            index += 1
        }
        return false
    }

    /// Keeps the selected operation in sight, with all its lines if there is room, and no row empty that an operation
    /// could be in.
    mutating func settle(in log: AttemptLog, rows: Int) {
        let indices = indices(in: log)
        guard !indices.isEmpty else {
            top = 0
            return
        }
        /// The first of those that fit above an operation together with it.
        func first(above index: Int) -> Int {
            var first = index
            var used = log[indices[index]]?.rows ?? 0
            while first > 0, let rowsAbove = log[indices[first - 1]]?.rows, used + rowsAbove <= rows {
                used += rowsAbove
                first -= 1
            }
            return first
        }
        let index = selectedIndex(indices, in: log)
        top = selected == nil || index < top ? index : max(top, first(above: index))
        top = min(top, first(above: indices.count - 1))
    }

    func selection(in log: AttemptLog, _ console: ConsoleState) -> Selection {
        let indices = indices(in: log)
        var selection = Selection()
        guard !indices.isEmpty, let group = log[indices[selectedIndex(indices, in: log)]] else {
            return selection
        }
        selection.opens = .operation(group.operation.reference)
        if let code = group.operation.accounts.first {
            selection.account = console.accounts.listing(code: code.text)?.account
        }
        selection.copies = {
            [
                ("reference", group.operation.reference.text), ("operation", group.operation.title),
                ("everything", console.timeline(group, columns: 200).map(\.text).joined(separator: "\n")),
            ]
        }
        return selection
    }
}

/// Which operations of the attempts to list: plain words are found in kind, accounts, amount, actor and reference;
/// `outcome:refused` and `account:576` compare, `conflicts>2` counts.
struct AttemptFilter: TermFilter {
    var words: [String] = []
    private var outcome: String?
    private var account: String?
    private var conflicts: [AmountCondition] = []
    var problem: FilterProblem?

    static let fields = ["outcome:", "account:", "conflicts>"]

    init() {}

    func matches(_ group: OperationAttempts) -> Bool {
        if problem != nil { return false }
        let operation = group.operation
        if let outcome, group.outcomeName != outcome { return false }
        if let account, !operation.accounts.contains(where: { $0.text.lowercased() == account }) {
            return false
        }
        if !conflicts.allSatisfy({ $0.holds(for: Int64(group.conflicts), digits: 0) }) { return false }
        return words.allSatisfy { group.searchText.contains($0.lowercased()) }
    }

    mutating func take(_ field: FilterTerm.Field) throws(FilterProblem) -> Bool {
        if let condition = try AmountCondition(field, fields: [.conflicts]) {
            conflicts.append(condition)
            return true
        }
        guard field.comparison == nil else { return false }
        switch field.name {
        case "outcome": outcome = try field.choice(among: OperationAttempts.outcomeNames)
        case "account": account = try field.text("the code of an account").lowercased()
        default: return false
        }
        return true
    }
}

extension OperationAttempts {
    /// All that a filter can ask for.
    static let outcomeNames = [
        "running", "unknown", "posted", "posted-already", "refused", "failed", "gave-up", "stopped",
    ]

    /// As the filter names it.
    var outcomeName: String {
        switch state {
        case .running, .waiting: "running"
        case .unknown: "unknown"
        case .posted: "posted"
        case .alreadyPosted: "posted-already"
        case .refused: "refused"
        case .failed: "failed"
        case .gaveUp: "gave-up"
        case .cancelled: "stopped"
        }
    }

    /// Whether one line says all.
    var isPlain: Bool {
        if lines.count == 1, hidden == 0, case .posted = lines[0].result { return true }
        return false
    }

    /// Lines that it takes in the list.
    var rows: Int { isPlain ? 1 : 1 + lines.count + (hidden > 0 ? 1 : 0) }
}
