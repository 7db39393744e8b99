import Synchronization

/// Cuts the wait of a group short.
final class Alarm: Sendable {
    private let wait = Mutex<Task<Void, Never>?>(nil)

    /// Waits as long as that, unless the task is cancelled or it rings meanwhile.
    func sleep(for duration: Duration, in environment: ServiceEnvironment) async {
        let task = Task {
            // However it ends, the wait is over.
            _ = try? await environment.sleep(duration)
        }
        wait.withLock { $0 = task }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        wait.withLock { $0 = nil }
    }

    /// Ends a wait that is under way. It is not noted for a later one.
    func ring() { wait.withLock { $0 }?.cancel() }
}
