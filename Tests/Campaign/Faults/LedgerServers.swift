import FaultProxy
import Foundation
import Postgres
import TestSupport

/// The servers of a campaign: one that is written to and, while there is one, its synchronous standby; before them the
/// proxy that the tellers know.
actor LedgerServers {
    nonisolated let proxy: FaultProxy
    private var primary: PrivateServer
    private var standby: PrivateServer?

    static let database = "campaign"
    /// Of the disk that holds a server's data, in megabytes: room for a campaign of an hour and the log before it is
    /// recycled.
    private static let diskMegabytes = 700

    static func start() async throws -> LedgerServers {
        let primary = try await PrivateServer.start(options)
        let proxy = try await FaultProxy.start(upstream: .unixSocket(directory: primary.directory))
        try await primary.run("CREATE DATABASE \(database)")
        return LedgerServers(primary: primary, proxy: proxy)
    }

    private static var options: PrivateServer.Options {
        var options = PrivateServer.Options()
        options.diskMegabytes = diskMegabytes
        options.settings = [
            // A crash of the machine is not tried, but the disk's answers count: a full one must stop a commit.
            "fsync": "on", "max_wal_size": "256MB", "min_wal_size": "32MB", "checkpoint_timeout": "30s",
            "restart_after_crash": "on",
        ]
        return options
    }

    private init(primary: PrivateServer, proxy: FaultProxy) {
        self.primary = primary
        self.proxy = proxy
    }

    /// What tellers connect with.
    nonisolated var connectionString: String {
        "\(proxy.connectionString) dbname=\(Self.database) user=tester target_session_attrs=read-write connect_timeout=2"
    }

    /// Past the proxy.
    func connect() async throws -> Connection { try await primary.connect(database: Self.database) }

    var directString: String { primary.connectionString(database: Self.database) }

    // MARK: Disasters

    func kill() async throws {
        try await primary.crashMachine()
        try await primary.restart()
    }

    func pause(for time: Duration) async throws {
        try await primary.pause()
        try? await Task.sleep(for: time)
        try await primary.resume()
    }

    func killBackend(_ random: inout SeededGenerator) async throws {
        let connection = try await connect()
        let sessions = try await connection.query(
            Statement(
                name: "tellers",
                sql: "SELECT pid FROM pg_stat_activity WHERE application_name = 'teller' ORDER BY pid"))
        let processes = try sessions.map { try $0.decode(0, as: Int32.self) }
        await connection.close()
        guard let process = processes.randomElement(using: &random) else { return }
        Glibc.kill(process, SIGKILL)
    }

    func fillDisk(for time: Duration) async throws {
        try await primary.fillDisk()
        try? await Task.sleep(for: time)
        try await primary.freeDisk()
        // It may have given up meanwhile.
        if await !primary.isRunning { try await primary.restart() }
    }

    /// Makes a standby without which no commit is answered.
    func addStandby() async throws {
        let standby = try await primary.startStandby()
        try await primary.run("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        try await primary.run("SELECT pg_reload_conf()")
        self.standby = standby
    }

    /// Returns when every commit waits for the standby, and the standby has all that was committed before.
    func waitForTheStandby() async throws {
        let connection = try await primary.connect()
        try await connection.wait(
            for:
                "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"
        )
        let end = try await connection.query(
            Statement(name: "end_of_log", sql: "SELECT pg_current_wal_lsn()::text")
        ).first?.decode(0, as: String.self)
        try await connection.wait(
            for: "SELECT count(*) = 1 FROM pg_stat_replication WHERE flush_lsn >= '\(end ?? "")'::pg_lsn")
        await connection.close()
    }

    /// Returns when no session of a teller does anything any more.
    func waitUntilNothingIsUnderWay() async throws {
        let connection = try await primary.connect()
        try await connection.wait(
            for: "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'teller'")
        await connection.close()
    }

    /// The primary is lost, and the standby goes on.
    func failOver() async throws {
        guard let standby else { return }
        try await primary.crashMachine()
        // It was copied before the other was told to wait for it, so it waits for nobody.
        try await standby.promote()
        await proxy.setUpstream(.unixSocket(directory: standby.directory))
        await primary.destroy()
        primary = standby
        self.standby = nil
    }

    func stop() async {
        await proxy.stop()
        for server in [primary] + (standby.map { [$0] } ?? []) { await server.destroy() }
    }
}
