import Ledger
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// Roles that the database shows some of the accounts only.
@Suite(.serialized) struct ConfinementTests {
    /// Accounts 571, 572 (57%), 704 and an income account 575, with deposits on each, `t-own` within 57% and
    /// `t-mixed` from 571 to 704.
    private func makeLedger() async throws -> AccessLedger {
        let ledger = try await AccessLedger.make()
        let supervisor = try await ledger.program(.supervisor)
        try await supervisor.open(["571", "572", "704"], balance: "100.00")
        for (action, reference) in [
            (
                .accountChange(
                    account: try AccountCode("575"),
                    change: .open(
                        name: "Fees", currency: try Currency("CZK"), accountClass: .income,
                        minimum: .unlimited),
                    reason: ""), "open-575"
            ),
            (try supervisor.transfer("571", "572", "1.00"), "t-own"),
            (try supervisor.transfer("571", "704", "2.00"), "t-mixed"),
            (try supervisor.deposit("704", "3.00"), "d-foreign"),
            (try supervisor.deposit("571", "4.00"), "d-own"),
        ] as [(Operation.Action, String)] {
            let outcome = await supervisor.service.perform(
                try supervisor.operation(action, reference: reference))
            try #require(outcome.receipt != nil, "\(outcome)")
        }
        await supervisor.store.close()
        return ledger
    }

    private func rule(_ codes: String..., classes: [AccountClass] = []) throws -> Confinement {
        try Confinement(codes: codes.map { try Confinement.Pattern($0) }, classes: classes)
    }

    private func codes(_ role: String, _ ledger: AccessLedger) async throws -> String {
        let connection = try await ledger.connect(role)
        let rows = try await connection.query(
            Statement(
                name: "codes",
                sql: "SELECT coalesce(string_agg(code, ' ' ORDER BY code), '') FROM bursar.accounts"))
        await connection.close()
        return try rows[0].decode(0)
    }

