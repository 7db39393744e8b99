extension LedgerView {
    /// Decides one operation by the ledger's rules, from this view alone.
    ///
    /// The same operation, view and context give the same verdict, whenever and wherever. An account that the
    /// view does not hold counts as one that does not exist.
    public func decide(_ operation: Operation, context: DecisionContext) -> Verdict {
        let fingerprint = operation.fingerprint
        if let settled = settled[operation.reference] {
            return settled.fingerprint == fingerprint
                ? .alreadyPosted(settled.receipt) : .refuse(.referenceReused(operation.reference))
        }
        do throws(Refusal) {
            if case .accountChange(let code, let change, let reason) = operation.action {
                return .post(
                    try decideChange(
                        change, of: code, reason: reason, operation: operation, fingerprint: fingerprint,
                        context: context))
            }
            let plan = try plan(operation)
            return .post(
                try post(plan, operation: operation, fingerprint: fingerprint, context: context))
        } catch {
            return .refuse(error)
        }
    }

    func account(_ code: AccountCode) throws(Refusal) -> Account {
        guard let account = accounts[code] else { throw .accountNotFound(code) }
        return account
    }
}

/// A transaction before its records are numbered: legs in order, amounts in minor units.
private struct PostingPlan {
    var kind: TransactionKind
    var legs: [(account: Account, side: Side, units: Int64)]
    var reasonCode: String?
    var reason: String?
    var reverses: (id: Identifier, reference: Reference)?
}

// MARK: - What each kind of operation posts

extension LedgerView {
    private func plan(_ operation: Operation) throws(Refusal) -> PostingPlan {
        switch operation.action {
        case .deposit(let code, let amount):
            let account = try account(code)
            return try movePlan(.deposit, from: try house(.cash, for: account), to: account, amount: amount)
        case .withdrawal(let code, let amount):
            let account = try account(code)
            return try movePlan(
                .withdrawal, from: account, to: try house(.cash, for: account), amount: amount)
        case .transfer(let from, let to, let amount):
            if from == to { throw .sameAccount(from) }
            return try movePlan(.transfer, from: try account(from), to: try account(to), amount: amount)
        case .adjustment(let code, let amount, let side, let reasonCode, let against):
            return try adjustmentPlan(code, amount, side, reasonCode, against)
        case .journalEntry(let legs):
            return try journalEntryPlan(legs)
        case .reversal(let reference, let amount, let reason):
            return try reversalPlan(reference, amount: amount, reason: reason)
        case .accountChange:
            preconditionFailure("account changes are decided before anything is planned")
        }
    }

    private func house(_ house: HouseAccount, for account: Account) throws(Refusal) -> Account {
        let other = try self.account(house.code(for: account.currency))
        if other.code == account.code { throw .sameAccount(account.code) }
        return other
    }

    /// Money out of one account into another: debit from, credit to. Between two accounts whose normal side is
    /// debit (two cash drawers, say) the sides are swapped, so that `from` goes down and `to` goes up there too.
    private func movePlan(
        _ kind: TransactionKind, from: Account, to: Account, amount: DecimalAmount
    ) throws(Refusal) -> PostingPlan {
        try requireOneCurrency(from, to)
        let units = try amount.positiveUnits(in: from.currency)
        let bothDebitNormal = from.accountClass.normalSide == .debit && to.accountClass.normalSide == .debit
        let side: Side = bothDebitNormal ? .credit : .debit
        return PostingPlan(kind: kind, legs: [(from, side, units), (to, side.opposite, units)])
    }

    private func requireOneCurrency(_ first: Account, _ second: Account) throws(Refusal) {
        if first.currency != second.currency {
            throw .currencyMismatch(first.code, first.currency, second.code, second.currency)
        }
    }

