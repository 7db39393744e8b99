// Errors of the databases that speak PostgreSQL's protocol. The words are as users of them have reported;
// keys, times and ids in them are made up.

/// CockroachDB.
///
/// Reference: cockroachlabs.com/docs/stable/transaction-retry-error-reference. All of it has SQLSTATE 40001
/// and begins with `restart transaction`.
extension ErrorForm {
    private static func cockroachRetry(_ cause: String, anchor: String) -> ErrorForm {
        ErrorForm(
            "40001",
            "restart transaction: TransactionRetryWithProtoRefreshError: " + cause
                + ": \"sql txn\" meta={id=1c3f9a07 key=/Table/106/1/42/0 iso=Serializable pri=0.01874220 "
                + "epo=0 ts=1700000000.200000000,1 min=1700000000.100000000,0 seq=3} lock=true stat=PENDING "
                + "rts=1700000000.100000000,0 wto=false gul=1700000000.600000000,0",
            hint: "See: https://www.cockroachlabs.com/docs/v24.1/transaction-retry-error-reference.html"
                + "#\(anchor)")
    }

    /// Another transaction committed a write to a key that this one wants to write (spring-session issue
    /// 1494).
    public static let cockroachRetryWriteTooOld = cockroachRetry(
        "TransactionRetryError: retry txn (RETRY_WRITE_TOO_OLD)", anchor: "retry_write_too_old")

    /// The same as newer servers put it (zitadel issue 7957, server 23.2).
    public static let cockroachWriteTooOld = cockroachRetry(
        "WriteTooOldError: write for key /Table/106/1/42/0 at timestamp 1700000000.100000000,0 too old; "
            + "must write at or above 1700000000.200000000,1", anchor: "retry_write_too_old")

    /// What this transaction has read was changed before it could commit (cockroach issue 94741).
    public static let cockroachRetrySerializable = cockroachRetry(
        "TransactionRetryError: retry txn (RETRY_SERIALIZABLE - failed preemptive refresh due to a conflict: "
            + "committed value on key /Table/106/1/42/0)", anchor: "retry_serializable")

    /// A value that may, by the clocks, be older than this read (materialize issue 20380, server 23.1).
    public static let cockroachReadWithinUncertainty = cockroachRetry(
        "ReadWithinUncertaintyIntervalError: read at time 1700000000.100000000,0 encountered previous write "
            + "with future timestamp 1700000000.100000000,1 (local=1700000000.099000000,0) within "
            + "uncertainty interval `t <= (local=1700000000.100000000,0, global=1700000000.600000000,0)`; "
            + "observed timestamps: [{1 1700000000.100000000,0}]", anchor: "readwithinuncertaintyinterval")

    /// The server gave up on a client that seemed gone (cockroach issue 54298).
    public static let cockroachAbortedClientReject = cockroachRetry(
        "TransactionAbortedError(ABORT_REASON_CLIENT_REJECT)", anchor: "abort_reason_client_reject")

    /// Another transaction aborted this one (docs issue 12004 says when; form as of the one before).
    public static let cockroachAbortedRecordFound = cockroachRetry(
        "TransactionAbortedError(ABORT_REASON_ABORTED_RECORD_FOUND)",
        anchor: "abort_reason_aborted_record_found")

    /// The range moved to another node meanwhile (materialize issue 19931; form as of the one before).
    public static let cockroachAbortedNewLease = cockroachRetry(
        "TransactionAbortedError(ABORT_REASON_NEW_LEASE_PREVENTS_TXN)",
        anchor: "abort_reason_new_lease_prevents_txn")

    /// 40003: committed or not, the server cannot tell (cockroach issue 48168; reference:
    /// cockroachlabs.com/docs/stable/common-errors, "result is ambiguous").
    public static let cockroachAmbiguous = ErrorForm(
        "40003",
        "result is ambiguous (error=rpc error: code = Unavailable desc = transport is closing [propagate])")

    /// 40003 after the record of the transaction has gone (cockroach issue 44504).
    public static let cockroachAmbiguousAborted = ErrorForm(
        "40003", "result is ambiguous (intent missing and record aborted)")

