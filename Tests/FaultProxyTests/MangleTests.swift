import FaultProxy
import Foundation
import Postgres
import TestSupport
import Testing

/// What the client does with answers that make no sense: anything but to crash, to wait for ever, or to be
/// unusable afterwards.
@Suite(.timeLimit(.minutes(10))) struct MangleTests {
    /// How many seeds, and the first of them: `FAULT_PROXY_SEEDS=5000` and `FAULT_PROXY_FIRST_SEED=1` for a
    /// longer search, or for one seed again.
    private static let seeds: ClosedRange<UInt64> = {
        func number(_ name: String, _ other: UInt64) -> UInt64 {
            ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? other
        }
        let first = number("FAULT_PROXY_FIRST_SEED", 1)
        return first...(first + number("FAULT_PROXY_SEEDS", 200) - 1)
    }()
    private static let patience = Duration.milliseconds(200)

    @Test func survivesAnswersToStatementsThatAreSpoilt() async throws {
        let rule = FaultRule(when: .statement(.probability(0.7)), fault: .mangle(seed: 1))
        try await forEachSeed(rule) { settings in
            let connection = try await Connection.connect(settings, timeout: .seconds(20))
            await use(connection)
            await connection.close()
        }
    }

    @Test func survivesAnswersToTheStartupThatAreSpoilt() async throws {
        let rule = FaultRule(when: .connection(), fault: .mangle(seed: 1))
        try await forEachSeed(rule) { settings in
            guard let connection = try? await Connection.connect(settings, timeout: Self.patience) else {
                return
            }
            await use(connection)
            await connection.close()
        }
    }

    /// Each with a proxy and a connection of its own, so that nothing but the seed decides; eight at a time.
    private func forEachSeed(
        _ rule: FaultRule, _ body: @escaping @Sendable (ConnectionSettings) async throws -> Void
    ) async throws {
        let server = try await PrivateServer.shared
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, seed) in Self.seeds.enumerated() {
                if index >= 8 { try await group.next() }
                group.addTask {
                    let proxy = try await FaultProxy.start(
                        upstream: .unixSocket(directory: server.directory))
                    await proxy.setScript(FaultScript(seed: seed, rules: [rule]))
                    let settings = try ConnectionSettings(
                        "\(proxy.connectionString) dbname=postgres user=tester")
                    try await watched(seed) { try await body(settings) }
                    await proxy.stop()
                }
            }
            try await group.waitForAll()
        }
        // The server is as it was, and so is the client.
        let connection = try await server.connect()
        #expect(try await connection.query(Statement(name: "one", sql: "SELECT 1")).count == 1)
        await connection.close()
    }

    /// Says which seed it was when `body` does not end.
    private func watched(_ seed: UInt64, _ body: @escaping @Sendable () async throws -> Void) async throws {
        let watch = Task {
            try await Task.sleep(for: .seconds(90))
            Issue.record("seed \(seed) hangs")
        }
        defer { watch.cancel() }
        try await body()
    }

    /// Does what a program does with a connection; what comes of it does not matter.
    private func use(_ connection: Connection) async {
        let rows = Statement(
            name: "rows",
            sql: "SELECT n::int8, 'text ' || n, n % 2 = 0, NULL::int4 FROM generate_series(1, $1) n")
        let error = Statement(name: "error", sql: "SELECT 1 / $1")
        let note = Statement(name: "note", sql: "SELECT set_config('application_name', 'x' || $1, false)")
        for count: Int32 in [0, 3] {
            if let rows = try? await connection.query(rows, [.value(count)], timeout: Self.patience) {
                decode(rows)
            }
            _ = try? await connection.query(error, [.value(Int32(0))], timeout: Self.patience)
            let queries = [
                Query(note, [.value("a")]), Query(rows, [.value(Int32(20))]), Query(note, [.value("b")]),
            ]
            if let answers = try? await connection.pipeline(queries, timeout: Self.patience) {
                for rows in answers { decode(rows) }
            }
            try? await connection.run(script: "SELECT 1; SELECT 2", timeout: Self.patience)
            _ = await connection.takeNotices()
            _ = await connection.parameterStatus("application_name")
        }
    }

    private func decode(_ rows: Rows) {
        _ = rows.affected
        for row in rows.prefix(1_000) {
            _ = try? row.decode(0, as: Int64.self)
            _ = try? row.decode(1, as: String.self)
            _ = try? row.decode(2, as: Bool.self)
            _ = try? row.decodeOptional(3, as: Int32.self)
            _ = try? row.decode(rows.columnCount - 1, as: [UInt8].self)
        }
    }
}
