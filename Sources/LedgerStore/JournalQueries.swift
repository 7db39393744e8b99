import Ledger
import Postgres

/// The journal, newest first.
extension LedgerQueries {
    /// One page of the transactions that a filter holds for, those before `id` or all.
    ///
    /// Booking days, what references begin with and an account with a short history are found by index; for anything
    /// else a bounded number of transactions is looked at: see ``JournalPage/continuesAt``.
    public func journal(
        _ filter: JournalFilter, before id: Identifier?, limit: Int
    ) async throws(PostgresError) -> JournalPage {
        let limit = Self.clamped(limit)
        let place = [Parameter.optional(id)] + Self.bounds(filter.days)
        let nothing = JournalPage(transactions: [], continuesAt: nil, isComplete: true)
        if filter.problem != nil { return nothing }
        var account: Account?
        if let code = filter.account {
            account = try await accounts(codes: [code]).first?.account
            if account == nil { return nothing }
        }
        let condition = Self.parameters(filter, account?.id)
        if let prefix = filter.referencePrefix, try await search.facts(self).sortsByBytes,
            let page = try await find(
                Self.selectJournalByPrefix, place, condition, limit: limit,
                [.value(prefix), .value(prefix + "\u{10FFFF}")])
        {
            return page
        }
        if let account, account.version <= bounds.found,
            let page = try await find(Self.selectJournalByAccount, place, condition, limit: limit)
        {
            return page
        }
        return try await look(place, condition, limit: limit)
    }

    /// - Returns: nil when more are found by index than a question looks at.
    private func find(
        _ statement: Statement, _ place: [Parameter], _ condition: [Parameter], limit: Int,
        _ keys: [Parameter] = []
    ) async throws(PostgresError) -> JournalPage? {
        let rows = try await execute(
            statement,
            place + [.value(Int64(bounds.found) + 1), .value(Int64(limit) + 1)] + condition + keys)
        guard let found = try rows.first?.decode(0, as: Int64.self), found <= bounds.found else { return nil }
        var heads: [JournalTransaction] = []
        for row in rows where try row.decodeOptional(1, as: Identifier.self) != nil {
            heads.append(try row.journalTransaction(from: 1))
        }
        return JournalPage(
            transactions: try await posted(Array(heads.prefix(limit))), continuesAt: nil,
            isComplete: heads.count <= limit)
    }

    private func look(
        _ place: [Parameter], _ condition: [Parameter], limit: Int
    ) async throws(PostgresError) -> JournalPage {
        let bound = max(bounds.transactions, limit + 1)
        let rows = try await execute(
            Self.selectJournalPage,
            place + [.value(Int64(bound)), .value(Int64(limit) + 1)] + condition)
        let heads = try rows.map { row throws(PostgresError) in try row.journalTransaction(from: 0) }
        let transactions = try await posted(Array(heads.prefix(limit)))
        if heads.count > limit {
            return JournalPage(transactions: transactions, continuesAt: nil, isComplete: false)
        }
        let stop = try await execute(Self.selectJournalStop, place + [.value(Int64(bound) - 1)])
        guard let ended = try stop.first?.decode(0, as: Identifier.self) else {
            return JournalPage(transactions: transactions, continuesAt: nil, isComplete: true)
        }
        // Nothing that was found may be found again, also where a transaction came in between.
        let end = min(ended, heads.last?.id ?? ended)
        return JournalPage(
            transactions: transactions, continuesAt: heads.count == limit ? nil : end, isComplete: false)
    }

    /// The newest of the transactions that came after this one, newest first, at most `limit`.
    ///
    /// Ids are in the order in which operations began. One that had to wait for others may come on the books
    /// after a later one, so a view that follows the journal asks from a place a little before its newest line.
    public func journalNewer(
        than id: Identifier, limit: Int
    ) async throws(PostgresError) -> [PostedTransaction] {
        try await transactions(Self.selectJournalAfter, [.value(id), Self.bounded(limit)])
    }

    /// The transactions that reverse this one, oldest first, at most ``maximumPage``.
    public func reversals(of id: Identifier) async throws(PostgresError) -> [JournalTransaction] {
        try await execute(Self.selectReversals, [.value(id), Self.bounded(Self.maximumPage)])
            .map { row throws(PostgresError) in try row.journalTransaction(from: 0) }
    }

    // MARK: Parameters

    /// The ids between which the transactions of the filter's booking days lie, the second not included.
    private static func bounds(_ days: BookingDays) -> [Parameter] {
        let span = days.searchSpan
        return [
            .optional(span.from.map { firstID(at: $0.microseconds) }),
            .optional(span.to.map { firstID(at: $0.microseconds) }),
        ]
    }

    private static func firstID(at microseconds: Int64) -> Identifier {
        let milliseconds = UInt64(clamping: microseconds / 1000)
        // After the year 10889 the 48 bits of an id are used up.
        return milliseconds > 0xffff_ffff_ffff
            ? Identifier(high: .max, low: .max) : Identifier(high: milliseconds << 16, low: 0)
    }

