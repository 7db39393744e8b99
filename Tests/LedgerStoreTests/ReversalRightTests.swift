import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// Reversals are for supervisors, and the database holds it.
@Suite(.serialized) struct ReversalRightTests {
    @Test func anOperatorsReversalIsRefusedAndASupervisorsIsPosted() async throws {
        let ledger = try await AccessLedger.make()
        let supervisor = try await ledger.program(.supervisor)
        try await supervisor.open(["a", "b"], balance: "10.00")
        let teller = try await ledger.program(.operator)
        #expect(
            try await teller.store.access() == Access(level: .operator, mayReverse: false, isConfined: false))
        let move = try teller.operation(teller.transfer("a", "b", "1.00"), reference: "move")
        #expect(await teller.service.perform(move).receipt != nil)
        let back = Operation.Action.reversal(of: try Reference("move"), amount: nil, reason: "test")
        let refused = await teller.service.perform(try teller.operation(back, reference: "back"))
        guard case .refused(.notPermitted(let why)) = refused.result else {
            Issue.record("an operator's reversal ended as \(refused.result)")
            return
        }
        #expect(why == "the database role may not reverse transactions; that takes a supervisor")
        #expect(refused.attempts == 1)
        #expect(try await supervisor.store.access().mayReverse)
        #expect(
            await supervisor.service.perform(try supervisor.operation(back, reference: "back")).receipt != nil
        )
        await teller.store.close()
        await supervisor.store.close()
    }

    /// One that may not be written does not hold up those that may.
    @Test func aReversalAmongTransfersIsRefusedByItself() async throws {
        let ledger = try await AccessLedger.make()
        let supervisor = try await ledger.program(.supervisor)
        try await supervisor.open(["a", "b"], balance: "10.00")
        let teller = try await ledger.program(.operator)
        let outcomes = await teller.service.perform([
            try teller.operation(teller.transfer("a", "b", "1.00"), reference: "1"),
            try teller.operation(.reversal(of: Reference("1"), amount: nil, reason: "test"), reference: "2"),
            try teller.operation(teller.transfer("b", "a", "2.00"), reference: "3"),
        ])
        #expect(outcomes.map { $0.receipt != nil } == [true, false, true])
        guard case .refused(.notPermitted) = outcomes[1].result else {
            Issue.record("the reversal ended as \(outcomes[1].result)")
            return
        }
        #expect(try await Verifier(store: ledger.store).run().isSound)
        await teller.store.close()
        await supervisor.store.close()
    }

    /// A ledger whose operators were granted all of the journal, as before the third schema.
    @Test func upgradingTakesTheRightFromOperators() async throws {
        let ledger = try await AccessLedger.make()
        try await ledger.run("GRANT INSERT ON bursar.journal TO bursar_operator", as: .owner)
        let teller = try await ledger.program(.operator)
        #expect(try await teller.store.access().mayReverse)
        #expect(try await ledger.store.makeRoles() == nil)
        #expect(
            try await teller.store.access() == Access(level: .operator, mayReverse: false, isConfined: false))
        await teller.store.close()
    }

    /// What the message says is not lost on the way through other texts of the database.
    @Test func eachLevelIsToldWhatItMayNotDo() async throws {
        let ledger = try await AccessLedger.make()
        let supervisor = try await ledger.program(.supervisor)
        try await supervisor.open(["a", "b"], balance: "10.00")
        let viewer = try await ledger.program(.viewer)
        let czk = try Currency("CZK")
        for (action, words) in [
            (try viewer.transfer("a", "b", "1.00"), "may not post"),
            (
                .accountChange(account: try AccountCode("a"), change: .freeze(nil), reason: "x"),
                "may not change accounts"
            ),
            (
                .accountChange(
                    account: try AccountCode("c"),
                    change: .open(name: "C", currency: czk, accountClass: .liability, minimum: .zero),
                    reason: ""),
                "may not open accounts"
            ),
        ] as [(Operation.Action, String)] {
            let outcome = await viewer.service.perform(try viewer.operation(action))
            guard case .refused(.notPermitted(let why)) = outcome.result else {
                Issue.record("\(action) ended as \(outcome.result)")
                continue
            }
            #expect(why.contains(words), "\(why)")
        }
        await viewer.store.close()
        await supervisor.store.close()
    }
}
