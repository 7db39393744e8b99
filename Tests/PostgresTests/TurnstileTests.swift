import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(1))) struct TurnstileTests {
    /// Starts a task that waits, and returns when it stands in the line.
    private func waiting(
        at turnstile: Turnstile, deadline: Deadline = .never
    ) async -> Task<Turnstile.Outcome, Never> {
        let before = turnstile.waitingCount
        let task = Task { await turnstile.enter(deadline: deadline) }
        while turnstile.waitingCount == before { await Task.yield() }
        return task
    }

    @Test func letsInAsManyAsItHasPermits() async {
        let turnstile = Turnstile(permits: 2)
        #expect(await turnstile.enter(deadline: .never) == .granted)
        #expect(await turnstile.enter(deadline: .never) == .granted)
        let third = await waiting(at: turnstile)
        turnstile.leave()
        #expect(await third.value == .granted)
        #expect(turnstile.waitingCount == 0)
    }

    @Test func servesInTheOrderOfArrival() async {
        let turnstile = Turnstile(permits: 1)
        #expect(await turnstile.enter(deadline: .never) == .granted)
        var tasks: [Task<Turnstile.Outcome, Never>] = []
        for _ in 0..<200 { tasks.append(await waiting(at: turnstile)) }
        // Some in the middle go away; the others keep their places.
        for index in stride(from: 0, to: 200, by: 3) { tasks[index].cancel() }
        for index in 0..<200 where index.isMultiple(of: 3) { #expect(await tasks[index].value == .cancelled) }
        for index in 0..<200 where !index.isMultiple(of: 3) {
            let before = turnstile.waitingCount
            turnstile.leave()
            #expect(await tasks[index].value == .granted)
            #expect(turnstile.waitingCount == before - 1)
        }
    }

    @Test func endsWaitsAtTheirOwnDeadlines() async {
        let turnstile = Turnstile(permits: 1)
        #expect(await turnstile.enter(deadline: .never) == .granted)
        let patient = await waiting(at: turnstile)
        async let longer = turnstile.enter(deadline: .after(.milliseconds(60)))
        async let shorter = turnstile.enter(deadline: .after(.milliseconds(20)))
        #expect(await shorter == .timedOut)
        #expect(await longer == .timedOut)
        #expect(await turnstile.enter(deadline: .after(.milliseconds(10))) == .timedOut)
        #expect(await turnstile.enter(deadline: .now) == .timedOut)
        turnstile.leave()
        #expect(await patient.value == .granted)
    }

    @Test func sendsAllAwayWhenItCloses() async {
        let turnstile = Turnstile(permits: 1)
        #expect(await turnstile.enter(deadline: .never) == .granted)
        let tasks = [
            await waiting(at: turnstile), await waiting(at: turnstile, deadline: .after(.seconds(60))),
        ]
        turnstile.close()
        for task in tasks { #expect(await task.value == .closed) }
        #expect(await turnstile.enter(deadline: .never) == .closed)
        turnstile.leave()
        #expect(await turnstile.enter(deadline: .never) == .closed)
    }

    /// Permits given back, deadlines and cancellations at the same time: none is lost, none is made up.
    @Test func losesNoPermitInARush() async {
        let turnstile = Turnstile(permits: 3)
        let (inside, most) = (Counter(), Counter())
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<3_000 {
                group.addTask {
                    let task = Task {
                        let wait: Duration? = number.isMultiple(of: 2) ? .microseconds(number) : nil
                        guard await turnstile.enter(deadline: .after(wait)) == .granted else { return }
                        most.raise(to: inside.add(1))
                        await Task.yield()
                        inside.add(-1)
                        turnstile.leave()
                    }
                    if number.isMultiple(of: 5) { task.cancel() }
                    await task.value
                }
            }
        }
        #expect(most.value <= 3)
        #expect(turnstile.waitingCount == 0)
        for _ in 0..<3 { #expect(await turnstile.enter(deadline: .never) == .granted) }
        #expect(await turnstile.enter(deadline: .after(.milliseconds(5))) == .timedOut)
    }
}