    private func adjustmentPlan(
        _ code: AccountCode, _ amount: DecimalAmount, _ side: Side, _ reasonCode: String,
        _ against: AccountCode?
    ) throws(Refusal) -> PostingPlan {
        if reasonCode.isEmpty { throw .reasonRequired(what: "reason code") }
        let reasonCode = try checked(reasonCode, field: "reason code", limit: 40, required: true)
        let account = try account(code)
        let other =
            if let against { try self.account(against) } else { try house(.suspense, for: account) }
        if other.code == account.code { throw .sameAccount(code) }
        try requireOneCurrency(account, other)
        let units = try amount.positiveUnits(in: account.currency)
        return PostingPlan(
            kind: .adjustment, legs: [(account, side, units), (other, side.opposite, units)],
            reasonCode: reasonCode)
    }

    /// The most legs that one journal entry may have: it is written as one statement.
    static let maximumLegs = 1000

    private func journalEntryPlan(_ legs: [Operation.Leg]) throws(Refusal) -> PostingPlan {
        if legs.count < 2 { throw .notPermitted(why: "a journal entry has at least two legs") }
        if legs.count > Self.maximumLegs {
            throw .notPermitted(why: "a journal entry has at most \(Self.maximumLegs) legs")
        }
        var plan = PostingPlan(kind: .journalEntry, legs: [])
        var order: [Currency] = []
        var totals: [Currency: (debits: Int64, credits: Int64)] = [:]
        // What is reversed of a transaction is counted in one sum over all its currencies, here and in the
        // database, so that sum has to fit too.
        var allDebits: Int64 = 0
        for leg in legs {
            let account = try account(leg.account)
            let units = try leg.amount.positiveUnits(in: account.currency)
            if totals[account.currency] == nil { order.append(account.currency) }
            var total = totals[account.currency] ?? (0, 0)
            if leg.side == .debit {
                total.debits = try total.debits.adding(units, in: account.currency)
                allDebits = try allDebits.adding(units, in: account.currency)
            } else {
                total.credits = try total.credits.adding(units, in: account.currency)
            }
            totals[account.currency] = total
            plan.legs.append((account, leg.side, units))
        }
        for currency in order {
            if let (debits, credits) = totals[currency], debits != credits {
                throw .unbalanced(
                    currency: currency, debits: Money(units: debits, currency: currency),
                    credits: Money(units: credits, currency: currency))
            }
        }
        return plan
    }

    private func reversalPlan(
        _ reference: Reference, amount: DecimalAmount?, reason: String
    ) throws(Refusal) -> PostingPlan {
        if reason.isEmpty { throw .reasonRequired(what: "reason") }
        let reason = try checked(reason, field: "reason", limit: 1000, required: true)
        guard let original = reversible(reference) else { throw .transactionNotFound(reference) }
        if !original.isBalanced {
            throw .notReversible(
                reference,
                why: "it has entries on accounts that this role does not see; let an unconfined role do it")
        }
        if original.isReversal {
            throw .notReversible(reference, why: "it is itself a reversal; post the original again instead")
        }
        if original.leftUnits <= 0 { throw .alreadyReversed(reference) }
        let part = try partToReverse(of: original, amount: amount)
        var plan = PostingPlan(
            kind: .reversal, legs: [], reason: reason, reverses: (original.id, reference))
        for leg in original.legs {
            plan.legs.append((try account(leg.account), leg.side.opposite, part ?? leg.amount.units))
        }
        return plan
    }

    /// Minor units to take back from each of the two entries; nil when the whole transaction is to be mirrored.
    private func partToReverse(
        of original: ReversibleTransaction, amount: DecimalAmount?
    ) throws(Refusal) -> Int64? {
        let reference = original.reference
        guard original.legs.count == 2, let currency = original.legs.first?.amount.currency else {
            // With more entries, an amount does not say how much of which is meant.
            guard amount == nil else {
                throw .notReversible(
                    reference, why: "it has \(original.legs.count) entries and is reversed as a whole")
            }
            return nil
        }
        guard let amount else { return original.leftUnits }
        let units = try amount.positiveUnits(in: currency)
        if units > original.leftUnits {
            let left = Money(units: original.leftUnits, currency: currency)
            throw .notReversible(
                reference, why: "\(amount) is more than the \(left.grouped) \(currency) that is left of it")
        }
        return units
    }
}

// MARK: - From legs to numbered, chained records

