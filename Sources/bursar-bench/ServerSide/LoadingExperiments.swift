import Glibc
import Ledger
import Postgres

/// Keys that grow with time beside keys of chance, in a table as large as it gets within the time.
struct KeyExperiment: Experiment {
    let name = "keys"
    let unit = "rows a second"
    let ways = ["time first (v7)", "chance (v4)"]

    private static let database = "bench_keys"
    private static let rows = 10_000

    func prepare(_ way: Int, on server: BenchServer) async throws {
        if way == 0 { try await server.make(Self.database) }
        try await server.run(
            "CREATE TABLE keys_\(way) (id uuid PRIMARY KEY, amount bigint NOT NULL)", in: Self.database)
    }

    /// Both are made by the same calls, so that the index is the only difference.
    func run(_ way: Int, _ trial: Trial, on server: BenchServer) async throws -> TrialResult {
        let time = "substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)"
        let chance = "substring(uuid_send(gen_random_uuid()) FROM 1 FOR 6)"
        let key =
            "encode(overlay(uuid_send(gen_random_uuid()) PLACING \(way == 0 ? time : chance) FROM 1), 'hex')"
        let script = """
            INSERT INTO keys_\(way) SELECT \(key)::uuid, i FROM generate_series(1, \(Self.rows)) AS i
            """
        let log = try await server.writtenLog
        let begun = ContinuousClock.now
        var rows = 0
        try await server.with(Self.database) { connection in
            while ContinuousClock.now - begun < .seconds(trial.seconds) {
                try await connection.run(script: script)
                rows += Self.rows
            }
        }
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        return TrialResult(
            rate: Double(rows) / seconds,
            facts: ["log bytes": (try await server.writtenLog - log) / Double(rows)])
    }

    func finish(on server: BenchServer) async throws { try await server.drop(Self.database) }
}

/// Rows of a batch as arrays in one statement, beside COPY from a file at the server, the fastest there is.
struct LoadExperiment: Experiment {
    let name = "loading"
    let unit = "rows a second"
    let ways = ["arrays of 500", "arrays of 10,000", "COPY of 500", "COPY of 10,000"]

    private static let database = "bench_loading"

    private func rows(_ way: Int) -> Int { way.isMultiple(of: 2) ? 500 : 10_000 }

    /// Written by the server, which is not this program's user.
    private func file(_ way: Int) -> String { "/tmp/bursar-bench-rows-\(getpid())-\(way)" }

    func prepare(_ way: Int, on server: BenchServer) async throws {
        if way == 0 { try await server.make(Self.database) }
        try await server.run(
            """
            CREATE TABLE rows_\(way) (account_id uuid NOT NULL, seq bigint NOT NULL, amount bigint NOT NULL,
                hash bytea NOT NULL);
            CREATE INDEX ON rows_\(way) (account_id, seq);
            COPY (SELECT gen_random_uuid(), i, i, sha256(int8send(i)) FROM generate_series(1, \(rows(way))) AS i)
            TO '\(file(way))'
            """, in: Self.database)
    }

    func run(_ way: Int, _ trial: Trial, on server: BenchServer) async throws -> TrialResult {
        let count = rows(way)
        let insert = insertion(way, count)
        let log = try await server.writtenLog
        let begun = ContinuousClock.now
        var total = 0
        try await server.with(Self.database) { connection in
            while ContinuousClock.now - begun < .seconds(trial.seconds) {
                if way < 2 {
                    _ = try await connection.pipeline([insert])
                } else {
                    try await connection.run(script: "COPY rows_\(way) FROM '\(file(way))'")
                }
                total += count
            }
        }
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        return TrialResult(
            rate: Double(total) / seconds,
            facts: ["log bytes": (try await server.writtenLog - log) / Double(total)])
    }

    private func insertion(_ way: Int, _ count: Int) -> Query {
        var random = SplitMix(seed: UInt64(count))
        let accounts = (0..<count).map { _ in Identifier(high: random.next(), low: random.next()).description
        }
        let numbers = (1...count).map(Int64.init)
        let hashes = (0..<count).map { _ in (0..<4).flatMap { _ in bytes(random.next()) } }
        return Query(
            Statement(
                name: "insert_rows_\(way)",
                sql: """
                    INSERT INTO rows_\(way) SELECT r.id::uuid, r.seq, r.amount, r.hash
                    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[]) AS r (id, seq, amount, hash)
                    """),
            [.array(accounts), .array(numbers), .array(numbers), .array(hashes)])
    }

    private func bytes(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    func finish(on server: BenchServer) async throws {
        for way in ways.indices { unlink(file(way)) }
        try await server.drop(Self.database)
    }
}

/// A statement that the server has planned before, beside one that it plans each time.
struct PlanExperiment: Experiment {
    let name = "planning"
    let unit = "a second"
    let ways = ["prepared", "planned each time"]

    func prepare(_ way: Int, on server: BenchServer) async throws {
        if way == 0 { try await arena(on: server).fill() }
    }

    private func arena(on server: BenchServer) -> Arena {
        Arena(server: server, database: "bench_planning", accounts: 1000)
    }

    /// The peer that writes by one statement with several parts, as Bursar does.
    func run(_ way: Int, _ trial: Trial, on server: BenchServer) async throws -> TrialResult {
        let pgbench = Pgbench(
            program: server.pgbench, connection: server.connectionString("bench_planning"),
            directory: server.work, protocolName: way == 0 ? "prepared" : "extended")
        let processor = server.processorTime
        let measurement = try pgbench.run(
            .orderedLocks, PostingCase(writers: 1, accounts: 1000), seconds: trial.seconds, seed: trial.seed)
        try await Task.sleep(for: .milliseconds(100))
        var result = TrialResult(rate: measurement.rate)
        if let processor, let now = server.processorTime {
            result.facts["server µs"] = (now - processor) * 1e6 / Double(max(measurement.posted, 1))
        }
        return result
    }

    func finish(on server: BenchServer) async throws { try await arena(on: server).drop() }
}
