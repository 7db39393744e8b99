import Postgres

/// What `bursar doctor` and the console's header want to know of the server.
public struct ServerFacts: Sendable {
    /// What `version()` says, its first two words: `PostgreSQL 15.18`.
    public let version: String
    public let dialect: Dialect
    /// The connected role.
    public let role: String
    public let isSuperuser: Bool
    /// Whether it is a standby, which takes no writes.
    public let isStandby: Bool
    /// How far the server's clock is ahead of the client's, as far as one round trip can tell.
    public let clockAhead: Duration
    /// Settings that matter for the ledger, by name, as a new session of this role has them; those that the server does
    /// not have are missing.
    public let settings: [String: String]
    /// Whether something before the server lends us its sessions.
    public let isPooled: Bool

    /// What a ledger should not be run with, in plain words, with what to do about it.
    public var warnings: [String] {
        var warnings: [String] = []
        if isStandby {
            warnings.append("the server is a standby and takes no writes; connect to the primary")
        }
        for (name, danger) in [
            ("fsync", "a power failure can destroy the ledger"),
            ("full_page_writes", "a power failure can destroy the ledger"),
            ("synchronous_commit", "a crash can lose operations that were reported as posted"),
        ] where settings[name] == "off" {
            warnings.append("\(name) is off: \(danger); set it to on")
        }
        if !dialect.grantsColumns {
            warnings.append(
                "\(dialect.rawValue) grants rights by table only: an operator can change accounts and make "
                    + "reversals with SQL of their own, which only this program keeps them from")
        }
        if let locks = settings["max_pred_locks_per_transaction"].flatMap(Int.init), locks < 256 {
            warnings.append(
                "max_pred_locks_per_transaction is \(locks): large batches will lock whole tables and make other "
                    + "writers retry; set it to 1024")
        }
        if isPooled {
            warnings.append(
                "a pooler stands before the server: nothing can be kept in its sessions, so each posting is sent "
                    + "with all that it needs; connect to the server itself to spare that")
        }
        warnings += impatience
        if clockAhead > .seconds(5) || clockAhead < .seconds(-5) {
            let seconds = clockAhead.components.seconds
            warnings.append(
                "the server's clock is \(abs(seconds)) s \(seconds > 0 ? "ahead of" : "behind") this machine's: "
                    + "booking times come from this machine; set both by a time server")
        }
        return warnings
    }
}

extension ServerFacts {
    /// Limits that end what an operation or a check of the books may take.
    private var impatience: [String] {
        let shortest = 5000
        return [
            ("lock_timeout", "operations on a busy account are tried again and again until their deadline"),
            ("idle_in_transaction_session_timeout", "a check of the books may be cut off"),
            ("statement_timeout", "lists and checks of a large ledger may be cut off"),
        ].compactMap { name, danger in
            guard let limit = settings[name].flatMap(Int.init), limit > 0, limit < shortest else {
                return nil
            }
            return "\(name) is \(limit) ms for this role: \(danger); set it to \(shortest / 1000) s or more"
        }
    }

    /// What a fail-over would lose.
    /// - Parameter isReplicated: whether the connection names more hosts than one.
    public func replicationWarnings(isReplicated: Bool) -> [String] {
        let waits = settings["synchronous_standby_names"].map { !$0.isEmpty }
        if waits == true, settings["synchronous_commit"] == "local" {
            return [
                "synchronous_commit is local for this role: a fail-over can lose operations that were reported as "
                    + "posted; set it to on"
            ]
        }
        guard isReplicated, waits == false, !isStandby else { return [] }
        return [
            "the connection names several hosts, but the server waits for no standby: a fail-over can lose "
                + "operations that were reported as posted; set synchronous_standby_names"
        ]
    }
}

extension ConnectionSettings {
    /// Without being told to look for it, a session is to be had from the first host that answers, primary or not.
    public var hostWarning: String? {
        let hosts = self["hostaddr"] ?? self["host"] ?? ""
        let attributes = self["target_session_attrs"] ?? "any"
        guard hosts.contains(","), attributes == "any" || attributes.hasPrefix("prefer") else { return nil }
        return
            "the connection names several hosts and does not say which is wanted, so it may end at a standby; add "
            + "target_session_attrs=read-write"
    }
}

extension LedgerStore {
    /// - Parameter now: the machine's time of day in microseconds since 1970.
    public func serverFacts(now: @Sendable () -> Int64) async throws(PostgresError) -> ServerFacts {
        let dialect = dialect
        return try await readers.withConnection { connection async throws(PostgresError) -> ServerFacts in
            let before = now()
            let row = try await connection.query(Self.selectFacts).first
            let middle = before + (now() - before) / 2
            guard let row else {
                throw PostgresError(kind: .protocolViolation, message: "the server said nothing of itself")
            }
            var settings: [String: String] = [:]
            for setting in try await connection.query(Self.selectSettings) {
                settings[try setting.decode(0)] = try setting.decode(1, as: String.self)
            }
            let version = try row.decode(0, as: String.self)
            return ServerFacts(
                version: version.split(separator: " ").prefix(2).joined(separator: " "), dialect: dialect,
                role: try row.decode(1), isSuperuser: try row.decode(2), isStandby: try row.decode(3),
                clockAhead: .microseconds(try row.decode(4, as: Int64.self) - middle),
                settings: settings, isPooled: !connection.keepsStatements && dialect != .cockroachdb)
        }
    }

    private static let selectFacts = Statement(
        name: "select_facts",
        sql: """
            SELECT version(), current_user::text, current_setting('is_superuser') = 'on', pg_is_in_recovery(),
                (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
            """)

    private static let selectSettings = Statement(
        name: "select_settings",
        sql: """
            SELECT name, reset_val FROM pg_settings
            WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'max_connections',
                'max_pred_locks_per_transaction', 'synchronous_standby_names', 'lock_timeout',
                'idle_in_transaction_session_timeout', 'statement_timeout')
            """)
}
