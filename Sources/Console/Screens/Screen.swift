import Ledger

/// One screen over the first: its state, what it asks for, and how it is drawn. Screens lie on a stack; the last
/// is seen, and Esc goes back to the one before.
protocol Screen: Sendable {
    /// Whose keys hold on it.
    var place: Place { get }
    /// Its name, for the header.
    var title: String { get }
    /// Nil where there is nothing to filter.
    var filter: FilterField? { get set }
    /// Whether the next start may begin with it.
    var isRemembered: Bool { get }
    /// What it is about, as people name it; empty for a screen that is there once.
    var subject: String { get }

    mutating func move(_ motion: Motion, _ context: ScreenContext)
    /// Puts the selection on the line that was clicked on, counted from the screen's first row.
    /// - Returns: whether there is one.
    @discardableResult
    mutating func select(row: Int, _ context: ScreenContext) -> Bool
    /// Forgets what can be asked for again, and asks for it.
    mutating func reload()
    /// What it wants to know now; never while an answer of the same kind is on its way.
    mutating func nextQuestions(_ context: ScreenContext, _ counter: inout RequestCounter)
        -> [(RequestID, Question)]
    /// - Returns: whether it was this screen's question.
    mutating func take(_ id: RequestID, _ answer: Answer, _ context: ScreenContext) -> Bool
    mutating func fail(_ id: RequestID, _ message: String, now: Timestamp) -> Bool
    /// The first line in sight, of a screen that is a text; and of how many, which depends on what it shows.
    var scroll: Int { get set }
    func lineCount(_ console: ConsoleState) -> Int?
    /// Keeps the selection in sight.
    mutating func settle(_ context: ScreenContext)
    /// When what it shows was read; nil before that, and for what is not read.
    var loadedAt: Timestamp? { get }
    /// Requests that nobody waits for once the screen is left.
    var openRequests: [RequestID] { get }

    /// What commands are about here.
    func selection(_ console: ConsoleState) -> Selection
    /// Whether there is anything to export.
    var hasExport: Bool { get }
    /// What is shown, as a table, with a name for its file.
    func exportTable(_ console: ConsoleState) -> (name: String, table: ExportTable)?
    func draw(_ canvas: inout Canvas, _ console: ConsoleState)
}

/// What a screen may know besides its own state when it asks and is answered.
struct ScreenContext: Sendable {
    let now: Timestamp
    /// Of the screen's area.
    let rows: Int
    let columns: Int
    /// How often what is seen is read again.
    let interval: Duration
    let symbols: Symbols
    /// The attempts of operations that were sent from here.
    let log: AttemptLog
}

/// What commands are about.
struct Selection {
    var account: Account?
    /// The record that is selected in an account's history.
    var line: HistoryLine?
    /// The transaction that a reversal or a template is made from.
    var transaction: JournalTransaction?
    /// What opening it shows.
    var opens: Target?
    /// What can be copied, the most wanted first. Made when it is asked for: some of it takes a while.
    var copies: (() -> [(title: String, text: String)])?
}

/// What can be opened to a screen of its own.
enum Target: Sendable, Hashable {
    case account(AccountCode)
    case transaction(TransactionKey)
    /// A record that is no entry, of this account.
    case record(HistoryLine, Account)
    case operation(Reference)
}

extension Screen {
    var filter: FilterField? {
        get { nil }
        set {}
    }

    var isRemembered: Bool { true }
    var subject: String { "" }
    mutating func move(_ motion: Motion, _ context: ScreenContext) {}
    mutating func select(row: Int, _ context: ScreenContext) -> Bool { false }
    var hasExport: Bool { false }
    var scroll: Int {
        get { 0 }
        set {}
    }
    func lineCount(_ console: ConsoleState) -> Int? { nil }
    mutating func reload() {}

    mutating func nextQuestions(_ context: ScreenContext, _ counter: inout RequestCounter)
        -> [(RequestID, Question)]
    {
        []
    }

    mutating func take(_ id: RequestID, _ answer: Answer, _ context: ScreenContext) -> Bool { false }
    mutating func fail(_ id: RequestID, _ message: String, now: Timestamp) -> Bool { false }
    mutating func settle(_ context: ScreenContext) {}
    var loadedAt: Timestamp? { nil }
    var openRequests: [RequestID] { [] }
    func selection(_ console: ConsoleState) -> Selection { Selection() }
    func exportTable(_ console: ConsoleState) -> (name: String, table: ExportTable)? { nil }
}
