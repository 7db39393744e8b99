import Ledger
import Testing

@Suite struct TextTests {
    private static let hostile = [
        "a\nb", "a\rb", "a\tb", "a\u{0}b", "a\u{1b}[2J", "a\u{7f}", "a\u{85}b", "a\u{9b}1m", "a\u{2028}b",
        "a\u{2029}b", "a\u{202e}b", "a\u{202a}b", "a\u{2066}b", "a\u{2069}b", "a\u{200b}b", "a\u{200e}b",
        "a\u{200f}b", "a\u{feff}b", "a\u{ad}b", "a\u{e000}b", "a\u{e0041}b", "a\u{378}b", "a\u{fff9}b",
        "\r\n",
    ]

    @Test(arguments: hostile)
    func controlAndFormattingCharactersAreRefusedEverywhere(_ text: String) throws {
        #expect(refusal { try AccountCode(text) }?.name == "text_invalid")
        #expect(refusal { try Reference(text) }?.name == "text_invalid")
        let action = Operation.Action.deposit(account: try AccountCode("a"), amount: try DecimalAmount("1"))
        let reference = try Reference("x")
        #expect(
            refusal { try Operation(reference: reference, action: action, actor: text) }?.name
                == "text_invalid")
        #expect(
            refusal { try Operation(reference: reference, action: action, actor: "t", narrative: text) }?.name
                == "text_invalid")
        var books = try Books("a")
        #expect(try books.change("a", .rename(text)).refusalName == "text_invalid")
        #expect(try books.change("a", .freeze(nil), reason: text).refusalName == "text_invalid")
        #expect(try books.reverse("x", reason: text).refusalName == "text_invalid")
    }

    @Test(arguments: ["", " ", "   ", " a", "a ", "\u{a0}", "a\u{3000}"])
    func blankTextAndSpacesAtTheEndsAreRefused(_ text: String) {
        #expect(refusal { try Reference(text) }?.name == "text_invalid")
        #expect(refusal { try AccountCode(text) }?.name == "text_invalid")
    }

    @Test(arguments: ["a b", "a\u{a0}b", "a\u{3000}b"])
    func aCodeHasNoSpacesButAReferenceMay(_ text: String) throws {
        #expect(refusal { try AccountCode(text) }?.name == "text_invalid")
        #expect(try Reference(text).text == text)
    }

    @Test(arguments: ["576", "Müller", "山田", "café-1", "👨‍👩‍👧", "cash-CZK", "نص", "a\u{301}", "~!@#$%^&*()"])
    func plainWordsOfAnyScriptAreCodes(_ text: String) throws {
        #expect(try AccountCode(text).text == text)
    }

    @Test func lengthsAreBoundedInCharactersAndInBytes() throws {
        for (limit, isCode) in [(64, true), (200, false)] {
            func make(_ text: String) throws {
                _ = isCode ? try AccountCode(text).text : try Reference(text).text
            }
            for letter in ["a", "é"] {
                #expect(refusal { try make(String(repeating: letter, count: limit)) } == nil)
                #expect(
                    refusal { try make(String(repeating: letter, count: limit + 1)) }?.name == "text_invalid")
            }
            // Characters to a reader of more than one scalar each: the database counts the scalars.
            for letter in ["e\u{301}", "👨‍👩‍👧", "🇨🇿"] {
                let fitting = limit / letter.unicodeScalars.count
                #expect(refusal { try make(String(repeating: letter, count: fitting)) } == nil)
                #expect(
                    refusal { try make(String(repeating: letter, count: fitting + 1)) }?.name
                        == "text_invalid")
            }
            // One character to a reader, and any number of bytes.
            let stacked = "a" + String(repeating: "\u{301}", count: limit * 2)
            #expect(stacked.count == 1)
            #expect(refusal { try make(stacked) }?.name == "text_invalid")
        }
    }

    @Test func aNameOfAMegabyteIsRefused() throws {
        var books = Books()
        for letter in ["n", "é", "👨‍👩‍👧", "\u{301}"] {
            let name = String(repeating: letter, count: 1_048_576 / letter.utf8.count)
            let verdict = try books.run(
                .accountChange(
                    account: AccountCode("a"),
                    change: .open(
                        name: name, currency: Currency("CZK"), accountClass: .asset, minimum: .zero),
                    reason: ""))
            #expect(verdict.refusalName == "text_invalid")
            #expect((verdict.refusal?.message.utf8.count ?? .max) < 200)
        }
    }

    /// `é` in one scalar and in two are equal to Swift. The database compares bytes, and so does the ledger.
    @Test func codesAndReferencesAreTheirBytes() throws {
        let (one, two) = ("caf\u{e9}", "cafe\u{301}")
        #expect(one == two)
        #expect(try AccountCode(one) != AccountCode(two))
        #expect(try Reference(one) != Reference(two))
        #expect(try Set([AccountCode(one), AccountCode(two), AccountCode(one)]).count == 2)
        #expect(try Set([Reference(one), Reference(two), Reference(one)]).count == 2)
        #expect(try AccountCode(one).hashValue == AccountCode(String(Array(one))).hashValue)
        var books = try Books(one)
        #expect(try books.open(two).isPosted)
        #expect(try books.deposit(one, "1", reference: one).isPosted)
        #expect(try books.deposit(one, "1", reference: two).isPosted)
        #expect(books.ledger(one) == "2.00")
        #expect(books.ledger(two) == "0.00")
    }

    @Test func codesSortByTheirBytes() throws {
        let texts = ["Z", "a", "z", "e\u{301}", "\u{e9}", "ｚ", "😀", "10", "9", "a1", "B"]
        let bytewise = texts.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        #expect(
            try texts.map { try AccountCode($0) }.sorted().map { Array($0.text.utf8) }
                == bytewise.map { Array($0.utf8) })
        #expect(
            try texts.map { try Reference($0) }.sorted().map { Array($0.text.utf8) }
                == bytewise.map { Array($0.utf8) })
    }
}

@Suite struct AccountFilterTests {
    @Test func plainWordsAreWords() {
        let filter = AccountFilter("  kov  Elektro ")
        #expect(filter.words == ["kov", "Elektro"])
        #expect(filter.status == nil && filter.currency == nil && filter.accountClass == nil)
        #expect(AccountFilter("") == AccountFilter())
    }

    @Test func fieldsAreReadInEitherCase() {
        let filter = AccountFilter("STATUS:Frozen ccy:eur Class:ASSET x")
        #expect(filter.status == .frozen)
        #expect(filter.currency == "EUR")
        #expect(filter.accountClass == .asset)
        #expect(filter.words == ["x"])
        #expect(AccountFilter("status:debit-frozen").status == .debitFrozen)
    }

    @Test(arguments: ["size:3", ":", "a:b:c", "%_\\", "status<3", "amount>1", "<0", "kind:foo"])
    func whatOnlyLooksLikeAFieldIsAWord(_ text: String) {
        #expect(AccountFilter(text).words == [text])
        #expect(AccountFilter(text).problem == nil)
    }

    @Test func hostileTextIsBounded() {
        let many = AccountFilter(String(repeating: "w ", count: 10_000))
        #expect(many.words.count == FilterTerm.maximum)
        let stacked = AccountFilter("a" + String(repeating: "\u{301}", count: 1_000_000))
        #expect((stacked.words.first?.unicodeScalars.count ?? .max) <= 100)
        #expect(AccountFilter("a\u{0}b").words == ["ab"])
    }
}
