import Ledger
import Postgres

/// Questions about the history of one account, each at the same cost for a long history and a short one.
extension LedgerQueries {
    /// The records that a filter holds for, newest first, from number `newestSeq` down. A bounded number of
    /// records is looked at: see ``HistoryPage/continuesAt``.
    public func history(
        of account: Account, filter: HistoryFilter, newestSeq: Int64, limit: Int
    ) async throws(PostgresError) -> HistoryPage {
        if filter.problem != nil { return HistoryPage(lines: [], continuesAt: nil, isComplete: true) }
        let limit = Self.clamped(limit)
        let bound = max(bounds.records, limit + 1)
        let place = try await place(of: filter.days, in: account.id, newestSeq: newestSeq)
        let range = AmountCondition.range(filter.amounts, digits: account.currency.digits)
        let amounts: [Parameter] =
            filter.amounts.isEmpty
            ? [.optional(Int64?.none), .optional(Int64?.none)]
            : [.value(range?.lowerBound ?? 1), .value(range?.upperBound ?? 0)]
        let rows = try await execute(
            Self.selectFilteredHistory,
            place + [
                .value(Int64(bound)), .value(Int64(limit) + 1),
                .array(filter.words.map(FilterSQL.pattern)), .optional(filter.kind),
                .optional(filter.side?.rawValue),
            ] + amounts + [
                .optional(filter.actorPrefix.map(FilterSQL.beginning)), .optional(filter.referencePrefix),
                .optional(filter.days.from), .optional(filter.days.to),
            ])
        let lines = try rows.map { row throws(PostgresError) in try row.historyLine() }
        if lines.count > limit {
            return HistoryPage(lines: Array(lines.prefix(limit)), continuesAt: nil, isComplete: false)
        }
        let next = try await execute(Self.selectHistoryStop, place + [.value(Int64(bound))])
        let continuesAt = try next.first?.decode(0, as: Int64.self)
        return HistoryPage(
            lines: lines, continuesAt: lines.count == limit ? nil : continuesAt,
            isComplete: continuesAt == nil)
    }

    /// The account, and the newest and the oldest number that a record of these days may have.
    ///
    /// A later number is booked later but for what the clocks of servers differ by, so both are found by halving.
    private func place(
        of days: BookingDays, in account: Identifier, newestSeq: Int64
    ) async throws(PostgresError) -> [Parameter] {
        func last(before time: Timestamp) async throws(PostgresError) -> Int64 {
            try await execute(Self.selectRecordByTime, [.value(account), .value(time)])
                .first?.decode(0, as: Int64.self) ?? 0
        }
        var (newest, oldest) = (newestSeq, Int64(1))
        if let from = days.searchSpan.from { oldest = try await last(before: from) + 1 }
        if let to = days.searchSpan.to { newest = min(newest, try await last(before: to)) }
        return [.value(account), .value(newest), .value(oldest)]
    }

    /// The number of the account's newest record of that value date, or of its newest one before where there is none of
    /// the day; nil when there is none either.
    ///
    /// Value dates nearly follow the numbers, so the place is found by halving. A record whose value date is out
    /// of that order is found too when it lies within a hundred records of the place, or two hundred before it.
    public func record(
        of account: Identifier, onOrBefore day: CalendarDate
    ) async throws(PostgresError) -> Int64? {
        try await execute(Self.selectRecordByDay, [.value(account), .value(day)])
            .first?.decodeOptional(0, as: Int64.self)
    }

    /// The account's ledger balance after records that are spread over the time of booking, from the first to the newest,
    /// both included; oldest first. Between two neighbours there is either no record or at most a `count`th of that time,
    /// so that the last sample before a moment is exact where little was booked, and no older than that where much was.
    ///
    /// Mostly between half of `count` and twice as many; where bookings come in bursts, more. A history of no more
    /// records than `count` has a sample for each.
    public func balanceSamples(of account: Account, count: Int) async throws(PostgresError) -> [BalanceSample]
    {
        let count = min(max(count, 2), Self.maximumPage)
        let rows = try await execute(
            Self.selectSamples, [.value(account.id), .value(account.version), .value(Int64(count))])
        var samples: [BalanceSample] = []
        for row in rows {
            let debits = try row.decode(2, as: Int64.self)
            let credits = try row.decode(3, as: Int64.self)
            samples.append(
                BalanceSample(
                    seq: try row.decode(0), bookedAt: try row.decode(1),
                    units: account.accountClass.normalBalance(debits: debits, credits: credits)))
        }
        return samples
    }

    private static let recordsWithJournal =
        "bursar.account_records AS r LEFT JOIN bursar.journal AS j ON j.id = r.transaction_id"

    private static let day = "coalesce(j.value_date, (r.booked_at AT TIME ZONE 'UTC')::date)"

    static let selectFilteredHistory = Statement(
        name: "list_history",
        sql: """
            SELECT \(recordColumns), \(journalColumns)
            FROM (
                SELECT * FROM bursar.account_records AS r
                WHERE r.account_id = $1::uuid AND r.seq <= $2::bigint AND r.seq >= $3::bigint
                ORDER BY r.seq DESC LIMIT $4::bigint
            ) AS r
            LEFT JOIN bursar.journal AS j ON j.id = r.transaction_id
            WHERE ($8::text IS NULL OR r.side = $8::text)
                AND ($9::bigint IS NULL OR r.amount BETWEEN $9::bigint AND $10::bigint)
                AND ($7::text IS NULL OR coalesce(j.kind, r.kind) = $7::text)
                AND \(FilterSQL.begins("coalesce(j.actor, r.actor)", with: 11))
                AND \(FilterSQL.beginsExactly("coalesce(j.reference, r.reference)", with: 12))
                AND \(FilterSQL.isBooked("r.booked_at", from: 13))
                AND (
                    CASE WHEN j.id IS NOT NULL THEN \(journalText)
                    ELSE coalesce(r.reference, '') || ' ' || coalesce(r.reason, '') || ' '
                        || coalesce(r.actor, '') END
                ) ILIKE ALL ($6::text[])
            ORDER BY r.seq DESC LIMIT $5::bigint
            """)

