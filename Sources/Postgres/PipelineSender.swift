import CLibPQ

/// PostgreSQL takes messages of up to 1 GiB, and libpq keeps a whole round trip in one buffer that cannot have
/// more than twice that; a little stays free for everything but the values.
private let maxMessageBytes = 0x3FFF_0000
/// The protocol counts parameters in 16 bits.
private let maxParameters = 65_535

/// What is wrong with a request that must not be sent at all; nil when nothing is.
func defect(of request: Request, prepared: inout PreparedStatements) -> PostgresError? {
    switch request {
    case .script(let text):
        if text.utf8.contains(0) { return .violation("a script with a NUL character") }
        let size = text.utf8.count
        return size > maxMessageBytes ? .violation(tooLong("a script", size)) : nil
    case .queries(let queries):
        // The types that statements which are new to the connection will be prepared with.
        var types: [Statement: [UInt32]] = [:]
        var size = 0
        for query in queries {
            let statement = query.statement
            let expected = prepared.find(statement)?.types ?? types[statement]
            if let text = defect(of: query, types: expected, size: &size) {
                return .violation(text, statement: statement.name)
            }
            if expected == nil && queries.count > 1 { types[statement] = query.parameters.types }
        }
        return nil
    }
}

private func defect(of query: Query, types: [UInt32]?, size: inout Int) -> String? {
    let parameters = query.parameters
    if parameters.count > maxParameters {
        return "\(parameters.count) parameters, the limit is \(maxParameters)"
    }
    // A statement that the server has was looked at before it was sent, and it is long.
    if types == nil, query.statement.sql.utf8.contains(0) { return "a statement with a NUL character" }
    size += query.statement.sql.utf8.count
    if let defect = parameters.defect { return defect }
    size += parameters.values.count + parameters.count * 8
    if size > maxMessageBytes { return tooLong("a round trip", size) }
    guard let types else { return nil }
    if types.count != parameters.count {
        return "\(parameters.count) parameters where the statement has \(types.count)"
    }
    if types == parameters.types { return nil }
    let index = types.indices.first { types[$0] != parameters.types[$0] } ?? 0
    return "parameter \(index + 1) has type \(parameters.types[index]), prepared was \(types[index])"
}

private func tooLong(_ what: String, _ size: Int) -> String {
    "\(what) of \(size) bytes, the limit is \(maxMessageBytes)"
}

/// Writes a round trip into libpq's buffer and notes the steps whose answers will come.
struct PipelineSender {
    let connection: OpaquePointer
    /// Whether statements are prepared once; if not, each is sent with its text.
    let keepsStatements: Bool
    private(set) var steps: [Exchange.Step] = []
    private(set) var preparing: [Int: PreparedStatements.Entry] = [:]
    private(set) var hasFailed = false

    init(connection: OpaquePointer, keepsStatements: Bool) {
        self.connection = connection
        self.keepsStatements = keepsStatements
    }

    /// Drops prepared statements, in a group of their own, so that nothing of it touches the queries.
    mutating func discard(_ names: [String]) {
        guard !names.isEmpty else { return }
        for name in names {
            let sql = "DEALLOCATE \"\(name)\""
            check(PQsendQueryParams(connection, sql, 0, nil, nil, nil, nil, 1))
            steps.append(.discard)
        }
        sync()
    }

    /// - Parameter first: the index of the first query in its round trip.
    mutating func send(_ queries: [Query], from first: Int = 0, prepared: inout PreparedStatements) {
        steps.reserveCapacity(queries.count * 2 + 1)
        for (offset, query) in queries.enumerated() {
            let index = first + offset
            guard keepsStatements else {
                execute(.text(query.statement.sql), query.parameters)
                steps.append(.execute(index))
                continue
            }
            let entry: PreparedStatements.Entry
            if let known = prepared.find(query.statement)
                ?? earlier(query.statement, in: queries, from: first)
            {
                entry = known
            } else {
                entry = prepared.make(query.statement, types: query.parameters.types)
                prepare(entry)
                preparing[index] = entry
                steps.append(.prepare(index))
            }
            execute(.prepared(entry.serverName), query.parameters)
            steps.append(.execute(index))
        }
        sync()
    }

    /// A statement that an earlier query of the same round trip prepares.
    private func earlier(
        _ statement: Statement, in queries: [Query], from first: Int
    ) -> PreparedStatements.Entry? {
        guard !preparing.isEmpty else { return nil }
        return preparing.first { queries[$0.key - first].statement == statement }?.value
    }

    private mutating func prepare(_ entry: PreparedStatements.Entry) {
        let types: [Oid] = entry.types
        check(PQsendPrepare(connection, entry.serverName, entry.sql, Int32(types.count), types))
    }

    /// What is executed.
    private enum Target {
        case prepared(String)
        case text(String)
    }

    private mutating func execute(_ target: Target, _ parameters: Parameters) {
        let count = Int32(parameters.count)
        let formats = [Int32](repeating: 1, count: parameters.count)
        check(
            parameters.withPointers { values in
                switch target {
                case .prepared(let name):
                    PQsendQueryPrepared(connection, name, count, values, parameters.lengths, formats, 1)
                case .text(let sql):
                    PQsendQueryParams(
                        connection, sql, count, parameters.types, values, parameters.lengths, formats, 1)
                }
            })
    }

    private mutating func sync() {
        check(PQpipelineSync(connection))
        steps.append(.sync)
    }

    private mutating func check(_ status: Int32) {
        if status != 1 { hasFailed = true }
    }
}
