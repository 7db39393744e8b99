import Ledger
import LedgerService

/// One change of several accounts.
extension ConsoleState {
    /// What would become of each account.
    func bulkProposalLines(_ run: BulkRun, columns: Int) -> [TextLine] {
        var lines = TextLine.fact(
            "Ledger", ledgerName, columns: columns,
            style: identity.environment?.isProduction == true ? .negative : .normal)
        if case .accountChange(_, let change, let reason)? = run.operations.first?.action {
            lines += TextLine.fact("Change", Self.summary(of: change), columns: columns, style: .strong)
            lines += TextLine.fact("Reason", reason, columns: columns)
        }
        let refused = run.operations.count - run.postable
        let passed = refused == 1 ? "is passed over" : "are passed over"
        let note = refused == 0 ? "" : "; \(Wording.count(refused)) would be refused, and \(passed)"
        lines += TextLine.paragraph(
            "\(Wording.counted(run.postable, "account")) would be changed, one after the other\(note).",
            columns: columns)
        for (operation, verdict) in zip(run.operations, run.verdicts) {
            let code = operation.namedAccounts.first?.text ?? ""
            switch verdict {
            case .post(let decision):
                let facts = decision.transitions.flatMap { changedFacts($0) }.map { "\($0) \($1)" }
                let name = decision.transitions.first?.after.name ?? ""
                lines.append(
                    TextLine([("  \(code)  \(facts.joined(separator: ", "))  ", .normal), (name, .dim)]))
            case .refuse(let refusal):
                lines.append(TextLine("  \(code)  \(symbols.bad) \(refusal.message)", .warning))
            case .alreadyPosted: lines.append(TextLine("  \(code)  is posted already", .dim))
            }
        }
        return lines
    }

    /// The attempts of the account that is being changed.
    func bulkAttemptLines(_ run: BulkRun, columns: Int) -> [TextLine] {
        guard let current = run.current, let code = current.namedAccounts.first else { return [] }
        return TextLine.paragraph("Now account \(code)" + symbols.ellipsis, columns: columns)
            + latestAttempts(of: current, columns: columns)
    }

    /// What became of each account so far.
    func bulkOutcomeLines(_ run: BulkRun, columns: Int) -> [TextLine] {
        var counts: [String: Int] = [:]
        var details: [TextLine] = []
        for (operation, outcome) in zip(run.operations, run.outcomes) {
            let (word, why, style) = Self.words(for: outcome.result)
            counts[word, default: 0] += 1
            let code = operation.namedAccounts.first?.text ?? ""
            let sign = style == .positive ? symbols.good : style == .warning ? symbols.unknown : symbols.bad
            details.append(
                TextLine([("  \(sign) \(code)  \(word)", style), (why.isEmpty ? "" : ": \(why)", .normal)]))
        }
        let summary = counts.sorted { $0.key < $1.key }.map { "\(Wording.count($0.value)) \($0.key)" }
        var lines = TextLine.paragraph(
            summary.isEmpty ? "None is over yet." : summary.joined(separator: ", ") + ".", .strong,
            columns: columns)
        // Those that need somebody's attention come first.
        lines += details.filter { $0.pieces.first?.style != .positive }
        return lines + details.filter { $0.pieces.first?.style == .positive }
    }

    private static func words(
        for result: OperationOutcome.Result
    ) -> (word: String, why: String, style: Style) {
        switch result {
        case .posted: ("posted", "", .positive)
        case .alreadyPosted: ("posted already", "", .positive)
        case .refused(let refusal): ("refused", refusal.message, .negative)
        case .failed(let failure): ("failed", failure.message, .negative)
        case .unknown(let failure): ("unknown", failure.message, .warning)
        case .gaveUp(let failure): ("gave up", failure.message, .negative)
        case .cancelled: ("stopped before it was posted", "", .warning)
        }
    }
}
