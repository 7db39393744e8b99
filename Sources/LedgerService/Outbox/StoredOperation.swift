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
    private let account: String?
    private let to: String?
    private let amount: String?
    private let side: String?
    private let reason: String?
    private let legs: [Leg]?
    /// The reference of the transaction that is reversed.
    private let reverses: String?
    private let name: String?
    private let currency: String?
    private let accountClass: String?
    private let minimum: String?

    private struct Leg: Decodable {
        let account: String
        let side: String
        let amount: String
    }

    static func write(_ operation: Operation, to text: inout JSONText) {
        text.add("reference", operation.reference.text)
        text.add("kind", operation.kindName)
        text.add("actor", operation.actor)
        text.add("narrative", operation.narrative)
        text.add("valueDate", operation.valueDate?.description)
        switch operation.action {
        case .deposit(let account, let amount), .withdrawal(let account, let amount):
            text.add("account", account.text)
            text.add("amount", amount.description)
        case .transfer(let from, let to, let amount):
            text.add("account", from.text)
            text.add("to", to.text)
            text.add("amount", amount.description)
        case .adjustment(let account, let amount, let side, let reasonCode, let against):
            text.add("account", account.text)
            text.add("to", against?.text)
            text.add("amount", amount.description)
            text.add("side", side.rawValue)
            text.add("reason", reasonCode)
        case .journalEntry(let legs):
            text.add("legs", legs) { leg, text in
                text.add("account", leg.account.text)
                text.add("side", leg.side.rawValue)
                text.add("amount", leg.amount.description)
            }
        case .reversal(let original, let amount, let reason):
            text.add("reverses", original.text)
            text.add("amount", amount?.description)
            text.add("reason", reason)
        case .accountChange(let account, let change, let reason):
            text.add("account", account.text)
            text.add("reason", reason)
            write(change, to: &text)
        }
    }

    private static func write(_ change: Operation.AccountChange, to text: inout JSONText) {
        switch change {
        case .open(let name, let currency, let accountClass, let minimum):
            text.add("name", name)
            text.add("currency", currency.code)
            text.add("accountClass", accountClass.rawValue)
            text.add("minimum", minimum.text)
        case .rename(let name): text.add("name", name)
        case .freeze(let side), .unfreeze(let side): text.add("side", side?.rawValue)
        case .setMinimum(let minimum): text.add("minimum", minimum.text)
        case .close, .reopen: break
        }
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
