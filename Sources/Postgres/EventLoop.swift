import CLibPQ
import Glibc
import Synchronization

/// Something with a descriptor that the event loop watches. All calls come on the loop's thread.
protocol EventLoopWatcher: AnyObject {
    /// The descriptor can be read or written, or is broken.
    func descriptorReady()
    /// `wakeAt` has passed.
    func deadlinePassed(now: Deadline)
    /// When the watcher next wants `deadlinePassed`; announced to the loop with `expect(_:)`.
    var wakeAt: Deadline { get }
}

/// One thread that runs the jobs of all connections and waits for their sockets and deadlines in `epoll_wait`.
///
/// libpq is called on this thread only, and only in its non-blocking form, so neither the cooperative pool nor
/// the other connections ever wait for a server. A thread for each connection is about as fast; the one loop has
/// the better p99 when there are many, and its deadlines and cancels need no further threads.
///
/// Sendable though unchecked: the inbox has a lock; everything else is touched by the loop's thread alone,
/// which `checkIsolated` checks.
final class EventLoop: SerialExecutor, @unchecked Sendable {
    static let shared = EventLoop()

    /// The executor for tasks that prefer this thread. It is not the connections' own: what is isolated to those and what
    /// is not would be told apart by nothing then, and each call of a nonisolated function would be a job of its own
    /// (`swift_task_switch`).
    let tasks = Tasks()

    /// Has jobs of tasks run on the loop's thread.
    final class Tasks: TaskExecutor {
        func enqueue(_ job: consuming ExecutorJob) { EventLoop.shared.submit(.task(UnownedJob(job))) }
    }

    private enum Work {
        case job(UnownedJob)
        case task(UnownedJob)
        case action(@Sendable () -> Void)
    }

    private struct Inbox {
        var work: [Work] = []
        var isAsleep = false
    }

    /// The name of a timer: whoever waits for deadlines of its own has one, however often it is set.
    struct TimerID: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Timer {
        let deadline: Deadline
        let action: @Sendable () -> Void
    }

    private let inbox = Locked(Inbox())
    private let thread = Atomic<UInt>(0)
    private let lastTimer = Atomic<UInt64>(0)
    private let epoll: Int32
    private let wakeDescriptor: Int32

    // From here on for the loop's thread only.
    private var watchers: [UInt64: any EventLoopWatcher] = [:]
    private var timers: [TimerID: Timer] = [:]
    private var lastToken: UInt64 = 0
    /// No deadline is earlier than this one. It may be too early, never too late: keeping it exact would cost a
    /// search for each statement.
    private var earliest = Deadline.never

    private init() {
        epoll = clibpq_epoll_create()
        wakeDescriptor = clibpq_eventfd()
        precondition(epoll >= 0 && wakeDescriptor >= 0, "no descriptors left for the event loop")
        _ = clibpq_epoll_add(epoll, wakeDescriptor, 0, clibpq_epoll_in())
        let started = runOnNewThread(named: "postgres") { [self] in runForever() }
        precondition(started, "no thread left for the event loop")
    }

    // MARK: Executor

