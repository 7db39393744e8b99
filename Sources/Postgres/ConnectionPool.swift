/// A bounded number of connections, opened when they are needed and kept for the next.
///
/// Whoever has waited longest is served first. A broken connection is dropped; one that comes back with an open
/// transaction is rolled back.
public actor ConnectionPool {
    private let open: @Sendable () async throws(PostgresError) -> Connection
    private nonisolated let permits: Turnstile
    private var idle: [Connection] = []
    private var isClosed = false

    /// At most `size` connections, which must be positive, made by `connect`.
    public init(size: Int, connect: @escaping @Sendable () async throws(PostgresError) -> Connection) {
        precondition(size > 0, "a pool without connections")
        open = connect
        permits = Turnstile(permits: size)
    }

    /// Lends a connection to `body`, which must not keep it.
    ///
    /// `timeout` bounds the wait for a connection to come free, not its opening, which has a deadline of its
    /// own, nor `body`. Throws `deadlineExceeded` or `cancelled` when the wait ends so, `cannotConnect` when no
    /// connection can be made or the pool is closed, and what `body` throws.
    public func withConnection<T: Sendable>(
        timeout: Duration? = nil, _ body: @Sendable (Connection) async throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        switch await permits.enter(deadline: .after(timeout)) {
        case .granted: break
        case .timedOut: throw PostgresError(kind: .deadlineExceeded, message: "no connection came free")
        case .cancelled: throw PostgresError(kind: .cancelled, message: "cancelled while waiting to connect")
        case .closed: throw Self.closed
        }
        defer { permits.leave() }
        let connection = try await borrow()
        do {
            let value = try await body(connection)
            await giveBack(connection)
            return value
        } catch {
            await giveBack(connection)
            throw error
        }
    }

    /// Closes idle connections now and lent ones when they come back; who waits gets `cannotConnect`.
    public func close() async {
        isClosed = true
        permits.close()
        let connections = idle
        idle = []
        for connection in connections { await connection.close() }
    }

    private static let closed = PostgresError(kind: .cannotConnect, message: "the pool is closed")

    private func borrow() async throws(PostgresError) -> Connection {
        // The newest first: in quiet times the others stay idle and can be seen to be superfluous.
        while let connection = idle.popLast() {
            if connection.condition == .idle { return connection }
            await connection.close()
        }
        if isClosed { throw Self.closed }
        return try await open()
    }

    private func giveBack(_ connection: Connection) async {
        if connection.condition == .inTransaction { await rollBack(connection) }
        if connection.condition == .idle && !isClosed {
            idle.append(connection)
        } else {
            await connection.close()
        }
    }

    private func rollBack(_ connection: Connection) async {
        // In a task of its own: the caller's may be cancelled, and the connection is worth keeping all the same.
        await Task {
            do {
                _ = try await connection.query(Statement(name: "rollback", sql: "ROLLBACK"), timeout: .seconds(1))
            } catch {
                // It is still in its transaction then, or dead, and is closed.
            }
        }.value
    }
}