    /// Refused for its age; the server has no code of its own for it and sends XXUUU (cockroach issue
    /// 113862).
    public static let cockroachBelowGarbageCollection = ErrorForm(
        "XXUUU",
        "batch timestamp 1700000000.100000000,0 must be after replica GC threshold 1700000900.000000000,0")
}

/// YugabyteDB.
///
/// Reference: docs.yugabyte.com, "Transaction error codes in YSQL" and "Read Restart error". Which code comes
/// with which text has changed between versions; where a report shows no code, the comment says so.
extension ErrorForm {
    /// 40001 (docs.yugabyte.com/latest/architecture/transactions/read-restart-error; the page shows no code).
    public static let yugabyteRestartRead = ErrorForm(
        "40001",
        "Query error: Restart read required at: { read: { physical: 1700000000100000 } local_limit: "
            + "{ physical: 1700000000100000 } global_limit: <min> in_txn_limit: <max> serial_no: 0 }")

    /// 40001, without `Query error` and with the days spelt out (release notes of 2.27.0.0-b8).
    public static let yugabyteRestartReadSpeltOut = ErrorForm(
        "40001",
        "Restart read required at: read: { days: 19675 time: 22:13:20.100000 } local_limit: { days: "
            + "19675 time: 22:13:20.100000 } global_limit: <min> in_txn_limit: <max> serial_no: 0 } "
            + "(yb_max_query_layer_retries set to 0 are exhausted)")

    /// 40001: another transaction aborted this one (yugabyte-db issue 11994).
    public static let yugabyteExpired = ErrorForm(
        "40001",
        "Operation expired: Transaction 5d3b1a90-0000-4000-8000-000000000001 expired or aborted by a "
            + "conflict: 40001")

    /// 40001 where the other one goes first (yugabyte-db issue 5228).
    public static let yugabyteHigherPriority = ErrorForm(
        "40001",
        "Operation failed. Try again.: 5d3b1a90-0000-4000-8000-000000000001 Conflicts with higher priority "
            + "transaction: 5d3b1a90-0000-4000-8000-000000000002")

    /// 40001 in PostgreSQL's words, the reason in the detail (yugabyte-db issue 16460, and the release notes
    /// of 2.27.0.0-b414 for the isolation level at its end).
    public static let yugabyteConcurrentUpdate = ErrorForm(
        "40001", "could not serialize access due to concurrent update",
        detail: "5d3b1a90-0000-4000-8000-000000000001 conflicts with higher priority transaction: "
            + "5d3b1a90-0000-4000-8000-000000000002 [serializable]")

    /// Refused for its age (yugabyte-db pull request 30254, which shows no code; 72000 is PostgreSQL's for
    /// it).
    public static let yugabyteSnapshotTooOld = ErrorForm(
        "72000",
        "Snapshot too old. Read point: { physical: 1700000000100000 }, earliest read time allowed: "
            + "{ physical: 1700000053100000 }, delta (usec): 53.000s. Tablet: "
            + "0a0b0c0d0e0f00010203040506070809, Table: journal (00004000000030008000000000004008): "
            + "kSnapshotTooOld")
}

extension ErrorForm {
    /// All forms that say: nothing was done, try again.
    public static let retryable: [ErrorForm] = [
        concurrentUpdate, pivotAtCommit, deadlock, cockroachRetryWriteTooOld, cockroachWriteTooOld,
        cockroachRetrySerializable, cockroachReadWithinUncertainty, cockroachAbortedClientReject,
        cockroachAbortedRecordFound, cockroachAbortedNewLease, yugabyteRestartRead,
        yugabyteRestartReadSpeltOut, yugabyteExpired, yugabyteHigherPriority, yugabyteConcurrentUpdate,
    ]

    /// All forms that say: it may have been done, or not.
    public static let ambiguous: [ErrorForm] = [cockroachAmbiguous, cockroachAmbiguousAborted]

    /// All forms that refuse a connection at startup.
    public static let startup: [ErrorForm] = [tooManyConnections, startingUp, shuttingDown, inRecovery]
}
