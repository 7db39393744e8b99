import Ledger
import LedgerStore

/// What a check of the whole ledger found.
public struct VerificationReport: Sendable, Equatable {
    public var accounts: Int64 = 0
    public var transactions: Int64 = 0
    public var records: Int64 = 0
    /// The first problem of each account, and those of transactions; at most ``Verifier/problemLimit``.
    public var problems: [LedgerProblem] = []
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
    }

    private let store: LedgerStore
    private let pageSize: Int

    /// - Parameter pageSize: rows held at a time.
    public init(store: LedgerStore, pageSize: Int = 2000) {
        self.store = store
        self.pageSize = pageSize
    }

    /// - Parameter progress: called after each page.
    /// - Throws: when the ledger cannot be read; ``Refusal/notPermitted(why:)`` for a role that sees only a part of
    ///   it. What is wrong *in* it is in the report.
    public func run(progress: @escaping @Sendable (Progress) -> Void = { _ in }) async throws
        -> VerificationReport
    {
        if try await store.access().isConfined {
            throw Refusal.notPermitted(
                why:
                    "this role sees some of the accounts only, and whether the ledger is sound can only be said "
                    + "of all of them; let an unconfined role verify it")
        }
        return try await store.withSnapshot { [pageSize] queries in
            var run = VerificationRun(queries: queries, pageSize: pageSize, progress: progress)
            return try await run.finish()
        }
    }
}

/// One check in the course of being made.
private struct VerificationRun {
    let queries: LedgerQueries
    let pageSize: Int
    let progress: @Sendable (Verifier.Progress) -> Void
    var report = VerificationReport()
    var estimate: Int64 = 0

    init(queries: LedgerQueries, pageSize: Int, progress: @escaping @Sendable (Verifier.Progress) -> Void) {
        self.queries = queries
        self.pageSize = pageSize
        self.progress = progress
    }

    mutating func finish() async throws -> VerificationReport {
        estimate = try await queries.estimatedRecords()
        try await checkAccounts()
        try await checkJournal()
        for problem in try await queries.repeatedReferences(limit: Verifier.problemLimit) { add(problem) }
        return report
    }

    /// Walks accounts and records side by side, both in the order of account ids.
    private mutating func checkAccounts() async throws {
        var records = RecordPages(queries: queries, pageSize: pageSize)
        var last = Identifier(high: 0, low: 0)
        while true {
            let accounts = try await queries.accounts(after: last, limit: pageSize)
            for account in accounts {
                var auditor = AccountAuditor(account)
                while let line = try await records.next(), line.record.accountID <= account.id {
                    records.take()
                    report.records += 1
                    if report.records % Int64(pageSize) == 0 { tell() }
                    if line.record.accountID == account.id { auditor.feed(line) } else { addStray(line) }
                }
                auditor.finish()
                if let problem = auditor.problem { add(problem) }
            }
            report.accounts += Int64(accounts.count)
            tell()
            guard let next = accounts.last?.id else { break }
            last = next
        }
        while let line = try await records.next() {
            records.take()
            report.records += 1
            addStray(line)
        }
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
        if report.problems.count < Verifier.problemLimit {
            report.problems.append(problem)
        } else {
            report.hasMoreProblems = true
        }
    }

    private func tell() {
        progress(
            Verifier.Progress(
                records: report.records, estimatedRecords: estimate, transactions: report.transactions))
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
