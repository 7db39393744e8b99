/// What somebody asks of the ledger, by name of account and in decimal text: complete in itself, sent any
/// number of times under one reference, posted once.
///
/// A class because it goes through many hands unchanged: a copy would count the references of all its texts.
public final class Operation: Hashable, Sendable {
    public let reference: Reference
    public let action: Action
    /// Who asks: a person's or program's name, 1 to 100 characters.
    public let actor: String
    /// Free text, up to 1,000 characters.
    public let narrative: String
    /// The day on which it counts; nil for the day of booking.
    public let valueDate: CalendarDate?
    /// The accounts that the action names, without the house accounts that it implies.
    public let namedAccounts: [AccountCode]

    /// - Throws: ``Refusal/textInvalid(field:why:)``.
    public init(
        reference: Reference, action: Action, actor: String, narrative: String = "",
        valueDate: CalendarDate? = nil
    ) throws(Refusal) {
        self.reference = reference
        self.action = action
        self.actor = try checked(actor, field: "actor", limit: 100, required: true)
        self.narrative = try checked(narrative, field: "narrative", limit: 1000)
        if let valueDate, !CalendarDate.bounds.contains(valueDate) {
            throw .textInvalid(field: "value date", why: "it lies outside the years 1 to 9999")
        }
        self.valueDate = valueDate
        namedAccounts = action.namedAccounts
    }

    public static func == (left: Operation, right: Operation) -> Bool {
        (left.reference, left.action, left.actor, left.narrative, left.valueDate)
            == (right.reference, right.action, right.actor, right.narrative, right.valueDate)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(reference)
        hasher.combine(action)
    }

    public enum Action: Hashable, Sendable {
        case deposit(account: AccountCode, amount: DecimalAmount)
        case withdrawal(account: AccountCode, amount: DecimalAmount)
        case transfer(from: AccountCode, to: AccountCode, amount: DecimalAmount)
        /// `against` nil means the currency's suspense account.
        case adjustment(
            account: AccountCode, amount: DecimalAmount, side: Side, reasonCode: String, against: AccountCode?
        )
        case journalEntry(legs: [Leg])
        /// `amount` nil means all that is left to reverse.
        case reversal(of: Reference, amount: DecimalAmount?, reason: String)
        case accountChange(account: AccountCode, change: AccountChange, reason: String)
    }

    /// One leg of a journal entry.
    public struct Leg: Hashable, Sendable {
        public let account: AccountCode
        public let side: Side
        public let amount: DecimalAmount

        public init(account: AccountCode, side: Side, amount: DecimalAmount) {
            self.account = account
            self.side = side
            self.amount = amount
        }
    }

    /// A change of an account that moves no money. All but opening need a reason.
    public enum AccountChange: Hashable, Sendable {
        case open(name: String, currency: Currency, accountClass: AccountClass, minimum: Minimum)
        case rename(String)
        /// One side, or both when nil.
        case freeze(Side?)
        case unfreeze(Side?)
        /// Needs a zero balance and no holds.
        case close
        case reopen
        case setMinimum(Minimum)
    }

    /// The lowest available balance that an account may reach.
    public enum Minimum: Hashable, Sendable {
        case unlimited
        case amount(DecimalAmount)

        public static let zero = Minimum.amount(DecimalAmount.zero)

        /// Reads `none` or an amount, which may be negative: an overdraft.
        public init(_ text: String) throws(Refusal) {
            self = text == "none" ? .unlimited : .amount(try DecimalAmount(text))
        }

        /// As ``init(_:)`` reads it.
        public var text: String {
            switch self {
            case .unlimited: "none"
            case .amount(let amount): amount.description
            }
        }

        func units(in currency: Currency) throws(Refusal) -> Int64? {
            switch self {
            case .unlimited: nil
            case .amount(let amount): try amount.units(in: currency)
            }
        }
    }

    /// The house account, in the currency of the named account, that the action needs as its other side.
    public var impliedHouseAccount: HouseAccount? {
        switch action {
        case .deposit, .withdrawal: .cash
        case .adjustment(_, _, _, _, nil): .suspense
        default: nil
        }
    }

    /// The reference of the transaction that is to be reversed.
    public var reversedReference: Reference? {
        if case .reversal(let reference, _, _) = action { reference } else { nil }
    }

    /// The name of the kind of operation, as screens and files write it.
    public var kindName: String {
        switch action {
        case .deposit: TransactionKind.deposit.rawValue
        case .withdrawal: TransactionKind.withdrawal.rawValue
        case .transfer: TransactionKind.transfer.rawValue
        case .adjustment: TransactionKind.adjustment.rawValue
        case .journalEntry: TransactionKind.journalEntry.rawValue
        case .reversal: TransactionKind.reversal.rawValue
        case .accountChange(_, let change, _):
            switch change {
            case .open: "open"
            case .rename: "rename"
            case .freeze: "freeze"
            case .unfreeze: "unfreeze"
            case .close: "close"
            case .reopen: "reopen"
            case .setMinimum: "set-minimum"
            }
        }
    }
}

extension DecimalAmount {
    static let zero = DecimalAmount(coefficient: 0, scale: 0)

    init(coefficient: Int64, scale: Int) {
        self.coefficient = coefficient
        self.scale = scale
    }
}

extension Operation.Action {
    fileprivate var namedAccounts: [AccountCode] {
        switch self {
        case .deposit(let account, _), .withdrawal(let account, _): [account]
        case .transfer(let from, let to, _): [from, to]
        case .adjustment(let account, _, _, _, let against): [account] + (against.map { [$0] } ?? [])
        case .journalEntry(let legs): legs.map(\.account)
        case .reversal: []
        case .accountChange(let account, .open(_, let currency, _, _), _):
            [account] + HouseAccount.allCases.map { $0.code(for: currency) }
        case .accountChange(let account, _, _): [account]
        }
    }
}
