import Ledger
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
        #expect(applied.sorted() == [1, 2, 3, 4])
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
        await #expect(throws: StoreError.schemaTooNew(found: 99, wanted: 4)) { try await store.migrate() }
        await #expect(throws: StoreError.schemaTooNew(found: 99, wanted: 4)) {
            try await store.requireSchema()
        }
        await store.close()
    }

    @Test func aLedgerOfTheFirstSchemaIsBroughtUpToDateAndItsListsStand() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "1.00")
        try await ledger.tamper(
            """
            DROP INDEX bursar.accounts_name_idx, bursar.accounts_status_code_idx, bursar.accounts_status_name_idx,
                bursar.account_records_changes_idx, bursar.accounts_words_idx;
            ALTER TABLE bursar.journal DROP COLUMN db_user, DROP COLUMN address, DROP COLUMN program;
            ALTER TABLE bursar.account_records DROP COLUMN db_user, DROP COLUMN address, DROP COLUMN program;
            ALTER TABLE bursar.accounts DROP COLUMN booked_at, DROP COLUMN booked_seq;
            DELETE FROM bursar.migrations WHERE number >= 2;
            """)
        await #expect(throws: StoreError.schemaOutdated(found: 1, wanted: 4)) {
            try await ledger.store.requireSchema()
        }
        #expect(try await ledger.store.migrate() == [2, 3, 4])
        #expect(try await ledger.store.migrate() == [])
        let page = try await ledger.store.queries.accounts(
            AccountFilter("account"), sort: AccountSort(.name), from: .first, limit: 2)
        #expect(page.listings.map(\.account.code.text) == ["a", "b"])
        try await expectTimesOfLastRecords(ledger)
    }

    @Test func aProgramOfAnOlderSchemaDoesNotLeaveAWrongTimeOfTheLastRecord() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "1.00")
        try await ledger.tamper(
            "UPDATE bursar.accounts SET booked_at = '2001-01-01', booked_seq = version - 1 WHERE code = 'a'")
        try await expectTimesOfLastRecords(ledger)
        for outcome in await ledger.service.perform([try ledger.operation(ledger.deposit("a", "1.00"))]) {
            #expect(outcome.receipt != nil)
        }
        try await expectTimesOfLastRecords(ledger)
    }

    private func expectTimesOfLastRecords(_ ledger: TestLedger) async throws {
        let queries = ledger.store.queries
        let listings = try await queries.accounts(after: Identifier(high: 0, low: 0), limit: 100)
        #expect(listings.count > 2)
        for listing in listings {
            let last = try await queries.history(of: listing.account.id, newestSeq: .max, limit: 1).first
            #expect(listing.lastBookedAt == last?.record.bookedAt, "\(listing.account.code)")
        }
    }
}
