import Glibc

/// State behind a POSIX mutex.
///
/// `Synchronization.Mutex` would do, but the thread sanitizer does not understand it and reports races that
/// are none; it knows pthread mutexes.
///
/// Sendable though unchecked: the state is reached only inside `withLock`.
final class Locked<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var state: State

    init(_ state: sending State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
    }

    @inline(__always)
    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }
}

/// A point on the monotonic clock, in nanoseconds.
struct Deadline: Comparable, Sendable {
    let nanoseconds: UInt64

    static let never = Deadline(nanoseconds: .max)

    static var now: Deadline {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Deadline(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    /// The deadline that is `duration` from now; nil means never. A negative duration has passed already.
    static func after(_ duration: Duration?) -> Deadline {
        guard let duration else { return .never }
        let parts = duration.components
        guard parts.seconds >= 0, parts.attoseconds >= 0 else { return .now }
        let limit: Int64 = 1_000_000_000
        guard parts.seconds < limit else { return .never }
        let wait = UInt64(parts.seconds) * 1_000_000_000 + UInt64(parts.attoseconds / 1_000_000_000)
        return Deadline(nanoseconds: now.nanoseconds + wait)
    }

    static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Milliseconds until then for `poll` and `epoll_wait`, rounded up so that a wait never ends early: -1 for
    /// never, 0 when it has passed.
    func milliseconds(from now: Deadline) -> Int32 {
        if self == .never { return -1 }
        if self <= now { return 0 }
        return Int32(clamping: (nanoseconds - now.nanoseconds + 999_999) / 1_000_000)
    }
}
