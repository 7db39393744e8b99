import Interchange
import Ledger
import LedgerService
import LedgerStore

/// Posts the rows of a file in batches, in the file's order, and compares each account's running balance with
/// the one that the file gives.
struct Import {
    struct Plan: Sendable {
        /// Opens accounts that the ledger does not have; nil to refuse their rows.
        var opening: Opening?
        /// Rows that are posted together.
        var batch: Int
        /// Decides every row and writes none.
        var isDryRun: Bool
        var actor: String
    }

    /// What accounts are opened as.
    struct Opening: Sendable {
        var currency: Currency
        var minimum: Operation.Minimum
    }

    struct Summary: Sendable {
        var rows = 0
        var posted = 0
        var alreadyPosted = 0
        var refused = 0
        var badRows = 0
        var differences = 0
        var accountsOpened = 0

        var isClean: Bool { refused == 0 && badRows == 0 && differences == 0 }
    }

    /// Something about one row that somebody must look at.
    struct Finding: Sendable {
        enum Kind: String, Sendable {
            case badRow = "bad_row"
            case refused
            case difference
        }

        let kind: Kind
        let line: Int
        let column: Int?
        let reference: Reference?
        let refusal: Refusal?
        let message: String
    }

    private struct Posting {
        let rows: [ImportRow]
        let outcomes: Task<[OperationOutcome], Never>
    }

    private let service: LedgerService
    private let plan: Plan
    private let report: @Sendable (Finding) -> Void
    private var rehearsal: Rehearsal
    /// The batch that is being posted, and the next one, which is decided meanwhile.
    private var postings: [Posting] = []
    private let pipeline: BatchPipeline
    /// Currencies of accounts, which never change: asked for once, and anew when these are too many.
    private var currencies: [AccountCode: Currency] = [:]
    private static let mostCurrencies = 50_000
    private(set) var summary = Summary()

    init(service: LedgerService, plan: Plan, report: @escaping @Sendable (Finding) -> Void) {
        self.service = service
        self.plan = plan
        self.report = report
        rehearsal = Rehearsal(service: service)
        pipeline = service.pipeline()
    }

    /// - Parameter progress: called after each batch.
    /// - Throws: ``CommandError`` when it cannot go on. What is posted by then is posted, and running it again
    ///   goes on from there.
    mutating func run(
        _ file: inout ImportFile, progress: (Summary, ImportFile) -> Void
    ) async throws {
        do {
            try await postAll(&file, progress: progress)
        } catch {
            // What is under way is heard out; the first problem is the one that is told.
            while !postings.isEmpty { try? await noteFirst() }
            throw error
        }
    }

    private mutating func postAll(
        _ file: inout ImportFile, progress: (Summary, ImportFile) -> Void
    ) async throws {
        var rows: [ImportRow] = []
        var isAtEnd = false
        while !isAtEnd {
            switch try file.next() {
            case .row(let row): rows.append(row)
            case .problem(let problem): add(problem)
            case nil: isAtEnd = true
            }
            if rows.count == plan.batch || isAtEnd {
                try await post(rows)
                rows.removeAll(keepingCapacity: true)
                while isAtEnd, !postings.isEmpty { try await noteFirst() }
                progress(summary, file)
                if Task.isCancelled {
                    while !postings.isEmpty { try await noteFirst() }
                    throw CommandError(
                        "stopped after \(Money.counted(summary.rows, "row")); run it again to go on: nothing is posted twice",
                        .gaveUp)
                }
            }
        }
    }

    private mutating func add(_ problem: ImportProblem) {
        summary.rows += 1
        summary.badRows += 1
        report(
            Finding(
                kind: .badRow, line: problem.line, column: problem.column, reference: nil, refusal: nil,
                message: problem.message))
    }

    // MARK: - A batch

    private mutating func post(_ rows: [ImportRow]) async throws {
        if rows.isEmpty { return }
        try await openMissingAccounts(rows)
        var operations: [(row: ImportRow, operation: Ledger.Operation)] = []
        for row in rows {
            summary.rows += 1
            do throws(Refusal) {
                try checkCurrency(row)
                operations.append((row, try row.operation(actor: plan.actor)))
            } catch {
                refuse(row, error)
            }
        }
        if plan.isDryRun {
            let results = try await rehearse(operations.map(\.operation))
            note(zip(operations, results).map { ($0.row, $1) })
        } else {
            postings.append(
                Posting(
                    rows: operations.map(\.row), outcomes: await pipeline.add(operations.map(\.operation))))
            if postings.count > 1 { try await noteFirst() }
        }
    }

    /// Waits for the batch that is being posted, and notes what became of its rows.
    private mutating func noteFirst() async throws {
        let posting = postings.removeFirst()
        let outcomes = await withTaskCancellationHandler {
            await posting.outcomes.value
        } onCancel: {
            posting.outcomes.cancel()
        }
        note(zip(posting.rows, try results(of: outcomes)).map { ($0, $1) })
    }

