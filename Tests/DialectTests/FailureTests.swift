import FaultProxy
import LedgerStore
import Postgres
import Testing

/// What each error form means, by a table: one row for each form, its source in `config/portability.md`.
@Suite struct FailureTests {
    @Test(arguments: Case.retried) func whatWasCertainlyNotWrittenIsTriedAgain(_ row: Case) {
        let expected: StoreFailure.Kind =
            row.form.sqlState.hasPrefix("40") ? .conflict : .overloaded
        #expect(row.failure(writing: true).kind == expected)
        #expect(row.failure(writing: false).kind == expected)
    }

    @Test(arguments: Case.ambiguous) func whatMayBeWrittenIsUnknownWhileWriting(_ row: Case) {
        #expect(row.failure(writing: true).kind == .unknownOutcome)
        #expect(row.failure(writing: true).sqlState == row.form.sqlState)
        #expect(row.failure(writing: false).kind != .unknownOutcome)
    }

    @Test(arguments: Case.races) func aLostRaceIsKnownByTheNameInTheMessage(_ row: Case) {
        let expected: StoreFailure.Kind =
            row.form.message.contains("reference") ? .referenceTaken : .lostRace
        #expect(row.failure(writing: true).kind == expected)
    }

    /// PostgreSQL's ERROR is a rollback, whatever its code.
    @Test(arguments: [
        ("XX000", StoreFailure.Kind.failed), ("58030", .failed), ("57014", .overloaded),
        ("53100", .overloaded),
        ("53400", .overloaded), ("72000", .overloaded), ("40001", .conflict), ("40003", .unknownOutcome),
        ("57P01", .unknownOutcome), ("57P02", .unknownOutcome), ("57P03", .unavailable),
        ("25006", .unavailable),
        ("42501", .notPermitted), ("42601", .failed),
    ])
    func postgreSQLSaysForCertainThatNothingWasWritten(state: String, kind: StoreFailure.Kind) {
        let row = Case(.postgresql, ErrorForm(state, "as it is"))
        #expect(row.failure(writing: true).kind == kind)
    }

    @Test(arguments: [PostgresError.Kind.deadlineExceeded, .cancelled])
    func aCancelConfirmedByTheServerProvesARollbackOnPostgreSQLOnly(kind: PostgresError.Kind) {
        let confirmed = PostgresError(kind: kind, sqlState: .queryCanceled, message: "cancelled")
        let unsent = PostgresError(kind: kind, message: "never sent")
        let stopped: StoreFailure.Kind = kind == .cancelled ? .cancelled : .deadlineExceeded
        for dialect in [Dialect.cockroachdb, .yugabytedb] {
            #expect(StoreFailure(confirmed, writing: true, dialect: dialect).kind == .unknownOutcome)
            #expect(StoreFailure(confirmed, writing: false, dialect: dialect).kind == stopped)
            #expect(StoreFailure(unsent, writing: true, dialect: dialect).kind == stopped)
        }
        #expect(StoreFailure(confirmed, writing: true).kind == stopped)
    }

    @Test func otherConstraintsAreRulesOfTheDatabase() {
        let form = ErrorForm("23505", "duplicate key value violates unique constraint \"another_key\"")
        let failure = Case(.yugabyte, form).failure(writing: true)
        #expect(failure.kind == .ruleViolated)
        #expect(failure.cause.contains("another_key"))
        let null = ErrorForm("23502", "null value in column \"narrative\" violates not-null constraint")
        #expect(Case(.cockroach, null).failure(writing: true).kind == .ruleViolated)
    }

    @Test func saysWhyATransactionWasTooOld() {
        for row in [
            Case(.yugabyte, .yugabyteSnapshotTooOld), Case(.cockroach, .cockroachBelowGarbageCollection),
        ] {
            let failure = row.failure(writing: false)
            #expect(failure.kind == .overloaded)
            #expect(failure.cause.contains("took so long"))
        }
    }
}

extension Case {
    /// As the driver gives it: a fatal error ends the session, which makes it a lost connection.
    func failure(writing: Bool) -> StoreFailure {
        StoreFailure(
            PostgresError(
                kind: form.endsSession ? .connectionLost : .server,
                sqlState: SQLState(rawValue: form.sqlState),
                message: form.message, detail: form.detail, hint: form.hint, schema: form.schema,
                table: form.table, column: form.column, constraint: form.constraint),
            writing: writing, dialect: server.dialect)
    }
}
