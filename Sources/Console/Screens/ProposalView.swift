import Ledger

/// What would be posted: each account before and after.
extension ConsoleState {
    /// The operation in one sentence without a full stop.
    /// - Parameter currency: of its accounts; nil where they are not known.
    func summary(of operation: Operation, in currency: Currency? = nil) -> String {
        func text(_ amount: DecimalAmount) -> String {
            guard let currency, let units = try? amount.units(in: currency) else { return amount.description }
            return "\(Money(units: units, currency: currency).grouped) \(currency)"
        }
        return switch operation.action {
        case .deposit(let account, let amount): "deposit \(text(amount)) to account \(account)"
        case .withdrawal(let account, let amount): "withdraw \(text(amount)) from account \(account)"
        case .transfer(let from, let to, let amount): "transfer \(text(amount)) from \(from) to \(to)"
        case .adjustment(let account, let amount, let side, let code, _):
            "adjustment of account \(account), \(side.rawValue) \(text(amount)), reason code \(code)"
        case .journalEntry(let legs): "journal entry with " + Wording.counted(legs.count, "leg")
        case .reversal(let reference, let amount, _):
            "reverse " + (amount.map { "\(text($0)) of " } ?? "all that is left of ") + reference.text
        case .accountChange(let account, let change, _): "account \(account): \(Self.summary(of: change))"
        }
    }

    func summary(of proposal: Proposal) -> String {
        summary(of: proposal.operation, in: proposal.decision.transitions.first?.after.currency)
    }

    static func summary(of change: Operation.AccountChange) -> String {
        switch change {
        case .open(let name, let currency, _, _): "open as \(name) in \(currency)"
        case .rename(let name): "rename to \(name)"
        case .freeze(let side): "freeze " + (side.map { $0.rawValue + "s" } ?? "both sides")
        case .unfreeze(let side): "unfreeze" + (side.map { " \($0.rawValue)s" } ?? "")
        case .close: "close"
        case .reopen: "reopen"
        case .setMinimum(.unlimited): "no minimum"
        case .setMinimum(.amount(let amount)): "set the minimum to \(amount)"
        }
    }

    func proposalLines(_ proposal: Proposal, columns: Int) -> [TextLine] {
        var lines: [TextLine] = []
        if proposal.previous != nil {
            lines += TextLine.paragraph(
                "Somebody changed the account meanwhile, so what you confirmed was not posted.", .warning,
                columns: columns)
        }
        lines += TextLine.fact(
            "Ledger", ledgerName, columns: columns,
            style: identity.environment?.isProduction == true ? .negative : .normal)
        lines += TextLine.paragraph(
            Wording.sentence(summary(of: proposal)), .strong, columns: columns)
        if let day = proposal.operation.valueDate {
            lines += TextLine.fact("Value date", day.description, columns: columns)
        }
        if !proposal.operation.narrative.isEmpty {
            lines += TextLine.fact("Narrative", proposal.operation.narrative, columns: columns)
        }
        if let reason = proposal.operation.reason, !reason.isEmpty {
            lines += TextLine.fact("Reason", reason, columns: columns)
        }
        for transition in proposal.decision.transitions {
            let account = transition.after
            let previous = proposal.previous?.transitions.first { $0.after.code == account.code }
            lines.append(
                TextLine("  \(account.code)  \(account.name) \(symbols.dot) \(account.currency)", .strong))
            lines += transitionLines(transition, previous: previous, columns: columns)
        }
        return lines
    }

    private func transitionLines(
        _ transition: Decision.Transition, previous: Decision.Transition?, columns: Int
    ) -> [TextLine] {
        let facts = changedFacts(transition)
        guard let previous else {
            return facts.flatMap { name, text in TextLine.fact(name, text, columns: columns) }
        }
        let before = Dictionary(changedFacts(previous), uniquingKeysWith: { first, _ in first })
        return facts.flatMap { name, text -> [TextLine] in
            let old = before[name] ?? "no change"
            guard columns >= 72 else {
                return TextLine.fact(name, "you saw \(old)", columns: columns, style: .dim)
                    + TextLine.fact("", "now \(text)", columns: columns)
            }
            let half = (columns - TextLine.labelColumns - 3) / 2
            let left = SafeText.truncated("you saw \(old)", to: half - 2, ellipsis: symbols.ellipsis)
            return [
                TextLine([
                    ("  " + name.padded(to: TextLine.labelColumns) + " ", .dim),
                    (left.padded(to: half), .dim), ("now \(text)", old == text ? .normal : .warning),
                ])
            ]
        }
    }

    /// What becomes different, each as before and after.
    func changedFacts(_ transition: Decision.Transition) -> [(String, String)] {
        let after = transition.after
        guard let before = transition.before else {
            return [
                ("class", after.accountClass.rawValue),
                ("minimum", Wording.minimum(after.minimum, after.currency)),
                ("status", after.status.rawValue),
            ]
        }
        func change(_ old: String, _ new: String) -> String { "\(old) \(symbols.arrow) \(new)" }
        var facts: [(String, String)] = []
        if before.name != after.name { facts.append(("name", change(before.name, after.name))) }
        if before.status != after.status {
            facts.append(("status", change(before.status.rawValue, after.status.rawValue)))
        }
        if before.minimum != after.minimum {
            facts.append(
                (
                    "minimum",
                    change(
                        Wording.minimum(before.minimum, before.currency),
                        Wording.minimum(after.minimum, after.currency))
                ))
        }
        let balances = change(before.ledger.grouped, after.ledger.grouped)
        if before.ledgerUnits != after.ledgerUnits { facts.append(("ledger", balances)) }
        if before.available != after.available, after.held > 0 || before.held > 0 {
            facts.append(("available", change(before.available.grouped, after.available.grouped)))
        }
        if facts.isEmpty { facts.append(("no change:", "a record is written all the same")) }
        return facts
    }
}

extension Operation {
    /// Why, for the operations that say so.
    fileprivate var reason: String? {
        switch action {
        case .reversal(_, _, let reason), .accountChange(_, _, let reason): reason
        default: nil
        }
    }
}