    /// The record after those that were looked at just before, at most as many as the bound.
    static let selectHistoryStop = Statement(
        name: "end_of_history",
        sql: """
            SELECT r.seq FROM bursar.account_records AS r
            WHERE r.account_id = $1::uuid AND r.seq <= $2::bigint AND r.seq >= $3::bigint
            ORDER BY r.seq DESC OFFSET $4::bigint LIMIT 1
            """)

    /// The span between a record that is early enough, or none, and one that is not, or none, halved until nothing
    /// lies between: the first is `place`.
    /// - Parameter isEarly: whether a record `r` is early enough, in a query on it.
    private static func halving(_ isEarly: String) -> String {
        """
        WITH RECURSIVE span (low, high) AS (
            SELECT 0::bigint, max(r.seq) + 1 FROM bursar.account_records AS r WHERE r.account_id = $1::uuid
            UNION ALL
            SELECT CASE WHEN s.is_early THEN s.middle ELSE s.low END,
                CASE WHEN s.is_early THEN s.high ELSE s.middle END
            FROM (
                SELECT h.low, h.high, h.middle, coalesce((
                    SELECT \(isEarly) WHERE r.account_id = $1::uuid AND r.seq = h.middle
                ), false) AS is_early
                FROM (
                    SELECT low, high, (low + high) >> 1 AS middle FROM span WHERE high - low > 1 OFFSET 0
                ) AS h
                OFFSET 0
            ) AS s
        ), place AS (
            SELECT low FROM span WHERE high - low = 1
        )
        """
    }

    static let selectRecordByTime = Statement(
        name: "select_record_by_time",
        sql: """
            \(halving("r.booked_at < $2::timestamptz FROM bursar.account_records AS r"))
            SELECT low FROM place
            """)

    static let selectRecordByDay = Statement(
        name: "select_record_by_day",
        sql: """
            \(halving("\(day) <= $2::date FROM \(recordsWithJournal)"))
            SELECT coalesce(
                max(r.seq) FILTER (WHERE \(day) = $2::date), max(r.seq) FILTER (WHERE r.seq >= p.low))
            FROM place AS p
            JOIN bursar.account_records AS r
                ON r.account_id = $1::uuid AND r.seq >= p.low - 200 AND r.seq <= p.low + 100
            LEFT JOIN bursar.journal AS j ON j.id = r.transaction_id
            WHERE \(day) <= $2::date
            """)

    /// Records are numbered as they were booked. So the first ones are evenly spread over the numbers, and where that
    /// leaves too much time between two of them, it is halved by the record whose number lies in the middle, again and
    /// again: a long history takes a few looks more than a short one. Where a clock went back there is no time to halve,
    /// and where two clocks take turns there may be too much of it: the limit, which no history with one clock comes
    /// near, ends that.
    ///
    /// Each record is looked up by itself: from the statistics of a long history the planner would take the one for
    /// thousands.
    static let selectSamples = Statement(
        name: "select_balance_samples",
        sql: """
            WITH RECURSIVE spread (steps) AS (
                SELECT least($2::bigint - 1, $3::bigint / 2)
            ), even AS MATERIALIZED (
                SELECT m.seq, m.booked_at, m.debits, m.credits
                FROM spread AS s
                CROSS JOIN LATERAL generate_series(0, s.steps) AS g (step)
                CROSS JOIN LATERAL (
                    SELECT r.seq, r.booked_at, r.debits, r.credits FROM bursar.account_records AS r
                    WHERE r.account_id = $1::uuid
                        AND r.seq = 1 + ($2::bigint - 1) * g.step / greatest(s.steps, 1) LIMIT 1
                ) AS m
            ), bound AS MATERIALIZED (
                SELECT CASE WHEN $2::bigint > $3::bigint
                    THEN (max(booked_at) - min(booked_at)) / $3::bigint::float8 END AS longest
                FROM even
            ), span (low, low_at, high, high_at, debits, credits) AS (
                SELECT lag(e.seq, 1, e.seq) OVER w, lag(e.booked_at, 1, e.booked_at) OVER w,
                    e.seq, e.booked_at, e.debits, e.credits
                FROM even AS e WINDOW w AS (ORDER BY e.seq)
                UNION ALL
                SELECT h.low, h.low_at, h.high, h.high_at, h.debits, h.credits
                FROM (
                    SELECT s.* FROM span AS s CROSS JOIN bound AS b
                    WHERE s.high - s.low > 1 AND (b.longest IS NULL OR s.high_at - s.low_at > b.longest)
                    OFFSET 0
                ) AS s
                CROSS JOIN LATERAL (
                    SELECT r.seq, r.booked_at, r.debits, r.credits FROM bursar.account_records AS r
                    WHERE r.account_id = $1::uuid AND r.seq = (s.low + s.high) >> 1 LIMIT 1
                ) AS m
                CROSS JOIN LATERAL (
                    VALUES (s.low, s.low_at, m.seq, m.booked_at, m.debits, m.credits),
                        (m.seq, m.booked_at, s.high, s.high_at, s.debits, s.credits)
                ) AS h (low, low_at, high, high_at, debits, credits)
            )
            SELECT DISTINCT high, high_at, debits, credits
            FROM (SELECT * FROM span LIMIT 50 * $3::bigint) AS s
            ORDER BY 1
            """)
}
