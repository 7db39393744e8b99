/// A bounded number of permits, handed out first come, first served.
///
/// A permit that is given back goes straight to whoever has waited longest, so nobody can overtake. Waiting
/// ends with the permit, at the deadline, when the task is cancelled, or when the turnstile closes.
final class Turnstile: Sendable {
    enum Outcome: Sendable {
        case granted
        case timedOut
        case cancelled
        case closed
    }

    private struct Waiter {
        let deadline: Deadline
        let continuation: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        var permits: Int
        var isClosed = false
        var lastTicket: UInt64 = 0
        var waiting: [UInt64: Waiter] = [:]
        /// Tickets in order of arrival; those that stopped waiting are skipped.
        var line: [UInt64] = []
        var head = 0
        /// When the loop is to look for those whose deadline has passed.
        var timer = Deadline.never

        mutating func next() -> Waiter? {
            defer { compact() }
            while head < line.count {
                let ticket = line[head]
                head += 1
                if let waiter = waiting.removeValue(forKey: ticket) { return waiter }
            }
            return nil
        }

        /// Keeps the line as long as the number of those who wait, give or take.
        mutating func compact() {
            guard line.count > 64 + 2 * waiting.count else { return }
            line = line[head...].filter { waiting[$0] != nil }
            head = 0
        }
    }

    private let state: Locked<State>
    private let loop: EventLoop
    private let timer: EventLoop.TimerID

    init(permits: Int, loop: EventLoop = .shared) {
        state = Locked(State(permits: permits))
        self.loop = loop
        timer = loop.makeTimer()
    }

    deinit {
        if state.withLock({ $0.timer != .never }) { loop.unschedule(timer) }
    }

    /// Takes a permit, waiting for it if need be. Only `granted` must be followed by `leave()`.
    ///
    /// On the caller's actor: two changes of thread for each statement would cost more than all the rest here,
    /// and would let a busy cooperative pool hold up connections.
    func enter(deadline: Deadline, isolation: isolated (any Actor)? = #isolation) async -> Outcome {
        let ticket: UInt64? = state.withLock { state in
            if state.isClosed { return nil }
            if state.permits > 0 {
                state.permits -= 1
                return 0
            }
            state.lastTicket += 1
            return state.lastTicket
        }
        guard let ticket else { return .closed }
        if ticket == 0 { return .granted }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { wait(ticket, Waiter(deadline: deadline, continuation: $0)) }
        } onCancel: {
            abandon(ticket)
        }
    }

    /// Gives a permit back.
    func leave() {
        let next: Waiter? = state.withLock { state in
            guard let next = state.next() else {
                state.permits += 1
                return nil
            }
            return next
        }
        next?.continuation.resume(returning: .granted)
    }

    /// Sends everybody away, now and from now on.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer {
                state.waiting = [:]
                state.compact()
            }
            return state.waiting.values.map(\.continuation)
        }
        for continuation in waiting { continuation.resume(returning: .closed) }
    }

    /// The number of tasks that wait.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    private func wait(_ ticket: UInt64, _ waiter: Waiter) {
        // The world may have changed since the ticket was drawn: a permit came free, the task was cancelled.
        // Cancellation is looked at under the lock, because `abandon` finds nobody before the entry is made.
        let (outcome, timer): (Outcome?, Deadline) = state.withLock { state in
            if state.isClosed { return (.closed, .never) }
            if Task.isCancelled { return (.cancelled, .never) }
            if state.permits > 0 {
                state.permits -= 1
                return (.granted, .never)
            }
            state.waiting[ticket] = waiter
            state.line.append(ticket)
            guard waiter.deadline < state.timer else { return (nil, .never) }
            state.timer = waiter.deadline
            return (nil, waiter.deadline)
        }
        if let outcome { waiter.continuation.resume(returning: outcome) }
        schedule(timer)
    }

    private func abandon(_ ticket: UInt64) {
        let waiter: Waiter? = state.withLock { state in
            defer { state.compact() }
            return state.waiting.removeValue(forKey: ticket)
        }
        waiter?.continuation.resume(returning: .cancelled)
    }

    private func schedule(_ deadline: Deadline) {
        loop.schedule(timer, at: deadline) { [weak self] in self?.expire() }
    }

    private func expire() {
        let now = Deadline.now
        let (expired, timer): ([Waiter], Deadline) = state.withLock { state in
            // Too early: a call that came late has moved the timer forward, and it is set anew.
            guard state.timer <= now else { return ([], state.timer) }
            let tickets = state.waiting.filter { $0.value.deadline <= now }.map(\.key)
            let expired = tickets.compactMap { state.waiting.removeValue(forKey: $0) }
            state.compact()
            state.timer = state.waiting.values.map(\.deadline).min() ?? .never
            return (expired, state.timer)
        }
        for waiter in expired { waiter.continuation.resume(returning: .timedOut) }
        schedule(timer)
    }
}
