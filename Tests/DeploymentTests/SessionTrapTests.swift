import Ledger
import LedgerService
import Postgres
import TestSupport
import Testing

@testable import LedgerStore

/// Settings of a server, a database or a role that programs trip over.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SessionTrapTests {
    /// What a session of this database begins with.
    private func ledger(_ settings: [String], deadline: Duration = .seconds(60)) async throws -> (
        TestLedger, PrivateServer, database: String
    ) {
        let server = try await PrivateServer.shared
        let database = try await server.makeDatabase()
        for setting in settings { try await server.run("ALTER DATABASE \(database) SET \(setting)") }
        let ledger = try await TestLedger.on(
            server.connectionString(database: database), deadline: deadline)
        return (ledger, server, database)
    }

    @Test(arguments: ["read committed", "read uncommitted", "repeatable read"])
    func postsSerializablyWhateverTheDefaultIs(level: String) async throws {
        let (ledger, server, database) = try await ledger([
            "default_transaction_isolation = '\(level)'", "default_transaction_deferrable = on",
        ])
        try await ledger.open(["a", "b"], balance: "10.00")
        try await recordIsolation(server, database)
        let outcome = await ledger.service.perform(
            try ledger.operation(ledger.transfer("a", "b", "1.00")))
        #expect(outcome.word == "posted")
        try await ledger.open(["c"])
        let frozen = await ledger.service.perform(
            try ledger.operation(
                .accountChange(account: AccountCode("c"), change: .freeze(nil), reason: "test")))
        #expect(frozen.word == "posted")
        #expect(try await isolations(server, database) == ["serializable"])
        await ledger.store.close()
    }

    /// As a pooler would that is not noticed: the session is not any more what it was set to.
    @Test func nothingIsWrittenByATransactionThatIsNotSerializable() async throws {
        let (ledger, server, database) = try await ledger([])
        try await ledger.open(["a", "b"], balance: "10.00")
        await ledger.store.close()
        let store = try await LedgerStore.open(
            ConnectionSettings(server.connectionString(database: database)), writers: 1)
        try await store.writers.withConnection { connection async throws(PostgresError) in
            try await connection.run(script: "SET default_transaction_isolation = 'repeatable read'")
        }
        let service = LedgerService(store: store, log: TestLedger.quietLog)
        for operation in [
            try ledger.operation(ledger.transfer("a", "b", "1.00")),
            try ledger.operation(
                .accountChange(account: AccountCode("a"), change: .freeze(nil), reason: "test")),
            try ledger.operation(
                .accountChange(
                    account: AccountCode("c"),
                    change: .open(
                        name: "C", currency: Currency("CZK"), accountClass: .liability, minimum: .zero),
                    reason: "")),
        ] {
            let outcome = await service.perform(operation)
            guard case .failed(let failure) = outcome.result else {
                Issue.record("\(operation.kindName) ended as \(outcome.word)")
                continue
            }
            #expect(failure.message.contains("not serializable"))
            #expect(failure.message.hasSuffix("nothing was written"))
            #expect(try await store.queries.settled(references: [operation.reference]).isEmpty)
        }
        await store.close()
    }

    /// Each with a name that needs more than ASCII, an amount, a time and a search for what has a meaning in patterns.
    @Test(arguments: [
        ["timezone = 'Pacific/Chatham'", "datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'"],
        ["bytea_output = 'escape'", "extra_float_digits = -15", "standard_conforming_strings = off"],
        ["search_path = 'elsewhere'"], ["search_path = ''"],
        ["lc_messages = 'C'", "client_encoding = 'LATIN1'"],
        ["row_security = off"],
        ["transform_null_equals = on", "array_nulls = off", "xmloption = 'document'"],
        ["plan_cache_mode = 'force_generic_plan'", "jit = on", "jit_above_cost = 0"],
        ["enable_indexscan = off", "enable_bitmapscan = off"],
    ])
    func worksWithSessionsThatAreSetOtherwise(settings: [String]) async throws {
        let noon = try #require(CalendarDate("2026-03-31"))
        var environment = ServiceEnvironment.live
        let moment = Timestamp(microseconds: Int64(noon.daysSince1970) * 86_400_000_000 + 86_399_999_999)
        environment.now = { moment }
        let server = try await PrivateServer.shared
        let database = try await server.makeDatabase()
        for setting in settings { try await server.run("ALTER DATABASE \(database) SET \(setting)") }
        let ledger = try await TestLedger.on(
            server.connectionString(database: database), environment: environment)
        try await ledger.open(["a"], balance: "10.00")
        let operation = try ledger.operation(
            ledger.deposit("a", "1.25"), narrative: "100 % of O'Brien\\s ₿ 日本_x")
        #expect(await ledger.service.perform(operation).word == "posted")
        let queries = ledger.store.queries
        let found = try await queries.transactions(references: [operation.reference])
        #expect(found.first?.head.narrative == "100 % of O'Brien\\s ₿ 日本_x")
        #expect(found.first?.head.bookedAt == moment)
        #expect(found.first?.head.valueDate == noon)
        for (word, count) in [
            ("BRIEN\\S", 1), ("日本_x", 1), ("₿", 1), ("100 %", 1), ("日本-x", 0), ("brien\\\\", 0),
        ] {
            let page = try await queries.journal(JournalFilter(word), before: nil, limit: 10)
            #expect(page.transactions.count == count, "\(word)")
        }
        let day = JournalFilter("from:2026-03-31 to:2026-03-31")
        #expect(try await queries.journal(day, before: nil, limit: 10).transactions.count == 2)
        let next = JournalFilter("from:2026-04-01")
        #expect(try await queries.journal(next, before: nil, limit: 10).transactions.isEmpty)
        #expect(try await ledger.account("a")?.available.description == "11.25")
        #expect(try await ledger.problems().isEmpty)
        await ledger.store.close()
    }

    @Test(arguments: ["lock_timeout = '1ms'", "statement_timeout = '20ms'"])
    func limitsOfTheRoleAreToldAndBreakNothingSilently(setting: String) async throws {
        let (ledger, server, database) = try await ledger([setting], deadline: .seconds(2))
        try await ledger.open(["a"], balance: "10.00")
        let name = String(setting.prefix { $0 != " " })
        let facts = try await ledger.store.serverFacts { 0 }
        #expect(facts.warnings.contains { $0.hasPrefix("\(name) is ") })
        let blocker = try await server.connect(database: database)
        try await blocker.run(
            script: "SET statement_timeout = 0; BEGIN; SELECT * FROM bursar.accounts FOR UPDATE")
        let operation = try ledger.operation(ledger.deposit("a", "1.00"))
        #expect(await ledger.service.perform(operation).word == "gave up")
        #expect(try await ledger.isOnTheBooks(operation.reference) == false)
        try await blocker.run(script: "ROLLBACK")
        #expect(await ledger.service.perform(operation).word == "posted")
        await blocker.close()
        await ledger.store.close()
    }

    @Test func aCheckThatIsCutOffSaysSo() async throws {
        let (ledger, _, _) = try await ledger(["idle_in_transaction_session_timeout = '20ms'"])
        try await ledger.open(["a"], balance: "10.00")
        #expect(try await ledger.problems().isEmpty)
        let error = await #expect(throws: PostgresError.self) {
            try await ledger.store.withSnapshot { queries in
                try await Task.sleep(for: .milliseconds(200))
                _ = try await queries.trialBalance()
            }
        }
        #expect(error?.kind == .connectionLost)
        #expect(
            await ledger.service.perform(try ledger.operation(ledger.deposit("a", "1.00"))).word == "posted")
        await ledger.store.close()
    }

    @Test(arguments: [("LATIN1", "LATIN1"), ("SQL_ASCII", "SQL_ASCII")])
    func refusesADatabaseThatIsNotInUTF8(encoding: String, named: String) async throws {
        let server = try await PrivateServer.shared
        let database = try await server.makeDatabase(
            "TEMPLATE template0 ENCODING '\(encoding)' LOCALE 'C'")
        let error = await #expect(throws: StoreError.self) {
            _ = try await LedgerStore.open(
                ConnectionSettings(server.connectionString(database: database)), writers: 1)
        }
        #expect(error == .encoding(named))
    }

    /// Where letters are not in the order of their bytes, lists must not skip or repeat an account.
    @Test(arguments: ["cs-CZ", "sv-SE", "en-u-kn-true"])
    func pagesThroughAllAccountsOnceInTheOrderOfALanguage(locale: String) async throws {
        let server = try await PrivateServer.shared
        let database = try await server.makeDatabase(
            "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE '\(locale)' LOCALE 'C'")
        let ledger = try await TestLedger.on(server.connectionString(database: database))
        let codes = [
            "a", "A", "á", "b", "B", "c", "č", "ch", "h", "i", "z", "å", "ö", "x-2", "x-10", "1", "02",
        ]
        try await ledger.open(codes)
        for sort in [AccountSort(.code), AccountSort(.name), AccountSort(.code, isDescending: true)] {
            var seen: [String] = []
            var start = LedgerQueries.Start.first
            while true {
                let page = try await ledger.store.queries.accounts(
                    AccountFilter(""), sort: sort, from: start, limit: 4)
                seen += page.listings.map(\.account.code.text)
                guard let last = page.listings.last, !page.isComplete, seen.count < 100 else { break }
                start = .after(AccountKey(last.account))
            }
            #expect(seen.count == Set(seen).count)
            #expect(Set(seen).isSuperset(of: codes))
        }
        #expect(try await ledger.problems().isEmpty)
        await ledger.store.close()
    }
}
