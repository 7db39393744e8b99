import ArgumentParser
import Console
import Interchange
import Ledger
import LedgerService

struct VerifyCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the whole ledger: totals, balances, numbering, hash chains, references.",
        discussion: "Exit status 0 only if everything holds, 70 if anything does not.")

    @OptionGroup var common: CommonOptions

    func run(_ context: CommandContext) async throws -> ExitStatus {
        try await withSession(context) { session in
            let report = try await session.verify(showing: context.output)
            if context.output.isJSON {
                context.output.json(.verification(report))
            } else {
                context.output.verification(report)
            }
            return report.isSound ? .done : .unsound
        }
    }
}

extension Session {
    /// Checks the whole ledger and shows how far it is.
    func verify(showing output: Output) async throws -> VerificationReport {
        let report = try await Verifier(store: store).run { progress in
            let estimate =
                progress.estimatedRecords > progress.records
                ? " of about \(Money.grouped(progress.estimatedRecords))" : ""
            output.progress(
                "verifying: \(Money.grouped(progress.records))\(estimate) records, "
                    + "\(Money.grouped(progress.transactions)) transactions")
        }
        output.endProgress()
        return report
    }
}

extension Output {
    func verification(_ report: VerificationReport) {
        let counts =
            "\(Money.grouped(report.accounts)) accounts, \(Money.grouped(report.transactions)) transactions, "
            + "\(Money.grouped(report.records)) records"
        if report.isSound { return line("sound: \(counts); everything holds") }
        for problem in report.problems { line(problem.text) }
        let more = report.hasMoreProblems ? "more than " : ""
        line("UNSOUND: \(more)\(report.problems.count) problems in \(counts)")
    }
}

extension LedgerProblem {
    /// Where and what, in one line.
    var text: String {
        let account = account.map { "account \($0)" }
        let reference = reference.map { "reference \($0)" }
        let place = [account, reference].compactMap { $0 }.joined(separator: ", ")
        return SafeText.printable(place.isEmpty ? message : "\(place): \(message)")
    }
}

extension JSONValue {
    static func verification(_ report: VerificationReport) -> JSONValue {
        .object([
            ("outcome", .string(report.isSound ? "sound" : "unsound")),
            ("accounts", .integer(report.accounts)), ("transactions", .integer(report.transactions)),
            ("records", .integer(report.records)),
            ("problems", .array(report.problems.map(JSONValue.problem))),
        ])
    }

    private static func problem(_ problem: LedgerProblem) -> JSONValue {
        .object([
            ("account", problem.account.map { .string($0.text) } ?? .null),
            ("seq", problem.seq.map { .integer($0) } ?? .null),
            ("reference", problem.reference.map { .string($0.text) } ?? .null),
            ("message", .string(problem.message)),
        ])
    }
}

extension Money {
    /// A count with thousands separated.
    static func grouped(_ count: Int64) -> String { text(count, digits: 0, grouping: true) }
}
