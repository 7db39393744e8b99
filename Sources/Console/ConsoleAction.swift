import Ledger
import LedgerService

/// What happened: the only way in which the console's state changes.
public enum ConsoleAction: Sendable {
    case keyPressed(Key)
    case resized(Size)
    /// Time went on; see ``ConsoleState/nextTick``.
    case ticked(Timestamp)

    case answered(RequestID, Answer)
    /// How far a check of the ledger has come.
    case progressed(RequestID, Verifier.Progress)
    /// How many accounts an export has written so far.
    case exported(RequestID, accounts: Int)
    /// The question could not be answered.
    case queryFailed(RequestID, message: String)

    case attemptsArrived(AttemptBatch)
    case operationFinished(OperationOutcome)

    /// The ledger cannot be reached just now; the message says why in plain words.
    case connectionLost(message: String)
    case connectionRestored
    /// The server is a standby, or is none any more since it was promoted.
    case standbyChanged(Bool)
}

/// What the console asks for.
public enum ConsoleEffect: Hashable, Sendable {
    /// Answered by ``ConsoleAction/answered(_:_:)`` or ``ConsoleAction/queryFailed(_:message:)``.
    case ask(RequestID, Question)
    /// The answer is no longer wanted.
    case withdraw(RequestID)

    /// Posts, and answers with ``ConsoleAction/operationFinished(_:)``. Without a confirmation it posts at whatever
    /// balance, which somebody agreed to.
    case post(Operation, Confirmation?)
    /// Somebody has been told the outcomes of these operations: to be carried out once the frame with them is drawn.
    case acknowledge([Reference])
    /// Stops the operation of this reference between two attempts; its outcome is answered as ever.
    case cancelOperation(Reference)

    /// Puts a text into the terminal's clipboard.
    case copy(String)
    case useMouse(Bool)
    case useTheme(Theme)
    /// Draws everything anew, as if the screen had been spoiled by another program.
    case redraw
    /// Hands the terminal back to the shell until the program is continued.
    case suspend
    case quit
}
