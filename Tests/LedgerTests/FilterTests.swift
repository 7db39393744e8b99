import Testing

@testable import Ledger

@Suite struct FilterTests {
    @Test func wordsOfATextAreNeverFields() throws {
        let filter = AccountFilter(words: " status:x  ccy:EUR \"o'Neill\0 balance<0\u{a0}7 ")
        var wanted = AccountFilter()
        wanted.words = ["status:x", "ccy:EUR", "\"o'Neill", "balance<0", "7"]
        #expect(filter == wanted)
        #expect(AccountFilter(words: String(repeating: "w ", count: 1000)).words.count == FilterTerm.maximum)
        #expect(AccountFilter(words: " \0 ").isEmpty)
    }

    @Test func comparisonsOfBalancesAreRead() throws {
        let filter = AccountFilter("balance<0 AVAILABLE>=100.50 balance=-3 balance<=1 available>2")
        #expect(filter.words.isEmpty)
        #expect(filter.balances.map(\.field) == [.balance, .available, .balance, .balance, .available])
        #expect(
            filter.balances.map(\.comparison) == [.less, .greaterOrEqual, .equal, .lessOrEqual, .greater])
        #expect(filter.balances.map(\.amount.description) == ["0", "100.50", "-3", "1", "2"])
    }

    @Test(arguments: [
        ("balance<", "balance< an amount, such as 100 or -1,000.50"),
        ("balance<abc", "“balance<abc”: “abc” is not an amount"),
        ("balance<1e3", "“balance<1e3”: “1e3” is not an amount"),
        ("balance<>1", "“balance<>1”: “>1” is not an amount"),
        ("available>1,00", "“available>1,00”: “1,00” is not an amount"),
        ("available>1000,000", "“available>1000,000”: “1000,000” is not an amount"),
        ("available>1,000,", "“available>1,000,”: “1,000,” is not an amount"),
        ("available>,000", "“available>,000”: “,000” is not an amount"),
        ("balance>1,-00", "“balance>1,-00”: “1,-00” is not an amount"),
        (
            "balance>99999999999999999999",
            "“balance>99999999999999999999”: that is more than the ledger can hold"
        ),
        ("balance:1", "“balance:1”: write <, <=, =, >= or > and an amount after balance"),
        ("status:", "status: open, debit-frozen, credit-frozen, frozen or closed"),
        (
            "STATUS:Melted",
            "no status “melted”: open, debit-frozen, credit-frozen, frozen or closed"
        ),
        ("status:c", "status “c” may be credit-frozen or closed"),
        ("class:xyz", "no class “xyz”: asset, liability, equity, income or expense"),
        ("ccy:euro", "no currency “EURO”: three letters, such as EUR"),
        ("ccy:", "ccy: a currency, such as EUR"),
    ])
    func aFieldWhoseValueIsNotUnderstoodHoldsForNothingAndSaysWhy(text: String, message: String) throws {
        let filter = AccountFilter("word " + text)
        #expect(filter.problem?.message == message)
        #expect(filter.whyEmpty == message)
        #expect(filter.words == ["word"] && !filter.isEmpty)
        let account = try #require(Books("word").accounts.values.first { $0.code.text == "word" })
        #expect(AccountFilter("word").matches(account) && !filter.matches(account))
    }

    @Test func aMistakeInTheLastTermIsNoneWhileItIsTyped() {
        #expect(AccountFilter("ccy:EUR status:", isTyping: true) == AccountFilter("ccy:EUR"))
        #expect(AccountFilter("ccy:EUR balance<", isTyping: true) == AccountFilter("ccy:EUR"))
        #expect(AccountFilter("status:x ccy:EUR", isTyping: true).problem != nil)
        #expect(AccountFilter("status:x ", isTyping: true).problem != nil)
    }

    @Test func whatAloneBeginsWithTheValueIsMeant() {
        #expect(AccountFilter("status:fro").status == .frozen)
        #expect(AccountFilter("class:i").accountClass == .income)
        #expect(JournalFilter("kind:t").kind == .transfer)
        #expect(HistoryFilter("side:d kind:ren").kind == "renamed")
    }

    @Test func quotesKeepSpacesAndMakeWordsOfFields() {
        let filter = JournalFilter("by:\"teller 1\" \"paid in full\" \"kind:x\" re\"nt 7")
        #expect(filter.actorPrefix == "teller 1")
        #expect(filter.words == ["paid in full", "kind:x", "rent 7"])
        #expect(filter.problem == nil)
        #expect(AccountFilter("\"\" \"").isEmpty)
    }

    @Test func whereNothingIsFoundWordsThatLookLikeFieldsAreNamed() {
        #expect(
            AccountFilter("foo:bar x last>2026-11").whyEmpty
                == "“foo:bar”, “last>2026-11” were looked for as words; the fields here are "
                + "status:, ccy:, class:, balance<, available<")
        #expect(AccountFilter("novak").whyEmpty == nil)
    }

    @Test func amountsMayBeGroupedAsScreensPrintThem() {
        let filter = AccountFilter("balance<-1,000,000 available>=1,000.50 balance=12,345,678.90")
        #expect(filter.balances.map(\.amount.description) == ["-1000000", "1000.50", "12345678.90"])
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
        #expect(filter.actorPrefix == "alice")
        #expect(filter.account?.text == "576")
        #expect(filter.amounts.count == 1)
        #expect(filter.days.from?.description == "2026-01-05")
        #expect(filter.days.to == nil)
    }

    @Test(arguments: [
        ("date:2026-11-24", "2026-11-24", "2026-11-24"), ("date:2026-11", "2026-11-01", "2026-11-30"),
        ("date:2024-02", "2024-02-01", "2024-02-29"), ("from:2026-01 to:2026-02", "2026-01-01", "2026-02-28"),
    ])
    func daysAndMonthsAreBothEndsIncluded(text: String, from: String, to: String) {
        for days in [JournalFilter(text).days, HistoryFilter(text).days] {
            #expect(days.from?.description == from)
            #expect(days.to?.description == to)
        }
    }

    @Test(arguments: [
        ("date:2026-13", "“date:2026-13”: write a day as YYYY-MM-DD or a month as YYYY-MM"),
        ("from:today", "“from:today”: write a day as YYYY-MM-DD or a month as YYYY-MM"),
        ("to:", "to: a day of booking, YYYY-MM-DD, or a month, YYYY-MM"),
        ("ref:", "ref: what the reference begins with"), ("by:", "by: what the actor begins with"),
        ("amount>x", "“amount>x”: “x” is not an amount"),
    ])
    func theJournalAndTheHistorySayWhatIsWrong(text: String, message: String) {
        #expect(JournalFilter(text).problem?.message == message)
        #expect(HistoryFilter(text).problem?.message == message)
    }

    @Test func kindsAreNamedWhereOneIsNotKnown() {
        #expect(
            JournalFilter("kind:foo").problem?.message
                == "no kind “foo”: deposit, withdrawal, transfer, adjustment, journal-entry or reversal")
        #expect(JournalFilter("balance>1").words == ["balance>1"])
    }

    @Test func theHistoryFilterReadsItsFields() {
        let filter = HistoryFilter("fee kind:renamed side:Debit amount<=5 by:alice ref:rent")
        #expect(filter.words == ["fee"])
        #expect(filter.actorPrefix == "alice")
        #expect(filter.referencePrefix == "rent")
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