    @Test func seesItsOwnAccountsAndTheHouseAccountsThroughPlainSQLToo() async throws {
        let ledger = try await makeLedger()
        let role = ledger.role(.operator)
        try await ledger.store.confine(role, to: rule("57%"))
        #expect(try await codes(role, ledger) == "571 572 575 cash-CZK suspense-CZK")
        // d-own and t-own, the two deposits at the beginning, and t-mixed.
        #expect(try await ledger.count("SELECT count(*) FROM bursar.journal", role: role) == 5)
        let foreign =
            "SELECT count(*) FROM bursar.account_records WHERE account_id NOT IN (SELECT id FROM bursar.accounts)"
        #expect(try await ledger.count(foreign, role: role) == 0)
        // Three deposits of its own of the five that there are, and nothing of how the account was opened.
        let cash = """
            SELECT count(*) FROM bursar.account_records
            WHERE account_id = (SELECT id FROM bursar.accounts WHERE code = 'cash-CZK')
            """
        #expect(try await ledger.count(cash, role: role) == 3)
        #expect(try await ledger.count(cash, role: ledger.role(.owner)) == 6)
        for probe in ["d-foreign", "no-such-thing"] {
            #expect(
                try await ledger.count(
                    "SELECT count(*) FROM bursar.journal WHERE reference = '\(probe)'", role: role) == 0)
        }
        // By class, and by both; everybody else sees what they saw.
        try await ledger.store.confine(role, to: rule("57%", classes: [.income, .asset]))
        #expect(try await codes(role, ledger) == "575 cash-CZK suspense-CZK")
        try await ledger.store.confine(role, to: rule("704"))
        #expect(try await codes(role, ledger) == "704 cash-CZK suspense-CZK")
        for other in [AccessLedger.Person.viewer, .supervisor, .owner] {
            #expect(try await codes(ledger.role(other), ledger) == "571 572 575 704 cash-CZK suspense-CZK")
        }
    }

    @Test func writesToItsOwnAccountsAloneThroughPlainSQLToo() async throws {
        let ledger = try await makeLedger()
        let role = ledger.role(.operator)
        let foreign = try await text("SELECT id::text FROM bursar.accounts WHERE code = '704'", ledger)
        try await ledger.store.confine(role, to: rule("57%"))
        let connection = try await ledger.connect(role)
        let rows = try await connection.query(
            Statement(
                name: "u", sql: "UPDATE bursar.accounts SET version = version WHERE code = '704' RETURNING 1")
        )
        #expect(rows.isEmpty)
        for statement in [
            """
            INSERT INTO bursar.account_records (account_id, seq, kind, transaction_id, side, amount, debits, credits,
                held, booked_at, hash)
            VALUES ('\(foreign)', 99, 'entry', gen_random_uuid(), 'debit', 1, 1, 1, 0, now(), sha256(''))
            """,
            "SET ROLE bursar_operator", "SET ROLE bursar_viewer",
            "SET row_security = off; SELECT FROM bursar.accounts",
            "ALTER TABLE bursar.accounts DISABLE ROW LEVEL SECURITY",
            "CREATE FUNCTION bursar.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "DELETE FROM bursar.accounts", "UPDATE bursar.accounts SET status = 'open'",
        ] {
            let error = await #expect(throws: PostgresError.self, "\(statement)") {
                try await connection.run(script: statement)
            }
            #expect(
                error?.sqlState == .insufficientPrivilege,
                "\(statement): \(String(describing: error?.message))")
        }
        await connection.close()
    }

    @Test func postsDepositsWithdrawalsAndTransfersAmongItsOwn() async throws {
        let ledger = try await makeLedger()
        let role = ledger.role(.operator)
        try await ledger.store.confine(role, to: rule("57%"))
        let teller = try await ledger.program(role)
        #expect(
            try await teller.store.access() == Access(level: .operator, mayReverse: false, isConfined: true))
        for action in [
            try teller.deposit("571", "5.00"), try teller.withdrawal("572", "5.00"),
            try teller.transfer("571", "572", "5.00"),
            .adjustment(
                account: try AccountCode("571"), amount: try DecimalAmount("1"), side: .credit,
                reasonCode: "test", against: nil),
        ] {
            let outcome = await teller.service.perform(try teller.operation(action))
            #expect(outcome.receipt?.lines.count == 2 && outcome.attempts == 1, "\(outcome)")
        }
        let foreign = await teller.service.perform(
            try teller.operation(teller.transfer("571", "704", "5.00")))
        #expect(foreign.result == .refused(.accountNotFound(try AccountCode("704"))))
        // Taken by a transaction out of sight, alone and in a batch.
        for count in [1, 3] {
            let outcomes = await teller.service.perform(
                try (0..<count).map {
                    try teller.operation(
                        teller.deposit("571", "1.00"), reference: $0 == 0 ? "d-foreign" : "n-\(count)-\($0)")
                })
            #expect(outcomes[0].result == .refused(.referenceReused(try Reference("d-foreign"))))
            #expect(outcomes.dropFirst().allSatisfy { $0.receipt != nil })
        }
        await teller.store.close()
        let report = try await Verifier(store: ledger.store).run()
        #expect(report.isSound, "\(report.problems)")
    }

    @Test func aConfinedSupervisorReversesWhatItSeesWholeAndOpensWhatMatches() async throws {
        let ledger = try await makeLedger()
        let role = ledger.role(.supervisor)
        try await ledger.store.confine(role, to: rule("57%", classes: [.liability]))
        let supervisor = try await ledger.program(role)
        for reference in ["d-own", "t-own"] {
            let outcome = await supervisor.service.perform(
                try supervisor.operation(.reversal(of: Reference(reference), amount: nil, reason: "test")))
            #expect(outcome.receipt?.lines.count == 2, "\(outcome)")
        }
        let mixed = await supervisor.service.perform(
            try supervisor.operation(.reversal(of: Reference("t-mixed"), amount: nil, reason: "test")))
        guard case .refused(.notReversible(_, let why)) = mixed.result else {
            Issue.record("the reversal of a half-seen transfer ended as \(mixed.result)")
            return
        }
        #expect(why.contains("does not see"))
        func open(_ code: String, _ accountClass: AccountClass, _ currency: String) async throws
            -> OperationOutcome
        {
            await supervisor.service.perform(
                try supervisor.operation(
                    .accountChange(
                        account: AccountCode(code),
                        change: .open(
                            name: code, currency: Currency(currency), accountClass: accountClass,
                            minimum: .zero),
                        reason: "")))
        }
        #expect(try await open("579", .liability, "CZK").receipt != nil)
        #expect(try await open("578", .liability, "EUR").receipt != nil)
        for (code, accountClass) in [("801", AccountClass.liability), ("577", .income)] {
            guard case .refused(.notPermitted) = try await open(code, accountClass, "CZK").result else {
                Issue.record("\(code) was opened")
                return
            }
        }
        // Of another class, and so out of sight.
        #expect(
            try await open("575", .liability, "CZK").result
                == .refused(.accountExists(try AccountCode("575"))))
        await supervisor.store.close()
        let report = try await Verifier(store: ledger.store).run()
        #expect(report.isSound, "\(report.problems)")
    }

    @Test func verifyingAPartIsRefusedAndNotCalledUnsound() async throws {
        let ledger = try await makeLedger()
        try await ledger.store.confine(ledger.role(.viewer), to: rule("57%"))
        let viewer = try await ledger.program(.viewer)
        let refusal = await #expect(throws: Refusal.self) {
            _ = try await Verifier(store: viewer.store).run()
        }
        guard case .notPermitted(let why) = refusal else {
            Issue.record("it was refused with \(String(describing: refusal))")
            return
        }
        #expect(why.contains("some of the accounts only"))
        await viewer.store.close()
    }

    @Test func aGroupIsConfinedWithItsMembersAndFreedAgain() async throws {
        let ledger = try await makeLedger()
        let group = "\(ledger.name)_branch"
        let member = "\(ledger.name)_teller"
        try await ledger.run(
            "CREATE ROLE \(group); CREATE ROLE \(member) LOGIN; GRANT bursar_operator TO \(group); GRANT \(group) TO \(member)",
            as: .owner)
        try await ledger.store.confine(group, to: rule("704", "571"))
        #expect(try await codes(member, ledger) == "571 704 cash-CZK suspense-CZK")
        let listed = try await ledger.store.roles().filter { [group, member].contains($0.name) }
        #expect(listed.map(\.confinedAs) == [group, group] && listed.map(\.level) == [.operator, .operator])
        #expect(listed.map(\.confinement?.sentence) == ["codes 704, 571", "codes 704, 571"])
        // What a new schema grants is granted to confined roles too, and nothing is lost.
        #expect(try await ledger.store.makeRoles() == nil)
        #expect(try await codes(member, ledger) == "571 704 cash-CZK suspense-CZK")
        #expect(try await ledger.program(member).store.access().level == .operator)
        try await ledger.store.free(group)
        #expect(try await codes(member, ledger) == "571 572 575 704 cash-CZK suspense-CZK")
        let teller = try await ledger.program(member)
        #expect(
            try await teller.store.access() == Access(level: .operator, mayReverse: false, isConfined: false))
        await teller.store.close()
        // Nobody pays for row security when nobody is confined.
        let left = """
            SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'bursar'::regnamespace AND relrowsecurity)
                + (SELECT count(*) FROM pg_policies WHERE schemaname = 'bursar')
                + (SELECT count(*) FROM pg_views WHERE schemaname = 'bursar')
            """
        #expect(try await ledger.count(left, role: ledger.role(.owner)) == 0)
    }

    @Test func whoCouldBecomeSomebodyElseIsNotConfinedAndIsNamedLater() async throws {
        let ledger = try await makeLedger()
        let role = ledger.role(.operator)
        let rule = try rule("57%")
        try await ledger.run("GRANT \(ledger.role(.viewer)) TO \(role)", as: .owner)
        let refusal = await #expect(throws: Refusal.self) { try await ledger.store.confine(role, to: rule) }
        #expect(refusal?.message.contains("would not hold") == true)
        #expect(refusal?.message.contains(ledger.role(.viewer)) == true)
        // Nothing of it was kept.
        #expect(try await codes(role, ledger) == "571 572 575 704 cash-CZK suspense-CZK")
        try await ledger.run("REVOKE \(ledger.role(.viewer)) FROM \(role)", as: .owner)
        try await ledger.store.confine(role, to: rule)
        #expect(try await ledger.store.roles().first { $0.name == role }?.escapes == [])
        try await ledger.run("GRANT bursar_operator TO \(role)", as: .owner)
        let escapes = try #require(await ledger.store.roles().first { $0.name == role }?.escapes)
        #expect(escapes == ["bursar_operator", "bursar_viewer"])
    }

    @Test func onlyTheOwnerConfinesAndNotEverybodyCanBe() async throws {
        let ledger = try await makeLedger()
        let supervisor = try await ledger.program(.supervisor)
        let rule = try rule("57%")
        for role in [ledger.role(.operator), ledger.role(.supervisor)] {
            let refusal = await #expect(throws: Refusal.self) {
                try await supervisor.store.confine(role, to: rule)
            }
            #expect(refusal?.message.hasPrefix("only the owner") == true)
        }
        for (role, words) in [
            ("bursar_operator", "what others are granted"), (ledger.role(.owner), "past every rule"),
            ("tester", "past every rule"), ("no such role", "there is no role"),
        ] {
            let refusal = await #expect(throws: Refusal.self) {
                try await ledger.store.confine(role, to: rule)
            }
            #expect(refusal?.message.contains(words) == true, "\(role)")
        }
        let free = await #expect(throws: Refusal.self) { try await ledger.store.free(ledger.role(.viewer)) }
        #expect(free?.message.contains("not confined") == true)
        await supervisor.store.close()
    }

    /// Names and codes come from people: none of them ends the SQL that it stands in.
    @Test(arguments: ["o'brien", "back\\slash", "50%off", "a\"b;--", "ž'\\"])
    func codesAndRolesWithSpecialCharactersAreTakenAsTheyAre(code: String) async throws {
        let ledger = try await AccessLedger.make()
        let supervisor = try await ledger.program(.supervisor)
        try await supervisor.open([code, code + "x", "other"])
        let role = "\(ledger.name) \(code)"
        let quoted = role.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
        try await ledger.run(
            "CREATE ROLE \"\(quoted)\" LOGIN; GRANT bursar_viewer TO \"\(quoted)\"", as: .owner)
        try await ledger.store.confine(role, to: rule(code))
        let viewer = try await ledger.store.roles().first { $0.name == role }
        #expect(viewer?.confinement == (try rule(code)))
        let seen = """
            SELECT count(*) FROM bursar.accounts WHERE code NOT LIKE '%-CZK'
            """
        let connection = try await ledger.connect(ledger.role(.owner))
        try await connection.run(script: "GRANT \"\(quoted)\" TO \(ledger.role(.owner))")
        try await connection.run(script: "SET ROLE \"\(quoted)\"")
        let rows = try await connection.query(Statement(name: "seen", sql: seen))
        #expect(try rows[0].decode(0, as: Int64.self) == 1)
        await connection.close()
        try await ledger.store.free(role)
        await supervisor.store.close()
    }

    /// Their statements are planned as before: the policy that lets them through leaves nothing in the plan.
    @Test func othersPayNothingWhenSomebodyIsConfined() async throws {
        let ledger = try await makeLedger()
        let before = try await plans(ledger)
        try await ledger.store.confine(ledger.role(.operator), to: rule("57%"))
        #expect(try await plans(ledger) == before)
        #expect(before.contains { $0.contains("Index") } && !before.contains { $0.contains("SubPlan") })
    }

    /// How a supervisor's statements are carried out.
    private func plans(_ ledger: AccessLedger) async throws -> [String] {
        let connection = try await ledger.connect(ledger.role(.supervisor))
        try await connection.run(script: "SET enable_seqscan = off; SET enable_mergejoin = off")
        var plans: [String] = []
        for (index, sql) in [
            """
            UPDATE bursar.accounts AS a SET version = t.version
            FROM unnest(ARRAY[gen_random_uuid()], ARRAY[1::bigint]) AS t (id, version)
            WHERE a.id = ANY (ARRAY['00000000-0000-0000-0000-000000000001'::uuid]) AND a.id = t.id RETURNING a.id
            """,
            "INSERT INTO bursar.journal (id, reference) SELECT gen_random_uuid(), 'r'",
            "INSERT INTO bursar.account_records (account_id, seq) SELECT gen_random_uuid(), 1",
            "SELECT * FROM bursar.accounts WHERE code = ANY (ARRAY['571', '704'])",
            "SELECT * FROM bursar.accounts WHERE (code || ' ' || name) ILIKE '%novak%'",
            "SELECT reference FROM bursar.journal WHERE reference = ANY (ARRAY['a'])",
            """
            SELECT * FROM bursar.account_records AS r LEFT JOIN bursar.journal AS j ON j.id = r.transaction_id
            WHERE r.account_id = '00000000-0000-0000-0000-000000000001' ORDER BY r.seq DESC LIMIT 10
            """,
        ].enumerated() {
            let rows = try await connection.query(
                Statement(name: "plan_\(index)", sql: "EXPLAIN (COSTS OFF, VERBOSE) \(sql)"))
            plans += try rows.map { try $0.decode(0, as: String.self) }
        }
        await connection.close()
        return plans
    }

    /// Confined writers of different accounts do not get into each other's way either.
    @Test func confinedWritersLockNoWholeRelation() async throws {
        let ledger = try await makeLedger()
        let role = ledger.role(.operator)
        try await ledger.store.confine(role, to: rule("57%"))
        try await ledger.run("ANALYZE bursar.accounts, bursar.account_records, bursar.journal", as: .owner)
        let teller = try await ledger.program(role, writers: 8)
        let watcher = try await ledger.connect(ledger.role(.owner))
        try await watcher.run(
            script: "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1 FROM bursar.migrations LIMIT 1")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for round in 0..<10 {
                        let action =
                            try (writer + round).isMultiple(of: 2)
                            ? teller.transfer("571", "572", "0.01") : teller.deposit("572", "0.01")
                        let outcome = await teller.service.perform(try teller.operation(action))
                        #expect(outcome.receipt != nil)
                    }
                }
            }
            try await group.waitForAll()
        }
        let rows = try await watcher.query(
            Statement(
                name: "locks",
                sql: """
                    SELECT DISTINCT c.relname::text FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
                    WHERE l.mode = 'SIReadLock' AND l.locktype = 'relation' AND c.relname NOT LIKE 'migrations%'
                        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    """))
        let locked = try rows.map { try $0.decode(0, as: String.self) }
        await watcher.close()
        await teller.store.close()
        #expect(locked.isEmpty)
    }

    private func text(_ sql: String, _ ledger: AccessLedger) async throws -> String {
        let connection = try await ledger.connect(ledger.role(.owner))
        let rows = try await connection.query(Statement(name: "text", sql: sql))
        await connection.close()
        return try rows[0].decode(0)
    }
}