    func enqueue(_ job: consuming ExecutorJob) {
        submit(.job(UnownedJob(job)))
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    func checkIsolated() {
        precondition(isCurrent, "not on the event loop's thread")
    }

    func isIsolatingCurrentContext() -> Bool? { isCurrent }

    private var isCurrent: Bool { thread.load(ordering: .acquiring) == UInt(pthread_self()) }

    // MARK: From any thread

    /// Runs `action` on the loop's thread, after what was submitted before.
    func perform(_ action: @escaping @Sendable () -> Void) {
        submit(.action(action))
    }

    func makeTimer() -> TimerID {
        TimerID(number: lastTimer.add(1, ordering: .relaxed).newValue)
    }

    /// Runs `action` once on the loop's thread when `deadline` has passed.
    ///
    /// A timer that is set already keeps the earlier of its deadlines, so that calls from several threads may
    /// come in any order; it may go off too early, never too late.
    func schedule(_ timer: TimerID, at deadline: Deadline, _ action: @escaping @Sendable () -> Void) {
        guard deadline != .never else { return }
        perform { [self] in
            let earlier = min(deadline, timers[timer]?.deadline ?? .never)
            timers[timer] = Timer(deadline: earlier, action: action)
            expect(earlier)
        }
    }

    /// Calls a timer off. It may be going off at this moment: its action must be ready for that.
    func unschedule(_ timer: TimerID) {
        perform { [self] in timers[timer] = nil }
    }

    private func submit(_ work: Work) {
        let mustWake = inbox.withLock { inbox in
            inbox.work.append(work)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        guard mustWake else { return }
        var one: UInt64 = 1
        _ = Glibc.write(wakeDescriptor, &one, MemoryLayout<UInt64>.size)
    }

    // MARK: On the loop's thread

    /// Watches a descriptor for reading until `unwatch`; returns the token of the watch, nil when the system
    /// refuses.
    func watch(_ descriptor: Int32, _ watcher: any EventLoopWatcher) -> UInt64? {
        checkIsolated()
        lastToken += 1
        guard clibpq_epoll_add(epoll, descriptor, lastToken, clibpq_epoll_in()) == 0 else { return nil }
        watchers[lastToken] = watcher
        return lastToken
    }

    func setWriting(_ isWriting: Bool, token: UInt64, descriptor: Int32) {
        let events = isWriting ? clibpq_epoll_in() | clibpq_epoll_out() : clibpq_epoll_in()
        _ = clibpq_epoll_modify(epoll, descriptor, token, events)
    }

    func unwatch(token: UInt64, descriptor: Int32) {
        checkIsolated()
        _ = clibpq_epoll_remove(epoll, descriptor)
        watchers[token] = nil
    }

    func expect(_ deadline: Deadline) {
        if deadline < earliest { earliest = deadline }
    }

    /// How often the inbox is emptied before the descriptors are looked at. One job often only makes the next one ready,
    /// and a system call after each of them was a twentieth of what posting costs the program.
    private static let rounds = 16

    private func runForever() {
        thread.store(UInt(pthread_self()), ordering: .releasing)
        let tokens = UnsafeMutablePointer<UInt64>.allocate(capacity: Int(CLIBPQ_EPOLL_BATCH))
        var work: [Work] = []
        while true {
            let maySleep = runWhatCame(&work)
            let wait = maySleep ? earliest.milliseconds(from: earliest == .never ? .never : .now) : 0
            let count = clibpq_epoll_wait(epoll, tokens, wait)
            if maySleep { inbox.withLock { $0.isAsleep = false } }
            for index in 0..<max(0, Int(count)) { deliver(tokens[index]) }
            if earliest != .never { fireDeadlines() }
        }
    }

    /// - Parameter work: room that is used again.
    /// - Returns: whether nothing is left, so that who submits something has to wake the loop.
    private func runWhatCame(_ work: inout [Work]) -> Bool {
        for _ in 0..<Self.rounds {
            inbox.withLock { inbox in
                swap(&inbox.work, &work)
                inbox.isAsleep = work.isEmpty
            }
            if work.isEmpty { return true }
            for item in work {
                switch item {
                case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
                case .task(let job): job.runSynchronously(on: tasks.asUnownedTaskExecutor())
                case .action(let action): action()
                }
            }
            work.removeAll(keepingCapacity: true)
        }
        return false
    }

    private func deliver(_ token: UInt64) {
        if token == 0 {
            var count: UInt64 = 0
            _ = Glibc.read(wakeDescriptor, &count, MemoryLayout<UInt64>.size)
        } else {
            watchers[token]?.descriptorReady()
        }
    }

    private func fireDeadlines() {
        let now = Deadline.now
        guard earliest <= now else { return }
        earliest = .never
        for watcher in Array(watchers.values) where watcher.wakeAt <= now {
            watcher.deadlinePassed(now: now)
        }
        let due = timers.filter { $0.value.deadline <= now }
        for timer in due.keys { timers[timer] = nil }
        for timer in due.values { timer.action() }
        for watcher in watchers.values { expect(watcher.wakeAt) }
        for timer in timers.values { expect(timer.deadline) }
    }
}
