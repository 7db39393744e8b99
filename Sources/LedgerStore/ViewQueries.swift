import Ledger
import Postgres

extension LedgerStore {
    /// What these operations need to be decided: their accounts and the transactions that they reverse as of one
    /// moment, and which of their references are on the books then or a moment later.
    ///
    /// One round trip of a serializable transaction when no reference is known and nothing is reversed, which
    /// is nearly always. What is read besides, never changes once it is written.
    ///
    /// - Parameter isFinal: whether a refusal may be decided from it. Otherwise it is a look that no writer gets into
    ///   conflict with, good enough for what is written only where the accounts are still the same.
    public func view(
        of operations: [Operation], isFinal: Bool = true, timeout: Duration? = nil
    ) async throws(PostgresError) -> LedgerView {
        let queries = queries(within: timeout)
        var originals: [Reference: PostedTransaction] = [:]
        let reversed = Set(operations.compactMap(\.reversedReference))
        if !reversed.isEmpty {
            for transaction in try await queries.transactions(references: Array(reversed)) {
                originals[transaction.head.reference] = transaction
            }
        }
        let snapshot = try await readSnapshot(
            of: operations, originals: originals, isFinal: isFinal, timeout: timeout)
        for (reference, original) in originals {
            originals[reference]?.reversedUnits = snapshot.reversedUnits[original.head.id] ?? 0
        }
        var view = LedgerView(accounts: snapshot.accounts, originals: originals)
        view.origin = origin.current
        if !snapshot.settled.isEmpty {
            view.settled = try await queries.settled(references: snapshot.settled)
        }
        return view
    }

    private struct Snapshot: Sendable {
        var accounts: [AccountCode: Account] = [:]
        var settled: [Reference] = []
        var reversedUnits: [Identifier: Int64] = [:]
    }

    private func readSnapshot(
        of operations: [Operation], originals: [Reference: PostedTransaction], isFinal: Bool,
        timeout: Duration?
    ) async throws(PostgresError) -> Snapshot {
        var codes = Set(operations.flatMap(\.namedAccounts))
        codes.formUnion(originals.values.flatMap { $0.entries.map(\.account) })
        let houses = Set(operations.compactMap(\.impliedHouseAccount))
        let references = operations.map(\.reference.text)
        let reads = [
            Query(
                Self.selectAccounts,
                [.array(codes.map(\.text).sorted()), .array(houses.map(\.prefix).sorted())]),
            Query(Self.selectReversedUnits, [.array(originals.values.map(\.head.id))]),
            Query(Self.endRead),
            Query(Self.beginLookUp),
            Query(Self.selectKnownReferences, [.array(references)]),
            Query(Self.endRead),
        ]
        let results = try await writers.withConnection(timeout: timeout) {
            connection async throws(PostgresError) -> [Rows] in
            do throws(PostgresError) {
                let setup = connection.keepsStatements ? [] : [Query(SessionSetup.prepareTransaction)]
                let begin = [Query(isFinal ? Self.beginRead : Self.beginLookUp)] + setup
                let results = try await connection.pipeline(begin + reads, timeout: timeout)
                return Array(results.dropFirst(begin.count))
            } catch {
                // The transaction was begun by statement, so an error leaves it open.
                if await connection.isUsable {
                    try await connection.run(script: "ROLLBACK", timeout: timeout)
                }
                throw error
            }
        }
        var snapshot = Snapshot()
        for row in results[0] {
            let account = try row.account()
            snapshot.accounts[account.code] = account
        }
        for row in results[1] { snapshot.reversedUnits[try row.decode(0)] = try row.decode(1) }
        for row in results[4] { snapshot.settled.append(Reference(stored: try row.decode(0))) }
        return snapshot
    }

    /// Serializable, so that a refusal decided from it is final; read only, which spares most of what the
    /// server must remember for it. It must not wait for a moment that suits the server, as a role may be set to.
    static let beginRead = Statement(
        name: "begin_read", sql: "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY NOT DEFERRABLE")
    /// References are looked up right after, and not serializably: new ones all go to one page of their index, on
    /// which a serializable look-up would have a predicate lock that every writer runs into. Nothing is lost by
    /// it: what is unknown now was unknown when the accounts were read, and what comes on the books later meets
    /// the unique index.
    static let beginLookUp = Statement(
        name: "begin_look_up", sql: "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
    static let endRead = Statement(name: "end_read", sql: "COMMIT")

    /// The accounts with these codes, and the house accounts with these prefixes in their currencies. The
    /// LIMIT keeps the planner from turning the look-ups into a scan that would lock the whole index.
    static let selectAccounts = Statement(
        name: "select_accounts",
        sql: """
            WITH named AS (
                SELECT \(accountColumns) FROM bursar.accounts AS a WHERE a.code = ANY ($1::text[])
            ), house AS (
                SELECT DISTINCT p.prefix || n.currency AS code
                FROM named AS n CROSS JOIN unnest($2::text[]) AS p (prefix)
            )
            SELECT * FROM named
            UNION ALL
            SELECT l.* FROM house AS h
            CROSS JOIN LATERAL (
                SELECT \(accountColumns) FROM bursar.accounts AS a WHERE a.code = h.code LIMIT 1
            ) AS l
            """)

    static let selectKnownReferences = Statement(
        name: "select_known_references",
        sql: """
            SELECT reference FROM bursar.journal WHERE reference = ANY ($1::text[])
            UNION ALL
            SELECT reference FROM bursar.account_records
            WHERE reference IS NOT NULL AND reference = ANY ($1::text[])
            """)

    static let selectReversedUnits = Statement(
        name: "select_reversed_units",
        sql: """
            SELECT j.reverses, sum(l.units)::bigint
            FROM bursar.journal AS j
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(r.amount), 0)::bigint AS units FROM bursar.account_records AS r
                WHERE r.transaction_id = j.id AND r.side = 'debit'
            ) AS l
            WHERE j.reverses IS NOT NULL AND j.reverses = ANY ($1::uuid[])
            GROUP BY j.reverses
            """)
}

let accountColumns = """
    a.id, a.code, a.name, a.currency, a.class, a.status, a.minimum, a.debits, a.credits, a.held, a.version, a.head
    """

/// ``accountColumns`` and what lists have besides.
let listingColumns = "\(accountColumns), a.booked_at, a.magnitude::bigint"

extension Row {
    /// Decodes ``accountColumns`` from column `first` on.
    func account(from first: Int = 0) throws(PostgresError) -> Account {
        Account(
            id: try decode(first), code: AccountCode(stored: try decode(first + 1)),
            name: try decode(first + 2), currency: try decodeCurrency(first + 3),
            accountClass: try decodeCase(first + 4), status: try decodeCase(first + 5),
            minimum: try decodeOptional(first + 6), debits: try decode(first + 7),
            credits: try decode(first + 8), held: try decode(first + 9), version: try decode(first + 10),
            head: try decode(first + 11))
    }
}
