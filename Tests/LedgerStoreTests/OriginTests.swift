import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// Who wrote a record is written down by the database.
@Suite(.serialized) struct OriginTests {
    @Test func eachTransactionAndChangeSaysWhoWroteItFromWhere() async throws {
        let ledger = try await AccessLedger.make()
        let supervisor = try await ledger.program(.supervisor)
        try await supervisor.open(["a", "b"], balance: "10.00")
        let teller = try await ledger.program(.operator)
        _ = await teller.service.perform(
            try teller.operation(teller.transfer("a", "b", "1.00"), reference: "move"))
        let queries = ledger.store.queries
        let account = try #require(await supervisor.account("a"))
        let lines = try await queries.history(of: account.id, newestSeq: .max, limit: 10)
        #expect(
            lines.map(\.record.origin?.databaseUser) == [
                ledger.role(.operator), ledger.role(.supervisor), ledger.role(.supervisor),
            ])
        #expect(lines.allSatisfy { $0.record.origin?.address == "local" })
        // An entry leaves the program to its transaction.
        #expect(lines[0].record.origin?.program == nil)
        #expect(lines[2].record.origin?.program?.hasPrefix("till on ") == true)
        let origin = try #require(
            await queries.transactions(references: [Reference("move")]).first?.head.origin)
        #expect(origin.databaseUser == ledger.role(.operator) && origin.address == "local")
        #expect(origin.program?.hasPrefix("till on ") == true)
        let report = try await Verifier(store: ledger.store).run()
        #expect(report.isSound, "\(report.problems)")
        await supervisor.store.close()
        await teller.store.close()
    }

    /// The columns are filled in whatever role was taken, and none can write them.
    @Test func theUserIsTheOneWhoLoggedInAndCannotBeWritten() async throws {
        let ledger = try await AccessLedger.make()
        let connection = try await ledger.connect(ledger.role(.supervisor))
        try await connection.run(script: "SET ROLE bursar_operator")
        try await connection.run(
            script: """
                INSERT INTO bursar.journal (id, reference, fingerprint, kind, narrative, actor, booked_at, value_date)
                VALUES ('00000000-0000-0000-0000-000000000001', 'r', '', 'transfer', '', 'x', now(), '2026-01-01')
                """)
        for column in ["db_user", "address"] {
            for statement in [
                "INSERT INTO bursar.journal (\(column)) VALUES ('mallory')",
                "INSERT INTO bursar.account_records (\(column)) VALUES ('mallory')",
                "UPDATE bursar.journal SET \(column) = 'mallory'",
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await connection.run(script: statement)
                }
                #expect(error?.sqlState == .insufficientPrivilege, "\(statement)")
            }
        }
        await connection.close()
        #expect(
            try await ledger.count(
                "SELECT count(*) FROM bursar.journal WHERE db_user = '\(ledger.role(.supervisor))'",
                role: ledger.role(.owner)) == 1)
    }

    /// A user that is renamed under a running program: nothing is written under the name that was hashed.
    @Test func aUserWhoIsRenamedMeanwhilePostsUnderTheNewName() async throws {
        let ledger = try await AccessLedger.make()
        let supervisor = try await ledger.program(.supervisor, writers: 1)
        try await supervisor.open(["a"], balance: "10.00")
        try await ledger.run(
            "ALTER ROLE \(ledger.role(.supervisor)) RENAME TO \(ledger.name)_renamed", as: .owner)
        var attempts: [Int] = []
        for action in [
            try supervisor.deposit("a", "1.00"),
            .accountChange(account: try AccountCode("a"), change: .freeze(nil), reason: "test"),
        ] {
            let outcome = await supervisor.service.perform(try supervisor.operation(action))
            #expect(outcome.receipt != nil, "\(outcome)")
            attempts.append(outcome.attempts)
        }
        // The first was refused by the statement, and decided again.
        #expect(attempts == [2, 1])
        let account = try #require(
            await ledger.store.queries.accounts(codes: [AccountCode("a")]).first?.account)
        let lines = try await ledger.store.queries.history(of: account.id, newestSeq: .max, limit: 2)
        #expect(
            lines.map(\.record.origin?.databaseUser) == Array(repeating: "\(ledger.name)_renamed", count: 2))
        let report = try await Verifier(store: ledger.store).run()
        #expect(report.isSound, "\(report.problems)")
        await supervisor.store.close()
    }

    /// A ledger of the second schema, with records whose hashes know of no origin, is upgraded and goes on.
    @Test func recordsFromBeforeTheUpgradeVerifyWithThoseAfterIt() async throws {
        let ledger = try await TestLedger.make()
        try await ledger.open(["a", "b"], balance: "10.00")
        try await OldHashes.write(to: ledger)
        try await EarlierSchema.restore(2, in: ledger)
        #expect(try await ledger.store.migrate() == [3, 4, 5, 6])
        let posted = await ledger.service.perform(try ledger.operation(ledger.transfer("a", "b", "1.00")))
        #expect(posted.receipt != nil)
        let account = try #require(await ledger.account("a"))
        let lines = try await ledger.store.queries.history(of: account.id, newestSeq: .max, limit: 10)
        #expect(lines.map { $0.record.origin != nil } == [true, false, false])
        #expect(lines.map { $0.transaction?.origin != nil } == [true, false, false])
        // What a session has prepared before the upgrade has columns of other types now.
        let store = try await LedgerStore.open(ledger.database.settings(), writers: 1, readers: 1)
        let report = try await Verifier(store: store).run()
        #expect(report.isSound, "\(report.problems)")
        await store.close()
    }
}

/// Gives all records of a small ledger the hashes that a program without origins made.
private enum OldHashes {
    static func write(to ledger: TestLedger) async throws {
        let queries = ledger.store.queries
        var script = ""
        for listing in try await queries.accounts(after: Identifier(high: 0, low: 0), limit: 100) {
            let account = listing.account
            var head = Digest.zero
            let lines = try await queries.history(of: account.id, newestSeq: .max, limit: 100).reversed()
            for line in lines {
                let record = line.record
                let old = AccountRecord(
                    accountID: record.accountID, seq: record.seq, content: record.content,
                    debits: record.debits, credits: record.credits, held: record.held,
                    bookedAt: record.bookedAt, hash: record.hash)
                let transaction = line.transaction.map {
                    JournalTransaction(
                        id: $0.id, reference: $0.reference, fingerprint: $0.fingerprint, kind: $0.kind,
                        narrative: $0.narrative, reasonCode: $0.reasonCode, reason: $0.reason,
                        actor: $0.actor, bookedAt: $0.bookedAt, valueDate: $0.valueDate,
                        reverses: $0.reverses)
                }
                head = old.expectedHash(after: head, of: account, transaction: transaction?.digest)
                script += """
                    UPDATE bursar.account_records SET hash = '\\x\(head)'
                    WHERE account_id = '\(account.id)' AND seq = \(record.seq);

                    """
            }
            script += "UPDATE bursar.accounts SET head = '\\x\(head)' WHERE id = '\(account.id)';\n"
        }
        try await ledger.tamper(script)
    }
}
