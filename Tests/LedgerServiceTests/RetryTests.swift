import Ledger
import LedgerStore
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import LedgerService

/// The retry loop against a real server, with a clock and a chance of the test's own.
@Suite struct RetryTests {
    @Test func everyConflictIsAnEventAndPartOfTheOutcome() async throws {
        let ledger = try await TestLedger.make(writers: 8)
        try await ledger.open(["a", "b"], balance: "1000.00")
        let events = ledger.service.feed.everyEvent()
        let outcomes = try await withThrowingTaskGroup(of: OperationOutcome.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    await ledger.service.perform(
                        try ledger.operation(
                            writer.isMultiple(of: 2)
                                ? ledger.transfer("a", "b", "1.00") : ledger.transfer("b", "a", "1.00")))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        var seen: [Reference: [AttemptEvent]] = [:]
        var open = Set(outcomes.map(\.reference))
        for await event in events {
            seen[event.operation.reference, default: []].append(event)
            if event.isFinal { open.remove(event.operation.reference) }
            if open.isEmpty { break }
        }
        for outcome in outcomes {
            let story = seen[outcome.reference] ?? []
            #expect(outcome.receipt != nil)
            #expect(story.filter { $0.phase == .started }.map(\.attempt) == Array(1...outcome.attempts))
            let conflicts = story.compactMap { event -> Conflict? in
                if case .conflicted(let conflict, _) = event.phase { conflict } else { nil }
            }
            #expect(conflicts == outcome.conflicts)
            #expect(outcome.attempts == conflicts.count + 1)
        }
        #expect(try await ledger.account("a")?.available.description == "1000.00")
    }

    /// Who has lost some races locks the accounts, waits for those who have them, and decides from what they left.
    @Test func whoHasLostBeforeLocksItsAccountsAndDecidesFromWhatItFinds() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        let service = ledger.service(
            policy: RetryPolicy(maximumAttempts: 10, deadline: .seconds(60), racesBeforeLocking: 0))
        let holder = try await ledger.database.connect()
        let events = service.feed.everyEvent()
        try await holder.run(script: "BEGIN; SELECT * FROM bursar.accounts WHERE code = 'a' FOR UPDATE")
        let operations = [
            try ledger.operation(ledger.transfer("a", "b", "4.00")),
            try ledger.operation(ledger.transfer("a", "b", "9.00")),
            try ledger.operation(ledger.transfer("b", "a", "14.00")),
        ]
        let posting = Task { await service.perform(operations) }
        try await holder.waitForSessions(1)
        try await holder.waitUntil(
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE'"
        )
        try await holder.run(script: "ROLLBACK")
        let outcomes = await posting.value
        #expect(outcomes[0].receipt != nil && outcomes[2].receipt != nil, "\(outcomes)")
        guard case .refused = outcomes[1].result else {
            Issue.record("\(outcomes[1])")
            return
        }
        #expect(outcomes.allSatisfy { $0.attempts == 1 })
        #expect(try await ledger.account("a")?.available.description == "20.00")
        // Nothing to post: the refusal is final, and no lock is left.
        let refused = await service.perform(try ledger.operation(ledger.transfer("a", "b", "99.00")))
        guard case .refused = refused.result else {
            Issue.record("\(refused)")
            return
        }
        try await holder.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE NOWAIT; ROLLBACK")
        await holder.close()
        for await event in events where event.isFinal { break }
        #expect(try await Verifier(store: ledger.store).run().isSound)
    }

