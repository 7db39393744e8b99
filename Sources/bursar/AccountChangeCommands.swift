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

struct AccountRenameCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Give an account another name.")

    @Argument(help: "The account's code.") var code: String
    @Argument(help: "The new name.") var name: String
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason: String?
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .accountChange(account: try AccountCode(code), change: .rename(name), reason: reason ?? "")
    }
}

struct AccountFreezeCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze", abstract: "Take no more debits, credits, or neither on an account.")

    @Argument(help: "The account's code.") var code: String
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason: String?
    @Option(help: "Only this side: debit or credit.") var side: Side?
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .accountChange(account: try AccountCode(code), change: .freeze(side), reason: reason ?? "")
    }
}

struct AccountUnfreezeCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "unfreeze", abstract: "Take debits, credits, or both again.")

    @Argument(help: "The account's code.") var code: String
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason: String?
    @Option(help: "Only this side: debit or credit.") var side: Side?
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .accountChange(account: try AccountCode(code), change: .unfreeze(side), reason: reason ?? "")
    }
}

struct AccountCloseCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "Close an account that is empty.")

    @Argument(help: "The account's code.") var code: String
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason: String?
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .accountChange(account: try AccountCode(code), change: .close, reason: reason ?? "")
    }
}

struct AccountReopenCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "reopen", abstract: "Open a closed account again.")

    @Argument(help: "The account's code.") var code: String
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason: String?
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .accountChange(account: try AccountCode(code), change: .reopen, reason: reason ?? "")
    }
}

struct AccountSetMinimumCommand: PostingCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-minimum", abstract: "Set the lowest available balance that an account may reach.")

    @Argument(help: "The account's code.") var code: String
    @Argument(help: "An amount, negative for an overdraft, or none.") var minimum: String
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason: String?
    @OptionGroup var common: CommonOptions

    func action() throws -> Ledger.Operation.Action {
        .accountChange(
            account: try AccountCode(code), change: .setMinimum(try Operation.Minimum(minimum)),
            reason: reason ?? "")
    }
}

extension AccountClass: ExpressibleByArgument {}
