import CLibPQ

/// Asks a server to cancel what a connection runs.
///
/// libpq 15 knows only the blocking `PQcancel`: it opens a second connection, which a stopped server accepts
/// and never answers. So requests have threads of their own, which are bounded in number and end when nothing
/// is left to do.
///
/// Sendable though unchecked: libpq's handle is never changed after it was made, and its manual says of
/// `PQcancel` that it can be called from any thread.
final class Canceller: @unchecked Sendable {
    private struct Request: Sendable {
        let canceller: Canceller
        let completion: @Sendable () -> Void
    }

    private struct Queue {
        var threads = 0
        /// In the order of their coming; not empty only while all threads are at work.
        var waiting: [Request] = []
    }

    /// Threads in the whole process.
    static let threadLimit = 32
    /// Requests that wait for a thread. When servers hang and there are more, they are not sent: the connection
    /// is dropped after its grace, as it is when its request waits too long.
    static let queueLimit = 1_024
    private static let queue = Locked(Queue())

    private let handle: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let handle = PQgetCancel(connection) else { return nil }
        self.handle = handle
    }

    deinit { PQfreeCancel(handle) }

    /// Sends the request and calls `completion` when the server has passed it on, or it failed. Returns false,
    /// and calls nothing, when it cannot be sent.
    func send(completion: @escaping @Sendable () -> Void) -> Bool {
        let request = Request(canceller: self, completion: completion)
        // True when a thread is to be started, nil when the request can only be refused.
        let needsThread: Bool? = Self.queue.withLock { queue in
            if queue.threads < Self.threadLimit {
                queue.threads += 1
                return true
            }
            guard queue.waiting.count < Self.queueLimit else { return nil }
            queue.waiting.append(request)
            return false
        }
        guard let needsThread else { return false }
        guard needsThread else { return true }
        let started = runOnNewThread(named: "postgres-cancel") { Self.serve(request) }
        if !started { Self.queue.withLock { $0.threads -= 1 } }
        return started
    }

    private static func serve(_ first: Request) {
        var next: Request? = first
        while let request = next {
            var message = [CChar](repeating: 0, count: 256)
            _ = PQcancel(request.canceller.handle, &message, Int32(message.count))
            request.completion()
            next = queue.withLock { queue in
                if !queue.waiting.isEmpty { return queue.waiting.removeFirst() }
                queue.threads -= 1
                return nil
            }
        }
    }
}
