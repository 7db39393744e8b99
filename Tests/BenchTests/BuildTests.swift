import Ledger
import LedgerService
import LedgerStore
import TestSupport
import Testing

@testable import bursar_bench

/// What is built by sets must stand the same checks as what was posted.
@Suite struct BuildTests {
    @Test func aBuiltLedgerHasTheSizeAskedForAndIsSound() async throws {
        let database = try await TestDatabase.make(template: .ledger)
        let connection = try await database.connect()
        let builder = LedgerBuilder(
            connection: connection, size: .init(accounts: 2000, records: 20_000, busyRecords: 3000),
            end: Timestamp(microseconds: 1_790_000_000_000_000)
        ) { _ in }
        try await builder.build()
        await connection.close()
        let store = try await LedgerStore.open(database.settings(), writers: 1)
        let report = try await Verifier(store: store).run()
        #expect(report.problems.isEmpty, "\(report.problems.first?.message ?? "")")
        let busy = try await store.queries.accounts(codes: [AccountCode(LedgerBuilder.busyCode)]).first
        #expect(busy?.account.version == 3000)
        let accounts = try await store.queries.accounts(after: Identifier(high: 0, low: 0), limit: 10_000)
            .map(\.account)
        #expect(accounts.count == 2000)
        let records = accounts.reduce(0) { $0 + $1.version }
        // A round pairs accounts, so that a record may be left over.
        #expect((19_998...20_000).contains(records), "\(records)")
        await store.close()
    }
}
