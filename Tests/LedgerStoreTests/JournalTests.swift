import Ledger
import LedgerStore
import Postgres
import TestSupport
import Testing

/// The journal and the histories of accounts, looked through with filters.
@Suite struct JournalTests {
    @Test func theDatabaseFindsTheTransactionsThatTheFilterMatches() async throws {
        let bank = try await Bank.make()
        let queries = bank.ledger.store.queries
        let all = try await queries.journal(before: nil, from: nil, to: nil, limit: 1000)
        let frozen = Set(bank.accounts.filter { $0.status != .open }.map(\.code))
        let original = try #require(all.last { $0.entries.allSatisfy { !frozen.contains($0.account) } })
        let reversal = await bank.ledger.service.perform(
            try bank.ledger.operation(
                .reversal(of: original.head.reference, amount: nil, reason: "omyl"), reference: "back-1"))
        #expect(reversal.receipt != nil)
        let transactions = try await queries.journal(before: nil, from: nil, to: nil, limit: 1000)
        #expect(transactions.count == all.count + 1)
        let today = transactions[0].head.bookedAt.date
        let tomorrow = CalendarDate(daysSince1970: today.daysSince1970 + 1)
        let account = try #require(original.entries.first?.account)
        for text in [
            "", "zboží", "ZBOŽÍ", "č. 7", "till", "ref:till", "ref:Till", "ref:cash-1", "ref:cash-12",
            "ref:%",
            "kind:deposit", "kind:reversal", "by:test", "by:TEST", "by:tes", "by:t_st", "by:est",
            "by:\"test \"", "kind:wish", "omyl", "amount>100",
            "amount<=7.50", "amount=14", "amount=14.0 kind:deposit", "amount<0", "date:\(today)",
            "from:\(today)", "to:\(today)", "from:\(tomorrow)", "date:2020-01", "account:\(account)",
            "account:nobody", "account:cash-JPY amount>20", "ref:back", "nowhere", "%", "_",
        ] {
            let filter = JournalFilter(text)
            let expected = transactions.filter(filter.matches)
            let page = try await queries.journal(filter, before: nil, limit: 1000)
            #expect(page.transactions == expected, "\(text)")
            #expect(page.isComplete && page.continuesAt == nil, "\(text)")
            try await walk(queries, filter, expected)
            try await walk(bank.queries(lookingAt: 4), filter, expected)
        }
        #expect(transactions.contains(where: JournalFilter("amount=14.0 kind:deposit").matches))
        #expect(try await queries.reversals(of: original.head.id) == [transactions[0].head])
        #expect(try await queries.reversals(of: transactions[0].head.id).isEmpty)
    }

