import Testing

@testable import Ledger

@Suite struct FilterTests {
    @Test func comparisonsOfBalancesAreReadAndTheirLookalikesAreWords() throws {
        let filter = AccountFilter("balance<0 AVAILABLE>=100.50 balance=-3 balance<=1 available>2")
        #expect(filter.words.isEmpty)
        #expect(filter.balances.map(\.field) == [.balance, .available, .balance, .balance, .available])
        #expect(
            filter.balances.map(\.comparison) == [.less, .greaterOrEqual, .equal, .lessOrEqual, .greater])
        #expect(filter.balances.map(\.amount.description) == ["0", "100.50", "-3", "1", "2"])
    }

    @Test(arguments: ["balance<", "balance<x", "balance<1e3", "<0", "amount>1", "balance<>1", "balance:1"])
    func whatOnlyLooksLikeAComparisonIsAWord(text: String) {
        #expect(AccountFilter(text).words == [text])
    }

    @Test func everyComparisonIsExactInEveryCurrency() throws {
        let amounts = ["0", "-0.5", "0.5", "1", "-1", "12.345", "-12.345", "12.34", "0.00001", "-0.00001"]
        for text in amounts {
            let amount = try DecimalAmount(text)
            for comparison in AmountCondition.Comparison.allCases {
                let condition = AmountCondition(field: .balance, comparison: comparison, amount: amount)
                for digits in 0...Currency.maximumDigits {
                    for units in Array(-20...20) + Array(stride(from: Int64(-130_000), to: 130_000, by: 617))
                    {
                        // Both sides as whole numbers of the smaller unit of the two.
                        let left = units * power(max(0, amount.scale - digits))
                        let right = amount.coefficient * power(max(0, digits - amount.scale))
                        let expected =
                            switch comparison {
                            case .less: left < right
                            case .lessOrEqual: left <= right
                            case .equal: left == right
                            case .greaterOrEqual: left >= right
                            case .greater: left > right
                            }
                        if condition.holds(for: units, digits: digits) != expected {
                            Issue.record("\(units) of \(digits) digits \(comparison.rawValue) \(text)")
                        }
                    }
                }
            }
        }
    }

    @Test func numbersAtTheEndsOfWhatFitsDoNotTrap() throws {
        for text in ["9223372036854775807", "-9223372036854775808", "-922337203685477580.8"] {
            for sign in ["<", "<=", "=", ">=", ">"] {
                let filter = AccountFilter("balance\(sign)\(text)")
                #expect(filter.balances.count == 1)
                for digits in 0...Currency.maximumDigits {
                    for units in [Int64.min, -1, 0, 1, Int64.max] {
                        _ = filter.balances[0].holds(for: units, digits: digits)
                    }
                }
            }
        }
        let most = try DecimalAmount("9223372036854775807")
        let below = AmountCondition(field: .balance, comparison: .less, amount: most)
        #expect(below.holds(for: .max - 1, digits: 0) && !below.holds(for: .max, digits: 0))
    }

    @Test func theJournalFilterReadsItsFields() throws {
        let filter = JournalFilter(
            "rent ref:abc kind:Transfer by:alice account:576 amount>100 from:2026-01-05")
        #expect(filter.words == ["rent"])
        #expect(filter.referencePrefix == "abc")
        #expect(filter.kind == .transfer)
        #expect(filter.actor == "alice")
        #expect(filter.account?.text == "576")
        #expect(filter.amounts.count == 1)
        #expect(filter.from?.description == "2026-01-05")
        #expect(filter.to == nil)
    }

    @Test(arguments: [
        ("date:2026-11-24", "2026-11-24", "2026-11-24"), ("date:2026-11", "2026-11-01", "2026-11-30"),
        ("date:2024-02", "2024-02-01", "2024-02-29"), ("from:2026-01 to:2026-02", "2026-01-01", "2026-02-28"),
    ])
    func daysAndMonthsAreBothEndsIncluded(text: String, from: String, to: String) {
        let filter = JournalFilter(text)
        #expect(filter.from?.description == from)
        #expect(filter.to?.description == to)
    }

    @Test(arguments: [
        "date:2026-13", "date:2026", "kind:wish", "from:today", "ref:", "balance>1", "amount>x",
    ])
    func whatTheJournalDoesNotKnowIsAWord(text: String) {
        #expect(JournalFilter(text).words == [text])
    }

    @Test func theHistoryFilterReadsItsFields() {
        let filter = HistoryFilter("fee kind:renamed side:Debit amount<=5 kind:nothing")
        #expect(filter.words == ["fee", "kind:nothing"])
        #expect(filter.kind == "renamed")
        #expect(filter.side == .debit)
        #expect(filter.amounts.map(\.comparison) == [.lessOrEqual])
        #expect(HistoryFilter("").isEmpty)
    }

    @Test func theNaturalDirectionIsTextUpAndNumbersDown() {
        #expect(AccountOrder.allCases.map { AccountSort($0).isDescending } == [false, false, true, true])
    }

    private func power(_ exponent: Int) -> Int64 { (0..<exponent).reduce(1) { product, _ in product * 10 } }
}
