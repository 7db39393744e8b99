import Postgres
import Testing

@testable import LedgerStore

/// What an error means while a write is in flight, and while none is.
@Suite struct FailureTests {
    @Test(arguments: [
        (PostgresError.Kind.server, "57P01", StoreFailure.Kind.unknownOutcome, StoreFailure.Kind.unavailable),
        (.server, "57P02", .unknownOutcome, .unavailable),
        (.server, "57P03", .unavailable, .unavailable), (.server, "25006", .unavailable, .unavailable),
        (.server, "40003", .unknownOutcome, .unavailable), (.server, "08006", .unknownOutcome, .unavailable),
        (.server, "40001", .conflict, .conflict), (.server, "57014", .overloaded, .overloaded),
        (.server, "26000", .overloaded, .overloaded),
        (.connectionLost, "57P01", .unknownOutcome, .unavailable),
        (.connectionLost, "25P03", .unknownOutcome, .unavailable),
        (.lostBeforeCommit, "25P03", .unavailable, .unavailable),
        (.unconfirmed, "01000", .unknownOutcome, .unknownOutcome),
        (.cannotConnect, "25006", .unavailable, .unavailable),
    ])
    func saysWhetherItMayHaveBeenWritten(
        kind: PostgresError.Kind, state: String, writing: StoreFailure.Kind, reading: StoreFailure.Kind
    ) {
        let error = PostgresError(kind: kind, sqlState: SQLState(rawValue: state), message: "x")
        #expect(StoreFailure(error, writing: true).kind == writing)
        #expect(StoreFailure(error, writing: false).kind == reading)
    }
}
