import Ledger
import Postgres

/// Questions about the server's sessions.
extension LedgerQueries {
    /// The sessions of this database that wait for others to end theirs. Who they are and what they run is
    /// shown to roles that may see it (`pg_read_all_stats`); others learn only who waits for whom.
    ///
    /// Empty where the server has no such view.
    public func blockedSessions() async throws(PostgresError) -> [BlockedSession] {
        guard let statement = dialect.selectBlockedSessions else { return [] }
        var sessions: [BlockedSession] = []
        for row in try await execute(statement, []) {
            let blockers = try row.decode(1, as: String.self)
            sessions.append(
                BlockedSession(
                    processID: try row.decode(0),
                    blockedBy: blockers.split(separator: ",").compactMap { Int32($0) },
                    role: try row.decode(2), application: try row.decode(3), state: try row.decode(4),
                    waiting: .microseconds(try row.decode(5, as: Int64.self)), statement: try row.decode(6)))
        }
        return sessions
    }
}

extension Dialect {
    var selectBlockedSessions: Statement? {
        switch self {
        case .postgresql: Self.selectBlockedSessions
        case .cockroachdb, .yugabytedb: nil
        }
    }

    /// Whoever may not see what a session does is told nothing of its waiting either: all such sessions are asked
    /// about by their locks, which anybody may see.
    private static let selectBlockedSessions = Statement(
        name: "select_blocked_sessions",
        sql: """
            SELECT a.pid, array_to_string(b.pids, ','), coalesce(a.usename::text, ''),
                coalesce(a.application_name, ''), coalesce(a.state, ''),
                greatest(0, coalesce(extract(epoch FROM clock_timestamp() - a.query_start) * 1000000, 0))::bigint,
                CASE WHEN a.state IS NULL THEN '' ELSE left(a.query, \(BlockedSession.statementLimit)) END
            FROM pg_stat_activity AS a
            CROSS JOIN LATERAL (SELECT pg_blocking_pids(a.pid) AS pids OFFSET 0) AS b
            WHERE a.datname = current_database() AND coalesce(a.wait_event_type, 'Lock') = 'Lock'
                AND cardinality(b.pids) > 0
            ORDER BY a.query_start, a.pid
            LIMIT 1000
            """)
}
