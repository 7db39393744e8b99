import ArgumentParser
import Interchange
import Ledger
import LedgerService

struct ImportCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Post the rows of a CSV file, each once, however often it is run.",
        discussion: """
            The header names the columns: date, reference, account, type and amount are needed; type is deposit,
            withdrawal or transfer (then counter_account); currency, narrative and balance_after are optional.
            Where balance_after is given, the account's balance after each row is compared with it.
            Exit status 0 only if every row is posted and every balance agrees, 65 if not.
            """)

    enum Format: String, ExpressibleByArgument, Sendable { case csv }

    @Argument(help: "The file.") var file: String
    @Option(help: "The file's format.") var format = Format.csv
    @Flag(help: "Say what would happen and write nothing.") var dryRun = false
    @Flag(help: "Open accounts that the ledger does not have.") var openAccounts = false
    @Option(help: ArgumentHelp("The currency of accounts that are opened.", valueName: "code"))
    var currency: String?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The minimum of accounts that are opened: an amount, or none.", valueName: "amount"))
    var minimum = "0"
    @Option(help: ArgumentHelp("Rows that are posted together.", valueName: "n")) var batch: Int?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if openAccounts, currency == nil {
            throw ValidationError("--open-accounts needs --currency, such as --currency CZK")
        }
        if let batch, !(1...10_000).contains(batch) {
            throw ValidationError("--batch takes a number from 1 to 10000")
        }
    }

    func run(_ context: CommandContext) async throws -> ExitStatus {
        var plan = Import.Plan(
            batch: batch ?? context.settings.importBatch.value, isDryRun: dryRun,
            actor: context.settings.actor.value)
        if openAccounts, let currency {
            plan.opening = Import.Opening(
                currency: try Currency(currency), minimum: try Operation.Minimum(minimum))
        }
        // The file is looked at before a server is started for it.
        var input = try ImportFile(FileBytes(path: context.environment.absolute(file)))
        if !input.ignoredColumns.isEmpty {
            context.output.note("columns kept out: \(input.ignoredColumns.joined(separator: ", "))")
        }
        let session = try await Session.open(context)
        do {
            if !dryRun { try await session.requireWritable() }
            let status = try await run(plan, &input, session, context)
            await session.close()
            return status
        } catch {
            await session.close()
            throw error
        }
    }

    private func run(
        _ plan: Import.Plan, _ input: inout ImportFile, _ session: Session, _ context: CommandContext
    ) async throws -> ExitStatus {
        let output = context.output
        var work = Import(service: session.service, plan: plan) { output.finding($0) }
        let clock = context.serviceEnvironment.uptime
        let start = clock()
        try await work.run(&input) { summary, file in
            output.progress(
                Self.progressText(summary, done: file.bytesRead, of: file.totalBytes, in: clock() - start))
        }
        output.endProgress()
        output.summary(work.summary, isDryRun: dryRun, time: clock() - start)
        return work.summary.isClean ? .done : .refused
    }

    private static func progressText(
        _ summary: Import.Summary, done: Int, of total: Int?, in time: Duration
    ) -> String {
        let seconds = max(time.milliseconds / 1000, 0.001)
        let rate = Int64(Double(summary.rows) / seconds)
        let rows = "\(Money.counted(summary.rows, "row"))  \(Money.grouped(rate))/s"
        guard let total, total > 0, done > 0 else { return rows }
        let share = min(Double(done) / Double(total), 1)
        let width = 24
        let filled = Int(share * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
        let left = Int64(seconds * (1 - share) / share + 0.5)
        let percent = Int(share * 100)
        return "\(String(repeating: " ", count: percent < 10 ? 2 : percent < 100 ? 1 : 0))\(percent)% "
            + "\(bar)  \(rows)  about \(left) s left"
    }
}

extension Output {
    /// A row that somebody must look at: a result, so it comes on stdout with `--json`.
    func finding(_ finding: Import.Finding) {
        if isJSON { return json(.finding(finding)) }
        let place = finding.column.map { "line \(finding.line), column \($0)" } ?? "line \(finding.line)"
        let kind =
            switch finding.kind {
            case .badRow: "bad row"
            case .refused: "refused"
            case .difference: "balance differs"
            }
        warning("\(place): \(kind): \(finding.message)")
    }

    func summary(_ summary: Import.Summary, isDryRun: Bool, time: Duration) {
        if isJSON { return json(.summary(summary, isDryRun: isDryRun, time: time)) }
        let rate = Int64(Double(summary.rows) / max(time.milliseconds / 1000, 0.001))
        let verb = isDryRun ? "would be posted" : "posted"
        line(
            "\(Money.counted(summary.rows, "row")) in \(time.secondsText) s (\(Money.grouped(rate)) a second): "
                + "\(Money.grouped(Int64(summary.posted))) \(verb), \(Money.grouped(Int64(summary.alreadyPosted))) "
                + "posted before, \(Money.grouped(Int64(summary.refused))) refused, "
                + "\(Money.grouped(Int64(summary.badRows))) bad; "
                + "\(Money.counted(summary.accountsOpened, "account")) "
                + "\(isDryRun ? "would be opened" : "opened"); "
                + (summary.differences == 0
                    ? "no balance differs"
                    : Money.counted(summary.differences, "balance")
                        + (summary.differences == 1 ? " differs" : " differ")))
    }
}

extension JSONValue {
    static func finding(_ finding: Import.Finding) -> JSONValue {
        .object([
            ("problem", .string(finding.kind.rawValue)), ("line", .integer(Int64(finding.line))),
            ("column", finding.column.map { .integer(Int64($0)) } ?? .null),
            ("reference", finding.reference.map { .string($0.text) } ?? .null),
            ("refusal", finding.refusal.map { .string($0.name) } ?? .null),
            ("message", .string(finding.message)),
        ])
    }

    static func summary(_ summary: Import.Summary, isDryRun: Bool, time: Duration) -> JSONValue {
        .object([
            ("outcome", .string(summary.isClean ? "done" : "refused")), ("dry_run", .bool(isDryRun)),
            ("rows", .integer(Int64(summary.rows))), ("posted", .integer(Int64(summary.posted))),
            ("already_posted", .integer(Int64(summary.alreadyPosted))),
            ("refused", .integer(Int64(summary.refused))), ("bad_rows", .integer(Int64(summary.badRows))),
            ("differences", .integer(Int64(summary.differences))),
            ("accounts_opened", .integer(Int64(summary.accountsOpened))),
            ("seconds", .decimal(time.secondsText)),
        ])
    }
}
