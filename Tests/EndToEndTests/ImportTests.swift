import Foundation
import TestSupport
import Testing

@Suite struct ImportTests {
    private static let header = "date,reference,account,type,amount,counter_account,balance_after\n"

    /// `count` deposits and withdrawals over a hundred accounts, with right balances.
    private static func rows(_ count: Int) -> String {
        var balances = [Int](repeating: 0, count: 100)
        var text = header
        for index in 0..<count {
            let account = index * 7 % 100
            let isDeposit = balances[account] < 500 || index % 3 != 0
            let amount = isDeposit ? 100 + index % 900 : balances[account] / 2
            balances[account] += isDeposit ? amount : -amount
            let type = isDeposit ? "deposit" : "withdrawal"
            text += "1993-01-0\(1 + index % 9),r-\(index),acc-\(account),\(type),\(money(amount)),,"
            text += "\(money(balances[account]))\n"
        }
        return text
    }

    private static func money(_ cents: Int) -> String {
        "\(cents / 100).\(cents % 100 / 10)\(cents % 10)"
    }

    @Test func postsEachRowOnceAndComparesEveryBalance() async throws {
        let ledger = try await CommandLedger.make()
        let directory = try TemporaryDirectory()
        let file = try directory.write(Self.rows(1200), to: "rows.csv")
        let flags = ["--open-accounts", "--currency", "CZK", "--json"]
        let first = try await Program.run(["import", file, "--connect", ledger.connectionString] + flags)
        #expect(first.status == 0, "\(first.output.suffix(500))\(first.errors)")
        let summary = try first.object()
        #expect(summary["posted"] as? Int == 1200)
        #expect(summary["accounts_opened"] as? Int == 100)
        #expect(summary["differences"] as? Int == 0)
        let second = try await Program.run(["import", file, "--connect", ledger.connectionString] + flags)
            .object()
        #expect(second["posted"] as? Int == 0)
        #expect(second["already_posted"] as? Int == 1200)
        #expect(try await ledger.run("verify", "--json").object()["transactions"] as? Int == 1200)
    }

    @Test func whatIsOneIsNotCalledSeveral() async throws {
        let ledger = try await CommandLedger.make()
        let directory = try TemporaryDirectory()
        let row = "1993-01-01,r-1,acc,deposit,5.00,,6.00\n"
        let file = try directory.write(Self.header + row, to: "rows.csv")
        let imported = try await ledger.run(
            "import", file, "--open-accounts", "--currency", "CZK", status: 65)
        #expect(imported.output.hasPrefix("1 row in "), "\(imported.output)")
        #expect(imported.output.contains("; 1 account opened; 1 balance differs\n"), "\(imported.output)")
        let verified = try await ledger.run("verify")
        #expect(verified.output == "sound: 3 accounts, 1 transaction, 5 records; everything holds\n")
    }

    @Test func aDryRunSaysTheSameAndWritesNothing() async throws {
        let ledger = try await CommandLedger.make()
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            Self.rows(700) + "1993-01-01,over,acc-1,withdrawal,999999.00,,\n", to: "rows.csv")
        let flags = ["--open-accounts", "--currency", "CZK", "--json"]
        let dry = try await Program.run(
            ["import", file, "--dry-run", "--connect", ledger.connectionString] + flags)
        #expect(try await ledger.run("account", "list", "--json").output.isEmpty)
        let real = try await Program.run(["import", file, "--connect", ledger.connectionString] + flags)
        #expect(dry.status == 65 && real.status == 65)
        for key in ["rows", "posted", "refused", "bad_rows", "differences", "accounts_opened"] {
            let (left, right) = (try dry.objects().last?[key] as? Int, try real.objects().last?[key] as? Int)
            #expect(left == right && left != nil, "\(key)")
        }
    }

    @Test func killedHalfWayAndStartedAgainItEndsAtTheSameBooks() async throws {
        let ledger = try await CommandLedger.make()
        let directory = try TemporaryDirectory()
        let file = try directory.write(Self.rows(3000), to: "rows.csv")
        let arguments = [
            "import", file, "--open-accounts", "--currency", "CZK", "--batch", "20", "--connect",
            ledger.connectionString,
        ]
        let running = try Program.start(arguments)
        while try await ledger.run("journal", "--limit", "1", "--json").output.isEmpty {
            try #require(!running.hasEnded, "it ended before it could be killed")
        }
        kill(running.identifier, SIGKILL)
        _ = try await running.wait()
        let posted = try await ledger.run("verify", "--json").object()["transactions"] as? Int ?? 0
        #expect(posted > 0 && posted < 3000, "\(posted) were posted before the kill")
        let rest = try await Program.run(arguments + ["--json"])
        #expect(rest.status == 0, "\(rest.errors)")
        let summary = try rest.object()
        #expect(summary["already_posted"] as? Int == posted)
        #expect(summary["posted"] as? Int == 3000 - posted)
        #expect(summary["differences"] as? Int == 0)
        #expect(try await ledger.run("verify", "--json").object()["transactions"] as? Int == 3000)
    }

    @Test func aBadRowInTheMiddleIsSaidWithItsPlaceAndTheRestIsPosted() async throws {
        let ledger = try await CommandLedger.make()
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            Self.header + "1993-01-01,a,x,deposit,10.00,,10.00\n1993-02-31,b,x,deposit,10.00,,\n"
                + "1993-01-01,c,x,deposit,ten,,\n1993-01-01,d,x,transfer,1.00,,\n"
                + "1993-01-01,e,x,withdrawal,99.00,,\n1993-01-01,f,x,deposit,5.00,,16.00\n", to: "rows.csv")
        let result = try await Program.run([
            "import", file, "--open-accounts", "--currency", "CZK", "--json", "--connect",
            ledger.connectionString,
        ])
        #expect(result.status == 65)
        let objects = try result.objects()
        #expect(
            objects.dropLast().map { "\($0["problem"] ?? "") \($0["line"] ?? "") \($0["column"] ?? "")" } == [
                "bad_row 3 1", "bad_row 4 24", "bad_row 5 30", "refused 6 <null>", "difference 7 <null>",
            ])
        #expect(objects.last?["posted"] as? Int == 2)
        #expect(try await ledger.account("x", "ledger") == "15.00")
    }

    @Test(arguments: [
        ("empty", [], "empty"),
        ("no-header", Array("1993-01-01,a,x,deposit,10.00\n".utf8), "columns"),
        (
            "latin-1",
            Array((header + "1993-01-01,a,x,deposit,1.00,,\n1993-01-01,b,Caf").utf8) + [0xe9, 0x0a], "UTF-8"
        ),
        ("quote", Array((header + "1993-01-01,a,x,deposit,\"1.00,,\n").utf8), "quote"),
    ])
    func aFileThatIsNoneOfOursIsRefusedWithWhatToDo(name: String, bytes: [UInt8], said: String) async throws {
        let ledger = try await CommandLedger.make()
        let directory = try TemporaryDirectory()
        let file = try directory.write(bytes, to: name)
        let result = try await Program.run([
            "import", file, "--open-accounts", "--currency", "CZK", "--connect", ledger.connectionString,
        ])
        #expect(result.status == 65, "\(result.output)\(result.errors)")
        #expect(result.errors.contains(said), "\(result.errors)")
    }

    @Test func aFileThatIsNotThereIsSaidSo() async throws {
        let ledger = try await CommandLedger.make()
        let result = try await ledger.run("import", "/nonexistent/file.csv", status: 65)
        #expect(result.errors.contains("/nonexistent/file.csv"))
    }
}
