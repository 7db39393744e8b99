import Ledger
import LedgerService
import LedgerStore
import TestSupport
import Testing

struct PostingTests {
    @Test func postsEachKindOfOperationAndRemembersItByReference() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "100.00")
        let transfer = try ledger.operation(try ledger.transfer("a", "b", "30.00"), reference: "t-1")
        let first = await ledger.service.perform(transfer)
        let again = await ledger.service.perform(transfer)
        guard case .posted(let receipt) = first.result, case .alreadyPosted(let repeated) = again.result
        else {
            Issue.record("\(first) \(again)")
            return
        }
        #expect(receipt == repeated)
        #expect(try await ledger.account("a")?.available.description == "70.00")
        #expect(try await ledger.account("b")?.available.description == "130.00")
        #expect(try await ledger.account("cash-CZK")?.ledger.description == "200.00")
        for action in [
            Operation.Action.reversal(
                of: try Reference("t-1"), amount: try DecimalAmount("10"), reason: "typo"),
            .accountChange(account: try AccountCode("a"), change: .freeze(.debit), reason: "check"),
            .accountChange(account: try AccountCode("a"), change: .setMinimum(.unlimited), reason: "vip"),
            .accountChange(account: try AccountCode("a"), change: .rename("New name"), reason: "wed"),
        ] {
            let operation = try ledger.operation(action)
            let outcome = await ledger.service.perform(operation)
            guard case .posted(let receipt) = outcome.result else {
                Issue.record("\(outcome)")
                return
            }
            let again = await ledger.service.perform(operation)
            #expect(again.result == .alreadyPosted(receipt))
        }
        let account = try #require(try await ledger.account("a"))
        #expect(account.name == "New name" && account.minimum == nil && account.status == .debitFrozen)
        #expect(account.available.description == "80.00")
    }

    @Test func sixteenWritersOfOneReferencePostItOnceAndAllGetTheSameAnswer() async throws {
        let ledger = try await TestLedger.make(writers: 16)
        try await ledger.open(["a"], balance: "100.00")
        let deposit = try ledger.operation(try ledger.deposit("a", "5.00"), reference: "once")
        let outcomes = await withTaskGroup(of: OperationOutcome.self) { group in
            for _ in 0..<16 { group.addTask { await ledger.service.perform(deposit) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let receipts = Set(outcomes.map(\.receipt))
        #expect(receipts.count == 1 && receipts.first != .some(nil))
        let posted = outcomes.filter { if case .posted = $0.result { true } else { false } }
        #expect(posted.count == 1)
        #expect(try await ledger.account("a")?.available.description == "105.00")
    }
}
