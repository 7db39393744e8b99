import Glibc

/// Ctrl-C and a polite kill ask a command to stop: what is being written is finished or taken back first, and
/// the program says which. The second one ends it at once, but for a hangup, which a shell repeats.
enum InterruptSignals {
    /// Keeps the signals for ``watch(_:)``. Threads inherit this from the one that starts them, so it is called
    /// before there are any.
    static func hold() {
        var signals = watched
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Calls `stop` when the first signal comes.
    static func watch(_ stop: @escaping @Sendable () -> Void) {
        startThread {
            var signals = watched
            var number: Int32 = 0
            sigwait(&signals, &number)
            stop()
            repeat { sigwait(&signals, &number) } while number == SIGHUP
            _exit(128 + number)
        }
    }

    private static var watched: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
        return signals
    }
}

/// Runs `body` on a thread of its own, that nobody waits for.
private func startThread(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(ThreadBody(run: body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { pointer in
            guard let pointer else { return nil }
            Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run()
            return nil
        }, box.toOpaque())
    if status == 0 { pthread_detach(thread) } else { box.release() }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) { self.run = run }
}
