import FaultProxy

// Errors of the two in the words that their manuals, sources and issues give, as far as the proxy has them not
// already; `config/portability.md` says where each was found. Numbers and ids in them are made up.
extension ErrorForm {
    /// A ledger was upgraded under a program that has its statements prepared, on a server that speaks German.
    static let translatedStalePlan = ErrorForm(
        "0A000", "gecachter Plan darf den Ergebnistyp nicht ändern", routine: "RevalidateCachedQuery")

    /// The row of an account that a confined role may not touch, on such a server.
    static let translatedConfinement = ErrorForm(
        "42501", "neue Zeile verletzt Sicherheitsrichtlinie auf Zeilenebene", routine: "ExecWithCheckOptions")

    // MARK: CockroachDB

    static let cockroachTransactionTooOld = ErrorForm(
        "40001",
        "restart transaction: TransactionRetryWithProtoRefreshError: TransactionRetryError: transaction deadline "
            + "exceeded by 2.1s (RETRY_COMMIT_DEADLINE_EXCEEDED): \"sql txn\" meta={id=1c3f9a07}")
    static let cockroachAmbiguousInternal = ErrorForm(
        "XX000", "internal error: result is ambiguous (error=connection reset by peer [exhausted])")
    static let cockroachUncategorized = ErrorForm(
        "XXUUU", "rpc error: code = Unavailable desc = error reading from server: EOF")
    static let cockroachRangeUnavailable = ErrorForm(
        "58C00", "replica unavailable: (n1,s1):1 unable to serve request to key range id:42 is unavailable")
    static let cockroachConnectionFailure = ErrorForm("58C01", "internal connection failure")
    static let cockroachStatementTimeout = ErrorForm(
        "57014", "query execution canceled due to statement timeout")
    static let cockroachTransactionTimeout = ErrorForm(
        "57014", "query execution canceled due to transaction timeout")
    static let cockroachCancelled = ErrorForm("57014", "query execution canceled")
    static let cockroachDraining = ErrorForm("57P01", "server is shutting down")
    static let cockroachNotAccepting = ErrorForm(
        "57P01", "server is not accepting clients, try another node")
    static let cockroachMemory = ErrorForm(
        "53200",
        "root: memory budget exceeded: 10240 bytes requested, 134217728 currently allocated, "
            + "134217728 bytes in budget")
    static let cockroachOpenTransactions = ErrorForm(
        "53300", "too many open transactions", hint: "server.max_open_transactions_per_gateway")
    static let cockroachDiskFull = ErrorForm("53100", "disk full")
    static let cockroachNullNumber = ErrorForm(
        "23502", "null value in column \"seq\" violates not-null constraint")
    static let cockroachRecordTaken = ErrorForm(
        "23505", "duplicate key value violates unique constraint \"account_records_pkey\"",
        detail: "Key (account_id, seq)=('00000000-0000-4000-8000-000000000001', 41) already exists.",
        constraint: "account_records_pkey")

    // MARK: YugabyteDB

    static let yugabyteRetriesExhausted = ErrorForm(
        "40001",
        "All transparent retries exhausted. Operation failed. Try again: Value write after transaction start: "
            + "{ physical: 1700000000100000 } >= { physical: 1700000000000000 }: kConflict")
    static let yugabyteHeartbeatExpired = ErrorForm(
        "40001",
        "Operation expired: Heartbeat: Transaction 5d3b1a90-0000-4000-8000-000000000001 expired or aborted by a "
            + "conflict: 40001")
    static let yugabyteCatalogVersion = ErrorForm(
        "40001", "Catalog Version Mismatch: A DDL occurred while processing this query. Try Again")
    static let yugabyteDeadlock = ErrorForm(
        "40P01", "deadlock detected", detail: "Transaction aborted due to a deadlock.")
    static let yugabyteCommitTimedOut = ErrorForm(
        "XX000", "UpdateTransaction RPC (request call id 42) to 127.0.0.1:9100 timed out after 5.000s")
    static let yugabyteCommitExpired = ErrorForm(
        "XX000", "Error during commit: Operation expired: Transaction expired")
    static let yugabyteTimedOut = ErrorForm(
        "XX000", "Timed out: Perform RPC (request call id 43) to 127.0.0.1:9100 timed out after 602.000s")
    static let yugabyteStatementTimeout = ErrorForm(
        "57014", "canceling statement due to statement timeout")
    static let yugabyteSessionUnknown = ErrorForm(
        "08003", "Unknown session: 17", severity: .fatal)
    static let yugabyteRecordTaken = ErrorForm(
        "23505", "duplicate key value violates unique constraint \"account_records_pkey\"")
    static let yugabyteReferenceTaken = ErrorForm(
        "23505", "duplicate key value violates unique constraint \"journal_reference_key\"")
    static let yugabyteNullNumber = ErrorForm(
        "23502", "null value in column \"seq\" violates not-null constraint", schema: "bursar",
        table: "account_records", column: "seq")
}

/// A form and the server that sends it.
struct Case: Sendable, CustomStringConvertible {
    let server: ForeignServer
    let form: ErrorForm

    var description: String { "\(server) \(form.sqlState) \(form.message.prefix(60))" }

    init(_ server: ForeignServer, _ form: ErrorForm) {
        self.server = server
        self.form = form
    }

    /// Certainly not written: try again.
    static let retried: [Case] =
        [
            .cockroachRetryWriteTooOld, .cockroachWriteTooOld, .cockroachRetrySerializable,
            .cockroachReadWithinUncertainty, .cockroachAbortedClientReject, .cockroachAbortedRecordFound,
            .cockroachAbortedNewLease, .cockroachTransactionTooOld, .cockroachMemory,
            .cockroachOpenTransactions, .cockroachDiskFull,
        ].map { Case(.cockroach, $0) }
        + [
            .yugabyteRestartRead, .yugabyteRestartReadSpeltOut, .yugabyteExpired, .yugabyteHigherPriority,
            .yugabyteConcurrentUpdate, .yugabyteRetriesExhausted, .yugabyteHeartbeatExpired,
            .yugabyteCatalogVersion, .yugabyteDeadlock, .yugabyteSnapshotTooOld,
        ].map { Case(.yugabyte, $0) }

    /// Perhaps written: look it up.
    static let ambiguous: [Case] =
        [
            .cockroachAmbiguous, .cockroachAmbiguousAborted, .cockroachAmbiguousInternal,
            .cockroachUncategorized,
            .cockroachBelowGarbageCollection, .cockroachRangeUnavailable, .cockroachConnectionFailure,
            .cockroachStatementTimeout, .cockroachTransactionTimeout, .cockroachCancelled, .cockroachDraining,
        ].map { Case(.cockroach, $0) }
        + [
            .yugabyteCommitTimedOut, .yugabyteCommitExpired, .yugabyteTimedOut, .yugabyteStatementTimeout,
            .adminShutdown, .yugabyteSessionUnknown,
        ].map { Case(.yugabyte, $0) }

    /// Another operation came first, told with fewer fields than PostgreSQL's.
    static let races: [Case] = [
        Case(.cockroach, .cockroachNullNumber), Case(.cockroach, .cockroachRecordTaken),
        Case(.yugabyte, .yugabyteRecordTaken), Case(.yugabyte, .yugabyteReferenceTaken),
        Case(.yugabyte, .yugabyteNullNumber),
    ]
}
