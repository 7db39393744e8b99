import Ledger
import LedgerService
import Postgres

/// What was measured of operations that are posted many at a time, and of the room that they take.
struct BatchResult: Codable, Sendable {
    /// Operations in one call.
    var size: Int
    var measurement: Measurement
    /// Bytes on disk for a transfer, by table and index.
    var own: [Room]
    /// The same facts without hashes and fingerprints, in plain tables with the same keys and indexes.
    var equalContent: [Room]
    /// The peers' tables, with shorter keys.
    var peers: [Room]

    struct Room: Codable, Sendable {
        let name: String
        let bytes: Double
    }
}

extension BatchResult {
    static func total(_ rooms: [Room]) -> Double { rooms.reduce(0) { $0 + $1.bytes } }

    var table: String {
        let figures = """
            batches of \(size): \(Columns.grouped(measurement.rate)) transfers a second, client \
            \(Columns.decimal(measurement.clientMicroseconds, 1)) µs, server \
            \(measurement.serverMicroseconds.map { Columns.decimal($0, 1) } ?? "?") µs for each
            """
        let rooms = [("bursar", own), ("equal content", equalContent), ("peers", peers)].flatMap {
            title, rooms in
            ["bytes for a transfer, \(title): \(Columns.decimal(Self.total(rooms), 0))"]
                + rooms.map { "  \(Columns.line($0.name, [Columns.decimal($0.bytes, 1)]))" }
        }
        return ([figures] + rooms).joined(separator: "\n")
    }
}

/// Posts transfers in batches, as an import does, and then looks how much room they have taken.
struct BatchRun: Sendable {
    let arena: Arena
    let effort: Effort
    let transfers: Int

    /// As the program imports when nothing else is set (`import.batch`).
    static let size = 500

    func run() async throws -> BatchResult {
        let before = try await rooms(in: "bursar", Self.own)
        let measurement = try await post()
        let peersBefore = try await rooms(in: "peer", Self.peers)
        try await arena.server.run(peerTransfers, in: arena.database)
        try await arena.server.run(Self.equalTables, in: arena.database)
        for table in Self.own.map({ "bursar.\($0)" }) + Self.peers.map({ "peer.\($0)" }) {
            try await arena.server.run("VACUUM \(table)", in: arena.database)
        }
        let own = try await rooms(in: "bursar", Self.own)
        return BatchResult(
            size: Self.size, measurement: measurement, own: grown(own, before),
            equalContent: grown(try await rooms(in: "equal", Self.own), [:]),
            peers: grown(try await rooms(in: "peer", Self.peers), peersBefore))
    }

    private static let own = ["account_records", "journal"]
    private static let peers = ["entries", "journal"]

    private func post() async throws -> Measurement {
        let store = try await arena.openStore(sessions: effort.sessions)
        let service = LedgerService(
            store: store, log: BursarSide.quiet,
            outbox: Outbox(directory: "\(arena.server.work)/outbox", ledger: "bench"))
        var requests = Requests(
            accounts: Requests.codes(arena.accounts), traffic: .uniform, actor: "importer", seed: effort.seed)
        var measurement = Measurement()
        let processor = (own: ProcessorTime.own, server: arena.server.processorTime)
        let begun = ContinuousClock.now
        for first in stride(from: 0, to: transfers, by: Self.size) {
            let operations = try (first..<min(first + Self.size, transfers)).map { _ in
                try requests.next(Reference(generatedFrom: service.environment.newIdentifier()))
            }
            let outcomes = await service.perform(operations)
            for outcome in outcomes { measurement.note(outcome) }
            service.acknowledge(outcomes)
        }
        measurement.seconds = (ContinuousClock.now - begun) / .seconds(1)
        measurement.clientTime = ProcessorTime.own - processor.own
        if let server = processor.server {
            measurement.serverTime = arena.server.processorTime.map { $0 - server }
        }
        await service.outbox?.close()
        await store.close()
        return measurement
    }

    private var peerTransfers: String {
        """
        SELECT peer.transfer(i % \(arena.accounts) + 1, (i + 1) % \(arena.accounts) + 1, i % 5000 + 1,
            'bench-' || 10000000000000000 + i || '-t10000000000', 'transfer', 'invoice', 'importer')
        FROM generate_series(1, \(transfers)) AS i
        """
    }

    /// Filled in the order in which the rows were written, with the indexes in place, so that these look as they do in
    /// a table that grew.
    private static let equalTables = """
        CREATE SCHEMA equal;
        CREATE TABLE equal.journal (LIKE bursar.journal INCLUDING INDEXES);
        CREATE TABLE equal.account_records (LIKE bursar.account_records INCLUDING INDEXES);
        ALTER TABLE equal.journal DROP COLUMN fingerprint;
        ALTER TABLE equal.account_records DROP COLUMN hash, DROP COLUMN fingerprint;
        DO $$
        DECLARE
            name text;
            columns text;
        BEGIN
            FOREACH name IN ARRAY ARRAY['journal', 'account_records'] LOOP
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
                WHERE attrelid = ('equal.' || name)::regclass AND attnum > 0 AND NOT attisdropped;
                EXECUTE format('INSERT INTO equal.%I (%s) SELECT %s FROM bursar.%I WHERE %s ORDER BY ctid', name,
                    columns, columns, name, CASE name WHEN 'journal' THEN $condition$actor = 'importer'$condition$
                    ELSE 'transaction_id IN (SELECT id FROM equal.journal)' END);
            END LOOP;
        END $$
        """

    /// Bytes of tables and of each of their indexes, by name.
    private func rooms(in schema: String, _ tables: [String]) async throws -> [String: Double] {
        let statement = Statement(
            name: "rooms",
            sql: """
                SELECT t.relname::text, pg_table_size(t.oid) FROM pg_class AS t
                WHERE t.relnamespace = $1::text::regnamespace AND t.relname = ANY ($2::text[])
                UNION ALL
                SELECT i.indexrelid::regclass::text, pg_relation_size(i.indexrelid) FROM pg_index AS i
                JOIN pg_class AS t ON t.oid = i.indrelid
                WHERE t.relnamespace = $1::text::regnamespace AND t.relname = ANY ($2::text[])
                """)
        return try await arena.server.with(arena.database) { connection in
            var rooms: [String: Double] = [:]
            for row in try await connection.query(statement, [.value(schema), .array(tables)]) {
                let name = try row.decode(0, as: String.self)
                rooms[String(name.split(separator: ".").last ?? "")] = Double(
                    try row.decode(1, as: Int64.self))
            }
            return rooms
        }
    }

    /// For each transfer, without what was there before.
    private func grown(_ now: [String: Double], _ before: [String: Double]) -> [BatchResult.Room] {
        now.sorted { $0.key < $1.key }.map {
            .init(name: $0.key, bytes: ($0.value - (before[$0.key] ?? 0)) / Double(transfers))
        }
    }
}