    /// What makes it impossible may be that it is on the books already, sent by somebody else under the same reference.
    @Test func whatIsOnTheBooksAlreadyIsNotRefusedByAnAttemptThatLocks() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        var environment = ServiceEnvironment.live
        environment.uptime = { .zero }
        let locking = LedgerService(
            store: ledger.store, policy: RetryPolicy(racesBeforeLocking: 0), environment: environment,
            log: TestLedger.quietLog)
        // From now on it remembers the accounts, and decides without asking for the reference.
        #expect(
            await locking.perform(try ledger.operation(ledger.transfer("a", "b", "1.00"))).receipt != nil)
        let twice = try ledger.operation(ledger.transfer("a", "b", "9.00"), reference: "sent-twice")
        #expect(await ledger.service.perform(twice).receipt != nil)
        let outcome = await locking.perform(twice)
        guard case .alreadyPosted = outcome.result else {
            Issue.record("\(outcome)")
            return
        }
        #expect(try await ledger.account("a")?.available.description == "0.00")
    }

    /// Its accounts do not say what has been reversed before, and a lock on them comes after that was read.
    @Test func aReversalIsNeverDecidedFromLockedAccounts() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        let original = try ledger.operation(ledger.transfer("a", "b", "4.00"))
        #expect(await ledger.service.perform(original).receipt != nil)
        let locking = ledger.service(
            policy: RetryPolicy(maximumAttempts: 10, deadline: .seconds(60), racesBeforeLocking: 0))
        let holder = try await ledger.database.connect()
        try await holder.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let reversals = try (0..<2).map { _ in
            try ledger.operation(.reversal(of: original.reference, amount: nil, reason: "twice"))
        }
        let posting = reversals.map { reversal in Task { await locking.perform(reversal) } }
        try await holder.waitUntil(
            "SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'WITH moved%'"
        )
        try await holder.run(script: "ROLLBACK")
        await holder.close()
        var posted = 0
        for task in posting where await task.value.receipt != nil { posted += 1 }
        #expect(posted == 1)
        #expect(try await ledger.account("a")?.available.description == "10.00")
    }

    /// Some lock and some do not, and the accounts lie on the disk in another order than that of their ids.
    @Test func programsThatLockTheSameAccountsAllComeThroughWithoutADeadlock() async throws {
        let ledger = try await TestLedger.make()
        let codes = (0..<8).map { "a\($0)" }
        try await ledger.open(codes, balance: "1000.00")
        try await ledger.tamper(
            """
            BEGIN;
            CREATE TEMPORARY TABLE turned AS SELECT * FROM bursar.accounts;
            DELETE FROM bursar.accounts;
            INSERT INTO bursar.accounts SELECT * FROM turned ORDER BY id DESC;
            COMMIT;
            ANALYZE bursar.accounts;
            """)
        var services: [LedgerService] = []
        for number in 0..<4 {
            services.append(
                try await ledger.another(writers: 2).service(
                    policy: RetryPolicy(
                        maximumAttempts: 10_000, deadline: .seconds(120), racesBeforeLocking: number % 3,
                        lockingWait: .milliseconds(4))))
        }
        let outcomes = try await withThrowingTaskGroup(of: [OperationOutcome].self) { group in
            for (number, service) in services.enumerated() {
                let batches = try (0..<40).map { step in
                    try (0..<4).map { place in
                        let from = (number + step + place * 3) % codes.count
                        return try ledger.operation(
                            ledger.transfer(codes[from], codes[(from + 1 + step % 5) % codes.count], "1.00"))
                    }
                }
                group.addTask {
                    var outcomes: [OperationOutcome] = []
                    for batch in batches { outcomes += await service.perform(batch) }
                    return outcomes
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(outcomes.count == 640)
        #expect(outcomes.allSatisfy { $0.receipt != nil })
        let conflicts = outcomes.flatMap(\.conflicts)
        #expect(!conflicts.isEmpty)
        #expect(!conflicts.contains { $0.sqlState == "40P01" })
        let report = try await Verifier(store: ledger.store).run()
        #expect(report.isSound, "\(report.problems)")
    }

    @Test func anAttemptThatReadsAnAccountAnewSaysHowItChanged() async throws {
        let ledger = try await TestLedger.make(writers: 4)
        try await ledger.open(["a", "b", "c"], balance: "100.00")
        let services = [ledger.service, try await ledger.another().service]
        var feeds: [AsyncStream<AttemptEvent>] = []
        for service in services { feeds.append(service.feed.everyEvent()) }
        let blocker = try await ledger.database.connect()
        try await blocker.run(
            script: "BEGIN; SELECT * FROM bursar.accounts WHERE code IN ('a', 'b') FOR UPDATE")
        // Both programs read the accounts as they are and wait to write; the one that comes second reads them again.
        let operations = [
            try ledger.operation(ledger.transfer("a", "b", "1.00")),
            try ledger.operation(ledger.transfer("b", "a", "3.00")),
        ]
        let posting = zip(services, operations).map { service, operation in
            Task { await service.perform(operation) }
        }
        try await blocker.waitForSessions(2)
        try await blocker.run(script: "ROLLBACK")
        await blocker.close()
        var outcomes: [OperationOutcome] = []
        for task in posting { outcomes.append(await task.value) }
        var rereads: [AttemptEvent] = []
        for events in feeds {
            for await event in events {
                if case .reread = event.phase { rereads.append(event) }
                if event.isFinal { break }
            }
        }
        let second = try #require(outcomes.first { $0.attempts > 1 })
        let event = try #require(rereads.first)
        #expect(rereads.allSatisfy { $0.operation.reference == second.reference && $0.attempt > 1 })
        guard case .reread(let changes) = event.phase else { return }
        #expect(Set(changes.map(\.account.text)) == ["a", "b"])
        let moved = second.reference == operations[0].reference ? 300 : 100
        for change in changes {
            #expect(change.versionAfter == change.versionBefore + 1)
            #expect(change.before.description == "100.00")
            #expect(abs(change.after.units - change.before.units) == moved)
        }
    }

    @Test func anOperationThatIsPostedAtOnceReadsNothingAnew() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "1.00")
        let events = ledger.service.feed.everyEvent()
        for _ in 0..<3 {
            _ = await ledger.service.perform(try ledger.operation(ledger.deposit("a", "1.00")))
        }
        var left = 3
        for await event in events {
            if case .reread = event.phase { Issue.record("\(event)") }
            if event.isFinal { left -= 1 }
            if left == 0 { break }
        }
    }

    @Test func givesUpAfterTheAttemptsAllowedAndWritesNothing() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        // A lock that somebody else holds on the account's row, and a session that does not wait for it.
        let blocker = try await ledger.database.connect()
        try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let impatient = try await LedgerStore.open(
            ConnectionSettings(
                ledger.database.connectionString, overrides: ["options": "-c lock_timeout=20ms"]),
            writers: 1)
        let service = LedgerService(
            store: impatient, policy: RetryPolicy(maximumAttempts: 3, deadline: .seconds(60)), log: .silent)
        let outcome = await service.perform(try ledger.operation(ledger.deposit("a", "1.00")))
        try await blocker.run(script: "ROLLBACK")
        await blocker.close()
        await impatient.close()
        guard case .gaveUp = outcome.result else {
            Issue.record("\(outcome)")
            return
        }
        #expect(outcome.attempts == 3)
        #expect(outcome.conflicts.map(\.sqlState) == ["55P03", "55P03", "55P03"])
        #expect(try await ledger.account("a")?.available.description == "10.00")
    }

    @Test func theDeadlineEndsAWriteThatHangsAndNothingIsWritten() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        let blocker = try await ledger.database.connect()
        try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let service = ledger.service(policy: RetryPolicy(maximumAttempts: 100, deadline: .milliseconds(300)))
        let outcome = await service.perform(try ledger.operation(ledger.deposit("a", "1.00")))
        try await blocker.run(script: "ROLLBACK")
        await blocker.close()
        guard case .gaveUp = outcome.result else {
            Issue.record("\(outcome)")
            return
        }
        #expect(try await ledger.account("a")?.available.description == "10.00")
    }

    @Test func cancellingDuringAWriteStopsItAndSaysThatNothingWasWritten() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        let blocker = try await ledger.database.connect()
        try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let operation = try ledger.operation(ledger.deposit("a", "1.00"))
        let posting = Task { await ledger.service.perform(operation) }
        try await blocker.waitForSessions(1)
        posting.cancel()
        let outcome = await posting.value
        try await blocker.run(script: "ROLLBACK")
        await blocker.close()
        #expect(outcome.result == .cancelled)
        #expect(try await ledger.account("a")?.available.description == "10.00")
    }

    @Test func aLostAnswerIsLookedUpAndTheOperationIsPostedOnce() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        let blocker = try await ledger.database.connect()
        for round in 0..<5 {
            try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
            let operation = try ledger.operation(ledger.deposit("a", "1.00"), reference: "lost-\(round)")
            let posting = Task { await ledger.service.perform(operation) }
            try await blocker.waitForSessions(1)
            _ = try await blocker.query(
                Statement(
                    name: "kill",
                    sql: """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE wait_event_type = 'Lock' AND datname = current_database()
                        """))
            try await blocker.run(script: "COMMIT")
            let outcome = await posting.value
            #expect(outcome.receipt != nil, "\(outcome)")
        }
        await blocker.close()
        #expect(try await ledger.account("a")?.available.description == "15.00")
    }

    @Test func aRefusalInABatchHoldsUpNobodyElse() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        let outcomes = await ledger.service.perform([
            try ledger.operation(ledger.transfer("a", "b", "4.00")),
            try ledger.operation(ledger.transfer("a", "b", "7.00")),
            try ledger.operation(ledger.transfer("a", "nobody", "1.00")),
            try ledger.operation(ledger.transfer("b", "a", "14.00")),
        ])
        let names = outcomes.map { outcome in
            switch outcome.result {
            case .posted: "posted"
            case .refused(let refusal): refusal.name
            default: "\(outcome.result)"
            }
        }
        #expect(names == ["posted", "insufficient_funds", "account_not_found", "posted"])
        #expect(try await ledger.account("a")?.available.description == "20.00")
    }

    @Test func anOutcomeOtherThanTheOneConfirmedIsAskedAboutAgain() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "10.00")
        let withdrawal = try ledger.operation(ledger.withdrawal("a", "4.00"))
        guard case .post(let decision) = try await ledger.service.preview(withdrawal) else {
            Issue.record("the preview was refused")
            return
        }
        _ = await ledger.service.perform(try ledger.operation(ledger.deposit("a", "1.00")))
        let outcome = await ledger.service.perform(withdrawal, confirmed: decision.confirmation)
        guard case .refused(.outcomeChanged(let account, let confirmed, let now)) = outcome.result else {
            Issue.record("\(outcome)")
            return
        }
        #expect(account.text == "a" && confirmed.description == "6.00" && now.description == "7.00")
        #expect(try await ledger.account("a")?.available.description == "11.00")
    }
}

extension Logger {
    fileprivate static let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
}
