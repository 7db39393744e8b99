import Foundation
import LedgerService
import LedgerStore
import Postgres
import TestSupport
import Testing

/// Two programs on the same ten accounts.
@Suite struct TwoProgramsTests {
    @Test func transferAtOnceAndTheBooksAgree() async throws {
        let ledger = try await CommandLedger.make()
        let arguments = [
            "stress", "--tellers", "4", "--accounts", "10", "--duration", "15", "--json", "--connect",
            ledger.connectionString,
        ]
        let programs = try [Program.start(arguments), Program.start(arguments)]
        var posted = 0
        for program in programs {
            let result = try await program.wait()
            #expect(result.status == 0, "\(result.errors)")
            let report = try #require(try result.objects().last)
            #expect(report["sound"] as? Bool == true)
            #expect(try #require(report["conflicts"] as? Int) > 0)
            #expect(report["gave_up"] as? Int == 0)
            #expect(report["failed"] as? Int == 0)
            posted += try #require(report["posted"] as? Int)
        }
        let check = try await ledger.run("verify", "--json").object()
        // Besides what the tellers posted, each account has its opening balance.
        #expect(check["transactions"] as? Int == posted + 10)
        let accounts = try await ledger.run("account", "list", "--json").objects()
        let balances = try accounts.map { account in
            (
                code: try #require(account["account"] as? String),
                units: try #require(Decimal(string: account["ledger"] as? String ?? ""))
            )
        }
        let customers = balances.filter { $0.code.hasPrefix("stress-") }
        #expect(customers.count == 10)
        #expect(customers.allSatisfy { $0.units >= 0 })
        let cash = try #require(balances.first { $0.code == "cash-EUR" })
        #expect(customers.reduce(0) { $0 + $1.units } == cash.units)
    }
}
