import Ledger
import LedgerService

/// What happened: the only way in which the console's state changes.
public enum ConsoleAction: Sendable {
    case keyPressed(Key)
    case resized(Size)
    /// Time went on; see ``ConsoleState/nextTick``.
    case ticked(Timestamp)

    case accountsLoaded(RequestID, [AccountListing])
    case historyLoaded(RequestID, [HistoryLine])
    case accountsCounted(RequestID, BoundedCount)
    case trialBalanceLoaded(RequestID, [TrialBalance])
    case previewed(RequestID, Verdict)
    case transactionLoaded(RequestID, PostedTransaction?)
    /// The answer to ``ConsoleEffect/settle(_:_:)``: nil when the reference is not on the books.
    case settled(RequestID, SettledOperation?)
    /// The question could not be answered.
    case queryFailed(RequestID, message: String)

    case attemptsArrived([AttemptEvent])
    case operationFinished(OperationOutcome)

    /// The ledger cannot be reached just now; the message says why in plain words.
    case connectionLost(message: String)
    case connectionRestored
}

/// What the console asks for. Each question is answered by one action with its request's id, or by
/// ``ConsoleAction/queryFailed(_:message:)``.
public enum ConsoleEffect: Hashable, Sendable {
    case loadAccounts(RequestID, AccountFilter, from: AccountsStart, limit: Int)
    /// Records newest first, from number `newestSeq` down.
    case loadHistory(RequestID, account: Identifier, newestSeq: Int64, limit: Int)
    case countAccounts(RequestID, AccountFilter)
    case loadTrialBalance(RequestID)
    case preview(RequestID, Operation)
    /// The transaction of this reference, with its entries.
    case lookUp(RequestID, Reference)
    /// Whether an operation of this reference is on the books, of any kind.
    case settle(RequestID, Reference)

    /// Posts, and answers with ``ConsoleAction/operationFinished(_:)``. Without a confirmation it posts at whatever
    /// balance, which somebody agreed to.
    case post(Operation, Confirmation?)
    /// Stops the operation of this reference between two attempts; its outcome is answered as ever.
    case cancelOperation(Reference)

    /// Draws everything anew, as if the screen had been spoiled by another program.
    case redraw
    /// Hands the terminal back to the shell until the program is continued.
    case suspend
    case quit
}
