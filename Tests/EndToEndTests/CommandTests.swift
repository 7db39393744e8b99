import Foundation
import TestSupport
import Testing

@Suite struct CommandTests {
    @Test func eachOperationIsPostedAndAnsweredInTheFixedForm() async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "576", "--name", "Account 576", "--currency", "CZK")
        try await ledger.run(
            "account", "open", "704", "--name", "Account 704", "--currency", "CZK", "--minimum", "-500")
        let deposit = try await ledger.run("deposit", "576", "1000.00", "--json", "--reference", "d-1")
            .object()
        #expect(deposit["outcome"] as? String == "posted")
        #expect(deposit["reference"] as? String == "d-1")
        #expect(deposit["kind"] as? String == "deposit")
        #expect(deposit["attempts"] as? Int == 1)
        #expect((deposit["transaction"] as? String)?.count == 36)
        #expect(deposit["elapsed_ms"] is Double || deposit["elapsed_ms"] is Int)
        let entries = try #require(deposit["entries"] as? [[String: Any]])
        #expect(entries.map { $0["account"] as? String } == ["cash-CZK", "576"])
        #expect(entries[1]["side"] as? String == "credit")
        #expect(entries[1]["amount"] as? String == "1000.00")
        #expect(entries[1]["currency"] as? String == "CZK")
        #expect(entries[1]["seq"] as? Int == 2)
        #expect(entries[1]["ledger"] as? String == "1000.00")
        #expect(entries[1]["available"] as? String == "1000.00")

        let again = try await ledger.run("deposit", "576", "1000.00", "--json", "--reference", "d-1").object()
        #expect(again["outcome"] as? String == "already_posted")
        #expect(again["transaction"] as? String == deposit["transaction"] as? String)

        try await ledger.run("transfer", "576", "704", "250.50", "--reference", "t-1", "--narrative", "rent")
        try await ledger.run("withdraw", "704", "400")
        #expect(try await ledger.account("704", "available") == "-149.50")
        try await ledger.run("adjust", "576", "1.00", "--side", "credit", "--reason-code", "rounding")
        try await ledger.run("reverse", "t-1", "--amount", "50.50", "--reason", "typed too much")
        try await ledger.run("reverse", "t-1", "--reason", "the rest")
        #expect(try await ledger.account("576", "ledger") == "1001.00")
        #expect(try await ledger.run("verify").output.hasPrefix("sound"))
    }

    @Test func anAccountsLifeGoesThroughEveryStatus() async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run("account", "open", "a", "--name", "A", "--currency", "EUR")
        try await ledger.run("deposit", "a", "5.00")
        try await ledger.run("account", "freeze", "a", "--side", "debit", "--reason", "stolen card")
        #expect(try await ledger.account("a", "status") == "debit-frozen")
        let refused = try await ledger.run("withdraw", "a", "1.00", "--json", status: 65).object()
        #expect(refused["outcome"] as? String == "refused")
        #expect(refused["refusal"] as? String == "account_frozen")
        #expect((refused["facts"] as? [String: String])?["account"] == "a")
        try await ledger.run("account", "unfreeze", "a", "--reason", "card found")
        try await ledger.run("account", "close", "a", "--reason", "moved away", status: 65)
        try await ledger.run("withdraw", "a", "5.00")
        try await ledger.run("account", "close", "a", "--reason", "moved away")
        try await ledger.run("deposit", "a", "1.00", status: 65)
        try await ledger.run("account", "reopen", "a", "--reason", "came back")
        try await ledger.run("account", "set-minimum", "a", "-20.00", "--reason", "overdraft agreed")
        try await ledger.run("account", "rename", "a", "Anna", "--reason", "marriage")
        try await ledger.run("withdraw", "a", "20.00")
        let account = try await ledger.run("account", "show", "a", "--json").object()
        #expect(account["name"] as? String == "Anna")
        #expect(account["minimum"] as? String == "-20.00")
        #expect(account["class"] as? String == "liability")
        #expect(account["held"] as? String == "0.00")
        #expect(account["version"] as? Int == 10)
        let kinds = try await ledger.run("account", "statement", "a", "--json").objects().map {
            $0["kind"] as? String
        }
        #expect(
            kinds == [
                "opened", "entry", "status", "status", "entry", "status", "status", "minimum", "renamed",
                "entry",
            ])
    }

    @Test func listsFilterLimitAndExport() async throws {
        let ledger = try await CommandLedger.make()
        for code in ["x1", "x2", "y1"] {
            try await ledger.run("account", "open", code, "--name", "Name \(code)", "--currency", "EUR")
            try await ledger.run("deposit", code, "10.00", "--value-date", "2026-03-0\(code.last ?? "1")")
        }
        let list = try await ledger.run("account", "list", "x", "ccy:EUR", "--json").objects()
        #expect(list.map { $0["account"] as? String } == ["x1", "x2"])
        let wrong = try await ledger.run("account", "list", "status:melted", status: 64)
        #expect(wrong.errors.contains("no status “melted”: open, debit-frozen, credit-frozen, frozen"))
        let none = try await ledger.run("account", "list", "foo:bar")
        #expect(none.errors.contains("no account matches: “foo:bar” was looked for as a word"))
        let all = try await ledger.run("account", "list").lines
        #expect(all.count == 6, "a header, three accounts and two of the house")
        #expect(try await ledger.run("journal", "--limit", "2", "--json").objects().count == 2)
        #expect(try await ledger.run("journal", "--from", "2026-03-02", "--json").objects().count == 1)
        #expect(
            try await ledger.run("account", "statement", "x1", "--limit", "1", "--json").objects().count == 1)
        let csv = try await ledger.run("export").lines
        #expect(csv.count == 1 + 5 + 6)
        let one = try await ledger.run("export", "--format", "json", "--account", "x2").objects()
        #expect(one.map { $0["kind"] as? String } == ["opened", "entry"])
        #expect(one[1]["ledger"] as? String == "10.00")
        #expect(one[1]["value_date"] as? String == "2026-03-02")
    }

    @Test func showAnswersWhetherItLanded() async throws {
        let ledger = try await CommandLedger.make()
        try await ledger.run(
            "account", "open", "a", "--name", "A", "--currency", "EUR", "--reference", "open-a")
        try await ledger.run("deposit", "a", "3.00", "--reference", "d-1", "--narrative", "first")
        let shown = try await ledger.run("show", "d-1", "--json").object()
        #expect(shown["reference"] as? String == "d-1")
        #expect((shown["entries"] as? [[String: Any]])?.count == 2)
        #expect(try await ledger.run("show", "open-a").output.contains("opened"))
        let missing = try await ledger.run("show", "d-2", status: 65)
        #expect(missing.errors.contains("d-2"))
    }

    @Test func doctorAndInitTellTheStateOfThings() async throws {
        let empty = try await TestDatabase.make()
        let missing = try await Program.run(["doctor", "--connect", empty.connectionString])
        #expect(missing.status == 78)
        #expect(missing.output.contains("bursar init"))
        let refused = try await Program.run(["account", "list", "--connect", empty.connectionString])
        #expect(refused.status == 78)
        #expect(refused.errors.contains("bursar init"))
        for _ in 0..<2 {
            #expect(try await Program.run(["init", "--connect", empty.connectionString]).status == 0)
        }
        let doctor = try await Program.run(["doctor", "--json", "--connect", empty.connectionString])
        #expect(doctor.status == 0)
        let object = try doctor.object()
        #expect(object["dialect"] as? String == "postgresql")
        #expect(object["schema_version"] as? Int == 6)
        #expect((object["server"] as? String)?.hasPrefix("PostgreSQL ") == true)
        #expect((object["connection"] as? String)?.contains("dbname=") == true)
        #expect(object["warnings"] is [String])
        #expect((object["paths"] as? [String: String])?["log"] != nil)
    }

    @Test func commonFlagsMayStandBeforeTheCommandToo() async throws {
        let ledger = try await CommandLedger.make()
        let flags = ["--json", "--connect", ledger.connectionString, "--actor", "alice"]
        let opened = try await Program.run(
            flags + ["account", "open", "a", "--name", "A", "--currency", "EUR", "--minimum", "-5"])
        #expect(opened.status == 0, "\(opened.errors)")
        let paid = try await Program.run(flags + ["withdraw", "a", "5.00"]).object()
        #expect(paid["outcome"] as? String == "posted")
        let directory = try TemporaryDirectory()
        let embedded = try await Program.run([
            "--quiet", "--embedded", directory.path + "/ledger", "account", "list",
        ])
        #expect(embedded.status == 0, "\(embedded.errors)")
        let console = try await Program.run(["--embedded", directory.path + "/ledger"])
        #expect(console.errors.contains("terminal"), "\(console.errors)")
    }

    @Test func helpNamesEveryCommandOfTheInterface() async throws {
        let help = try await Program.run(["--help"])
        #expect(help.status == 0)
        for command in [
            "demo", "init", "doctor", "account", "deposit", "withdraw", "transfer", "adjust", "reverse",
            "show",
            "journal", "import", "export", "verify", "stress",
        ] {
            #expect(help.output.contains("  \(command) "), "\(command) is missing")
            #expect(try await Program.run([command, "--help"]).status == 0)
        }
        #expect(try await Program.run(["--generate-completion-script", "bash"]).output.contains("bursar"))
    }
}
