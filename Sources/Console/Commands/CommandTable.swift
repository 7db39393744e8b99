extension Command {
    private static let scrolling = Place.panes.union([.help, .transaction, .receipt])
    private static let paging = scrolling.union([.confirmation, .unknown])
    private static let answering: Set<Place> = [.confirmation, .unknown]

    /// Every command of the console.
    static let all: [Command] = moving + operations + inForms + general

    private static let moving: [Command] = [
        Command(
            id: .moveUp, keys: [.up, .character("k")], title: "Up", help: "Move to the line above",
            places: scrolling, footer: nil),
        Command(
            id: .moveDown, keys: [.down, .character("j")], title: "Down", help: "Move to the line below",
            places: scrolling, footer: nil),
        Command(
            id: .pageUp, keys: [.pageUp, .control("b")], title: "Page up", help: "Move up by a page",
            places: paging, footer: nil),
        Command(
            id: .pageDown, keys: [.pageDown, .control("f")], title: "Page down", help: "Move down by a page",
            places: paging, footer: nil),
        Command(
            id: .moveFirst, keys: [.home, .character("g")], title: "First", help: "Move to the first line",
            places: scrolling, footer: nil),
        Command(
            id: .moveLast, keys: [.end, .character("G")], title: "Last", help: "Move to the last line",
            places: scrolling, footer: nil),
        Command(
            id: .openHistory, keys: [.enter, .right], title: "History",
            help: "Go into the selected account's history", places: [.accounts], footer: 60),
        Command(
            id: .openTransaction, keys: [.enter, .right], title: "Details",
            help: "Show the selected record with the whole transaction", places: [.history], footer: 5),
        Command(
            id: .nextPane, keys: [.tab], title: "Next pane", help: "Go to the next pane",
            places: Place.panes, footer: 65),
        Command(
            id: .previousPane, keys: [.backTab], title: "Previous pane", help: "Go to the previous pane",
            places: Place.panes, footer: nil),
        Command(
            id: .enlarge, keys: [.character("z")], title: "Enlarge",
            help: "Give the pane the whole screen, or take it back", places: Place.panes, footer: 66),
        Command(
            id: .freeze, keys: [.space], title: "Freeze",
            help: "Hold the attempts still, or let them run on", places: [.attempts], footer: 4),
        Command(
            id: .back, keys: [.escape], title: "Back", help: "Go back to the accounts; never quits",
            places: Place.panes, footer: nil),
    ]

    private static let operations: [Command] = [
        Command(
            id: .deposit, keys: [.character("d")], title: "Deposit",
            help: "Pay money into the selected account", places: Place.panes, footer: 10),
        Command(
            id: .withdraw, keys: [.character("w")], title: "Withdraw",
            help: "Pay money out of the selected account", places: Place.panes, footer: 11),
        Command(
            id: .transfer, keys: [.character("t")], title: "Transfer",
            help: "Move money from the selected account to another", places: Place.panes, footer: 12),
        Command(
            id: .changeStatus, keys: [.character("s")], title: "Status",
            help: "Freeze, unfreeze, close, reopen or rename the account, or set its minimum",
            places: Place.panes, footer: 13),
        Command(
            id: .reverse, keys: [.character("v")], title: "Reverse",
            help: "Take back the selected transaction, whole or in part", places: Place.panes, footer: 14),
        Command(
            id: .showUnknown, keys: [.character("u")], title: "Unknown",
            help: "Show the operation whose outcome is not known", places: Place.panes, footer: 1,
            hidesWhenUnavailable: true),
        Command(
            id: .filter, keys: [.character("/")], title: "Filter",
            help: "Show fewer accounts: words of code or name, status:frozen, ccy:CZK, class:asset",
            places: Place.panes, footer: 20),
        Command(
            id: .keepFilter, keys: [.enter, .down, .tab], title: "Keep",
            help: "Keep the filter and go to the accounts", places: [.filter], footer: 1),
        Command(
            id: .clearFilter, keys: [.escape], title: "Clear", help: "Show all accounts again",
            places: [.filter], footer: 2),
    ]

    private static let inForms: [Command] = [
        Command(
            id: .submit, keys: [.enter], title: "Continue", help: "Show what would be posted",
            places: [.form], footer: 1),
        Command(
            id: .nextField, keys: [.tab, .down], title: "Next field", help: "Go to the next field",
            places: [.form], footer: 2),
        Command(
            id: .previousField, keys: [.backTab, .up], title: "Previous field",
            help: "Go to the previous field", places: [.form], footer: nil),
        Command(
            id: .nextChoice, keys: [.right, .space], title: "Change", help: "Choose the next value",
            places: [.form], footer: 3, hidesWhenUnavailable: true),
        Command(
            id: .previousChoice, keys: [.left], title: "Change back", help: "Choose the previous value",
            places: [.form], footer: nil),
        Command(
            id: .leaveForm, keys: [.escape], title: "Back", help: "Leave the form; nothing is posted",
            places: [.form], footer: 9),
        Command(
            id: .answer, keys: [.enter], title: "Choose", help: "Give the marked answer",
            places: answering, footer: 1),
        Command(
            id: .nextAnswer, keys: [.tab, .right, .down], title: "Other answer",
            help: "Mark the next answer", places: answering, footer: 2),
        Command(
            id: .previousAnswer, keys: [.backTab, .left, .up], title: "Previous answer",
            help: "Mark the previous answer", places: answering, footer: nil),
        Command(
            id: .backToForm, keys: [.escape], title: "Back", help: "Go back to the form; nothing is posted",
            places: [.confirmation], footer: 9),
        Command(
            id: .stopPosting, keys: [.escape], title: "Stop trying",
            help: "Stop before the next attempt; what became of it is then shown", places: [.posting],
            footer: 1),
        Command(
            id: .closeReceipt, keys: [.enter, .escape], title: "Close", help: "Close the receipt",
            places: [.receipt], footer: 1),
        Command(
            id: .leaveUnknown, keys: [.escape], title: "Leave",
            help: "Close it; the operation stays marked at the top until its outcome is known",
            places: [.unknown], footer: 9),
        Command(
            id: .closeTransaction, keys: [.escape, .enter, .left], title: "Back",
            help: "Go back to the history", places: [.transaction], footer: 1),
        Command(
            id: .closeHelp, keys: [.escape, .enter, .character("?"), .function(1)], title: "Back",
            help: "Leave the help", places: [.help], footer: 1),
    ]

    private static let general: [Command] = [
        Command(
            id: .reload, keys: [.character("r"), .function(5)], title: "Reload",
            help: "Ask the ledger again now; the screen also does it by itself", places: Place.panes,
            footer: 70),
        Command(
            id: .help, keys: [.character("?"), .function(1)], title: "Help", help: "Show all keys",
            places: Place.panes, footer: 2),
        Command(
            id: .quit, keys: [.character("q")], title: "Quit", help: "Leave the program",
            places: Place.panes, footer: 3),
        Command(
            id: .redraw, keys: [.control("l")], title: "Redraw", help: "Draw the screen anew",
            places: Set(Place.allCases), footer: nil),
        Command(
            id: .suspend, keys: [.control("z")], title: "Suspend",
            help: "Go to the shell; `fg` comes back", places: Set(Place.allCases), footer: nil),
        Command(
            id: .quitNow, keys: [.control("c")], title: "Quit",
            help: "Leave the program from anywhere; an operation that is being posted is stopped first",
            places: Set(Place.allCases), footer: nil),
    ]
}
