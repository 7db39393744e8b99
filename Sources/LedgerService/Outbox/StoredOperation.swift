import FoundationEssentials
import Ledger

/// An operation as the outbox keeps it: plain texts, read back through the same checks as what is typed.
struct StoredOperation: Decodable {
    private let reference: String
    private let kind: String
    private let actor: String
    private let narrative: String
    private let valueDate: String?
    /// The account, or the one that money is transferred from.
    private var account: String?
    private var to: String?
    private var amount: String?
    private var side: String?
    private var reason: String?
    private var legs: [Leg]?
    /// The reference of the transaction that is reversed.
    private var reverses: String?
    private var name: String?
    private var currency: String?
    private var accountClass: String?
    private var minimum: String?

    private struct Leg: Decodable {
        let account: String
        let side: String
        let amount: String
    }

    init(_ operation: Operation) {
        reference = operation.reference.text
        kind = operation.kindName
        actor = operation.actor
        narrative = operation.narrative
        valueDate = operation.valueDate?.description
        switch operation.action {
        case .deposit(let account, let amount), .withdrawal(let account, let amount):
            (self.account, self.amount) = (account.text, amount.description)
        case .transfer(let from, let to, let amount):
            (account, self.to, self.amount) = (from.text, to.text, amount.description)
        case .adjustment(let account, let amount, let side, let reasonCode, let against):
            (self.account, self.amount, to) = (account.text, amount.description, against?.text)
            (self.side, reason) = (side.rawValue, reasonCode)
        case .journalEntry(let legs):
            self.legs = legs.map {
                Leg(account: $0.account.text, side: $0.side.rawValue, amount: $0.amount.description)
            }
        case .reversal(let original, let amount, let reason):
            (reverses, self.amount, self.reason) = (original.text, amount?.description, reason)
        case .accountChange(let account, let change, let reason):
            (self.account, self.reason) = (account.text, reason)
            store(change)
        }
    }

    private mutating func store(_ change: Operation.AccountChange) {
        switch change {
        case .open(let name, let currency, let accountClass, let minimum):
            (self.name, self.currency) = (name, currency.code)
            (self.accountClass, self.minimum) = (accountClass.rawValue, minimum.text)
        case .rename(let name): self.name = name
        case .freeze(let side), .unfreeze(let side): self.side = side?.rawValue
        case .setMinimum(let minimum): self.minimum = minimum.text
        case .close, .reopen: break
        }
    }

    func write(to text: inout JSONText) {
        text.add("reference", reference)
        text.add("kind", kind)
        text.add("actor", actor)
        text.add("narrative", narrative)
        text.add("valueDate", valueDate)
        text.add("account", account)
        text.add("to", to)
        text.add("amount", amount)
        text.add("side", side)
        text.add("reason", reason)
        text.add("legs", legs) { leg, text in
            text.add("account", leg.account)
            text.add("side", leg.side)
            text.add("amount", leg.amount)
        }
        text.add("reverses", reverses)
        text.add("name", name)
        text.add("currency", currency)
        text.add("accountClass", accountClass)
        text.add("minimum", minimum)
    }

    /// The operation, equal to the one that was stored.
    /// - Throws: ``Refusal`` for what no operation can be.
    func operation() throws(Refusal) -> Operation {
        try Operation(
            reference: Reference(reference), action: action(), actor: actor, narrative: narrative,
            valueDate: valueDate.flatMap { CalendarDate($0) })
    }

    private func action() throws(Refusal) -> Operation.Action {
        func account() throws(Refusal) -> AccountCode { try AccountCode(self.account ?? "") }
        func amount() throws(Refusal) -> DecimalAmount { try DecimalAmount(self.amount ?? "") }
        switch kind {
        case TransactionKind.deposit.rawValue: return .deposit(account: try account(), amount: try amount())
        case TransactionKind.withdrawal.rawValue:
            return .withdrawal(account: try account(), amount: try amount())
        case TransactionKind.transfer.rawValue:
            return .transfer(from: try account(), to: try AccountCode(to ?? ""), amount: try amount())
        case TransactionKind.adjustment.rawValue:
            var against: AccountCode?
            if let to { against = try AccountCode(to) }
            return .adjustment(
                account: try account(), amount: try amount(), side: try read(side), reasonCode: reason ?? "",
                against: against)
        case TransactionKind.journalEntry.rawValue:
            var legs: [Operation.Leg] = []
            for leg in self.legs ?? [] {
                legs.append(
                    Operation.Leg(
                        account: try AccountCode(leg.account), side: try read(leg.side),
                        amount: try DecimalAmount(leg.amount)))
            }
            return .journalEntry(legs: legs)
        case TransactionKind.reversal.rawValue:
            return .reversal(
                of: try Reference(reverses ?? ""), amount: self.amount == nil ? nil : try amount(),
                reason: reason ?? "")
        default:
            return .accountChange(account: try account(), change: try change(), reason: reason ?? "")
        }
    }

    private func change() throws(Refusal) -> Operation.AccountChange {
        let side: Side? = if self.side == nil { nil } else { try read(self.side) }
        switch kind {
        case "open":
            return .open(
                name: name ?? "", currency: try Currency(currency ?? ""),
                accountClass: try read(accountClass), minimum: try Operation.Minimum(minimum ?? ""))
        case "rename": return .rename(name ?? "")
        case "freeze": return .freeze(side)
        case "unfreeze": return .unfreeze(side)
        case "close": return .close
        case "reopen": return .reopen
        case "set-minimum": return .setMinimum(try Operation.Minimum(minimum ?? ""))
        default: throw .textInvalid(field: "kind", why: "there is no such operation")
        }
    }

    private func read<Value: RawRepresentable<String>>(_ text: String?) throws(Refusal) -> Value {
        guard let value = text.flatMap(Value.init) else {
            throw .textInvalid(field: "\(Value.self)", why: "there is no such value")
        }
        return value
    }
}
