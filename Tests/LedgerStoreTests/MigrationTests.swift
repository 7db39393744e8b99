import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite struct MigrationTests {
    @Test func eachStepIsAppliedOnceWhenManyProgramsStartTogether() async throws {
        let database = try await TestDatabase.make()
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let store = try await LedgerStore.open(database.settings(), writers: 1, readers: 1)
                    let applied = try await store.migrate()
                    try await store.requireSchema()
                    await store.close()
                    return applied
                }
            }
            return try await group.reduce([], +)
        }
        #expect(applied.sorted() == [1, 2, 3, 4, 5, 6])
    }

    @Test func aDatabaseWithoutTheSchemaIsToldFromAnEmptyLedger() async throws {
        let database = try await TestDatabase.make()
        let store = try await LedgerStore.open(database.settings(), writers: 1, readers: 1)
        #expect(try await store.schemaVersion() == nil)
        await #expect(throws: StoreError.schemaMissing) { try await store.requireSchema() }
        try await store.migrate()
        try await store.requireSchema()
        await store.close()
    }

    @Test func aSchemaOfANewerProgramIsLeftAlone() async throws {
        let database = try await TestDatabase.make(template: .ledger)
        try await database.run("INSERT INTO bursar.migrations (number) VALUES (99)")
        let store = try await LedgerStore.open(database.settings(), writers: 1, readers: 1)
        await #expect(throws: StoreError.schemaTooNew(found: 99, wanted: 6)) { try await store.migrate() }
        await #expect(throws: StoreError.schemaTooNew(found: 99, wanted: 6)) {
            try await store.requireSchema()
        }
        await store.close()
    }

    @Test func aLedgerOfTheFirstSchemaIsBroughtUpToDateAndItsListsStand() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "1.00")
        let before = try await listings(ledger)
        try await EarlierSchema.restore(1, in: ledger)
        await #expect(throws: StoreError.schemaOutdated(found: 1, wanted: 6)) {
            try await ledger.store.requireSchema()
        }
        #expect(try await ledger.store.migrate() == [2, 3, 4, 5, 6])
        #expect(try await ledger.store.migrate() == [])
        let page = try await ledger.store.queries.accounts(
            AccountFilter("account"), sort: AccountSort(.name), from: .first, limit: 2)
        #expect(page.listings.map(\.account.code.text) == ["a", "b"])
        #expect(try await listings(ledger) == before)
    }

    /// The server works the magnitudes of the rows that are there out by itself, and must come to what posting writes.
    @Test func anUpgradeGivesAccountsTheMagnitudesThatPostingGivesThem() async throws {
        let ledger = try await TestLedger.make()
        let amounts: [(currency: String, amount: String)] = [
            ("EUR", "0.01"), ("EUR", "99.99"), ("EUR", "999.99"), ("EUR", "1000.00"), ("EUR", "1299.99"),
            ("EUR", "92233720368547758.07"), ("JPY", "9"), ("JPY", "8199"), ("JPY", "8200"),
            ("JPY", "8199999999999"),
            ("KWD", "99.999"), ("KWD", "219.999"), ("KWD", "1120.000"), ("UYW", "150.0000"),
            ("UYW", "7499.9999"),
            ("USD", "0.00"),
        ]
        for (number, (currency, amount)) in amounts.enumerated() {
            let pair = ["c\(number)", "d\(number)"]
            var operations = try pair.map { code in
                try ledger.operation(
                    .accountChange(
                        account: AccountCode(code),
                        change: .open(
                            name: code, currency: Currency(currency), accountClass: .asset,
                            minimum: .unlimited),
                        reason: ""))
            }
            if amount != "0.00" {
                operations.append(try ledger.operation(ledger.transfer(pair[0], pair[1], amount)))
            }
            for outcome in await ledger.service.perform(operations) {
                #expect(outcome.receipt != nil, "\(outcome)")
            }
        }
        let before = try await listings(ledger)
        #expect(Set(before.map(\.magnitude)).count > 20)
        try await EarlierSchema.restore(4, in: ledger)
        #expect(try await ledger.store.migrate() == [5, 6])
        #expect(try await listings(ledger) == before)
    }

    /// The policies and the view of a confined role look at columns that get other types.
    @Test func anUpgradeLeavesRolesConfinedAsTheyWere() async throws {
        let ledger = try await AccessLedger.make()
        let supervisor = try await ledger.program(.supervisor)
        try await supervisor.open(["571", "704"], balance: "1.00")
        await supervisor.store.close()
        let role = ledger.role(.operator)
        try await EarlierSchema.restore(5, in: ledger)
        try await ledger.store.confine(
            role, to: Confinement(codes: [Confinement.Pattern("57%")], classes: []))
        let before = try await ledger.store.roles()
        #expect(before.contains { $0.name == role && $0.confinement != nil })
        #expect(try await ledger.store.migrate() == [6])
        #expect(try await ledger.store.roles() == before)
        #expect(
            try await ledger.count("SELECT count(*) FROM bursar.accounts WHERE code = '704'", role: role) == 0
        )
        #expect(
            try await ledger.count("SELECT count(*) FROM bursar.accounts WHERE code = '571'", role: role) == 1
        )
    }

    @Test func anUpgradeSaysWhichViewIsInItsWayAndChangesNothing() async throws {
        let ledger = try await TestLedger.make()
        try await EarlierSchema.restore(5, in: ledger)
        try await ledger.tamper("CREATE VIEW bursar.report AS SELECT code, status FROM bursar.accounts")
        let error = await #expect(throws: StoreError.self) { try await ledger.store.migrate() }
        #expect(error?.message.contains("report") == true, "\(String(describing: error))")
        #expect(try await ledger.store.schemaVersion() == 5)
        try await ledger.tamper("DROP VIEW bursar.report")
        #expect(try await ledger.store.migrate() == [6])
    }

    /// A rule that the tables had before holds in the domains, of which an upgrade makes them.
    @Test(arguments: [
        "UPDATE bursar.accounts SET code = ''", "UPDATE bursar.accounts SET currency = 'EURO'",
        "UPDATE bursar.accounts SET class = 'other'", "UPDATE bursar.accounts SET status = 'other'",
        "UPDATE bursar.accounts SET debits = -1", "UPDATE bursar.accounts SET credits = -1",
        "UPDATE bursar.accounts SET held = -1", "UPDATE bursar.accounts SET version = 0, listed_seq = 0",
        "UPDATE bursar.accounts SET listed_seq = 0", "UPDATE bursar.accounts SET head = 'short'",
        "UPDATE bursar.accounts SET minimum = 1000000000000 WHERE code = 'a'",
        "UPDATE bursar.journal SET kind = 'other'", "UPDATE bursar.journal SET reverses = id",
        "UPDATE bursar.account_records SET seq = 0 WHERE seq = 1",
        "UPDATE bursar.account_records SET kind = 'other'",
        "UPDATE bursar.account_records SET side = 'other' WHERE kind = 'entry'",
        "UPDATE bursar.account_records SET side = NULL WHERE kind = 'entry'",
        "UPDATE bursar.account_records SET amount = 0 WHERE kind = 'entry'",
        "UPDATE bursar.account_records SET actor = NULL WHERE kind = 'opened'",
        "UPDATE bursar.account_records SET hash = 'short'",
    ])
    func theDatabaseHoldsItsRules(_ change: String) async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "1.00")
        let error = await #expect(throws: PostgresError.self) { try await ledger.tamper(change) }
        #expect(error?.sqlState == .checkViolation)
    }

    /// It would leave what lists are read by as it was, and the account in a wrong place of them.
    @Test func aProgramOfAnOlderSchemaCannotPostAnyMore() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "1.00")
        await #expect(throws: PostgresError.self) {
            try await ledger.tamper("UPDATE bursar.accounts SET version = version + 1 WHERE code = 'a'")
        }
    }

    @Test func aProgramWhoseLedgerWasUpgradedMeanwhileSaysSo() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a"], balance: "1.00")
        try await ledger.tamper("ALTER TABLE bursar.accounts RENAME COLUMN magnitude TO size")
        let outcome = await ledger.service.perform(try ledger.operation(ledger.deposit("a", "1.00")))
        guard case .failed(let failure) = outcome.result else {
            Issue.record("\(outcome)")
            return
        }
        #expect(
            failure.message.contains("a newer Bursar has upgraded it") && failure.message.contains("nothing"))
        try await ledger.tamper("ALTER TABLE bursar.accounts RENAME COLUMN size TO magnitude")
        #expect(try await ledger.account("a")?.available.description == "1.00")
    }

    private func listings(_ ledger: TestLedger) async throws -> [AccountListing] {
        try await ledger.store.queries.accounts(after: Identifier(high: 0, low: 0), limit: 100)
    }
}
