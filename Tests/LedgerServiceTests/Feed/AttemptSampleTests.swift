import Ledger
import TestSupport
import Testing

@testable import LedgerService

/// What a screen is handed when more happens than anybody can look at.
@Suite struct AttemptSampleTests {
    @Test(arguments: 1...8) func everyEndIsHandedOutOrCountedAsLeftOut(seed: UInt64) throws {
        var run = try Run(seed: seed, operations: 1000)
        // So few that many are dropped before they are taken.
        var sample = AttemptSample(.init(operationsASecond: 60, operations: 40))
        run.play(into: &sample)
        let handed = run.batches.flatMap(\.events)
        let leftOut = run.batches.reduce(0) { $0 + $1.leftOut }
        #expect(handed.count(where: \.isFinal) + leftOut == 1000)
        #expect(leftOut > 0 && leftOut < 1000)
    }

    @Test(arguments: 1...8) func theTotalsAreThoseOfAllEvents(seed: UInt64) throws {
        var run = try Run(seed: seed, operations: 1000)
        var sample = AttemptSample(.init(operationsASecond: 60, operations: 40))
        run.play(into: &sample)
        let totals = try #require(run.batches.last).totals
        let events = run.events
        func count(_ holds: (AttemptEvent.Phase) -> Bool) -> Int { events.count { holds($0.phase) } }
        #expect(totals.attempts == count { $0 == .started })
        #expect(totals.conflicts == count { if case .conflicted = $0 { true } else { false } })
        let posted = events.filter { if case .posted = $0.phase { true } else { false } }
        #expect(totals.posted == posted.count)
        #expect(totals.retried == posted.count { $0.attempt > 1 })
        #expect(totals.alreadyPosted == count { if case .alreadyPosted = $0 { true } else { false } })
        #expect(totals.refused == count { if case .refused = $0 { true } else { false } })
        #expect(totals.failed == count { if case .failed = $0 { true } else { false } })
        #expect(totals.gaveUp == count { if case .gaveUp = $0 { true } else { false } })
        #expect(totals.cancelled == count { if case .cancelled = $0 { true } else { false } })
        #expect(totals.tally.byAttempts.reduce(0, +) == 1000)
        #expect(totals.tally.byAttempts[0] == events.count { $0.isFinal && $0.attempt == 1 })
        #expect(totals.tally.byCause.values.reduce(0, +) == totals.conflicts)
        let accounts = run.conflicts.reduce(0) { $0 + ($1.account == nil ? 2 : 1) }
        #expect(totals.tally.byAccount.values.reduce(0, +) == accounts)
        let end = try #require(events.last).at.advanced(by: .seconds(1))
        let inWindow = posted.count { $0.at.microseconds / 1_000_000 >= end.microseconds / 1_000_000 - 60 }
        #expect(
            totals.postedEachSecond(now: end, seconds: 60).reduce(0, +) == Int64(inWindow))
    }

    @Test func percentilesAreThoseOfAllOperations() throws {
        var sample = AttemptSample(.init(operationsASecond: 1, operations: 1))
        for number in 0..<10_000 { sample.add(try Story(number).events) }
        let totals = sample.take().totals
        // From 1 to 100 ms, each as often.
        let median = try #require(totals.latency(percentile: 50))
        let late = try #require(totals.latency(percentile: 99))
        #expect(abs(median / .milliseconds(1) - 50) < 1)
        #expect(abs(late / .milliseconds(1) - 99) < 1)
    }

    @Test(arguments: 1...8) func whatIsHandedOutIsWholeFromItsFirstEventOn(seed: UInt64) throws {
        var run = try Run(seed: seed, operations: 1000)
        var sample = AttemptSample(.init(operationsASecond: 20, operations: 1000))
        run.play(into: &sample)
        let stories = Dictionary(grouping: run.events, by: \.operation.reference)
        let handed = Dictionary(grouping: run.batches.flatMap(\.events), by: \.operation.reference)
        #expect(handed.count < 1000)
        for (reference, events) in handed {
            let story = try #require(stories[reference])
            #expect(events == story.suffix(events.count))
            // Before that came nothing, or that it began; or, for a bad end, conflicts whose number it says.
            let missing = story.dropLast(events.count)
            let isToldOf = [.started] == missing.map(\.phase) || events[0].endsBadly
            #expect(missing.isEmpty || isToldOf, "\(missing.map(\.phase))")
        }
    }

    @Test func leavesNothingOutBelowTheRate() throws {
        var sample = AttemptSample()
        var batches: [AttemptBatch] = []
        for number in 0..<3000 {
            let moment = Story.start.advanced(by: .milliseconds(4) * number)
            sample.add(try Story(number, conflicts: number % 2).at(moment))
            if number.isMultiple(of: 100) { batches.append(sample.take()) }
        }
        batches.append(sample.take())
        #expect(batches.allSatisfy { $0.leftOut == 0 })
        #expect(batches.flatMap(\.events).count(where: \.isFinal) == 3000)
    }

    @Test func aLostAnswerIsNoConflictButARetry() throws {
        var sample = AttemptSample()
        sample.add(try Story(0, lostAnswer: true).events)
        let totals = sample.take().totals
        #expect(totals.conflicts == 0 && totals.retried == 1)
    }

    @Test func aboveTheRateTroubleIsPreferred() throws {
        var sample = AttemptSample()
        var shown: [AttemptEvent] = []
        // 12,000 a second for ten seconds; one in a hundred has a conflict.
        for frame in 0..<300 {
            let moment = Story.start.advanced(by: .seconds(1) * frame / 30)
            for number in frame * 400..<(frame + 1) * 400 {
                sample.add(try Story(number, conflicts: number % 100 == 57 ? 1 : 0).at(moment))
            }
            shown += sample.take().events
        }
        let ends = shown.filter(\.isFinal)
        #expect(ends.count { $0.conflicts > 0 } == 1200)
        // Those of two seconds may come at once at the beginning.
        #expect((2900...3600).contains(ends.count))
    }

    @Test func anOperationThatSomebodyFollowsIsShownInAnyFlood() throws {
        var sample = AttemptSample()
        let own = try Story(100_000, conflicts: 3)
        sample.follow(own.events[0].operation.reference)
        for number in 0..<5000 { sample.add(try Story(number, end: .refused).events) }
        sample.add(own.events)
        let events = sample.take().events
        #expect(events.suffix(own.events.count) == own.events[...])
    }

    @Test func anOperationThatIsTriedWithoutEndIsBoundedAndKeepsItsEnd() throws {
        var sample = AttemptSample()
        let story = try Story(1, conflicts: 10_000, end: .gaveUp)
        sample.add(story.events)
        let events = sample.take().events
        #expect(events == story.events.suffix(AttemptSample.maximumEvents))
    }
}

