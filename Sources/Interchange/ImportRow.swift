import Ledger

/// One row of a file of transactions, checked as far as that is possible without the ledger.
public struct ImportRow: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable { case deposit, withdrawal, transfer }

    /// The line on which the row begins, from 1.
    public let line: Int
    /// The day on which it counts: the operation's value date.
    public let date: CalendarDate
    public let reference: Reference
    public let account: AccountCode
    public let kind: Kind
    /// Greater than zero.
    public let amount: DecimalAmount
    /// Where a transfer goes to; nil for the other kinds.
    public let counterAccount: AccountCode?
    /// The currency that the amounts are meant in, where the file says; they have no more decimals than it.
    public let currency: Currency?
    public let narrative: String
    /// The ledger balance of `account` after this row, as the file has it; may be negative.
    public let balanceAfter: DecimalAmount?

    public init(
        line: Int, date: CalendarDate, reference: Reference, account: AccountCode, kind: Kind,
        amount: DecimalAmount, counterAccount: AccountCode? = nil, currency: Currency? = nil,
        narrative: String = "", balanceAfter: DecimalAmount? = nil
    ) {
        self.line = line
        self.date = date
        self.reference = reference
        self.account = account
        self.kind = kind
        self.amount = amount
        self.counterAccount = counterAccount
        self.currency = currency
        self.narrative = narrative
        self.balanceAfter = balanceAfter
    }

    /// The operation that posts this row: the same for the same row, however often the file is read.
    /// - Throws: ``Refusal/textInvalid(field:why:)`` for an actor or narrative that cannot be used, and
    ///   ``Refusal/reasonRequired(what:)`` for a transfer without a counter account, which no file has.
    public func operation(actor: String) throws(Refusal) -> Operation {
        let action: Operation.Action
        switch kind {
        case .deposit: action = .deposit(account: account, amount: amount)
        case .withdrawal: action = .withdrawal(account: account, amount: amount)
        case .transfer:
            guard let counterAccount else { throw .reasonRequired(what: "counter account") }
            action = .transfer(from: account, to: counterAccount, amount: amount)
        }
        return try Operation(
            reference: reference, action: action, actor: actor, narrative: narrative, valueDate: date)
    }
}

/// A row that cannot be posted as it stands. The rows after it are read all the same.
public struct ImportProblem: Hashable, Sendable {
    /// The line of the place, from 1.
    public let line: Int
    /// The column of the place in its line, from 1, in characters (Unicode scalars).
    public let column: Int
    /// The header's name of the column of the field; nil when it is about the row as a whole.
    public let columnName: String?
    /// What is wrong and what would help, safe to print.
    public let message: String

    public init(line: Int, column: Int, columnName: String?, message: String) {
        self.line = line
        self.column = column
        self.columnName = columnName
        self.message = message
    }
}
