import ArgumentParser
import Ledger

struct AccountOpenCommand: PostingCommand {
    static let configuration = CommandConfiguration(commandName: "open", abstract: "Open an account.")

    @Argument(help: "The new account's code.") var code: String
    @Option(help: ArgumentHelp("Its name; the code unless given.", valueName: "name")) var name: String?
    @Option(help: ArgumentHelp("Its currency, such as CZK.", valueName: "code")) var currency: String
    @Option(
        name: .customLong("class"),
        help: "Its class; it decides the side, debit or credit, that increases it.")
    var accountClass: AccountClass = .liability
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The lowest available balance: an amount, negative for an overdraft, or none.",
            valueName: "amount"))
    var minimum: String = "0"
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason: String?
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .accountChange(
            account: try AccountCode(code),
            change: .open(
                name: name ?? code, currency: try Currency(currency), accountClass: accountClass,
                minimum: try Operation.Minimum(minimum)),
            reason: reason ?? "")
    }
}

/// A change of an account that exists.
protocol AccountChangeCommand: PostingCommand {
    var target: ChangeTarget { get }

    func change() throws -> Ledger.Operation.AccountChange
}

extension AccountChangeCommand {
    func action() throws -> Ledger.Operation.Action {
        .accountChange(
            account: try AccountCode(target.code), change: try change(), reason: target.reason ?? "")
    }
}

/// Which account, and why: what every change needs.
struct ChangeTarget: ParsableArguments, Sendable {
    @Argument(help: "The account's code.") var code: String
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason: String?
}

struct AccountRenameCommand: AccountChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Give an account another name.")

    @OptionGroup var target: ChangeTarget
    @Argument(help: "The new name.") var name: String
    @OptionGroup var common: CommonOptions

    func change() throws -> Ledger.Operation.AccountChange { .rename(name) }
}

struct AccountFreezeCommand: AccountChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze", abstract: "Take no more debits, credits, or neither on an account.")

    @OptionGroup var target: ChangeTarget
    @Option(help: "Only this side: debit or credit.") var side: Side?
    @OptionGroup var common: CommonOptions

    func change() throws -> Ledger.Operation.AccountChange { .freeze(side) }
}

struct AccountUnfreezeCommand: AccountChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "unfreeze", abstract: "Take debits, credits, or both again.")

    @OptionGroup var target: ChangeTarget
    @Option(help: "Only this side: debit or credit.") var side: Side?
    @OptionGroup var common: CommonOptions

    func change() throws -> Ledger.Operation.AccountChange { .unfreeze(side) }
}

struct AccountCloseCommand: AccountChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "Close an account that is empty.")

    @OptionGroup var target: ChangeTarget
    @OptionGroup var common: CommonOptions

    func change() throws -> Ledger.Operation.AccountChange { .close }
}

struct AccountReopenCommand: AccountChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "reopen", abstract: "Open a closed account again.")

    @OptionGroup var target: ChangeTarget
    @OptionGroup var common: CommonOptions

    func change() throws -> Ledger.Operation.AccountChange { .reopen }
}

struct AccountSetMinimumCommand: AccountChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-minimum", abstract: "Set the lowest available balance that an account may reach.")

    @OptionGroup var target: ChangeTarget
    @Argument(help: "An amount, negative for an overdraft, or none.") var minimum: String
    @OptionGroup var common: CommonOptions

    func change() throws -> Ledger.Operation.AccountChange { .setMinimum(try Operation.Minimum(minimum)) }
}

extension AccountClass: ExpressibleByArgument {}
