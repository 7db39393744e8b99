import Ledger
import LedgerStore
import Postgres
import TestSupport
import Testing

@testable import LedgerService

@Suite struct GroupCommitTests {
    @Test func operationsOfManyCallersAreWrittenTogetherAndEachIsAnsweredForItself() async throws {
        let ledger = try await TestLedger.make(writers: 4)
        try await ledger.open(["a", "b"], balance: "100.00")
        let operations = try (0..<200).map { index in
            try ledger.operation(
                index % 10 == 9 ? ledger.transfer("a", "nobody", "1.00") : ledger.deposit("b", "1.00"),
                reference: "many-\(index)")
        }
        let outcomes = await withTaskGroup(of: OperationOutcome.self) { group in
            for operation in operations { group.addTask { await ledger.service.perform(operation) } }
            return await group.reduce(into: [Reference: OperationOutcome]()) { $0[$1.reference] = $1 }
        }
        for (index, operation) in operations.enumerated() {
            let outcome = try #require(outcomes[operation.reference])
            #expect(outcome.conflicts.isEmpty && outcome.attempts == 1)
            if index % 10 == 9 {
                guard case .refused(.accountNotFound) = outcome.result else {
                    Issue.record("\(outcome)")
                    continue
                }
            } else {
                #expect(outcome.receipt?.reference == operation.reference)
            }
        }
        #expect(try await ledger.account("b")?.available.description == "280.00")
        // What is written together is booked at one moment.
        let moments = try await ledger.number("SELECT count(DISTINCT booked_at) FROM bursar.journal")
        #expect(moments < 150)
        #expect(try await Verifier(store: ledger.store).run().isSound)
    }

