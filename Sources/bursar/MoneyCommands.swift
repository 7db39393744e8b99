import ArgumentParser
import Ledger

struct DepositCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "deposit", abstract: "Pay money in: from the cash account to an account.")

    @Argument(help: "The account's code.") var account: String
    @Argument(help: "The amount, such as 12.50.") var amount: String
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .deposit(account: try AccountCode(account), amount: try DecimalAmount(amount))
    }
}

struct WithdrawCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Pay money out: from an account to the cash account.")

    @Argument(help: "The account's code.") var account: String
    @Argument(help: "The amount, such as 12.50.") var amount: String
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .withdrawal(account: try AccountCode(account), amount: try DecimalAmount(amount))
    }
}

struct TransferCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer", abstract: "Move money from one account to another.")

    @Argument(help: "The code of the account that pays.") var from: String
    @Argument(help: "The code of the account that receives.") var to: String
    @Argument(help: "The amount, such as 12.50.") var amount: String
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .transfer(
            from: try AccountCode(from), to: try AccountCode(to), amount: try DecimalAmount(amount))
    }
}

struct AdjustCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "adjust", abstract: "Correct an account's balance, with a reason code.",
        discussion: "The other side is the currency's suspense account unless --against names one.")

    @Argument(help: "The account's code.") var account: String
    @Argument(help: "The amount, such as 12.50.") var amount: String
    @Option(help: "The side of the entry to the account: debit or credit.") var side: Side
    @Option(help: ArgumentHelp("Why, as a short code.", valueName: "code")) var reasonCode: String?
    @Option(help: ArgumentHelp("The account on the other side.", valueName: "account")) var against: String?
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .adjustment(
            account: try AccountCode(account), amount: try DecimalAmount(amount), side: side,
            reasonCode: reasonCode ?? "", against: try against.map { try AccountCode($0) })
    }
}

struct ReverseCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "reverse",
        abstract: "Reverse a transaction, whole or in part, by a new one that is linked to it.")

    @Argument(help: "The reference of the transaction to reverse.") var original: String
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only this much of it; all that is left unless given.", valueName: "amount"))
    var amount: String?
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason: String?
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .reversal(
            of: try Reference(original), amount: try amount.map { try DecimalAmount($0) },
            reason: reason ?? "")
    }
}

extension Side: ExpressibleByArgument {}
