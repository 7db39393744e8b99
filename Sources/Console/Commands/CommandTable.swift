extension Command {
    /// Every command of the console.
    static let all: [Command] = moving + views + operations + lists + inForms + inMenus + general

    /// Where lines are scrolled or selected.
    private static let scrolling = Place.browsing.union([.receipt, .menu])
    private static let paging = scrolling.union([.confirmation, .unknown])
    private static let answering: Set<Place> = [.confirmation, .unknown]
    private static let typing: Set<Place> = [.palette, .help]

    private static let moving: [Command] = [
        Command(
            id: .moveUp, keys: [.up, .character("k"), .control("p")], title: "Up",
            help: "Move to the line above", places: scrolling, footer: nil),
        Command(
            id: .moveDown, keys: [.down, .character("j"), .control("n")], title: "Down",
            help: "Move to the line below", places: scrolling, footer: nil),
        Command(
            id: .pageUp, keys: [.pageUp, .control("b"), .control("u"), .alt("v")], title: "Page up",
            help: "Move up by a page", places: paging, footer: nil),
        Command(
            id: .pageDown, keys: [.pageDown, .control("f"), .control("d"), .control("v")],
            title: "Page down", help: "Move down by a page", places: paging, footer: nil),
        Command(
            id: .moveFirst, keys: [.home, .character("g"), .alt("<")], title: "First",
            help: "Move to the first line; follow the newest", places: scrolling, footer: nil),
        Command(
            id: .moveLast, keys: [.end, .character("G"), .alt(">")], title: "Last",
            help: "Move to the last line", places: scrolling, footer: nil),
        Command(
            id: .open, keys: [.enter, .character("l")], title: "Open",
            help: "Open what is selected: an account, a transaction, the attempts of an operation",
            places: Place.browsing, footer: 5, hidesWhenUnavailable: true),
        Command(
            id: .nextPane, keys: [.tab, .right], title: "Next pane", help: "Go to the next pane",
            places: Place.panes, footer: 65),
        Command(
            id: .previousPane, keys: [.backTab, .left], title: "Previous pane",
            help: "Go to the previous pane", places: Place.panes, footer: nil),
        Command(
            id: .enlarge, keys: [.character("z")], title: "Enlarge",
            help: "Give the pane the whole screen, or take it back", places: Place.panes, footer: 66),
        Command(
            id: .freezeView, keys: [.space], title: "Freeze",
            help: "Hold the attempts still, or let them run on; the work itself goes on",
            places: [.attempts, .allAttempts], footer: 4),
        Command(
            id: .back, keys: [.escape, .character("h")], title: "Back",
            help: "Go back, one step at a time; never quits", places: Place.browsing, footer: 8,
            hidesWhenUnavailable: true),
    ]

    private static let views: [Command] = [
        Command(
            id: .showAccounts, keys: [.character("1")], title: "Accounts", help: "Go to the accounts",
            places: Place.browsing, footer: nil),
        Command(
            id: .showJournal, keys: [.character("2")], title: "Journal",
            help: "Show all transactions, newest first", places: Place.browsing, footer: 30),
        Command(
            id: .showAttempts, keys: [.character("3")], title: "Attempts",
            help: "Show the attempts of all operations on a screen of their own", places: Place.browsing,
            footer: 31),
        Command(
            id: .showTrialBalance, keys: [.character("4")], title: "Trial balance",
            help: "Add up all accounts by class and currency", places: Place.browsing, footer: 67),
        Command(
            id: .showVerify, keys: [.character("5")], title: "Verify",
            help: "Check the whole ledger: totals, balances, numbers and hashes", places: Place.browsing,
            footer: 68),
        Command(
            id: .showSettings, keys: [.character("6")], title: "Settings",
            help: "Show the settings in effect, and where each comes from", places: Place.browsing,
            footer: nil),
        Command(
            id: .goToAccount, keys: [.character("A")], title: "Go to account",
            help: "Open an account by its code", places: Place.browsing, footer: nil),
        Command(
            id: .goToReference, keys: [.character("R")], title: "Go to reference",
            help: "Open a transaction by its reference", places: Place.browsing, footer: nil),
        Command(
            id: .jumpToDate, keys: [.character("J")], title: "Date",
            help: "Jump to a value date in the history, or to a day of booking in the journal",
            places: [.history, .account, .journal],
            footer: 24),
    ]

    private static let operations: [Command] = [
        Command(
            id: .deposit, keys: [.character("d")], title: "Deposit", help: "Pay money into an account",
            places: Place.browsing, footer: 10),
        Command(
            id: .withdraw, keys: [.character("w")], title: "Withdraw",
            help: "Pay money out of an account", places: Place.browsing, footer: 11),
        Command(
            id: .transfer, keys: [.character("t")], title: "Transfer",
            help: "Move money from one account to another", places: Place.browsing, footer: 12),
        Command(
            id: .changeStatus, keys: [.character("s")], title: "Status",
            help: "Freeze, unfreeze, close, reopen or rename an account, or set its minimum; marked accounts "
                + "all together",
            places: Place.browsing, footer: 13),
        Command(
            id: .reverse, keys: [.character("v")], title: "Reverse",
            help: "Take back the selected transaction, whole or in part", places: Place.browsing, footer: 14),
        Command(
            id: .adjust, keys: [.character("a")], title: "Adjust",
            help: "Correct an account's balance, with a reason code", places: Place.browsing, footer: 50),
        Command(
            id: .journalEntry, keys: [.character("E")], title: "Journal entry",
            help: "Post any number of debits and credits that balance", places: Place.browsing, footer: nil),
        Command(
            id: .openAccount, keys: [.character("n")], title: "New account", help: "Open an account",
            places: Place.browsing, footer: 51),
        Command(
            id: .repeatLast, keys: [.character(".")], title: "Repeat",
            help: "Fill in the form of the last operation again", places: Place.browsing, footer: 52,
            hidesWhenUnavailable: true),
        Command(
            id: .template, keys: [.character("T")], title: "Template",
            help: "Fill in a form from the selected transaction", places: Place.browsing, footer: 53,
            hidesWhenUnavailable: true),
        Command(
            id: .showUnknown, keys: [.character("u")], title: "Unknown",
            help: "Show the operation whose outcome is not known", places: Place.browsing, footer: 1,
            hidesWhenUnavailable: true),
    ]

    private static let lists: [Command] = [
        Command(
            id: .filter, keys: [.character("/")], title: "Filter",
            help: "Show fewer lines: words, status:frozen, ccy:EUR, balance<0; kind:transfer, "
                + "by:\"teller 1\", ref:rent, date:2026-11 (booked); outcome:refused",
            places: Place.panes.union([.account, .journal, .allAttempts, .settings]), footer: 9),
        Command(
            id: .keepFilter, keys: [.enter, .down, .tab], title: "Keep",
            help: "Keep the filter and go to the list", places: [.filter], footer: 1),
        Command(
            id: .clearFilter, keys: [.escape], title: "Clear", help: "Show everything again",
            places: [.filter], footer: 2),
        Command(
            id: .savedFilters, keys: [.character("f")], title: "Saved filters",
            help: "Use, save or remove a filter of the accounts under a name", places: [.accounts], footer: 60
        ),
        Command(
            id: .sort, keys: [.character("o")], title: "Order",
            help: "Order the accounts by code, name, balance or last activity", places: [.accounts],
            footer: 21),
        Command(
            id: .columns, keys: [.character("c")], title: "Columns",
            help: "Choose the columns of the accounts", places: [.accounts], footer: 61),
        Command(
            id: .mark, keys: [.space, .character("m")], title: "Mark",
            help: "Mark the account, or take its mark away, for a change or an export of several",
            places: [.accounts], footer: 22),
        Command(
            id: .markAll, keys: [.character("*")], title: "Mark all",
            help: "Mark all accounts of the list, \(AccountsPane.maximumMarks) at the most, or unmark all",
            places: [.accounts], footer: nil),
        Command(
            id: .export, keys: [.character("e")], title: "Export",
            help: "Write what is listed, or the marked accounts, to a CSV file",
            places: Place.browsing.subtracting([.settings, .verify, .operation]), footer: 62),
        Command(
            id: .copy, keys: [.character("y")], title: "Copy",
            help: "Copy a cell, the row or a statement to the clipboard",
            places: Place.browsing.subtracting([.settings, .verify, .trialBalance]), footer: 63),
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
            id: .acceptSuggestion, keys: [.tab, .enter], title: "Take it",
            help: "Take the marked account", places: [.suggestions], footer: 1),
        Command(
            id: .nextSuggestion, keys: [.down, .control("n")], title: "Next", help: "Mark the next account",
            places: [.suggestions], footer: 2),
        Command(
            id: .previousSuggestion, keys: [.up, .control("p")], title: "Previous",
            help: "Mark the previous account", places: [.suggestions], footer: nil),
        Command(
            id: .dismissSuggestions, keys: [.escape], title: "Dismiss",
            help: "Leave the field as it is typed", places: [.suggestions], footer: 3),
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
    ]

    private static let inMenus: [Command] = [
        Command(
            id: .acceptPrompt, keys: [.enter], title: "Go on", help: "Take what is typed",
            places: [.prompt], footer: 1),
        Command(
            id: .leavePrompt, keys: [.escape], title: "Back", help: "Go back without it",
            places: [.prompt], footer: 2),
        Command(
            id: .choose, keys: [.enter, .space], title: "Choose", help: "Take the marked line",
            places: [.menu], footer: 1),
        Command(
            id: .removeChoice, keys: [.delete, .character("x")], title: "Remove",
            help: "Remove the saved filter", places: [.menu], footer: 3, hidesWhenUnavailable: true),
        Command(
            id: .leaveMenu, keys: [.escape], title: "Back", help: "Close the menu", places: [.menu],
            footer: 2),
        Command(
            id: .runCommand, keys: [.enter], title: "Run", help: "Give the marked command", places: typing,
            footer: 1),
        Command(
            id: .nextCommand, keys: [.down, .control("n")], title: "Next", help: "Mark the next command",
            places: typing, footer: 3),
        Command(
            id: .previousCommand, keys: [.up, .control("p")], title: "Previous",
            help: "Mark the previous command", places: typing, footer: nil),
        Command(
            id: .completeCommand, keys: [.tab], title: "Complete", help: "Type the rest of the marked name",
            places: typing, footer: 4),
        Command(
            id: .leavePalette, keys: [.escape], title: "Back", help: "Go back without giving a command",
            places: typing, footer: 2),
        Command(
            id: .formHelp, keys: [.function(1)], title: "Help",
            help: "Show all keys, with those of this place first; what is typed stays as it is",
            places: [.filter, .form, .suggestions, .confirmation, .receipt, .prompt, .menu, .palette],
            footer: 10),
    ]

    private static let general: [Command] = [
        Command(
            id: .reload, keys: [.character("r"), .function(5), .control("r")], title: "Reload",
            help: "Ask the ledger again now; the screen also does it by itself", places: Place.browsing,
            footer: 70),
        Command(
            id: .palette, keys: [.character(":"), .alt("x")], title: "Command",
            help: "Give any command by its name", places: Place.browsing, footer: 40),
        Command(
            id: .help, keys: [.character("?"), .function(1)], title: "Help",
            help: "Show all keys, search them, and run what is found", places: Place.browsing, footer: 2),
        Command(
            id: .quit, keys: [.character("q")], title: "Quit", help: "Leave the program",
            places: Place.browsing, footer: 3),
        Command(
            id: .theme, keys: [.control("t")], title: "Theme",
            help: "Choose the colours: default, light, high contrast or monochrome", places: Place.browsing,
            footer: nil),
        Command(
            id: .mouse, keys: [.character("M")], title: "Mouse",
            help: "Let the mouse select and scroll, or leave it to the terminal", places: Place.browsing,
            footer: nil),
        Command(
            id: .redraw, keys: [.control("l")], title: "Redraw", help: "Draw the screen anew",
            places: Set(Place.allCases), footer: nil),
        Command(
            id: .suspend, keys: [.control("z")], title: "Suspend",
            help: "Go to the shell; `fg` comes back", places: Set(Place.allCases), footer: nil),
        Command(
            id: .quitNow, keys: [.control("c")], title: "Quit",
            help: "Leave the program from anywhere; while an operation is being posted, stop that",
            places: Set(Place.allCases), footer: nil),
    ]
}
