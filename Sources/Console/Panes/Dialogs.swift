import Ledger

/// What lies over the panes.
enum Dialog: Sendable {
    case form(FormDialog)
    case transaction(TransactionDialog)
    case help(HelpDialog)
}

/// One transaction with its entries, or one account change: what a record of a history is part of.
struct TransactionDialog: Sendable {
    let line: HistoryLine
    let account: Account
    var answer: Answer
    var scroll = 0

    enum Answer: Sendable {
        case loading(RequestID)
        case found(PostedTransaction)
        /// A record that is no entry has no transaction.
        case none
        case failed(String)
    }
}

/// All keys, from the table of commands.
struct HelpDialog: Sendable {
    /// Where help was asked for: its keys come first.
    let place: Place
    var scroll = 0
}
