import Postgres

extension Connection {
    /// Waits until so many other sessions of this database wait for a lock.
    public func waitForSessions(_ count: Int) async throws {
        try await waitUntil(
            "SELECT count(*) >= \(count) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                + "AND datname = current_database()")
    }

    /// Asks until the condition holds, and gives up after a minute.
    public func waitUntil(_ condition: String) async throws {
        let statement = Statement(name: "condition", sql: condition)
        // Within a transaction the server shows the sessions as they were when somebody first looked.
        let clear = Statement(name: "clear", sql: "SELECT pg_stat_clear_snapshot()")
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            _ = try await query(clear)
            if try await query(statement).first?.decode(0, as: Bool.self) == true { return }
            guard ContinuousClock.now < deadline else { throw NeverCameToPass(condition: condition) }
            await Task.yield()
        }
    }
}

/// What a test waited for in vain.
public struct NeverCameToPass: Error {
    public let condition: String
}