    private static func parameters(_ filter: JournalFilter, _ account: Identifier?) -> [Parameter] {
        [
            .array(filter.words.map(FilterSQL.pattern)), .optional(filter.kind?.rawValue),
            .optional(filter.actorPrefix.map(FilterSQL.beginning)), .optional(filter.referencePrefix),
            .optional(filter.days.from), .optional(filter.days.to), .optional(account),
        ] + FilterSQL.ranges(filter.amounts)
    }

    // MARK: Statements

    static let journalText = """
        (j.reference || ' ' || j.narrative || ' ' || coalesce(j.reason_code, '') || ' ' || coalesce(j.reason, '') \
        || ' ' || j.actor)
        """

    /// What a row `j` must meet; its nine parameters begin with number `first`.
    private static func condition(from first: Int) -> String {
        """
        \(journalText) ILIKE ALL ($\(first)::text[])
            AND ($\(first + 1)::text IS NULL OR j.kind = $\(first + 1)::text)
            AND \(FilterSQL.begins("j.actor", with: first + 2))
            AND \(FilterSQL.beginsExactly("j.reference", with: first + 3))
            AND \(FilterSQL.isBooked("j.booked_at", from: first + 4))
            AND ($\(first + 6)::uuid IS NULL OR EXISTS (
                SELECT 1 FROM bursar.account_records AS r
                WHERE r.transaction_id = j.id AND r.account_id = $\(first + 6)::uuid OFFSET 0
            ))
            AND (array_length($\(first + 7)::bigint[], 1) IS NULL OR EXISTS (
                SELECT 1 FROM bursar.account_records AS r
                JOIN bursar.accounts AS a ON a.id = r.account_id
                WHERE r.transaction_id = j.id AND r.side = 'debit'
                GROUP BY a.currency
                HAVING \(FilterSQL.inRange("sum(r.amount)", from: first + 7))
            ))
        """
    }

    private static let place = """
        ($1::uuid IS NULL OR j.id < $1::uuid) AND ($2::uuid IS NULL OR j.id >= $2::uuid)
            AND ($3::uuid IS NULL OR j.id < $3::uuid)
        """

    static let selectJournalPage = Statement(
        name: "list_journal",
        sql: """
            SELECT \(journalColumns) FROM (
                SELECT * FROM bursar.journal AS j WHERE \(place) ORDER BY j.id DESC LIMIT $4::bigint
            ) AS j
            WHERE \(condition(from: 6))
            ORDER BY j.id DESC LIMIT $5::bigint
            """)

    /// The transactions skipped here were looked at just before, at most as many as the bound.
    static let selectJournalStop = Statement(
        name: "end_of_journal",
        sql: """
            SELECT j.id FROM bursar.journal AS j WHERE \(place) ORDER BY j.id DESC OFFSET $4::bigint LIMIT 1
            """)

    static let selectJournalByPrefix = Statement(
        name: "find_journal_by_reference",
        sql: found(
            """
            SELECT * FROM bursar.journal AS j
            WHERE j.reference >= $15::text AND j.reference < $16::text LIMIT $4::bigint
            """))

    /// The account is one of the condition's parameters.
    static let selectJournalByAccount = Statement(
        name: "find_journal_by_account",
        sql: found(
            """
            SELECT j.* FROM (
                SELECT DISTINCT r.transaction_id FROM bursar.account_records AS r
                WHERE r.account_id = $12::uuid AND r.transaction_id IS NOT NULL LIMIT $4::bigint
            ) AS r
            CROSS JOIN LATERAL (
                SELECT * FROM bursar.journal AS j WHERE j.id = r.transaction_id LIMIT 1
            ) AS j
            """))

    /// How many a question finds by index, and those of them that are of a page, beside each.
    private static func found(_ rows: String) -> String {
        """
        WITH found AS MATERIALIZED (
        \(rows)
        )
        SELECT n.found, p.* FROM (SELECT count(*) AS found FROM found) AS n
        LEFT JOIN (
            SELECT \(journalColumns) FROM found AS j WHERE \(place) AND \(condition(from: 6))
            ORDER BY j.id DESC LIMIT $5::bigint
        ) AS p ON true
        ORDER BY p.id DESC
        """
    }

    static let selectJournalAfter = Statement(
        name: "list_newer_journal",
        sql: """
            SELECT \(journalColumns) FROM bursar.journal AS j WHERE j.id > $1::uuid
            ORDER BY j.id DESC LIMIT $2::bigint
            """)

    static let selectReversals = Statement(
        name: "select_reversals",
        sql: """
            SELECT \(journalColumns) FROM bursar.journal AS j
            WHERE j.reverses IS NOT NULL AND j.reverses = $1::uuid ORDER BY j.id LIMIT $2::bigint
            """)
}

extension BookingDays {
    /// Between the moments that these days take and the moments that stand for the places of their rows.
    ///
    /// An id is made of the moment when its operation began, which may have been tried for a while, and the clocks of
    /// two servers that book one after the other may differ.
    private static let slack: Int64 = 3_600_000_000

    /// The moments among which rows of these days are looked for, the second not included.
    var searchSpan: (from: Timestamp?, to: Timestamp?) {
        let day: Int64 = 86_400_000_000
        return (
            from.map { Timestamp(microseconds: Int64($0.daysSince1970) * day - Self.slack) },
            to.map { Timestamp(microseconds: (Int64($0.daysSince1970) + 1) * day + Self.slack) }
        )
    }
}
