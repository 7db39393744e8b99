import CLibPQ
import Synchronization

/// Asks a server to cancel what a connection runs.
///
/// libpq 15 knows only the blocking `PQcancel`: it opens a second connection, which a stopped server accepts
/// and never answers. So each request has a thread of its own, and their number is bounded.
///
/// Sendable though unchecked: libpq's handle is never changed after it was made, and its manual says of
/// `PQcancel` that it can be called from any thread.
final class Canceller: @unchecked Sendable {
    /// Requests under way in the whole process. When servers hang, further ones are not sent, and the
    /// connection is dropped after its grace instead.
    static let limit = 32
    private static let underWay = Atomic<Int>(0)

    private let handle: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let handle = PQgetCancel(connection) else { return nil }
        self.handle = handle
    }

    deinit { PQfreeCancel(handle) }

    /// Sends the request and calls `completion` when the server has passed it on, or it failed. Returns false,
    /// and calls nothing, when it cannot be sent.
    func send(completion: @escaping @Sendable () -> Void) -> Bool {
        guard Self.underWay.add(1, ordering: .relaxed).newValue <= Self.limit else {
            Self.underWay.subtract(1, ordering: .relaxed)
            return false
        }
        let started = runOnNewThread(named: "postgres-cancel") { [self] in
            var message = [CChar](repeating: 0, count: 256)
            _ = PQcancel(handle, &message, Int32(message.count))
            Self.underWay.subtract(1, ordering: .relaxed)
            completion()
        }
        if !started { Self.underWay.subtract(1, ordering: .relaxed) }
        return started
    }
}
