import Ledger
import LedgerService
import Testing

@testable import Console

@Suite("Attempts")
struct AttemptLogTests {
    private func post(_ driver: inout ConsoleDriver, _ amount: String, conflicts: Int) {
        driver.fates = [.posted(conflicts: conflicts)]
        driver.press(.character("d"))
        driver.type(amount)
        driver.press(.enter, .tab, .enter, .escape)
    }

    @Test func countsWhatBecameOfEveryOperation() throws {
        var driver = try ConsoleDriver(120, 40)
        for conflicts in [0, 2, 1] { post(&driver, "5", conflicts: conflicts) }
        driver.wait(.seconds(2))
        #expect(driver.shows("posted 3 · conflicts 3 (50%) · retried 2 · gave up 0 · refused 0"))
        #expect(driver.shows("p50 47 ms p99 47 ms"))
        #expect(driver.shows("0.6/s"))
    }

    @Test func keepsTheLatestOperationsAndTheTotalsOfAll() throws {
        var log = AttemptLog()
        var sample = AttemptSample(.everything)
        for number in 0..<5000 {
            let operation = OperationSummaryMaker.summary(number)
            let refusal = Refusal.sameAccount(AccountCode(stored: "1"))
            sample.add(
                [AttemptEvent.Phase.started, .refused(refusal, elapsed: .zero)].map {
                    AttemptEvent(
                        at: ConsoleDriver.now, operation: operation, attempt: 1, conflicts: 0, phase: $0)
                })
            if number.isMultiple(of: 100) { log.add(sample.take()) }
        }
        log.add(sample.take())
        #expect(log.count == AttemptLog.maximumOperations)
        #expect(log.totals.refused == 5000)
        #expect(log[0]?.operation.reference.text == "r4999")
        #expect(log[AttemptLog.maximumOperations] == nil)
    }

    @Test func saysSoOnlyWhileTheListLeavesSomethingOut() throws {
        var driver = try ConsoleDriver(120, 40)
        driver.flood(operations: 400, over: .seconds(2))
        #expect(driver.shows("posted 399"))
        #expect(!driver.shows("shown"))
        driver.flood(operations: 24_000, over: .seconds(2))
        #expect(driver.shows("shown · posted 24k"))
        // Two thousand operations later none of those is in the list.
        for _ in 0..<10 { driver.flood(operations: 400, over: .seconds(2)) }
        #expect(!driver.shows("shown"))
    }

    @Test func whatComesInLateSaysWhatIsMissing() throws {
        var sample = AttemptSample(.init(operationsASecond: 1, operations: 10))
        let begin = ConsoleDriver.now
        func add(_ number: Int, _ attempt: Int, _ conflicts: Int, _ phase: AttemptEvent.Phase, at: Timestamp)
        {
            sample.add([
                AttemptEvent(
                    at: at, operation: OperationSummaryMaker.summary(number), attempt: attempt,
                    conflicts: conflicts, phase: phase)
            ])
        }
        let conflict = AttemptEvent.Phase.conflicted(
            Conflict(attempt: 1, sqlState: "40001", cause: "test"), after: .milliseconds(3))
        // The first uses up what there is for the plain ones, the second what there is for trouble.
        for number in 0..<3 { add(number, 1, 0, .started, at: begin) }
        for number in 1..<3 { add(number, 1, 1, conflict, at: begin) }
        add(2, 2, 1, .started, at: begin)
        add(2, 2, 2, conflict, at: begin)
        let end = begin.advanced(by: .seconds(2))
        add(2, 2, 2, .gaveUp(Failure(message: "enough"), elapsed: .seconds(2)), at: end)
        var log = AttemptLog()
        log.add(sample.take())
        #expect(log.count == 3)
        let second = try #require(log[Reference(stored: "r1")])
        #expect(second.hidden == 0 && second.conflicts == 1)
        #expect(second.began == begin.advanced(by: .milliseconds(-3)))
        let third = try #require(log[Reference(stored: "r2")])
        #expect(third.hidden == 2 && third.conflicts == 2 && third.lines.count == 1)
        #expect(third.began == begin)
    }

    @Test func aServerThatIsNotReachedIsNoConflict() throws {
        var driver = try ConsoleDriver(160, 30)
        var sample = AttemptSample()
        let summary = OperationSummaryMaker.summary(1)
        func event(_ attempt: Int, _ conflicts: Int, _ phase: AttemptEvent.Phase) -> AttemptEvent {
            AttemptEvent(
                at: ConsoleDriver.now, operation: summary, attempt: attempt, conflicts: conflicts,
                phase: phase)
        }
        let outage = Conflict(
            attempt: 1, sqlState: "", cause: "the server is not reachable", statement: "post_entries",
            isOutage: true)
        let race = Conflict(
            attempt: 2, sqlState: "40001", cause: "another transaction was faster", statement: "post_entries")
        sample.add([
            event(1, 0, .started), event(1, 0, .conflicted(outage, after: .milliseconds(3))),
            event(2, 0, .started), event(2, 1, .conflicted(race, after: .milliseconds(3))),
            event(3, 1, .started),
        ])
        driver.act(.attemptsArrived(sample.take()))
        let log = driver.state.attempts.log
        #expect(log.totals.conflicts == 1)
        #expect(log.totals.tally.byCause.values.reduce(0, +) == 1)
        #expect(log[summary.reference]?.conflicts == 1)
        #expect(log[summary.reference]?.hidden == 0)
        driver.press(.character("3"))
        #expect(driver.shows("the server is not reachable"))
    }

    @Test func holdsStillWhileFrozen() throws {
        var driver = try ConsoleDriver(160, 30)
        post(&driver, "5", conflicts: 0)
        driver.press(.backTab, .space)
        driver.press(.escape)
        post(&driver, "777", conflicts: 0)
        #expect(driver.shows("Attempts (frozen)"))
        #expect(!driver.shows("deposit 2378  777"))
        func totals() -> Substring? { driver.screen.split(separator: "\n").first { $0.contains("/s ") } }
        let before = totals()
        #expect(before != nil)
        driver.wait(.seconds(5))
        #expect(totals() == before)
        driver.press(.backTab, .space)
        #expect(driver.shows("deposit 2378  777"))
    }
}

enum OperationSummaryMaker {
    static func summary(_ number: Int) -> OperationSummary {
        // Of a form that is always valid, so that nothing is lost by taking the first that is.
        let reference = Reference(stored: "r\(number)")
        guard
            let operation = try? Operation(
                reference: reference, action: .journalEntry(legs: []), actor: "test")
        else { preconditionFailure("a constant operation is valid") }
        return OperationSummary(operation)
    }
}