extension LedgerView {
    private func post(
        _ plan: PostingPlan, operation: Operation, fingerprint: Digest, context: DecisionContext
    ) throws(Refusal) -> Decision {
        let transaction = JournalTransaction(
            id: context.id, reference: operation.reference, fingerprint: fingerprint, kind: plan.kind,
            narrative: operation.narrative, reasonCode: plan.reasonCode, reason: plan.reason,
            actor: operation.actor, bookedAt: context.bookedAt,
            valueDate: operation.valueDate ?? context.bookedAt.date, reverses: plan.reverses?.id,
            origin: origin)
        let digest = transaction.digest
        let originOfEntries = origin?.ofEntry
        var transitions: [Decision.Transition] = []
        var records: [AccountRecord] = []
        var lines: [Receipt.Line] = []
        transitions.reserveCapacity(plan.legs.count)
        records.reserveCapacity(plan.legs.count)
        lines.reserveCapacity(plan.legs.count)
        for (account, side, units) in plan.legs {
            // Most transactions have two accounts, and a dictionary of them would cost more than looking along.
            let place = transitions.firstIndex { $0.after.id == account.id } ?? transitions.endIndex
            if place == transitions.endIndex {
                transitions.append(Decision.Transition(before: account, after: account))
            }
            let record = try transitions[place].after.append(
                entryOf: transaction.id, side: side, units: units, at: context.bookedAt, digest: digest,
                origin: originOfEntries)
            records.append(record)
            lines.append(Receipt.Line(record, account: transitions[place].after))
        }
        for transition in transitions {
            if let before = transition.before { try transition.after.requireMinimum(before: before) }
        }
        return Decision(
            fingerprint: fingerprint, transaction: transaction, records: records, transitions: transitions,
            receipt: Receipt(
                reference: operation.reference, kind: plan.kind.rawValue, transaction: transaction.id,
                bookedAt: context.bookedAt, lines: lines),
            reverses: plan.reverses?.reference)
    }
}

extension Account {
    /// Adds an entry to the totals and makes its record.
    fileprivate mutating func append(
        entryOf transaction: Identifier, side: Side, units: Int64, at bookedAt: Timestamp, digest: Digest,
        origin: Origin?
    ) throws(Refusal) -> AccountRecord {
        if status == .closed { throw .accountClosed(code) }
        if !status.allows(side) { throw .accountFrozen(account: code, status: status, side: side) }
        if side == .debit {
            debits = try debits.adding(units, in: currency)
        } else {
            credits = try credits.adding(units, in: currency)
        }
        _ = try ledgerUnits.subtracting(held, in: currency)
        return try append(
            .entry(transaction: transaction, side: side, amount: units), at: bookedAt, transaction: digest,
            origin: origin)
    }

    /// Makes the account's next record with these contents, and moves version and head on to it.
    /// - Throws: ``Refusal/textInvalid(field:why:)`` when the account's row, which somebody must have written past the
    ///   ledger, has the highest number that there is.
    mutating func append(
        _ content: AccountRecord.Content, at bookedAt: Timestamp, transaction: Digest?,
        origin: Origin?
    ) throws(Refusal) -> AccountRecord {
        let (seq, overflow) = version.addingReportingOverflow(1)
        if overflow {
            throw .textInvalid(
                field: "account \(code)",
                why: "no record can follow number \(version); `bursar verify` says what is wrong with it")
        }
        var record = AccountRecord(
            accountID: id, seq: seq, content: content, debits: debits, credits: credits, held: held,
            bookedAt: bookedAt, hash: .zero, origin: origin)
        record.hash = record.expectedHash(after: head, of: self, transaction: transaction)
        version = seq
        head = record.hash
        return record
    }

    /// - Throws: ``Refusal/insufficientFunds(account:available:requested:minimum:)`` when this account, which
    ///   was `before`, went down and ended below its minimum.
    fileprivate func requireMinimum(before: Account) throws(Refusal) {
        guard let minimum, !isAtOrAboveMinimum, available.units < before.available.units else { return }
        let requested = try before.available.units.subtracting(available.units, in: currency)
        throw .insufficientFunds(
            account: code, available: before.available,
            requested: Money(units: requested, currency: currency),
            minimum: Money(units: minimum, currency: currency))
    }
}
