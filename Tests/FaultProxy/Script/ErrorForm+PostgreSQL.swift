// Errors in the words of PostgreSQL 15. The words were compared with those in the server's binary, the codes
// are those of the manual's appendix "PostgreSQL Error Codes".
extension ErrorForm {
    /// 40001: another transaction changed the row first.
    public static let concurrentUpdate = ErrorForm(
        "40001", "could not serialize access due to concurrent update")

    /// 40001 of serializable transactions, found when it was to be committed.
    public static let pivotAtCommit = ErrorForm(
        "40001", "could not serialize access due to read/write dependencies among transactions",
        detail: "Reason code: Canceled on identification as a pivot, during commit attempt.",
        hint: "The transaction might succeed if retried.")

    /// 40P01.
    public static let deadlock = ErrorForm("40P01", "deadlock detected")

    /// 57P01: `pg_terminate_backend`, or a shutdown in fast mode.
    public static let adminShutdown = ErrorForm(
        "57P01", "terminating connection due to administrator command", severity: .fatal)

    /// 57P02: the postmaster ends all sessions because one has crashed. It comes as a WARNING, and then the
    /// connection is closed without an error.
    public static let crashShutdown = ErrorForm(
        "57P02", "terminating connection because of crash of another server process", severity: .warning,
        detail: "The postmaster has commanded this server process to roll back the current transaction and "
            + "exit, because another server process exited abnormally and possibly corrupted shared memory.",
        hint: "In a moment you should be able to reconnect to the database and repeat your command.")

    /// 57P03, at startup.
    public static let startingUp = ErrorForm("57P03", "the database system is starting up", severity: .fatal)

    /// 57P03, at startup.
    public static let shuttingDown = ErrorForm(
        "57P03", "the database system is shutting down", severity: .fatal)

    /// 57P03, at startup after a crash.
    public static let inRecovery = ErrorForm(
        "57P03", "the database system is in recovery mode", severity: .fatal)

    /// 53300, at startup.
    public static let tooManyConnections = ErrorForm(
        "53300", "sorry, too many clients already", severity: .fatal)

    /// 53200.
    public static let outOfMemory = ErrorForm(
        "53200", "out of memory",
        detail: "Failed on request of size 8192 in memory context \"ExecutorState\".")

    /// 25006: a standby, or `default_transaction_read_only`.
    public static let readOnly = ErrorForm("25006", "cannot execute INSERT in a read-only transaction")

    /// 72000: refused for its age, where `old_snapshot_threshold` is set (up to PostgreSQL 16).
    public static let snapshotTooOld = ErrorForm("72000", "snapshot too old")

    /// 08006, as a program between client and server may say when it loses the server. PostgreSQL itself
    /// never sends this code to a client, and no other program's exact words were found: these are made up.
    public static let connectionFailure = ErrorForm(
        "08006", "the connection to the server was lost", severity: .fatal)
}
