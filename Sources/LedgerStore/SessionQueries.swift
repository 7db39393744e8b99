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
        // A row for each pair; those of one session follow each other.
        for row in try await execute(statement, []) {
            let id = try row.decode(0, as: Int32.self)
            let blocker = BlockedSession.Blocker(
                processID: try row.decode(6), role: try row.decode(7), application: try row.decode(8),
                state: try row.decode(9), statement: try row.decode(10))
            let others = sessions.last?.processID == id ? sessions.removeLast().blockers : []
            sessions.append(
                BlockedSession(
                    processID: id, blockers: others + [blocker], role: try row.decode(1),
                    application: try row.decode(2), state: try row.decode(3),
                    waiting: .microseconds(try row.decode(4, as: Int64.self)), statement: try row.decode(5)))
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
            SELECT a.pid, \(who("a")),
                greatest(0, coalesce(extract(epoch FROM clock_timestamp() - a.query_start) * 1000000, 0))::bigint,
                \(what("a")), b.pid, \(who("o")), \(what("o"))
            FROM pg_stat_activity AS a
            CROSS JOIN LATERAL (SELECT unnest(pg_blocking_pids(a.pid)) AS pid OFFSET 0) AS b
            LEFT JOIN pg_stat_activity AS o ON o.pid = b.pid
            WHERE a.datname = current_database() AND coalesce(a.wait_event_type, 'Lock') = 'Lock'
            ORDER BY a.query_start, a.pid, b.pid
            LIMIT 1000
            """)

    private static func who(_ session: String) -> String {
        "coalesce(\(session).usename::text, ''), coalesce(\(session).application_name, ''), "
            + "coalesce(\(session).state, '')"
    }

    private static func what(_ session: String) -> String {
        "CASE WHEN \(session).state IS NULL THEN '' "
            + "ELSE left(\(session).query, \(BlockedSession.statementLimit)) END"
    }
}