extension AttemptEvent {
    fileprivate var endsBadly: Bool {
        switch phase {
        case .unknown, .refused, .failed, .gaveUp, .cancelled: true
        default: false
        }
    }
}

/// Operations that happen at the same time, by chance: they take turns, come in groups, and are taken now and then.
private struct Run {
    private(set) var events: [AttemptEvent] = []
    private(set) var batches: [AttemptBatch] = []
    private var random: SplitMix64

    init(seed: UInt64, operations: Int) throws {
        random = SplitMix64(seed: seed)
        var open = try (0..<operations).map { number in
            try Story(
                number,
                conflicts: Int.random(in: 0..<10, using: &random) > 7
                    ? Int.random(in: 1...20, using: &random) : 0,
                end: Int.random(in: 0..<10, using: &random) > 7
                    ? Story.End.allCases.randomElement(using: &random) ?? .posted : .posted,
                lostAnswer: Int.random(in: 0..<20, using: &random) == 0
            ).events[...]
        }
        var moment = Story.start
        while !open.isEmpty {
            // Only the first fifty are under way.
            let index = Int.random(in: 0..<min(open.count, 50), using: &random)
            moment = moment.advanced(by: .microseconds(Int.random(in: 0...1500, using: &random)))
            if let event = open[index].popFirst() { events.append(event.at(moment)) }
            if open[index].isEmpty { open.remove(at: index) }
        }
    }

    var conflicts: [Conflict] {
        events.compactMap { if case .conflicted(let conflict, _) = $0.phase { conflict } else { nil } }
    }

    mutating func play(into sample: inout AttemptSample) {
        var rest = events[...]
        while !rest.isEmpty {
            let group = rest.prefix(Int.random(in: 1...200, using: &random))
            rest = rest.dropFirst(group.count)
            sample.add(Array(group))
            if Int.random(in: 0..<4, using: &random) == 0 { batches.append(sample.take()) }
        }
        batches.append(sample.take())
    }
}
