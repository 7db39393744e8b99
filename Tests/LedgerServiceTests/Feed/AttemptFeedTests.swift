import Ledger
import TestSupport
import Testing

@testable import LedgerService

@Suite struct AttemptFeedTests {
    @Test func aListenerThatTakesNothingIsBoundedAndEndsWithExactTotals() throws {
        let feed = AttemptFeed()
        let mailbox = feed.listen()
        // Twenty thousand a second for five seconds, in groups of a hundred.
        for group in 0..<1000 {
            let moment = Story.start.advanced(by: .milliseconds(5) * group)
            let stories = try (group * 100..<(group + 1) * 100).map { number in
                try Story(
                    number, conflicts: number % 50 == 0 ? 4 : 0, end: number % 20 == 3 ? .refused : .posted)
            }
            feed.publish(stories.flatMap { $0.at(moment) })
            let bound = AttemptSample.Limits.screen.operations * AttemptSample.maximumEvents
            #expect(mailbox.waiting <= bound)
        }
        let batch = mailbox.take()
        #expect(batch.totals.posted == 95_000)
        #expect(batch.totals.refused == 5000)
        #expect(batch.totals.conflicts == 8000)
        #expect(batch.totals.retried == 2000)
        #expect(batch.totals.attempts == 108_000)
        #expect(batch.totals.tally.byAttempts.reduce(0, +) == 100_000)
        #expect(batch.events.count(where: \.isFinal) == AttemptSample.Limits.screen.operations)
        #expect(batch.events.count(where: \.isFinal) + batch.leftOut == 100_000)
        #expect(mailbox.waiting == 0)
    }

    @Test func saysOnceThatThereIsSomethingAndAgainAfterItIsTaken() async throws {
        let feed = AttemptFeed()
        let mailbox = feed.listen()
        var arrivals = mailbox.arrivals.makeAsyncIterator()
        for number in 0..<3 { feed.publish(try Story(number).events) }
        await arrivals.next()
        #expect(mailbox.take().events.count(where: \.isFinal) == 3)
        feed.publish(try Story(3).events)
        await arrivals.next()
        #expect(mailbox.take().events == (try Story(3).events))
    }

    @Test func nobodyIsHeardOnceTheListenerIsGone() async {
        let feed = AttemptFeed()
        let mailbox = feed.listen()
        #expect(feed.isHeard)
        let listening = Task { for await _ in mailbox.arrivals {} }
        listening.cancel()
        await listening.value
        #expect(!feed.isHeard)
    }

    /// As the service itself tells it, with callers that come together.
    @Test func theTotalsAreThoseOfTheOutcomes() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "1000.00")
        let mailbox = ledger.service.feed.listen(.init(operationsASecond: 10, operations: 5))
        let operations = try (0..<1000).map { index in
            try ledger.operation(
                index % 10 == 9 ? ledger.transfer("a", "nobody", "1.00") : ledger.deposit("b", "1.00"))
        }
        let outcomes = await withTaskGroup(of: OperationOutcome.self) { group in
            for operation in operations { group.addTask { await ledger.service.perform(operation) } }
            return await group.reduce(into: [OperationOutcome]()) { $0.append($1) }
        }
        let batch = mailbox.take()
        #expect(batch.totals.posted == outcomes.count { $0.receipt != nil })
        #expect(batch.totals.posted == 900)
        #expect(batch.totals.refused == 100)
        #expect(batch.totals.attempts == outcomes.reduce(0) { $0 + $1.attempts })
        #expect(batch.totals.conflicts == outcomes.reduce(0) { $0 + $1.conflicts.count })
        #expect(batch.events.count(where: \.isFinal) + batch.leftOut == 1000)
    }
}
