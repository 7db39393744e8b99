import LedgerService
import LedgerStore
import Testing

@Suite struct RetryPolicyTests {
    let policy = RetryPolicy()

    @Test func theFirstRetryOfALostRaceIsImmediate() {
        #expect(policy.wait(after: .lostRace, attempt: 1, random: .max) == .zero)
        #expect(policy.wait(after: .conflict, attempt: 1, random: .max) > .zero)
        #expect(policy.wait(after: .lostRace, attempt: 2, random: .max) > .zero)
    }

    @Test func theCeilingDoublesWithEveryAttemptUpToTheLongestWait() {
        for attempt in 1...64 {
            let ceiling = policy.wait(after: .conflict, attempt: attempt, random: .max)
            let expected = min(.milliseconds(2 * (1 << min(attempt - 1, 20))), Duration.seconds(1))
            #expect(ceiling <= expected)
            #expect(ceiling > expected * 0.999)
        }
    }

    @Test func whoLocksTheAccountsWaitsForATurnHoweverOftenItLost() {
        for attempt in 2...64 {
            for kind in [StoreFailure.Kind.lostRace, .conflict] {
                let longest = policy.wait(after: kind, attempt: attempt, isLocking: true, random: .max)
                #expect(longest <= .milliseconds(512) && longest > .milliseconds(511))
                let shortest = policy.wait(after: kind, attempt: attempt, isLocking: true, random: 0)
                #expect(shortest == .milliseconds(256))
                let first = policy.wait(
                    after: kind, attempt: attempt, isLocking: true, hadTurn: false, random: .max)
                #expect(first == (attempt > 20 ? longest : .zero))
            }
        }
        #expect(policy.wait(after: .lostRace, attempt: 1, isLocking: true, random: .max) == .zero)
        // A server that is short of something is left alone all the same.
        #expect(
            policy.wait(after: .overloaded, attempt: 9, isLocking: true, hadTurn: false, random: .max)
                > .milliseconds(500))
    }

    @Test func theWaitIsSpreadOverTheWholeIntervalDownToZero() {
        #expect(policy.wait(after: .conflict, attempt: 5, random: 0) == .zero)
        let half = policy.wait(after: .conflict, attempt: 5, random: 1 << 63)
        #expect(half == .milliseconds(16))
    }
}