    /// The account's own currency decides; a row that names another one is meant for another account.
    private func checkCurrency(_ row: ImportRow) throws(Refusal) {
        if let given = row.currency, let own = currencies[row.account], given != own {
            throw .amountInvalid(
                text: "\(row.amount) \(given)", why: "account \(row.account) is in \(own)")
        }
    }

    private enum Result {
        case posted(Receipt)
        case alreadyPosted(Receipt)
        case refused(Refusal)
    }

    private mutating func perform(_ operations: [Ledger.Operation]) async throws -> [Result] {
        plan.isDryRun ? try await rehearse(operations) : try results(of: await service.perform(operations))
    }

    private mutating func rehearse(_ operations: [Ledger.Operation]) async throws -> [Result] {
        try await rehearsal.decide(operations).map { verdict in
            switch verdict {
            case .post(let decision): .posted(decision.receipt)
            case .alreadyPosted(let receipt): .alreadyPosted(receipt)
            case .refuse(let refusal): .refused(refusal)
            }
        }
    }

    private func results(of outcomes: [OperationOutcome]) throws -> [Result] {
        // The file is what somebody is told by: imported again, it tells them all.
        service.acknowledge(outcomes)
        return try outcomes.map { outcome in
            switch outcome.result {
            case .posted(let receipt): .posted(receipt)
            case .alreadyPosted(let receipt): .alreadyPosted(receipt)
            case .refused(let refusal): .refused(refusal)
            case .failed(let failure): throw Self.stop(failure, .unsound)
            case .unknown(let failure): throw Self.stop(failure, .unknown)
            case .gaveUp(let failure): throw Self.stop(failure, .gaveUp)
            case .cancelled:
                throw CommandError("stopped; run it again to go on: nothing is posted twice", .gaveUp)
            }
        }
    }

    private static func stop(_ failure: Failure, _ status: ExitStatus) -> CommandError {
        CommandError(
            "the import stopped: \(failure.message). Run it again to go on: nothing is posted twice", status,
            sqlState: failure.sqlState)
    }

    // MARK: - What became of a row

    private mutating func note(_ results: [(row: ImportRow, result: Result)]) {
        for (row, result) in results {
            switch result {
            case .posted(let receipt):
                summary.posted += 1
                compare(row, receipt)
            case .alreadyPosted(let receipt):
                summary.alreadyPosted += 1
                compare(row, receipt)
            case .refused(let refusal): refuse(row, refusal)
            }
        }
    }

    private mutating func refuse(_ row: ImportRow, _ refusal: Refusal) {
        summary.refused += 1
        report(
            Finding(
                kind: .refused, line: row.line, column: nil, reference: row.reference, refusal: refusal,
                message: refusal.message))
    }

    private mutating func compare(_ row: ImportRow, _ receipt: Receipt) {
        guard let expected = row.balanceAfter,
            let line = receipt.lines.first(where: { $0.account == row.account })
        else { return }
        if let units = try? expected.units(in: line.ledger.currency), units == line.ledger.units { return }
        summary.differences += 1
        report(
            Finding(
                kind: .difference, line: row.line, column: nil, reference: row.reference, refusal: nil,
                message: "account \(row.account) stands at \(line.ledger), the file says \(expected)"))
    }

    // MARK: - Accounts

    /// Opens what is to be opened; the currencies of the rows' accounts are known then, as far as they exist.
    private mutating func openMissingAccounts(_ rows: [ImportRow]) async throws {
        if currencies.count > Self.mostCurrencies { currencies = [:] }
        let codes = Set(rows.map(\.account) + rows.compactMap(\.counterAccount))
        try await lookUp(codes.filter { currencies[$0] == nil })
        guard let opening = plan.opening else { return }
        var missing: [AccountCode] = []
        for row in rows {
            for code in [row.account] + (row.counterAccount.map { [$0] } ?? [])
            where currencies[code] == nil {
                currencies[code] = row.currency ?? opening.currency
                missing.append(code)
            }
        }
        if missing.isEmpty { return }
        let operations = try missing.map { code in
            try Operation(
                reference: Reference(generatedFrom: service.environment.newIdentifier()),
                action: .accountChange(
                    account: code,
                    change: .open(
                        name: "Account \(code)", currency: currencies[code] ?? opening.currency,
                        accountClass: .liability, minimum: opening.minimum),
                    reason: "opened by an import"),
                actor: plan.actor)
        }
        var others: [AccountCode] = []
        for (code, result) in zip(missing, try await perform(operations)) {
            if case .posted = result {
                summary.accountsOpened += 1
            } else {
                // Another program may have opened it meanwhile; what matters is that it is there.
                currencies[code] = nil
                others.append(code)
            }
        }
        try await lookUp(others)
    }

    private mutating func lookUp(_ codes: some Collection<AccountCode>) async throws {
        if codes.isEmpty { return }
        for listing in try await service.store.queries.accounts(codes: codes.sorted()) {
            currencies[listing.account.code] = listing.account.currency
        }
    }
}
