/// A bounded number of connections, opened when they are needed and kept for the next.
///
/// Whoever has waited longest is served first. A broken connection is dropped, and so is one whose server said
/// that it is going away (57P01, 57P02, 57P03); one that comes back with an open transaction is rolled back.
/// When a server takes no writes (25006), all connections that were opened before are dropped: after a failover
/// they lead to a standby, and whoever tries again shall go through every host of the settings, not through
/// every connection of the pool. What else a body leaves in its session (`SET`, temporary tables) stays there.
public actor ConnectionPool {
    /// A connection and the state of the pool when it was opened.
    private struct Member {
        let connection: Connection
        let generation: UInt64
    }

    private let open: @Sendable () async throws(PostgresError) -> Connection
    private nonisolated let permits: Turnstile
    private var idle: [Member] = []
    private var isClosed = false
    /// Members of an earlier generation are not lent again.
    private var generation: UInt64 = 0

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
    public var hasLostConnection: Bool { idle.contains { $0.connection.condition == .dead } }

    /// Closes idle connections now and lent ones when they come back; who waits gets `cannotConnect`.
    public func close() async {
        isClosed = true
        permits.close()
        await closeIdle()
    }

    private static let closed = PostgresError(kind: .cannotConnect, message: "the pool is closed")

    private func borrow() async throws(PostgresError) -> Member {
        // The newest first: in quiet times the others stay idle and can be seen to be superfluous.
        while let member = idle.popLast() {
            if member.connection.condition == .idle { return member }
            await member.connection.close()
        }
        if isClosed { throw Self.closed }
        let generation = generation
        return Member(connection: try await open(), generation: generation)
    }

    private func giveBack(_ member: Member) async {
        let connection = member.connection
        if connection.retirement == .server && member.generation == generation {
            generation += 1
            await closeIdle()
        }
        if connection.condition == .inTransaction && isWanted(member) { await rollBack(connection) }
        // Asked again: the pool may have changed during the rollback.
        if connection.condition == .idle && isWanted(member) {
            idle.append(member)
        } else {
            await connection.close()
        }
    }

    private func isWanted(_ member: Member) -> Bool {
        !isClosed && member.generation == generation && member.connection.retirement == .none
    }

    private func closeIdle() async {
        let members = idle
        idle = []
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
