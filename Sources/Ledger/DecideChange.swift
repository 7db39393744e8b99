/// Account changes: they move no money and write one record for each account they touch.
extension LedgerView {
    func decideChange(
        _ change: Operation.AccountChange, of code: AccountCode, reason: String, operation: Operation,
        fingerprint: Digest, context: DecisionContext
    ) throws(Refusal) -> Decision {
        let reason = try checked(reason, field: "reason", limit: 1000)
        var writer = ChangeWriter(
            operation: operation, fingerprint: fingerprint, reason: reason, context: context,
            origin: origin)
        if case .open(let name, let currency, let accountClass, let minimum) = change {
            if accounts[code] != nil { throw .accountExists(code) }
            if HouseAccount.reserves(code) {
                throw .notPermitted(
                    why: "\(code) is opened by the ledger itself, with the first account in its currency")
            }
            let name = try checked(name, field: "name", limit: 200, required: true)
            let minimum = try minimum.units(in: currency)
            if let minimum, minimum > 0 {
                throw .amountInvalid(
                    text: Money(units: minimum, currency: currency).description,
                    why: "a new account is empty, so its minimum cannot be above zero")
            }
            try writer.open(
                code, name: name, currency: currency, accountClass: accountClass, minimum: minimum)
            for house in HouseAccount.allCases where accounts[house.code(for: currency)] == nil {
                try writer.open(
                    house.code(for: currency), name: house.name(for: currency), currency: currency,
                    accountClass: house.accountClass, minimum: nil)
            }
        } else {
            if reason.isEmpty { throw .reasonRequired(what: "reason") }
            let before = try account(code)
            if HouseAccount.reserves(code), change.locks {
                throw .notPermitted(
                    why: "\(code) is the ledger's own account, the other side of operations in "
                        + "\(before.currency): it stays open and has no minimum")
            }
            try writer.change(before, try Self.changed(before, change))
        }
        return writer.decision
    }

    /// The account after the change, and what its record says.
    private static func changed(
        _ before: Account, _ change: Operation.AccountChange
    ) throws(Refusal) -> (Account, AccountRecord.Change.Kind) {
        if before.status == .closed, change != .reopen { throw .accountClosed(before.code) }
        var account = before
        switch change {
        case .open: throw .accountExists(before.code)
        case .rename(let name):
            account.name = try checked(name, field: "name", limit: 200, required: true)
            return (account, .renamed(name: account.name))
        case .setMinimum(let minimum):
            account.minimum = try minimum.units(in: account.currency)
            if let minimum = account.minimum, !account.isAtOrAboveMinimum {
                throw .insufficientFunds(
                    account: account.code, available: account.available,
                    requested: Money(units: 0, currency: account.currency),
                    minimum: Money(units: minimum, currency: account.currency))
            }
            return (account, .minimum(account.minimum))
        case .freeze(let side): account.status = before.status.freezing(side)
        case .unfreeze(let side): account.status = before.status.unfreezing(side)
        case .close:
            if before.ledgerUnits != 0 || before.held != 0 {
                throw .accountNotEmpty(
                    account: before.code, ledger: before.ledger,
                    held: Money(units: before.held, currency: before.currency))
            }
            // Closing and reopening would otherwise lift a freeze without anybody having said so.
            if before.status != .open {
                throw .accountFrozen(account: before.code, status: before.status, side: nil)
            }
            account.status = .closed
        case .reopen:
            if before.status != .open, before.status != .closed {
                throw .accountFrozen(account: before.code, status: before.status, side: nil)
            }
            account.status = .open
        }
        return (account, .status(account.status))
    }
}

extension Operation.AccountChange {
    /// Whether it keeps entries out of the account. A house account is the other side of every deposit,
    /// withdrawal or adjustment in its currency, so locking one would lock them all.
    fileprivate var locks: Bool {
        switch self {
        case .close, .freeze, .setMinimum(.amount): true
        case .open, .rename, .unfreeze, .reopen, .setMinimum(.unlimited): false
        }
    }
}

/// Collects the records and accounts of one change.
private struct ChangeWriter {
    let operation: Operation
    let fingerprint: Digest
    let reason: String
    let context: DecisionContext
    let origin: Origin?
    var records: [AccountRecord] = []
    var transitions: [Decision.Transition] = []
    /// Of the account that was asked for, not of a house account that came with it.
    var lines: [Receipt.Line] = []

    init(
        operation: Operation, fingerprint: Digest, reason: String, context: DecisionContext,
        origin: Origin?
    ) {
        self.operation = operation
        self.fingerprint = fingerprint
        self.reason = reason
        self.context = context
        self.origin = origin
    }

    mutating func open(
        _ code: AccountCode, name: String, currency: Currency, accountClass: AccountClass, minimum: Int64?
    ) throws(Refusal) {
        let id = context.id.advanced(by: UInt64(transitions.count))
        let account = Account(
            id: id, code: code, name: name, currency: currency, accountClass: accountClass, status: .open,
            minimum: minimum, debits: 0, credits: 0, held: 0, version: 0, head: .zero)
        // The operation's reference is that of the account it asked for; a house account that comes with it
        // is an operation of the ledger's own.
        let reference = transitions.isEmpty ? operation.reference : Reference(generatedFrom: id)
        try write(before: nil, account, .opened(name: name, minimum: minimum), reference: reference)
    }

    mutating func change(_ before: Account, _ after: (Account, AccountRecord.Change.Kind)) throws(Refusal) {
        try write(before: before, after.0, after.1, reference: operation.reference)
    }

    private mutating func write(
        before: Account?, _ account: Account, _ kind: AccountRecord.Change.Kind, reference: Reference
    ) throws(Refusal) {
        var account = account
        let change = AccountRecord.Change(
            kind: kind, reference: reference, fingerprint: fingerprint, actor: operation.actor, reason: reason
        )
        let record = try account.append(
            .change(change), at: context.bookedAt, transaction: nil, origin: origin)
        records.append(record)
        if lines.isEmpty { lines.append(Receipt.Line(record, account: account)) }
        transitions.append(Decision.Transition(before: before, after: account))
    }

    var decision: Decision {
        Decision(
            fingerprint: fingerprint, transaction: nil, records: records, transitions: transitions,
            receipt: Receipt(
                reference: operation.reference, kind: records.first?.kindName ?? operation.kindName,
                transaction: nil, bookedAt: context.bookedAt, lines: lines),
            reverses: nil)
    }
}
