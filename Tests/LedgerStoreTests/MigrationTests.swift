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
        #expect(applied == [1])
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
        await #expect(throws: StoreError.schemaTooNew(found: 99, wanted: 1)) { try await store.migrate() }
        await #expect(throws: StoreError.schemaTooNew(found: 99, wanted: 1)) {
            try await store.requireSchema()
        }
        await store.close()
    }
}
