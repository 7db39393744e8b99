import Testing

@testable import Ledger

/// What people type of amounts and filters.
@Suite struct LedgerTextTests {
    private static let currencies: [Currency] = ["JPY", "CZK", "KWD", "CLF"].compactMap { try? Currency($0) }

    /// An amount is the one that its digits say, to the last of them, or it is refused.
    @Test func amounts() throws {
        let fuzzer = Fuzzer(
            "amounts",
            samples: [
                "0", "1", "-1", "12.50", "0.000000000001", "9223372036854775807", "-9223372036854775808",
                "92233720368547758.07", "-922337203685477580.8", "007", "1.5", ".5", "5.", "--1", "1e3",
            ], pieces: ["0", "00000000000000000000", "1", "8", ".", "-", "+", ",", "_", "٣", "²"])
        #expect(Self.currencies.count == 4)
        try fuzzer.run { input, _ in
            let text = String(decoding: input, as: UTF8.self)
            do throws(Refusal) {
                let amount = try DecimalAmount(text)
                let same = try DecimalAmount(amount.description)
                #expect(same == amount, Fuzzer.trace(input))
                #expect(Self.plain(amount.description) == Self.plain(text), Fuzzer.trace(input))
                for currency in Self.currencies {
                    guard let units = try? amount.units(in: currency) else { continue }
                    let money = Money(units: units, currency: currency).description
                    #expect(Self.plain(money) == Self.plain(text), Fuzzer.trace(input))
                }
            } catch {
                #expect(isClean(error.message) && error.message.utf8.count < 1000, Fuzzer.trace(input))
            }
        }
    }

    /// The digits without what does not change the value.
    private static func plain(_ text: String) -> String {
        let isNegative = text.hasPrefix("-")
        var digits = isNegative ? String(text.dropFirst()) : text
        if digits.contains(".") {
            while digits.last == "0" { digits.removeLast() }
            if digits.last == "." { digits.removeLast() }
        }
        while digits.count > 1, digits.first == "0", digits.dropFirst().first != "." { digits.removeFirst() }
        return digits == "0" ? "0" : (isNegative ? "-" : "") + digits
    }

    private static let filterPieces = [
        "status:", "ccy:", "class:", "balance", "available", "<", "<=", ">=", "=", ">", "frozen", "EUR",
        "ref:",
        "by:", "kind:", "account:", "amount", "date:", "from:", "to:", "2026-11", "2026-11-24", "0001-01-01",
        "\"", "1,000", "side:", "outcome:", "conflicts>", "\u{a0}", "\u{3000}", "İ", "ß", "ſ", "K", ":",
    ]

    @Test func accountFilters() throws {
        let fuzzer = Fuzzer(
            "account filters",
            samples: [
                "", "kov elektro", "status:frozen ccy:EUR class:asset", "balance<0 available>=100.50 x",
                "balance=-9223372036854775808", "available<=9223372036854775807", "a:b:c : ::",
            ], pieces: Self.filterPieces)
        let accounts = try Self.accounts()
        try fuzzer.run { input, _ in
            let text = String(decoding: input, as: UTF8.self)
            let filter = AccountFilter(text)
            Self.expectBounded(filter.words, input)
            #expect(filter.balances.count <= FilterTerm.maximum, Fuzzer.trace(input))
            // The case of a letter makes no difference, and what is found is what was looked for.
            let other = AccountFilter(Self.upper(text))
            for account in accounts {
                let isFound = filter.matches(account)
                #expect(other.matches(account) == isFound, Fuzzer.trace(input))
                if isFound, let status = filter.status { #expect(account.status == status) }
                if isFound, let currency = filter.currency { #expect(account.currency.code == currency) }
            }
            // Typing on the last term, nobody is told of a mistake in it.
            let typed = AccountFilter(text, isTyping: true)
            if filter.problem == nil { #expect(typed == filter, Fuzzer.trace(input)) }
            if filter.problem != nil {
                #expect(!accounts.contains(where: filter.matches), Fuzzer.trace(input))
            }
            if let code = filter.words.first, let account = try? AccountCode(code), filter.words.count == 1,
                filter == AccountFilter(code)
            {
                let own = try Self.account(account)
                #expect(filter.matches(own), Fuzzer.trace(input))
            }
        }
    }

    @Test func journalAndHistoryFilters() throws {
        let fuzzer = Fuzzer(
            "journal filters",
            samples: [
                "", "rent", "ref:abc kind:transfer by:alice account:576 amount>100",
                "date:2026-11 from:2026-01-01 to:2026-02-01", "kind:deposit side:debit amount<=0.5",
                "date:2026-02-30 from:9999-12 to:0001-01",
            ], pieces: Self.filterPieces)
        try fuzzer.run { input, _ in
            let text = String(decoding: input, as: UTF8.self)
            let filter = JournalFilter(text)
            Self.expectBounded(
                filter.words
                    + [filter.referencePrefix, filter.actorPrefix, filter.account?.text].compactMap { $0 },
                input)
            for day in [filter.days.from, filter.days.to, HistoryFilter(text).days.from].compactMap({ $0 }) {
                #expect(CalendarDate.bounds.contains(day), Fuzzer.trace(input))
                #expect(CalendarDate(day.description) == day, Fuzzer.trace(input))
            }
            let history = HistoryFilter(text)
            Self.expectBounded(history.words, input)
            if let kind = history.kind { #expect(HistoryFilter.kinds.contains(kind), Fuzzer.trace(input)) }
            for condition in filter.amounts + history.amounts {
                for digits in 0...4 { Self.expectExact(condition, digits, input) }
            }
        }
    }

    /// The range that a condition stands for ends where the condition does.
    private static func expectExact(_ condition: AmountCondition, _ digits: Int, _ input: [UInt8]) {
        guard let range = condition.range(digits: digits) else { return }
        #expect(condition.holds(for: range.lowerBound, digits: digits), trace(input))
        #expect(condition.holds(for: range.upperBound, digits: digits), trace(input))
        if range.upperBound < .max {
            #expect(!condition.holds(for: range.upperBound + 1, digits: digits), trace(input))
        }
        if range.lowerBound > .min {
            #expect(!condition.holds(for: range.lowerBound - 1, digits: digits), trace(input))
        }
    }

    private static func trace(_ input: [UInt8]) -> Comment { Fuzzer.trace(input) }

    private static func expectBounded(_ words: [String], _ input: [UInt8]) {
        #expect(words.count <= FilterTerm.maximum + 3, trace(input))
        #expect(words.allSatisfy { $0.unicodeScalars.count <= FilterWords.maximumLength }, trace(input))
        #expect(words.allSatisfy { !$0.utf8.contains(0) }, trace(input))
    }

    private static func upper(_ text: String) -> String {
        String(decoding: text.utf8.map { (97...122).contains($0) ? $0 - 32 : $0 }, as: UTF8.self)
    }

    private static func accounts() throws -> [Account] {
        try ["576", "Müller", "e\u{301}", "x"].map { try account(AccountCode($0)) }
    }

    private static func account(_ code: AccountCode) throws -> Account {
        Account(
            id: Identifier(high: 1, low: 2), code: code, name: "Kovář Elektro", currency: try Currency("EUR"),
            accountClass: .asset, status: .frozen, minimum: nil, debits: .max, credits: 0, held: 5,
            version: 1,
            head: .zero)
    }
}
