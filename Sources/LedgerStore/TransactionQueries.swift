import Ledger
import Postgres

/// Transactions and operations by reference. What these answer never changes once it is written, save how much
/// of a transaction has been reversed.
extension LedgerQueries {
    /// The transactions with these references, with their entries; unknown ones are left out.
    public func transactions(references: [Reference]) async throws(PostgresError) -> [PostedTransaction] {
        try await transactions(Self.selectJournalByReference, [.array(references.map(\.text))])
    }

    /// A transaction with these entries, and how much of it is reversed.
    public func transaction(id: Identifier) async throws(PostgresError) -> PostedTransaction? {
        try await transactions(Self.selectJournalByID, [.array([id])]).first
    }

    /// All transactions in the order of booking, newest first.
    /// - Parameters:
    ///   - before: the last one of the page before; nil for the first page.
    ///   - valueDates: bounds for the value date, both included.
    public func journal(
        before id: Identifier?, from: CalendarDate?, to: CalendarDate?, limit: Int
    ) async throws(PostgresError) -> [PostedTransaction] {
        try await transactions(
            Self.selectJournal, [.optional(id), .optional(from), .optional(to), Self.bounded(limit)])
    }

    /// What was posted under these references, as its caller was told.
    public func settled(references: [Reference]) async throws(PostgresError) -> [Reference: SettledOperation]
    {
        var settled: [Reference: SettledOperation] = [:]
        for transaction in try await transactions(references: references) {
            settled[transaction.head.reference] = SettledOperation(
                fingerprint: transaction.head.fingerprint, receipt: transaction.receipt)
        }
        for (change, record, account) in try await changes(references: references) {
            settled[change.reference] = SettledOperation(
                fingerprint: change.fingerprint, receipt: Receipt(change, of: record, account: account))
        }
        return settled
    }

    /// The account changes with these references, each with its account as it stands now.
    public func changes(
        references: [Reference]
    ) async throws(PostgresError) -> [(change: AccountRecord.Change, record: AccountRecord, account: Account)]
    {
        var changes: [(AccountRecord.Change, AccountRecord, Account)] = []
        for row in try await execute(Self.selectChanges, [.array(references.map(\.text))]) {
            let record = try row.historyLine().record
            guard case .change(let change) = record.content else { continue }
            changes.append((change, record, try row.account(from: 35)))
        }
        return changes
    }

    func transactions(
        _ statement: Statement, _ parameters: [Parameter]
    ) async throws(PostgresError) -> [PostedTransaction] {
        var heads: [JournalTransaction] = []
        for row in try await execute(statement, parameters) {
            heads.append(try row.journalTransaction(from: 0))
        }
        return try await posted(heads)
    }

    /// These transactions with their entries, and how much of each is reversed.
    func posted(_ heads: [JournalTransaction]) async throws(PostgresError) -> [PostedTransaction] {
        if heads.isEmpty { return [] }
        let ids = heads.map(\.id)
        var entries: [Identifier: [PostedTransaction.Entry]] = [:]
        for row in try await execute(Self.selectEntries, [.array(ids)]) {
            entries[try row.decode(0), default: []].append(try row.entry())
        }
        var reversed: [Identifier: Int64] = [:]
        for row in try await execute(LedgerStore.selectReversedUnits, [.array(ids)]) {
            reversed[try row.decode(0)] = try row.decode(1)
        }
        return heads.map {
            PostedTransaction(head: $0, entries: entries[$0.id] ?? [], reversedUnits: reversed[$0.id] ?? 0)
        }
    }

    static let journalColumns = """
        j.id, j.reference, j.fingerprint, j.kind, j.narrative, j.reason_code, j.reason, j.actor, j.booked_at, \
        j.value_date, j.reverses, j.db_user, j.address, j.program
        """

    static let selectJournalByReference = Statement(
        name: "select_journal_by_reference",
        sql: "SELECT \(journalColumns) FROM bursar.journal AS j WHERE j.reference = ANY ($1::text[])")

    static let selectJournalByID = Statement(
        name: "select_journal_by_id",
        sql: "SELECT \(journalColumns) FROM bursar.journal AS j WHERE j.id = ANY ($1::uuid[])")

    static let selectJournal = Statement(
        name: "select_journal",
        sql: """
            SELECT \(journalColumns) FROM bursar.journal AS j
            WHERE ($1::uuid IS NULL OR j.id < $1::uuid)
                AND ($2::date IS NULL OR j.value_date >= $2::date)
                AND ($3::date IS NULL OR j.value_date <= $3::date)
            ORDER BY j.id DESC LIMIT $4::bigint
            """)

    /// In the order of a receipt: debits first, then by account and number.
    static let selectEntries = Statement(
        name: "select_entries",
        sql: """
            SELECT r.transaction_id, a.code, a.currency, a.class, r.seq, r.side, r.amount, r.debits, r.credits,
                r.held
            FROM bursar.account_records AS r JOIN bursar.accounts AS a ON a.id = r.account_id
            WHERE r.transaction_id = ANY ($1::uuid[])
            ORDER BY r.side DESC, a.code, r.seq
            """)

    static let selectChanges = Statement(
        name: "select_changes",
        sql: """
            SELECT \(recordColumns), \(journalColumns), \(accountColumns)
            FROM bursar.account_records AS r
            JOIN bursar.accounts AS a ON a.id = r.account_id
            LEFT JOIN bursar.journal AS j ON j.id = r.transaction_id
            WHERE r.reference IS NOT NULL AND r.reference = ANY ($1::text[])
            """)
}

extension Row {
    /// Decodes ``LedgerQueries/journalColumns`` from column `first` on.
    func journalTransaction(from first: Int) throws(PostgresError) -> JournalTransaction {
        JournalTransaction(
            id: try decode(first), reference: Reference(stored: try decode(first + 1)),
            fingerprint: try decode(first + 2), kind: try decodeCase(first + 3),
            narrative: try decode(first + 4), reasonCode: try decodeOptional(first + 5),
            reason: try decodeOptional(first + 6), actor: try decode(first + 7),
            bookedAt: try decode(first + 8), valueDate: try decode(first + 9),
            reverses: try decodeOptional(first + 10), origin: try origin(from: first + 11))
    }

    /// Decodes user, address and program from column `first` on; nil where nobody was written down.
    func origin(from first: Int) throws(PostgresError) -> Origin? {
        guard let user = try decodeOptional(first, as: String.self) else { return nil }
        return Origin(
            storedUser: user, address: try decodeOptional(first + 1) ?? "",
            program: try decodeOptional(first + 2))
    }

    fileprivate func entry() throws(PostgresError) -> PostedTransaction.Entry {
        PostedTransaction.Entry(
            account: AccountCode(stored: try decode(1)), currency: try decodeCurrency(2),
            accountClass: try decodeCase(3), seq: try decode(4), side: try decodeCase(5),
            amount: try decode(6), debits: try decode(7), credits: try decode(8), held: try decode(9))
    }
}
