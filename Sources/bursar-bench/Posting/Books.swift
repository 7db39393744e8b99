import Postgres

/// The books of one side as somebody else sees them, by plain SQL: what a run says that it posted must be there, and
/// no money may have come or gone.
struct Books: Sendable, Equatable {
    let transactions: Int64
    let entries: Int64
    /// Minor units, of all accounts together.
    let debits: Int64
    let credits: Int64

    static func read(_ contender: Contender, in arena: Arena) async throws -> Books {
        let (schema, entries) =
            contender.isBursar
            ? ("bursar", "bursar.account_records WHERE kind = 'entry'") : ("peer", "peer.entries")
        let statement = Statement(
            name: "books_\(schema)",
            sql: """
                SELECT (SELECT count(*) FROM \(schema).journal), (SELECT count(*) FROM \(entries)),
                    (SELECT sum(debits)::bigint FROM \(schema).accounts),
                    (SELECT sum(credits)::bigint FROM \(schema).accounts)
                """)
        return try await arena.server.with(arena.database) { connection in
            guard let row = try await connection.query(statement).first else { throw Problem("no books") }
            return Books(
                transactions: try row.decode(0), entries: try row.decode(1), debits: try row.decode(2),
                credits: try row.decode(3))
        }
    }

    /// - Parameter posted: what a run between the two says of itself.
    /// - Returns: what is wrong; nil when the books agree.
    func problem(since before: Books, posted: Int) -> String? {
        if transactions - before.transactions != posted {
            return
                "\(posted) are said to be posted, and \(transactions - before.transactions) are on the books"
        }
        if entries - before.entries != 2 * posted { return "a transaction has not two entries" }
        if debits != credits { return "debits are \(debits), credits \(credits)" }
        return nil
    }
}
