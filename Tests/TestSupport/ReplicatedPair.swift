import Postgres

/// Two servers on 127.0.0.1, the second a synchronous standby of the first: a commit is acknowledged when both have
/// it.
public actor ReplicatedPair {
    public nonisolated let primary: PrivateServer
    public nonisolated let standby: PrivateServer

    private init(primary: PrivateServer, standby: PrivateServer) {
        self.primary = primary
        self.standby = standby
    }

    public static func start() async throws -> ReplicatedPair {
        var options = PrivateServer.Options()
        options.usesTCP = true
        let primary = try await PrivateServer.start(options)
        let pair = ReplicatedPair(primary: primary, standby: try await primary.startStandby())
        try await primary.run("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        try await primary.run("SELECT pg_reload_conf()")
        try await pair.wait(
            for: "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'", on: primary)
        return pair
    }

    /// Both hosts; which of them is written to is found out by asking.
    public nonisolated func connectionString(database: String = "postgres", _ more: String = "") -> String {
        let ports = [primary, standby].map { "\($0.port ?? 0)" }.joined(separator: ",")
        return "host=127.0.0.1,127.0.0.1 port=\(ports) dbname=\(database) user=tester \(more)"
    }

    /// As a cluster manager would when the primary does not answer any more: kills it, all of it, and has the
    /// standby take its place.
    public func failOver() async throws {
        try await primary.crashMachine()
        try await promoteStandby()
    }

    /// The standby becomes a server by itself, that waits for no other.
    public func promoteStandby() async throws {
        // The standby was copied before the primary was told to wait for one, so it waits for none.
        try await standby.promote()
    }

    /// Waits until a question is answered with yes.
    public nonisolated func wait(for question: String, on server: PrivateServer) async throws {
        let connection = try await server.connect()
        do {
            try await connection.wait(for: question)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    public func destroy() async {
        await primary.destroy()
        await standby.destroy()
    }
}

extension Connection {
    /// Asks until the answer is yes, for a minute at most.
    public func wait(for question: String) async throws {
        let statement = Statement(name: "wait_for", sql: question)
        // Within a transaction the server shows the sessions as they were when somebody first looked.
        let clear = Statement(name: "clear_snapshot", sql: "SELECT pg_stat_clear_snapshot()")
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            _ = try await query(clear, timeout: .seconds(20))
            if try await query(statement, timeout: .seconds(20)).first?.decode(0, as: Bool.self) == true {
                return
            }
            guard ContinuousClock.now < deadline else {
                throw ServerFailure("it never came to pass: \(question)")
            }
            await Task.yield()
        }
    }
}