    /// Another program moved one of four accounts since they were remembered.
    @Test func aConflictIsThatOfTheOperationsWhoseAccountsMoved() async throws {
        let ledger = try await TestLedger.make()
        // What is remembered stays trusted, however slow the machine is.
        var environment = ServiceEnvironment.live
        environment.uptime = { .zero }
        let service = LedgerService(
            store: ledger.store, environment: environment, log: TestLedger.quietLog)
        try await ledger.open(["a", "b", "c", "d"], balance: "100.00")
        let other = try await ledger.another()
        let operations = [
            try ledger.operation(ledger.transfer("a", "b", "1.00"), reference: "hit"),
            try ledger.operation(ledger.transfer("c", "d", "1.00"), reference: "spared"),
        ]
        _ = await service.perform([
            try ledger.operation(ledger.transfer("a", "b", "5.00")),
            try ledger.operation(ledger.transfer("c", "d", "5.00")),
        ])
        let foreign = await other.service.perform(try other.operation(ledger.withdrawal("a", "7.00")))
        #expect(foreign.receipt != nil)
        let events = service.feed.everyEvent()
        let outcomes = await service.perform(operations)
        #expect(outcomes.allSatisfy { $0.receipt != nil }, "\(outcomes)")
        #expect(outcomes[0].attempts == 2 && outcomes[0].conflicts.count == 1)
        #expect(outcomes[0].receipt?.lines.first { $0.account.text == "a" }?.ledger.description == "87.00")
        #expect(outcomes[1].attempts == 1 && outcomes[1].conflicts.isEmpty)
        var told: [Reference: [String]] = [:]
        var left = 2
        for await event in events {
            told[event.operation.reference, default: []].append(event.phase.name)
            if event.isFinal { left -= 1 }
            if left == 0 { break }
        }
        #expect(
            told[operations[0].reference] == ["started", "conflicted", "started", "reread", "posted"])
        #expect(told[operations[1].reference] == ["started", "posted"])
        #expect(try await Verifier(store: ledger.store).run().isSound)
    }

    /// A status that was changed by the same program, and a transaction that it reversed, move the account on too.
    @Test func aProgramDoesNotGetIntoConflictWithItself() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        let deposit = try ledger.operation(ledger.deposit("a", "1.00"), reference: "to be reversed")
        let operations = [
            deposit,
            try ledger.operation(
                .accountChange(
                    account: AccountCode("a"), change: .setMinimum(.unlimited), reason: "agreed")),
            try ledger.operation(ledger.deposit("a", "2.00")),
            try ledger.operation(.reversal(of: deposit.reference, amount: nil, reason: "mistaken")),
            try ledger.operation(ledger.withdrawal("a", "30.00")),
        ]
        for operation in operations {
            let outcome = await ledger.service.perform(operation)
            #expect(outcome.receipt != nil && outcome.attempts == 1, "\(outcome)")
        }
        #expect(try await ledger.account("a")?.available.description == "-18.00")
    }

    /// A refusal from what is remembered is not told before the books were asked.
    @Test func whatIsRememberedRefusesNothing() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        _ = await ledger.service.perform(try ledger.operation(ledger.withdrawal("a", "9.00")))
        let other = try await ledger.another()
        _ = await other.service.perform(try other.operation(ledger.deposit("a", "50.00")))
        let outcome = await ledger.service.perform(try ledger.operation(ledger.withdrawal("a", "40.00")))
        #expect(outcome.receipt != nil, "\(outcome)")
        #expect(outcome.attempts == 1 && outcome.conflicts.isEmpty)
    }

    /// As after a restore, or a fail-over that lost something: the record that was remembered is gone, and another has
    /// its number.
    @Test func aRecordWithTheSameNumberIsNotTakenForTheOneRemembered() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        _ = await ledger.service.perform(
            try ledger.operation(ledger.deposit("a", "5.00"), reference: "lost"))
        let other = try await ledger.another()
        try await ledger.tamper(
            """
            UPDATE bursar.accounts AS a SET version = r.seq, head = r.hash, debits = r.debits, credits = r.credits,
                booked_at = r.booked_at, listed_seq = r.seq
            FROM bursar.account_records AS r
            WHERE r.account_id = a.id AND r.seq = a.version - 1 AND a.code IN ('a', 'cash-CZK');
            DELETE FROM bursar.account_records
            WHERE transaction_id = (SELECT id FROM bursar.journal WHERE reference = 'lost');
            DELETE FROM bursar.journal WHERE reference = 'lost';
            """)
        _ = await other.service.perform(try other.operation(ledger.deposit("a", "1.00")))
        let outcome = await ledger.service.perform(try ledger.operation(ledger.deposit("a", "2.00")))
        #expect(outcome.receipt != nil, "\(outcome)")
        #expect(try await ledger.account("a")?.available.description == "13.00")
        let report = try await Verifier(store: ledger.store).run()
        #expect(report.isSound, "\(report.problems)")
    }

    @Test func stoppingOneOfSeveralStopsNobodyElse() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        let blocker = try await ledger.database.connect()
        try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let first = try ledger.operation(ledger.deposit("a", "1.00"))
        let posting = Task { await ledger.service.perform(first) }
        try await blocker.waitForSessions(1)
        // These wait for the group that is under way.
        let stopped = try ledger.operation(ledger.deposit("a", "2.00"))
        let stays = try ledger.operation(ledger.deposit("a", "4.00"))
        let stopping = Task { await ledger.service.perform(stopped) }
        let staying = Task { await ledger.service.perform(stays) }
        stopping.cancel()
        #expect(await stopping.value.result == .cancelled)
        try await blocker.run(script: "COMMIT")
        await blocker.close()
        #expect(await posting.value.receipt != nil)
        #expect(await staying.value.receipt != nil)
        #expect(try await ledger.account("a")?.available.description == "15.00")
    }

    /// Its group meets a conflict that it has no part in, and would let it go again.
    @Test func whoIsStoppedWhileItsGroupIsUnderWayIsNotPostedByALaterOne() async throws {
        let ledger = try await TestLedger.make()
        var environment = ServiceEnvironment.live
        environment.uptime = { .zero }
        let service = LedgerService(
            store: ledger.store, environment: environment, log: TestLedger.quietLog, lanes: 1)
        try await ledger.open(["a", "b", "c", "d", "e"], balance: "100.00")
        // All of them are remembered, and then somebody else is at one of them.
        _ = await service.perform([
            try ledger.operation(ledger.transfer("a", "b", "5.00")),
            try ledger.operation(ledger.transfer("c", "d", "5.00")),
        ])
        _ = await ledger.service.perform(try ledger.operation(ledger.withdrawal("a", "7.00")))
        let first = try await ledger.database.connect()
        let second = try await ledger.database.connect()
        try await first.run(script: "BEGIN; SELECT * FROM bursar.accounts WHERE code = 'e' FOR UPDATE")
        try await second.run(script: "BEGIN; SELECT * FROM bursar.accounts WHERE code = 'c' FOR UPDATE")
        let leading = try ledger.operation(ledger.deposit("e", "1.00"))
        let ahead = Task { await service.perform(leading) }
        try await first.waitForSessions(1)
        // These two wait for it, and go together.
        let hit = try ledger.operation(ledger.transfer("a", "b", "1.00"))
        let stopped = try ledger.operation(ledger.transfer("c", "d", "1.00"))
        let posting = Task { await service.perform(hit) }
        let stopping = Task { await service.perform(stopped) }
        while await service.groups.waiting < 2 { await Task.yield() }
        try await first.run(script: "ROLLBACK")
        #expect(await ahead.value.receipt != nil)
        try await second.waitForSessions(1)
        stopping.cancel()
        while await service.groups.stopping < 1 { await Task.yield() }
        try await second.run(script: "ROLLBACK")
        #expect(await stopping.value.result == .cancelled)
        #expect(await posting.value.receipt != nil)
        #expect(try await ledger.account("c")?.available.description == "95.00")
        #expect(try await ledger.account("a")?.available.description == "87.00")
        for connection in [first, second] { await connection.close() }
    }

    /// What waits behind a group that hangs has a deadline of its own.
    @Test func whatWaitsForAnAccountIsGivenUpAtItsDeadline() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        let service = ledger.service(
            policy: RetryPolicy(maximumAttempts: 100, deadline: .milliseconds(400)))
        let blocker = try await ledger.database.connect()
        try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let operations = try (0..<3).map { _ in try ledger.operation(ledger.deposit("a", "1.00")) }
        let outcomes = await withTaskGroup(of: OperationOutcome.self) { group in
            for operation in operations { group.addTask { await service.perform(operation) } }
            return await group.reduce(into: [OperationOutcome]()) { $0.append($1) }
        }
        try await blocker.run(script: "ROLLBACK")
        await blocker.close()
        for outcome in outcomes {
            guard case .gaveUp = outcome.result else {
                Issue.record("\(outcome)")
                continue
            }
        }
        #expect(try await ledger.account("a")?.available.description == "10.00")
    }

    /// The outbox has room for one of two callers. Both wait for a group, and go together.
    @Test func whoCannotBeKeptDoesNotTakeOthersAlong() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        let directory = try TemporaryDirectory()
        let outbox = Outbox(directory: directory.path + "/outbox", ledger: "test")
        let now = ServiceEnvironment.live.now()
        try await outbox.keep(
            try (2..<Outbox.limit).map { number in
                OutboxEntry(
                    operation: try ledger.operation(
                        ledger.deposit("a", "1.00"), reference: "waits-\(number)"),
                    begunAt: now, overAt: now)
            })
        let service = LedgerService(
            store: ledger.store, log: TestLedger.quietLog, outbox: outbox, lanes: 1)
        let blocker = try await ledger.database.connect()
        try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let first = try ledger.operation(ledger.deposit("a", "1.00"))
        let ahead = Task { await service.perform(first) }
        try await blocker.waitForSessions(1)
        let kept = try ledger.operation(ledger.deposit("a", "2.00"))
        let unkept = try (0..<2).map { _ in try ledger.operation(ledger.deposit("a", "4.00")) }
        let posting = Task { await service.perform(kept) }
        while await service.groups.waiting < 1 { await Task.yield() }
        let failing = Task { await service.perform(unkept) }
        while await service.groups.waiting < 3 { await Task.yield() }
        try await blocker.run(script: "ROLLBACK")
        await blocker.close()
        #expect(await ahead.value.receipt != nil)
        let outcome = await posting.value
        #expect(outcome.receipt != nil && outcome.attempts == 1, "\(outcome)")
        for outcome in await failing.value {
            guard case .failed(let failure) = outcome.result else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(failure.message.hasSuffix("nothing was posted"))
        }
        #expect(try await ledger.account("a")?.available.description == "13.00")
    }

    /// The database's own rule, which nothing but a bug would meet, stops the one that breaks it and no other.
    @Test func aGroupFindsTheOneThatTheDatabaseRefuses() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        try await ledger.tamper(
            "ALTER TABLE bursar.journal ADD CONSTRAINT journal_test_check CHECK (narrative <> 'poison')")
        let operations = try (0..<20).map { index in
            try ledger.operation(
                ledger.deposit(index % 2 == 0 ? "a" : "b", "1.00"), reference: "p-\(index)",
                narrative: index == 13 ? "poison" : "")
        }
        let outcomes = await ledger.service.perform(operations)
        for (index, outcome) in outcomes.enumerated() {
            if index == 13 {
                guard case .failed = outcome.result else {
                    Issue.record("\(outcome)")
                    continue
                }
            } else {
                #expect(outcome.receipt != nil, "\(outcome)")
            }
        }
        #expect(try await ledger.account("a")?.available.description == "20.00")
        #expect(try await ledger.account("b")?.available.description == "19.00")
    }
}

extension TestLedger {
    fileprivate func number(_ sql: String) async throws -> Int64 {
        let connection = try await database.connect()
        let rows = try await connection.query(Statement(name: "number", sql: sql))
        let number = try rows.first?.decode(0, as: Int64.self) ?? -1
        await connection.close()
        return number
    }
}

extension AttemptEvent.Phase {
    fileprivate var name: String {
        switch self {
        case .started: "started"
        case .reread: "reread"
        case .conflicted: "conflicted"
        case .waiting: "waiting"
        case .posted: "posted"
        case .alreadyPosted: "already posted"
        case .refused: "refused"
        case .failed: "failed"
        case .unknown: "unknown"
        case .resolved: "resolved"
        case .gaveUp: "gave up"
        case .cancelled: "cancelled"
        }
    }
}
