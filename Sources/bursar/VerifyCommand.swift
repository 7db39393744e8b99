import ArgumentParser
import Interchange
import Ledger
import LedgerService

struct VerifyCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the whole ledger: totals, balances, numbering, hash chains, references.",
        discussion: "Exit status 0 only if everything holds, 70 if anything does not.")

    @Option(
        help: ArgumentHelp(
            "Write the end of each account's hash chain to this new file, to be kept elsewhere; - prints it.",
            valueName: "file"))
    var heads: String?
    @Option(
        help: ArgumentHelp(
            "Check too that the chains still hold the heads that --heads wrote to this file.",
            valueName: "file"))
    var against: String?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if heads == "-", common.json {
            throw ValidationError("--heads - prints the heads where --json prints its object; name a file")
        }
    }

    func run(_ context: CommandContext) async throws -> ExitStatus {
        let output = context.output
        let kept = try against.map { path throws(ImportError) in
            try KeptHeads(path: context.environment.absolute(path))
        }
        return try await withSession(context) { session in
            var work = Verifier.Heads()
            let file = try makeFile(context)
            if let file { work.keep = { try file.keep($0) } }
            if let kept { work.kept = { try kept.next() } }
            let report = try await session.verify(work, showing: output, problemsBeside: heads == "-")
            let written = report.isSound ? try file?.finish() : nil
            show(report, written, against: kept?.moment, on: output)
            return report.isSound ? .done : .unsound
        }
    }

    private func makeFile(_ context: CommandContext) throws(CommandError) -> HeadsFile? {
        guard let heads else { return nil }
        let path = heads == "-" ? heads : context.environment.absolute(heads)
        return try HeadsFile(path: path, moment: context.serviceEnvironment.now())
    }

    private func show(
        _ report: VerificationReport, _ written: WrittenHeads?, against moment: String?, on output: Output
    ) {
        if output.isJSON { return output.json(.verification(report, written, against: moment)) }
        var lines = [Output.summary(report)]
        if let moment, report.isSound {
            let (count, kept) = (report.comparedHeads, "kept at \(moment) still")
            lines.append(
                count == 1 ? "the 1 head \(kept) stands" : "all \(Money.grouped(count)) heads \(kept) stand")
        }
        if let written { lines.append(written.sentence) }
        // Printed heads are the result, and what was found goes beside it.
        if heads != "-" { return output.lines(lines) }
        for line in lines { report.isSound ? output.note(line) : output.warning(line) }
    }
}

/// The file of heads that a check has made.
struct WrittenHeads: Sendable {
    let path: String
    let count: Int64
    let digest: Digest

    var sentence: String {
        let place = path == "-" ? "printed" : "in \(path)"
        return
            "\(Money.counted(count, "head")) \(count == 1 ? "is" : "are") \(place), digest \(digest); keep "
            + "\(count == 1 ? "it" : "them") where the ledger's owner cannot change \(count == 1 ? "it" : "them")"
    }
}

extension Session {
    /// Checks the whole ledger and shows how far it is, and each problem when it is found.
    /// - Parameter problemsBeside: whether standard output is for something else.
    func verify(
        _ heads: Verifier.Heads = .init(), showing output: Output, problemsBeside: Bool = false
    ) async throws -> VerificationReport {
        let found = { @Sendable (problem: LedgerProblem) in
            if output.isJSON { return }
            output.endProgress()
            problemsBeside ? output.warning(problem.text) : output.line(problem.text)
        }
        let report = try await Verifier(store: store).run(heads: heads, found: found) { progress in
            let records =
                progress.estimatedRecords > progress.records
                ? "\(Money.grouped(progress.records)) of about "
                    + Money.counted(progress.estimatedRecords, "record")
                : Money.counted(progress.records, "record")
            output.progress("verifying: \(records), " + Money.counted(progress.transactions, "transaction"))
        }
        output.endProgress()
        return report
    }
}

extension Output {
    /// What a check found, after its problems were listed.
    static func summary(_ report: VerificationReport) -> String {
        let counts = [
            Money.counted(report.accounts, "account"), Money.counted(report.transactions, "transaction"),
            Money.counted(report.records, "record"),
        ].joined(separator: ", ")
        if report.isSound { return "sound: \(counts); everything holds" }
        let more = report.hasMoreProblems ? "more than " : ""
        return "UNSOUND: \(more)\(Money.counted(report.problems.count, "problem")) in \(counts)"
    }
}

extension LedgerProblem {
    /// Where and what, in one line.
    var text: String {
        let account = account.map { "account \($0)" }
        let reference = reference.map { "reference \($0)" }
        let place = [account, reference].compactMap { $0 }.joined(separator: ", ")
        return place.isEmpty ? message : "\(place): \(message)"
    }
}

extension JSONValue {
    static func verification(
        _ report: VerificationReport, _ written: WrittenHeads? = nil, against moment: String? = nil
    ) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("outcome", .string(report.isSound ? "sound" : "unsound")),
            ("accounts", .integer(report.accounts)), ("transactions", .integer(report.transactions)),
            ("records", .integer(report.records)),
            ("problems", .array(report.problems.map(JSONValue.problem))),
        ]
        if report.hasMoreProblems { members.append(("more_problems", .bool(true))) }
        if let written {
            let heads: [(String, JSONValue)] = [
                ("file", .string(written.path)), ("accounts", .integer(written.count)),
                ("digest", .string(written.digest.description)),
            ]
            members.append(("heads", .object(heads)))
        }
        if let moment {
            members.append(
                (
                    "against",
                    .object([("moment", .string(moment)), ("heads", .integer(report.comparedHeads))])
                ))
        }
        return .object(members)
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

    /// `1 record`, `2 records`.
    static func counted(_ count: some BinaryInteger, _ noun: String) -> String {
        "\(grouped(Int64(clamping: count))) \(noun)" + (count == 1 ? "" : "s")
    }
}
