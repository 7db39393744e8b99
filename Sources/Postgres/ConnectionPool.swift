/// A bounded number of connections, opened when they are needed and kept for the next.
///
/// Whoever has waited longest is served first. A broken connection is dropped, and so is one whose server said
/// that it is going away (57P01, 57P02, 57P03); one that comes back with an open transaction is rolled back.
/// When a server takes no writes (25006), all connections that were opened before are dropped: after a failover
/// they lead to a standby, and whoever tries again shall go through every host of the settings, not through
/// every connection of the pool. What else a body leaves in its session (`SET`, temporary tables) stays there.
///
/// A class with a lock, and no actor: what it does by itself is done in no time, and two changes of executor for each
/// lending would cost more.
public final class ConnectionPool: Sendable {
    /// A connection and the state of the pool when it was opened.
    private struct Member {
        let connection: Connection
        let generation: UInt64
    }

    private struct State {
        var idle: [Member] = []
        var isClosed = false
        /// Members of an earlier generation are not lent again.
        var generation: UInt64 = 0

        func wants(_ member: Member) -> Bool {
            !isClosed && member.generation == generation && member.connection.retirement == .none
        }

        mutating func takeIdle() -> [Member] {
            defer { idle = [] }
            return idle
        }
    }

    private let open: @Sendable () async throws(PostgresError) -> Connection
    private let permits: Turnstile
    private let state = Locked(State())

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
    public nonisolated(nonsending) func withConnection<T: Sendable>(
        timeout: Duration? = nil, _ body: @Sendable (Connection) async throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        switch await permits.enter(deadline: .after(timeout)) {
        case .granted: break
        case .timedOut: throw PostgresError(kind: .deadlineExceeded, message: "no connection came free")
        case .cancelled: throw PostgresError(kind: .cancelled, message: "cancelled while waiting to connect")
        case .closed: throw Self.closed
        }
        defer { permits.leave() }
        let member = try await borrow()
        do {
            let value = try await body(member.connection)
            await giveBack(member)
            return value
        } catch {
            await giveBack(member)
            throw error
        }
    }

    /// Whether a connection was lost that nobody was using: its server may be gone.
    public var hasLostConnection: Bool {
        state.withLock { $0.idle.contains { $0.connection.condition == .dead } }
    }

    /// Closes idle connections now and lent ones when they come back; who waits gets `cannotConnect`.
    public func close() async {
        let idle = state.withLock { state in
            state.isClosed = true
            return state.takeIdle()
        }
        permits.close()
        await close(idle)
    }

    private static let closed = PostgresError(kind: .cannotConnect, message: "the pool is closed")

    private nonisolated(nonsending) func borrow() async throws(PostgresError) -> Member {
        // The newest first: in quiet times the others stay idle and can be seen to be superfluous.
        while let member = state.withLock({ $0.idle.popLast() }) {
            if member.connection.condition == .idle { return member }
            await member.connection.close()
        }
        let (generation, isClosed) = state.withLock { ($0.generation, $0.isClosed) }
        if isClosed { throw Self.closed }
        return Member(connection: try await open(), generation: generation)
    }

    private nonisolated(nonsending) func giveBack(_ member: Member) async {
        let connection = member.connection
        if connection.retirement == .server { await retire(member.generation) }
        if connection.condition == .inTransaction, state.withLock({ $0.wants(member) }) {
            await rollBack(connection)
        }
        let isKept = state.withLock { state in
            guard connection.condition == .idle, state.wants(member) else { return false }
            state.idle.append(member)
            return true
        }
        if !isKept { await connection.close() }
    }

    /// Lends the members of this generation no more.
    private func retire(_ generation: UInt64) async {
        let idle: [Member] = state.withLock { state in
            guard state.generation == generation else { return [] }
            state.generation += 1
            return state.takeIdle()
        }
        await close(idle)
    }

    private func close(_ members: [Member]) async {
        for member in members { await member.connection.close() }
    }

    private func rollBack(_ connection: Connection) async {
        // In a task of its own: the caller's may be cancelled, and the connection is worth keeping all the same.
        await Task {
            do {
                let rollback = Statement(name: "rollback", sql: "ROLLBACK")
                _ = try await connection.query(rollback, timeout: .seconds(1))
            } catch {
                // It is still in its transaction then, or dead, and is closed.
            }
        }.value
    }
}
