import Foundation
import TestSupport
import Testing

/// Roles, confinement and kept heads, from the command line.
@Suite(.serialized) struct AccessCommandTests {
    private func run(
        _ ledger: AccessLedger, _ role: String, _ arguments: String..., status: Int32 = 0
    ) async throws -> ChildProcess.Result {
        let result = try await Program.run(arguments + ["--connect", ledger.connectionString(role: role)])
        try #require(result.status == status, "\(role): \(arguments): \(result.output)\(result.errors)")
        return result
    }

    private func makeLedger() async throws -> AccessLedger {
        let ledger = try await AccessLedger.make()
        for code in ["571", "704"] {
            _ = try await run(
                ledger, ledger.role(.supervisor), "account", "open", code, "--name", code, "--currency", "CZK"
            )
        }
        _ = try await run(
            ledger, ledger.role(.operator), "deposit", "571", "5.00", "--reference", "d-1", "--actor", "Anna")
        return ledger
    }

    @Test func whatTheRoleMayNotDoIsRefusedWithItsStatus() async throws {
        let ledger = try await makeLedger()
        let reversal = try await run(
            ledger, ledger.role(.operator), "reverse", "d-1", "--reason", "x", "--json", status: 77
        ).object()
        #expect(reversal["outcome"] as? String == "refused")
        #expect(reversal["refusal"] as? String == "not_permitted")
        #expect(
            reversal["message"] as? String
                == "the database role may not reverse transactions; that takes a supervisor")
        let plain = try await run(ledger, ledger.role(.viewer), "deposit", "571", "1", status: 77)
        #expect(plain.errors.contains("the database role may not post; that takes an operator"))
        _ = try await run(
            ledger, ledger.role(.operator), "account", "freeze", "571", "--reason", "x", status: 77)
        _ = try await run(ledger, ledger.role(.supervisor), "reverse", "d-1", "--reason", "x")
    }

    @Test func anOperationSaysWhoWroteItFromWhere() async throws {
        let ledger = try await makeLedger()
        let shown = try await run(ledger, ledger.role(.viewer), "show", "d-1", "--json").object()
        #expect(shown["actor"] as? String == "Anna")
        #expect(shown["database_user"] as? String == ledger.role(.operator))
        #expect(shown["address"] as? String == "local")
        #expect((shown["program"] as? String)?.hasPrefix("bursar on ") == true)
        let text = try await run(ledger, ledger.role(.viewer), "show", "d-1").output
        #expect(
            text.contains("session      \(ledger.role(.operator)) on the server's own machine, bursar on "))
        let statement = try await run(ledger, ledger.role(.viewer), "account", "statement", "571", "--json")
            .objects()
        #expect(statement.allSatisfy { $0["database_user"] is String })
        let export = try await run(ledger, ledger.role(.viewer), "export").lines
        #expect(export[0].hasSuffix(",database_user,address,program"))
        let entry = try #require(export.first { $0.contains("d-1") })
        #expect(entry.contains(",\(ledger.role(.operator)),local,bursar on "))
    }

    @Test func aRoleIsConfinedListedAndFreed() async throws {
        let ledger = try await makeLedger()
        let role = ledger.role(.operator)
        let owner = ledger.role(.owner)
        _ = try await run(ledger, role, "role", "confine", role, "--code", "57%", status: 77)
        _ = try await run(ledger, owner, "role", "confine", role, status: 64)
        _ = try await run(ledger, owner, "role", "confine", role, "--class", "money", status: 64)
        let confined = try await run(
            ledger, owner, "role", "confine", role, "--code", "70%", "--class", "liability")
        #expect(confined.output == "\(role) is confined to codes 70% · classes liability\n")
        let listed = try await run(ledger, owner, "role", "list", "--json").objects()
        let mine = try #require(listed.first { $0["role"] as? String == role })
        #expect(mine["level"] as? String == "operator" && mine["confined"] as? Bool == true)
        #expect(mine["codes"] as? [String] == ["70%"] && mine["classes"] as? [String] == ["liability"])
        #expect(mine["logs_in"] as? Bool == true && (mine["escapes"] as? [String])?.isEmpty == true)
        _ = try await run(ledger, role, "account", "show", "571", status: 65)
        _ = try await run(ledger, role, "deposit", "704", "1.00")
        let refused = try await run(ledger, role, "verify", status: 77)
        #expect(refused.errors.contains("some of the accounts only"))
        #expect(try await run(ledger, role, "doctor", "--json").object()["confined"] as? Bool == true)
        _ = try await run(ledger, owner, "role", "free", role)
        _ = try await run(ledger, role, "account", "show", "571")
        #expect(try await run(ledger, role, "doctor", "--json").object()["confined"] as? Bool == false)
    }

    @Test func keptHeadsFindAHistoryThatItsOwnerRewrote() async throws {
        let ledger = try await makeLedger()
        let owner = ledger.role(.owner)
        let directory = try TemporaryDirectory()
        let file = directory.path + "/heads"
        let kept = try await run(ledger, owner, "verify", "--heads", file, "--json").object()
        let heads = try #require(kept["heads"] as? [String: Any])
        #expect(heads["accounts"] as? Int == 4 && heads["file"] as? String == file)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.hasSuffix("digest \(heads["digest"] as? String ?? "")\n"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["heads"])
        // What is kept is not written over.
        _ = try await run(ledger, owner, "verify", "--heads", file, status: 64)
        _ = try await run(ledger, ledger.role(.operator), "deposit", "704", "1.00")
        let stands = try await run(ledger, owner, "verify", "--against", file)
        #expect(stands.output.contains("all 4 heads kept at "))
        // The deposit's account and the cash account lose it; what came later stays in its place.
        try await ledger.run(
            "UPDATE bursar.account_records SET hash = sha256('x') WHERE seq = 2", as: .owner)
        let found = try await run(ledger, owner, "verify", "--against", file, "--json", status: 70).object()
        let problems = try #require(found["problems"] as? [[String: Any]])
        let rewritten = problems.filter { ($0["message"] as? String)?.contains("rewritten") == true }
        #expect(Set(rewritten.compactMap { $0["account"] as? String }) == ["571", "cash-CZK"])
        // An unsound ledger's heads are not worth keeping.
        _ = try await run(ledger, owner, "verify", "--heads", file + "-2", status: 70)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["heads"])
        let damaged = try directory.write(text.replacingOccurrences(of: " 2 ", with: " 3 "), to: "damaged")
        let refused = try await run(ledger, owner, "verify", "--against", damaged, status: 65)
        #expect(refused.errors.contains("was changed or cut"))
        _ = try await run(ledger, owner, "verify", "--against", directory.path + "/none", status: 65)
    }
}
