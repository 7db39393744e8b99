import Ledger
import LedgerStore

/// What a check of the whole ledger found.
public struct VerificationReport: Sendable, Equatable {
    public var accounts: Int64 = 0
    public var transactions: Int64 = 0
    public var records: Int64 = 0
    /// The first problem of each account, and those of transactions; at most ``Verifier/problemLimit``.
    public var problems: [LedgerProblem] = []
    /// How many heads that were kept before were compared.
    public var comparedHeads: Int64 = 0
    /// Whether there were more problems than are kept.
    public var hasMoreProblems = false

    /// A report of an empty ledger, for a start.
    public init() {}

    public var isSound: Bool { problems.isEmpty }
}

/// Checks the whole ledger as of one moment: recomputes every total, each transaction's balance by currency,
/// gaps in sequences, hash chains and references.
///
/// It reads pages of fixed size in the order of their keys and forgets each, so that a ledger of millions of
/// records needs no more memory than a small one.
public struct Verifier: Sendable {
    public static let problemLimit = 1000

    public struct Progress: Sendable {
        public let records: Int64
        /// As the server's statistics have it; 0 when it does not know.
        public let estimatedRecords: Int64
        public let transactions: Int64
        /// The same for transactions, which are checked after the records.
        public let estimatedTransactions: Int64

        /// How much of the work is done, from 0 to 1; nil when that is not known.
        public var share: Double? {
            guard estimatedRecords > 0, estimatedTransactions > 0 else { return nil }
            let transactions = min(transactions, estimatedTransactions)
            // Transactions are there when all records were seen, however many those were.
            let records = transactions > 0 ? estimatedRecords : min(records, estimatedRecords)
            return Double(records + transactions) / Double(estimatedRecords + estimatedTransactions)
        }
    }

    /// What is done with the heads of the chains while they are checked.
    public struct Heads: Sendable {
        /// Takes the head of each account, in the order of their ids.
        public var keep: (@Sendable (AccountHead) throws -> Void)?
        /// Gives heads that were kept before, in the same order, then nil: each must still stand.
        public var kept: (@Sendable () throws -> AccountHead?)?

        public init(
            keep: (@Sendable (AccountHead) throws -> Void)? = nil,
            kept: (@Sendable () throws -> AccountHead?)? = nil
        ) {
            self.keep = keep
            self.kept = kept
        }
    }

    private let store: LedgerStore
    private let pageSize: Int

    /// - Parameter pageSize: rows held at a time.
    public init(store: LedgerStore, pageSize: Int = 2000) {
        self.store = store
        self.pageSize = pageSize
    }

    /// - Parameters:
    ///   - heads: what to do with the heads of the chains.
    ///   - found: called with each problem, also with those that the report has no room for.
    ///   - progress: called after each page.
    /// - Throws: when the ledger cannot be read; ``Refusal/notPermitted(why:)`` for a role that sees only a part of
    ///   it. What is wrong *in* it is in the report.
    public func run(
        heads: Heads = Heads(), found: @escaping @Sendable (LedgerProblem) -> Void = { _ in },
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> VerificationReport {
        if try await store.access().isConfined {
            throw Refusal.notPermitted(
                why:
                    "this role sees some of the accounts only, and whether the ledger is sound can only be said "
                    + "of all of them; let an unconfined role verify it")
        }
        return try await store.withSnapshot { [pageSize] queries in
            var run = VerificationRun(
                queries: queries, pageSize: pageSize, heads: heads, found: found, progress: progress)
            return try await run.finish()
        }
    }
}

/// One check in the course of being made.
private struct VerificationRun {
    let queries: LedgerQueries
    let pageSize: Int
    let heads: Verifier.Heads
    let found: @Sendable (LedgerProblem) -> Void
    let progress: @Sendable (Verifier.Progress) -> Void
    var report = VerificationReport()
    private var estimate: (records: Int64, transactions: Int64) = (0, 0)

