import FaultProxy
import Ledger
import LedgerService
import LedgerStore
import TestSupport
import Testing

/// The retry loop against the documented errors of the two, on a real server behind a proxy.
@Suite(.timeLimit(.minutes(5))) struct RetryTests {
    @Test(arguments: Case.retried)
    func anOperationThatIsRefusedIsTriedAgainAndPostedOnce(_ row: Case) async throws {
        try await ForeignLedger.use(row.server) { ledger in
            await ledger.script(.answer(row.form), times: 2)
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let (outcomes, events) = await ledger.perform([operation])
            try await ledger.expectPostedOnce(outcomes, attempts: 3)
            #expect(events.conflicts == [row.form.sqlState, row.form.sqlState])
            #expect(events.unknowns == [])
            #expect(try await ledger.available("a") == "101.00")
        }
    }

    @Test(arguments: Case.retried)
    func aBatchThatIsRefusedInItsMiddleIsPostedOnceAsAWhole(_ row: Case) async throws {
        try await ForeignLedger.use(row.server) { ledger in
            let real = ledger.real
            // Three statements: the first entries, an account, and the entries after it. The last one is refused.
            let operations =
                try (0..<3).map { _ in try real.operation(real.deposit("a", "1.00")) }
                + [
                    try real.operation(
                        .accountChange(
                            account: AccountCode("c"),
                            change: .open(
                                name: "C", currency: Currency("CZK"), accountClass: .liability, minimum: .zero
                            ),
                            reason: ""))
                ] + (0..<3).map { _ in try real.operation(real.deposit("c", "2.00")) }
            await ledger.script([
                FaultRule(
                    when: .statement(.nth(2), named: "postentries"), fault: .answer(row.form), times: 1)
            ])
            let (outcomes, events) = await ledger.perform(operations)
            #expect(outcomes.map(\.attempts) == [1, 1, 1, 1, 2, 2, 2])
            #expect(events.conflicts == Array(repeating: row.form.sqlState, count: 3))
            for outcome in outcomes { #expect(outcome.receipt != nil) }
            for operation in operations where operation.isPosting {
                #expect(try await ledger.transactions(operation.reference) == 1)
            }
            #expect(try await ledger.available("a") == "103.00")
            #expect(try await ledger.available("c") == "6.00")
        }
    }

    /// The reads of an attempt are one round trip: the refusal comes in the middle of a pipeline.
    @Test(arguments: Case.retried + [Case(.cockroach, .cockroachBelowGarbageCollection)])
    func aReadThatIsRefusedInThePipelineIsTriedAgain(_ row: Case) async throws {
        try await ForeignLedger.use(row.server) { ledger in
            await ledger.script(.answer(row.form), to: "selectaccounts")
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let (outcomes, events) = await ledger.perform([operation])
            try await ledger.expectPostedOnce(outcomes, attempts: 2)
            #expect(events.conflicts == [row.form.sqlState])
        }
    }

    /// The first refusal is met by the session, which prepares the statement anew and repeats it.
    @Test func aPlanThatNoLongerFitsIsKnownInWhateverLanguageTheServerSaysSo() async throws {
        try await ForeignLedger.use(.postgresql) { ledger in
            await ledger.script(.answer(.translatedStalePlan), times: 2)
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let (outcomes, events) = await ledger.perform([operation])
            try await ledger.expectPostedOnce(outcomes, attempts: 2)
            #expect(events.conflicts == ["0A000"])
        }
    }

    @Test func whoIsConfinedIsToldSoInWhateverLanguageTheServerSaysSo() async throws {
        try await ForeignLedger.use(.postgresql) { ledger in
            await ledger.script(.answer(.translatedConfinement))
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let (outcomes, _) = await ledger.perform([operation])
            guard case .refused(.notPermitted(let why)) = outcomes[0].result else {
                Issue.record("\(outcomes)")
                return
            }
            #expect(why == "the database role may not touch this account: it is confined to others")
            #expect(try await ledger.transactions(operation.reference) == 0)
        }
    }

    @Test(arguments: Case.races)
    func aLostRaceWithoutItsFieldsIsDecidedAnew(_ row: Case) async throws {
        try await ForeignLedger.use(row.server) { ledger in
            await ledger.script(.answer(row.form))
            let operations = try (0..<4).map { _ in
                try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            }
            let (outcomes, events) = await ledger.perform(operations)
            for outcome in outcomes { try await ledger.expectPostedOnce([outcome], attempts: 2) }
            #expect(events.conflicts == Array(repeating: row.form.sqlState, count: 4))
            #expect(try await ledger.available("a") == "104.00")
        }
    }

    @Test func aServerThatRefusesForEverIsGivenUpAndNothingIsWritten() async throws {
        let policy = RetryPolicy(maximumAttempts: 4, deadline: .seconds(60))
        try await ForeignLedger.use(.yugabyte, policy: policy) { ledger in
            await ledger.script(.answer(.yugabyteHeartbeatExpired), times: 100)
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let (outcomes, events) = await ledger.perform([operation])
            guard case .gaveUp(let failure) = outcomes[0].result else {
                Issue.record("\(outcomes)")
                return
            }
            #expect(failure.sqlState == "40001")
            #expect(failure.message.contains("nothing was written"))
            #expect(events.conflicts == ["40001", "40001", "40001", "40001"])
            #expect(try await ledger.transactions(operation.reference) == 0)
        }
    }

    @Test(arguments: [
        Case(.cockroach, .tooManyConnections), Case(.cockroach, .cockroachNotAccepting),
        Case(.yugabyte, .tooManyConnections),
    ])
    func aServerThatTakesNoSessionIsAskedAgain(_ row: Case) async throws {
        try await ForeignLedger.use(row.server) { ledger in
            // All sessions are lost; the next two are refused.
            await ledger.proxy.apply(.cutAll)
            await ledger.script([
                FaultRule(when: .connection(), fault: .answerStartup(row.form), times: 2)
            ])
            let operation = try ledger.real.operation(ledger.real.deposit("a", "1.00"))
            let (outcomes, events) = await ledger.perform([operation])
            #expect(events.conflicts.contains(row.form.sqlState))
            try await ledger.expectPostedOnce(outcomes)
        }
    }
}

extension ForeignLedger {
    func expectPostedOnce(
        _ outcomes: [OperationOutcome], attempts: Int? = nil, at place: SourceLocation = #_sourceLocation
    ) async throws {
        for outcome in outcomes {
            guard case .posted = outcome.result else {
                Issue.record("\(outcome)", sourceLocation: place)
                continue
            }
            if let attempts { #expect(outcome.attempts == attempts, sourceLocation: place) }
            #expect(try await transactions(outcome.reference) == 1, sourceLocation: place)
        }
    }
}

extension Ledger.Operation {
    var isPosting: Bool {
        if case .accountChange = action { false } else { true }
    }
}
