import FaultProxy
import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// Errors after which an operation may be on the books or not: the books have the last word, whichever it was.
@Suite(.timeLimit(.minutes(5))) struct AmbiguityTests {
    @Test(arguments: Case.ambiguous, [true, false])
    func anAmbiguousOperationIsLookedUpAndIsOnTheBooksOnce(_ row: Case, written: Bool) async throws {
        try await ForeignLedger.use(row.server) { ledger in
            await ledger.script(written ? .answerAfterServer(row.form) : .answer(row.form))
            let operations = try (0..<3).map { _ in
                try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            }
            let (outcomes, events) = await ledger.perform(operations)
            for outcome in outcomes { try await ledger.expectPostedOnce([outcome], attempts: 2) }
            #expect(events.unknowns == Array(repeating: row.form.sqlState, count: 3))
            #expect(events.resolutions == Array(repeating: written, count: 3))
            #expect(try await ledger.available("a") == "103.00")
        }
    }

    @Test(arguments: Case.ambiguous)
    func whatCannotBeLookedUpIsCalledUnknown(_ row: Case) async throws {
        let policy = RetryPolicy(maximumAttempts: 3, deadline: .seconds(60))
        try await ForeignLedger.use(row.server, policy: policy) { ledger in
            // It is written, and nobody can read from then on.
            let mute = ErrorForm("42501", "permission denied for table journal")
            await ledger.script([
                FaultRule(
                    when: .statement(named: "postentries"), fault: .answerAfterServer(row.form), times: 1),
                FaultRule(when: .statement(.nth(2), named: "selectaccounts"), fault: .answer(mute)),
                FaultRule(
                    when: .statement(containing: "FROM bursar.journal AS j WHERE j.reference"),
                    fault: .answer(mute)),
            ])
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let (outcomes, events) = await ledger.perform([operation])
            guard case .unknown(let failure) = outcomes[0].result else {
                Issue.record("\(outcomes)")
                return
            }
            #expect(!failure.message.contains("nothing was written"))
            #expect(events.unknowns.first == row.form.sqlState)
            #expect(try await ledger.transactions(operation.reference) == 1)
        }
    }

    @Test func onPostgreSQLAnInternalErrorIsFinalAndNothingIsWritten() async throws {
        try await ForeignLedger.use(.postgresql) { ledger in
            await ledger.script(.answer(ErrorForm("XX000", "cache lookup failed for relation 42")))
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let (outcomes, _) = await ledger.perform([operation])
            guard case .failed(let failure) = outcomes[0].result else {
                Issue.record("\(outcomes)")
                return
            }
            #expect(failure.message.hasSuffix("nothing was written"))
            #expect(try await ledger.transactions(operation.reference) == 0)
        }
    }

    /// Our own cancel, confirmed with 57014: certain on PostgreSQL, and on the others no answer at all.
    @Test(arguments: [ForeignServer.postgresql, .cockroach, .yugabyte])
    func aWriteThatIsCancelledAtItsDeadlineIsToldAsTheServerMeansIt(_ server: ForeignServer) async throws {
        // Long enough to have begun the write on a busy machine: one that was never sent is certain for all.
        let policy = RetryPolicy(maximumAttempts: 100, deadline: .seconds(6))
        try await ForeignLedger.use(server, policy: policy) { ledger in
            _ = await ledger.perform([try ledger.real.operation(ledger.real.deposit("b", "1.00"))])
            let blocker = try await ledger.real.database.connect()
            try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let (outcomes, _) = await ledger.perform([operation])
            try await blocker.run(script: "ROLLBACK")
            await blocker.close()
            switch outcomes[0].result {
            case .gaveUp(let failure):
                #expect(server.dialect == .postgresql)
                #expect(failure.message.contains("nothing was written"))
            case .unknown(let failure):
                #expect(server.dialect != .postgresql)
                #expect(!failure.message.contains("nothing was written"))
            default: Issue.record("\(outcomes)")
            }
            #expect(try await ledger.transactions(operation.reference) == 0)
        }
    }
}