    init(
        queries: LedgerQueries, pageSize: Int, heads: Verifier.Heads,
        found: @escaping @Sendable (LedgerProblem) -> Void,
        progress: @escaping @Sendable (Verifier.Progress) -> Void
    ) {
        self.queries = queries
        self.pageSize = pageSize
        self.heads = heads
        self.found = found
        self.progress = progress
    }

    mutating func finish() async throws -> VerificationReport {
        estimate = try await queries.estimatedRows()
        try await checkAccounts()
        try await checkJournal()
        for problem in try await queries.repeatedReferences(limit: Verifier.problemLimit) { add(problem) }
        return report
    }

    /// Walks accounts and records side by side, both in the order of account ids.
    private mutating func checkAccounts() async throws {
        var records = RecordPages(queries: queries, pageSize: pageSize)
        var comparison = try heads.kept.map { try HeadComparison(next: $0) }
        var last = Identifier(high: 0, low: 0)
        while true {
            let accounts = try await queries.accounts(after: last, limit: pageSize)
            for listing in accounts {
                let account = listing.account
                while let problem = try comparison?.missing(before: account.id) { add(problem) }
                var auditor = AccountAuditor(listing)
                while let line = try await records.next(), line.record.accountID <= account.id {
                    records.take()
                    report.records += 1
                    if report.records % Int64(pageSize) == 0 { tell() }
                    guard line.record.accountID == account.id else {
                        addStray(line)
                        continue
                    }
                    auditor.feed(line)
                    if let problem = comparison?.feed(line.record) { add(problem) }
                }
                auditor.finish()
                if let problem = auditor.problem { add(problem) }
                if let problem = try comparison?.finish(account) { add(problem) }
                try heads.keep?(account.lastHead)
            }
            report.accounts += Int64(accounts.count)
            tell()
            guard let next = accounts.last?.account.id else { break }
            last = next
        }
        while let line = try await records.next() {
            records.take()
            report.records += 1
            addStray(line)
        }
        while let problem = try comparison?.missing(before: nil) { add(problem) }
        report.comparedHeads = comparison?.count ?? 0
    }

    private mutating func checkJournal() async throws {
        var last = Identifier(high: 0, low: 0)
        while true {
            let check = try await queries.checkJournal(after: last, limit: pageSize)
            for problem in check.problems { add(problem) }
            report.transactions += Int64(check.count)
            tell()
            guard let next = check.last else { return }
            last = next
        }
    }

    private mutating func addStray(_ line: HistoryLine) {
        add(
            LedgerProblem(
                seq: line.record.seq, reference: line.reference,
                message: "a record belongs to account \(line.record.accountID), which is missing"))
    }

    private mutating func add(_ problem: LedgerProblem) {
        found(problem)
        if report.problems.count < Verifier.problemLimit {
            report.problems.append(problem)
        } else {
            report.hasMoreProblems = true
        }
    }

    private func tell() {
        progress(
            Verifier.Progress(
                records: report.records, estimatedRecords: estimate.records,
                transactions: report.transactions, estimatedTransactions: estimate.transactions))
    }
}

/// The records of all accounts, a page at a time.
private struct RecordPages {
    let queries: LedgerQueries
    let pageSize: Int
    private var page: ArraySlice<HistoryLine> = []
    private var place = (account: Identifier(high: 0, low: 0), seq: Int64(0))
    private var isAtEnd = false

    init(queries: LedgerQueries, pageSize: Int) {
        self.queries = queries
        self.pageSize = pageSize
    }

    /// The next record, which stays the next until it is taken.
    mutating func next() async throws -> HistoryLine? {
        if page.isEmpty, !isAtEnd {
            page = try await queries.records(after: place, limit: pageSize)[...]
            isAtEnd = page.count < pageSize
            if let last = page.last { place = (last.record.accountID, last.record.seq) }
        }
        return page.first
    }

    mutating func take() { page.removeFirst() }
}