    private func walk(
        _ queries: LedgerQueries, _ filter: JournalFilter, _ expected: [PostedTransaction]
    ) async throws {
        var found: [PostedTransaction] = []
        var place: Identifier?
        while true {
            let page = try await queries.journal(filter, before: place, limit: 3)
            found += page.transactions
            if page.isComplete { break }
            if page.continuesAt == nil { #expect(page.transactions.count == 3) }
            place = try #require(page.continuesAt ?? page.transactions.last?.head.id)
        }
        #expect(found == expected)
    }

    @Test func newerTransactionsAreThoseBehindThePlace() async throws {
        let bank = try await Bank.make()
        let queries = bank.ledger.store.queries
        let all = try await queries.journal(before: nil, from: nil, to: nil, limit: 1000)
        let newer = try await queries.journalNewer(than: all[5].head.id, limit: 100)
        #expect(newer == Array(all.prefix(5)))
        #expect(try await queries.journalNewer(than: all[5].head.id, limit: 2) == Array(all.prefix(2)))
        #expect(try await queries.journalNewer(than: all[0].head.id, limit: 2).isEmpty)
    }

    @Test func theDatabaseFindsTheRecordsThatTheFilterMatches() async throws {
        let (ledger, account) = try await longHistory()
        var queries = ledger.store.queries
        let all = try await queries.history(of: account.id, newestSeq: account.version, limit: 1000)
        #expect(all.count == Int(account.version))
        let today = try #require(all.first).record.bookedAt.date
        let days = ["2024-01", "\(today)", "\(CalendarDate(daysSince1970: today.daysSince1970 + 1))"]
        let ofDays = days.flatMap {
            ["date:\($0)", "from:\($0)", "to:\($0)", "from:\($0) to:\($0) side:debit"]
        }
        for text in [
            "", "side:debit", "side:credit amount>10", "amount<=3", "amount=2.0", "amount<0", "kind:deposit",
            "kind:withdrawal", "kind:opened", "kind:status", "kind:renamed", "kind:minimum", "court", "COURT",
            "nájem", "test", "h-1", "nowhere", "side:debit court", "·", "%",
            "by:test", "by:TE", "by:est", "by:%", "ref:h-1", "ref:H-1", "ref:h-1 side:debit", "ref:%",
            "kind:wish",
        ] + ofDays {
            let filter = HistoryFilter(text)
            let expected = all.filter { filter.matches($0, of: account) }
            queries.bounds.records = 1000
            let page = try await queries.history(
                of: account, filter: filter, newestSeq: account.version, limit: 1000)
            #expect(page == HistoryPage(lines: expected, continuesAt: nil, isComplete: true), "\(text)")
            queries.bounds.records = 5
            var found: [HistoryLine] = []
            var seq = Int64.max
            while true {
                let page = try await queries.history(of: account, filter: filter, newestSeq: seq, limit: 2)
                found += page.lines
                if page.isComplete { break }
                if page.continuesAt == nil { #expect(page.lines.count == 2) }
                seq = try #require(page.continuesAt ?? page.lines.last.map { $0.record.seq - 1 })
            }
            #expect(found == expected, "\(text)")
        }
    }

    /// A day is 36 records here, and one question looks at 50: what is newer than the day is none of them.
    @Test func aDayOfBookingIsFoundInOneQuestion() async throws {
        let (ledger, account) = try await longHistory()
        // Not quite in order, as with servers whose clocks differ.
        try await ledger.tamper(
            """
            UPDATE bursar.account_records SET booked_at = timestamptz '2025-03-01 00:00:00Z'
                + seq * interval '40 minutes' - seq % 3 * interval '50 minutes'
            """)
        var queries = ledger.store.queries
        let all = try await queries.history(of: account.id, newestSeq: account.version, limit: 1000)
        queries.bounds.records = 50
        for day in -1...8 {
            let date = CalendarDate(daysSince1970: 20_148 + Int32(day))
            let filter = HistoryFilter("date:\(date)")
            let page = try await queries.history(of: account, filter: filter, newestSeq: .max, limit: 40)
            #expect(page.lines == all.filter { filter.matches($0, of: account) }, "\(date)")
            #expect(page.isComplete, "\(date)")
        }
        #expect(all.contains { HistoryFilter("date:2025-03-03").matches($0, of: account) })
    }

    @Test func halvingFindsTheRecordThatALinearSearchFinds() async throws {
        let (ledger, account) = try await longHistory()
        let queries = ledger.store.queries
        let all = try await queries.history(of: account.id, newestSeq: account.version, limit: 1000)
        let days = all.map(\.valueDate)
        let first = try #require(days.min()).daysSince1970
        let last = try #require(days.max()).daysSince1970
        for day in (first - 2)...(last + 2) {
            let date = CalendarDate(daysSince1970: day)
            let expected =
                all.first { $0.valueDate == date } ?? all.first { $0.valueDate <= date }
            #expect(
                try await queries.record(of: account.id, onOrBefore: date) == expected?.record.seq, "\(date)")
        }
        #expect(try await queries.record(of: Identifier(high: 1, low: 1), onOrBefore: days[0]) == nil)
    }

    @Test(arguments: [
        // Half of the records on one day, the others an hour apart.
        "CASE WHEN seq <= 100 THEN seq * interval '1 second' ELSE seq * interval '1 hour' END",
        "seq * interval '1 minute'", "power(seq, 6)::float8 * interval '1 microsecond'",
        // A clock that goes back now and then, and one that stands still.
        "seq * interval '1 minute' - (seq % 7) * interval '90 seconds'", "interval '0'",
        "seq * interval '-1 minute'",
    ])
    func samplesLeaveOutNothingThatTheCurveWouldShow(_ time: String) async throws {
        let (ledger, account) = try await longHistory()
        try await ledger.tamper(
            "UPDATE bursar.account_records SET booked_at = '2024-01-01 00:00:00Z'::timestamptz + \(time)")
        let queries = ledger.store.queries
        let all = try await queries.history(of: account.id, newestSeq: account.version, limit: 1000)
        let times = all.map(\.record.bookedAt.microseconds)
        let whole = try #require(times.first) - (try #require(times.last))
        for count in [1, 2, 3, 10, 57, Int(account.version), 1000] {
            let samples = try await queries.balanceSamples(of: account, count: count)
            #expect(samples.first?.seq == 1)
            #expect(samples.last?.seq == account.version)
            #expect(samples.last?.units == account.ledgerUnits)
            for (earlier, later) in zip(samples, samples.dropFirst()) {
                let between = later.bookedAt.microseconds - earlier.bookedAt.microseconds
                // What the share of a microsecond comes to is the database's business.
                let isClose = between <= whole / Int64(max(count, 2)) + 1
                #expect(later.seq == earlier.seq + 1 || later.seq > earlier.seq && isClose)
            }
            if count >= Int(account.version) { #expect(samples.map(\.seq) == Array(1...account.version)) }
            if time == "seq * interval '1 minute'" { #expect(samples.count <= 2 * max(count, 2) + 1) }
            for sample in samples {
                let line = try #require(all.first { $0.record.seq == sample.seq })
                #expect(sample.units == line.record.ledgerUnits(account.accountClass))
                #expect(sample.bookedAt == line.record.bookedAt)
            }
        }
    }

    /// An account with some hundred records whose value dates nearly follow their numbers, begun long ago.
    private func longHistory() async throws -> (TestLedger, Account) {
        let ledger = try await TestLedger.make()
        try await ledger.open(["h"])
        var operations: [Ledger.Operation] = []
        let code = try AccountCode("h")
        for number in 0..<200 {
            let amount = try DecimalAmount("\(1 + number % 17)")
            let day = CalendarDate(daysSince1970: 20_000 + Int32(number / 3) - (number % 13 == 0 ? 2 : 0))
            operations.append(
                try Operation(
                    reference: try Reference("h-\(number)"),
                    action: number % 4 == 3
                        ? .withdrawal(account: code, amount: amount)
                        : .deposit(account: code, amount: amount),
                    actor: "test", narrative: number % 9 == 0 ? "nájem" : "", valueDate: day))
        }
        // Changes count on the day of booking, which comes after all these days.
        for change: Ledger.Operation.AccountChange in [
            .rename("other"), .freeze(.debit), .unfreeze(nil), .setMinimum(.unlimited),
        ] {
            operations.append(
                try ledger.operation(.accountChange(account: code, change: change, reason: "court order")))
        }
        for outcome in await ledger.service.perform(operations) { #expect(outcome.receipt != nil) }
        // The opening was booked today as well; here it is as old as the first transaction.
        try await ledger.tamper(
            "UPDATE bursar.account_records SET booked_at = '2024-01-01 00:00:00Z' WHERE kind = 'opened'")
        return (ledger, try #require(try await ledger.account("h")))
    }
}

@Suite(.serialized) struct OverviewTests {
    @Test func theTrialBalanceByClassAddsUpToTheOneByCurrency() async throws {
        let bank = try await Bank.make()
        let lines = try await bank.ledger.store.queries.trialBalanceByClass()
        for line in lines {
            let accounts = bank.accounts.filter {
                $0.accountClass == line.accountClass && $0.currency == line.currency
            }
            #expect(line.accounts == Int64(accounts.count))
            #expect(line.debits.units == accounts.reduce(0) { $0 + $1.debits })
            #expect(line.credits.units == accounts.reduce(0) { $0 + $1.credits })
        }
        #expect(lines.reduce(0) { $0 + $1.accounts } == Int64(bank.accounts.count))
        let order = lines.map { AccountClass.allCases.firstIndex(of: $0.accountClass) ?? -1 }
        #expect(order == order.sorted())
        for total in try await bank.ledger.store.queries.trialBalance() {
            let own = lines.filter { $0.currency == total.currency }
            #expect(own.reduce(0) { $0 + $1.debits.units } == total.debits.units)
        }
    }

    @Test func aSessionThatWaitsIsShownWithWhoIsInItsWay() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "1.00")
        _ = try await ledger.store.makeRoles()
        #expect(try await ledger.store.queries.blockedSessions().isEmpty)
        let blocker = try await ledger.database.connect()
        try await blocker.run(script: "BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let posting = Task {
            await ledger.service.perform(try ledger.operation(ledger.deposit("a", "1.00")))
        }
        let viewer = try await store(of: ledger, as: "bursar_viewer")
        var seen: [BlockedSession] = []
        let deadline = ContinuousClock.now + .seconds(30)
        while seen.isEmpty, ContinuousClock.now < deadline {
            seen = try await ledger.store.queries.blockedSessions()
        }
        let session = try #require(seen.first)
        let inTheWay = try #require(session.blockers.first)
        #expect(session.blockers.count == 1 && inTheWay.processID == blocker.backendPID)
        #expect(inTheWay.state == "idle in transaction" && !inTheWay.role.isEmpty)
        #expect(inTheWay.statement.contains("SELECT * FROM bursar.accounts FOR UPDATE"))
        #expect(session.statement.contains("UPDATE bursar.accounts"))
        #expect(session.statement.unicodeScalars.count <= BlockedSession.statementLimit)
        #expect(session.state == "active")
        // Whoever may not see what others do still learns who waits for whom.
        let known = try #require(try await viewer.queries.blockedSessions().first)
        #expect(known.processID == session.processID)
        #expect(known.blockers.map(\.processID) == session.blockers.map(\.processID))
        #expect(known.statement.isEmpty && known.blockers.allSatisfy(\.statement.isEmpty))
        try await blocker.run(script: "ROLLBACK")
        await blocker.close()
        _ = try await posting.value
        await viewer.close()
    }

    @Test func aViewerMayAskEverything() async throws {
        let bank = try await Bank.make()
        _ = try await bank.ledger.store.makeRoles()
        let viewer = try await store(of: bank.ledger, as: "bursar_viewer")
        let queries = viewer.queries
        let account = bank.accounts[3]
        for sort in AccountListTests.rankings {
            #expect(try await !queries.ranking(AccountFilter("ko"), sort, limit: 5).listings.isEmpty)
        }
        for order in [AccountOrder.code, .name] {
            for start in [
                LedgerQueries.Start.first, .last, .after(AccountKey(account)), .before(AccountKey(account)),
            ] {
                _ = try await queries.accounts(
                    AccountFilter("müller"), sort: AccountSort(order), from: start, limit: 5)
            }
        }
        #expect(try await queries.countAccounts(AccountFilter("müller")).count > 0)
        #expect(
            try await queries.journal(JournalFilter("ref:till"), before: nil, limit: 5).transactions.count
                == 5)
        let page = try await queries.history(of: account, filter: HistoryFilter(), newestSeq: .max, limit: 5)
        #expect(!page.lines.isEmpty)
        #expect(try await queries.record(of: account.id, onOrBefore: CalendarDate.bounds.upperBound) != nil)
        #expect(!(try await queries.balanceSamples(of: account, count: 5).isEmpty))
        #expect(!(try await queries.trialBalanceByClass().isEmpty))
        #expect(try await queries.blockedSessions().isEmpty)
        await viewer.close()
    }

    @Test func theTextOfAStatementIsFoundByTheNameThatAFailureCarries() {
        #expect(LedgerStore.statementText(named: "post_entries")?.contains("UPDATE bursar.accounts") == true)
        for name in ["select_accounts", "begin_write", "lock_accounts", "commit"] {
            #expect(LedgerStore.statementText(named: name) != nil, "\(name)")
        }
        #expect(LedgerStore.statementText(named: "nothing") == nil)
    }

    private func store(of ledger: TestLedger, as role: String) async throws -> LedgerStore {
        try await LedgerStore.open(
            ConnectionSettings(
                ledger.database.connectionString, overrides: ["options": "-c role=\(role)"]),
            writers: 1, readers: 2)
    }
}
