import Glibc
import Synchronization

/// How long a caller is willing to wait, and whether it has given up.
final class Patience: Sendable {
    private let beginning = ContinuousClock.now
    private let deadline: ContinuousClock.Instant
    private let givenUp = Mutex(false)

    init(_ duration: Duration) {
        deadline = beginning.advanced(by: duration)
    }

    /// Makes every wait end at its next look.
    func cancel() {
        givenUp.withLock { $0 = true }
    }

    var isCancelled: Bool { givenUp.withLock { $0 } }

    /// Lets a moment pass between two looks at something that has no event to wait for: a tenth of the time
    /// that has passed, between 2 and 100 ms. False when the time is up.
    func pause() throws(EmbeddedServerError) -> Bool {
        guard !isCancelled else {
            throw EmbeddedServerError(
                .cancelled, "the wait for the private server was cancelled",
                advice: "start again when it is wanted")
        }
        let now = ContinuousClock.now
        guard now < deadline else { return false }
        let tenth = min(max((now - beginning) / 10, .milliseconds(2)), .milliseconds(100), deadline - now)
        var moment = timespec(tv_sec: 0, tv_nsec: Int(tenth.components.attoseconds / 1_000_000_000))
        nanosleep(&moment, nil)
        return true
    }

    /// Milliseconds until the deadline, at least 0, for `poll`.
    var milliseconds: Int32 {
        let left = ContinuousClock.now.duration(to: deadline).components
        guard left.seconds >= 0, left.attoseconds >= 0 else { return 0 }
        return Int32(clamping: min(left.seconds, 86_400) * 1000 + left.attoseconds / 1_000_000_000_000_000)
    }
}

/// Runs blocking work on a thread of its own, so that no thread of the cooperative pool waits for a file lock
/// or a starting server; cancelling the task cancels `patience`.
func onOwnThread<Success: Sendable>(
    _ patience: Patience,
    _ work: @escaping @Sendable (Patience) throws(EmbeddedServerError) -> Success
) async throws(EmbeddedServerError) -> Success {
    let result = await withTaskCancellationHandler {
        await withCheckedContinuation {
            (done: CheckedContinuation<Result<Success, EmbeddedServerError>, Never>) in
            startThread {
                done.resume(returning: Result { () throws(EmbeddedServerError) in try work(patience) })
            }
        }
    } onCancel: {
        patience.cancel()
    }
    return try result.get()
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            // The terminal loop relies on signals reaching the main thread.
            var signals = sigset_t()
            sigfillset(&signals)
            for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&signals, signal) }
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    // Without a thread to give the work is done here: late is better than never.
    if status != 0 { box.takeRetainedValue().body() }
}
