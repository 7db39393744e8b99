import CLibPQ
import Glibc

/// Runs `body` on a detached thread of its own: for the libpq calls that block and cannot be made not to.
///
/// Returns false when the system has no thread to give.
func runOnNewThread(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    let box = Unmanaged.passRetained(Box(name: name, body: body))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
            box.name.withCString { clibpq_name_thread($0) }
            leaveSignalsToOtherThreads()
            box.body()
            return nil
        }, box.toOpaque())
    if status != 0 { box.release() }
    return status == 0
}

/// Keeps signals that are meant for the program away from the calling thread.
///
/// A terminal program polls on its main thread and relies on SIGWINCH and the like to interrupt that poll. The
/// signals of a crash stay where they arise, so that whoever handles them still can.
private func leaveSignalsToOtherThreads() {
    var signals = sigset_t()
    sigfillset(&signals)
    for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
}
