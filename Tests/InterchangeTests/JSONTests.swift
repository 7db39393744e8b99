import Ledger
import Testing

@testable import Interchange

@Suite struct JSONValueTests {
    @Test func valuesAreWrittenOnOneLineInTheirOrder() {
        let value = JSONValue.object([
            ("z", .integer(-5)), ("a", .array([.null, .bool(true), .bool(false), .array([]), .object([])])),
            ("n", .decimal("47.10")), ("s", .optional("x")), ("o", .optional(nil)),
        ])
        #expect(
            value.text == #"{"z":-5,"a":[null,true,false,[],{}],"n":47.10,"s":"x","o":null}"#)
    }

    @Test(arguments: [
        ("plain ~ text", #""plain ~ text""#), ("say \"hi\" \\", #""say \"hi\" \\""#),
        ("a\nb\rc\td", #""a\nb\rc\td""#), ("\u{0}\u{1}\u{1f}\u{7f}", #""\u0000\u0001\u001f\u007f""#),
        ("\u{8}\u{c}", #""\u0008\u000c""#), ("\u{2028}\u{2029}", #""\u2028\u2029""#),
        ("\u{1b}[2J", #""\u001b[2J""#), ("\u{85}\u{9b}", #""\u0085\u009b""#),
        ("\u{202e}x\u{2066}", #""\u202ex\u2066""#), ("\u{feff}\u{200b}", #""\ufeff\u200b""#),
        ("\u{e0041}", #""\udb40\udc41""#), ("\u{10ffff}", #""\udbff\udfff""#), ("é漢😀👨‍👩‍👧", "\"é漢😀👨‍👩‍👧\""),
        ("</script>", #""</script>""#), ("", #""""#),
    ])
    func stringsAreEscapedSafely(_ text: String, _ json: String) {
        #expect(JSONValue.string(text).text == json)
        #expect(JSONValue.object([(text, .null)]).text == "{\(json):null}")
    }

    @Test(arguments: ["0", "-0", "47.1", "-12.50", "9223372036854775807", "0.001"])
    func decimalsAreNumbers(_ text: String) {
        #expect(JSONValue.decimal(text).text == text)
    }

    @Test(arguments: ["", "-", ".5", "5.", "05", "1e3", "NaN", "1,0", "--1", "1.2.3", "١", "+1", " 1"])
    func whatIsNoNumberIsWrittenAsAString(_ text: String) {
        #expect(JSONValue.decimal(text).text == "\"\(text)\"")
    }

    @Test(arguments: [
        (47.1, "47.1"), (0, "0.0"), (47.06, "47.1"), (0.04, "0.0"), (1234.96, "1235.0"), (-0.5, "-0.5"),
        (Double.nan, "null"), (.infinity, "null"), (1e300, "null"),
    ])
    func millisecondsHaveOneDecimal(_ value: Double, _ text: String) {
        #expect(JSONValue.milliseconds(value).text == text)
    }

    /// Whatever is in a string, the line holds no raw control character and its quotes pair up.
    @Test func noTextBreaksOutOfItsString() {
        var random = SplitMix64(seed: 9)
        for _ in 0..<3000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let value =
                    UInt32.random(in: 0...0x3000, using: &random) >> UInt32.random(in: 0...8, using: &random)
                text.unicodeScalars.append(Unicode.Scalar(value) ?? "\u{fffd}")
            }
            let json = JSONValue.string(text).text
            #expect(!json.unicodeScalars.contains { $0.isUnsafeToPrint })
            #expect(Self.unescaped(json) == Array(text.unicodeScalars))
        }
    }

    /// What a reader makes of a JSON string of characters up to U+FFFF; nil when it is not one.
    private static func unescaped(_ json: String) -> [Unicode.Scalar]? {
        var rest = Array(json.unicodeScalars)[...]
        var result: [Unicode.Scalar] = []
        guard rest.popFirst() == "\"" else { return nil }
        while let scalar = rest.popFirst() {
            if scalar == "\"" { return rest.isEmpty ? result : nil }
            guard scalar == "\\" else {
                result.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "n": result.append("\n")
            case "r": result.append("\r")
            case "t": result.append("\t")
            case "\"": result.append("\"")
            case "\\": result.append("\\")
            case "u":
                let digits = String(String.UnicodeScalarView(rest.prefix(4)))
                rest = rest.dropFirst(4)
                guard let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else {
                    return nil
                }
                result.append(scalar)
            default: return nil
            }
        }
        return nil
    }
}

/// The forms that the documentation fixes.
@Suite struct LedgerJSONTests {
    @Test func anAccount() throws {
        #expect(
            JSONValue.account(try Samples.account(held: 100_000)).text
                == #"{"account":"576","name":"Account 576","currency":"CZK","class":"liability","status":"open","#
                + #""ledger":"40308.30","available":"39308.30","held":"1000.00","minimum":"0.00","version":41}"#
        )
        let unlimited = JSONValue.account(try Samples.account(currency: "JPY", minimum: nil)).text
        #expect(unlimited.contains(#""minimum":null"#))
        #expect(unlimited.contains(#""ledger":"4030830""#))
    }

    @Test func aRecordOfAnEntry() throws {
        let text = JSONValue.record(
            try Samples.entry(narrative: "interest"), account: try Samples.account()
        ).text
        #expect(
            text.hasPrefix(
                #"{"account":"576","seq":41,"kind":"entry","side":"credit","amount":"18.90","ledger":"40308.30","#
                    + #""reference":"berka-1","actor":"alice","booked_at":"2026-11-24T02:26:06.000123Z","#
                    + #""value_date":"2026-11-20","narrative":"interest","currency":"CZK","available":"40307.30","#
                    + #""transaction":"0193b2c4-0000-7000-8000-000000000001","transaction_kind":"transfer""#))
    }

    @Test func aRecordOfAChange() throws {
        let account = try Samples.account()
        let opened = JSONValue.record(
            Samples.change(.opened(name: "N", minimum: nil)), account: account
        ).text
        #expect(opened.contains(#""kind":"opened","side":null,"amount":null,"ledger":"5.00""#))
        #expect(opened.contains(#""reason":"address confirmed","name":"N","minimum":null}"#))
        let frozen = JSONValue.record(Samples.change(.status(.debitFrozen)), account: account).text
        #expect(frozen.hasSuffix(#""status":"debit-frozen"}"#))
        let limited = JSONValue.record(Samples.change(.minimum(-50)), account: account).text
        #expect(limited.hasSuffix(#""minimum":"-0.50"}"#))
    }

    @Test func aTransactionWithWhatIsReversedOfIt() throws {
        let currency = try Currency("CZK")
        func entry(_ code: String, _ side: Side, _ currency: Currency) -> PostedTransaction.Entry {
            PostedTransaction.Entry(
                account: AccountCode(stored: code), currency: currency, accountClass: .liability, seq: 3,
                side: side, amount: 500, debits: 0, credits: 1000, held: 0)
        }
        var transaction = PostedTransaction(
            head: try Samples.transaction(narrative: "n"),
            entries: [entry("a", .debit, currency), entry("b", .credit, currency)], reversedUnits: 200)
        #expect(
            JSONValue.transaction(transaction).text
                == #"{"outcome":"posted","reference":"berka-1","transaction":"0193b2c4-0000-7000-8000-000000000001","#
                + #""kind":"transfer","entries":[{"account":"a","side":"debit","amount":"5.00","currency":"CZK","seq":3,"#
                + #""ledger":"10.00","available":"10.00"},{"account":"b","side":"credit","amount":"5.00","#
                + #""currency":"CZK","seq":3,"ledger":"10.00","available":"10.00"}],"actor":"alice","#
                + #""booked_at":"2026-11-24T02:26:06.000123Z","value_date":"2026-11-20","narrative":"n","#
                + #""reason_code":null,"reason":null,"reverses":null,"reversed":"2.00","fully_reversed":false}"#
        )
        transaction.reversedUnits = 500
        #expect(
            JSONValue.transaction(transaction).text.hasSuffix(#""reversed":"5.00","fully_reversed":true}"#))
        let mixed = PostedTransaction(
            head: transaction.head,
            entries: [entry("a", .debit, currency), entry("b", .credit, try Currency("JPY"))],
            reversedUnits: 0)
        #expect(JSONValue.transaction(mixed).text.hasSuffix(#""reversed":null,"fully_reversed":false}"#))
    }

    @Test func anOperationOnTheBooks() throws {
        let text = JSONValue.receipt(try Samples.receipt()).text
        #expect(text.hasPrefix(#"{"outcome":"posted","reference":"x","transaction":"0193b2c4-"#))
        #expect(text.hasSuffix(#""booked_at":"2026-11-24T02:26:06.000123Z"}"#))
    }
}

@Suite struct OutcomeJSONTests {
    private let reference = Reference(stored: "x")

    @Test(arguments: [(OutcomeFacts.Name.posted, "posted"), (.alreadyPosted, "already_posted")])
    func whatIsOnTheBooks(_ name: OutcomeFacts.Name, _ word: String) throws {
        let facts = OutcomeFacts(
            name: name, reference: reference, receipt: try Samples.receipt(), attempts: 3,
            conflicts: [.init(attempt: 1, sqlState: "40001", cause: "another transaction was first")],
            elapsedMilliseconds: 47.06)
        #expect(
            JSONValue.outcome(facts).text
                == #"{"outcome":"\#(word)","reference":"x","transaction":"0193b2c4-0000-7000-8000-000000000001","#
                + #""kind":"transfer","attempts":3,"conflicts":[{"attempt":1,"sqlstate":"40001","#
                + #""cause":"another transaction was first"}],"elapsed_ms":47.1,"#
                + #""entries":[{"account":"576","side":"debit","amount":"900.00","currency":"CZK","seq":41,"#
                + #""ledger":"40308.30","available":"40308.30"},{"account":"704","side":"credit","#
                + #""amount":"900.00","currency":"CZK","seq":7,"ledger":"1000.00","available":"1000.00"}]}"#)
    }

    @Test func anAccountChangeHasNoSideAndNoAmount() throws {
        let change = AccountRecord.Change(
            kind: .status(.frozen), reference: reference, fingerprint: .zero, actor: "alice", reason: "r")
        let line = Samples.change(.status(.frozen))
        let receipt = Receipt(change, of: line.record, account: try Samples.account())
        let text = JSONValue.outcome(
            OutcomeFacts(
                name: .posted, reference: reference, receipt: receipt, attempts: 1, elapsedMilliseconds: 1)
        ).text
        #expect(text.contains(#""transaction":null,"kind":"status""#))
        #expect(
            text.contains(#""entries":[{"account":"576","side":null,"amount":null,"currency":"CZK","seq":2"#))
    }

    @Test func aRefusalWithItsFacts() throws {
        let czk = try Currency("CZK")
        let refusal = Refusal.insufficientFunds(
            account: AccountCode(stored: "576"), available: Money(units: 10_000, currency: czk),
            requested: Money(units: 90_000, currency: czk), minimum: Money(units: 0, currency: czk))
        let facts = OutcomeFacts(
            name: .refused, reference: reference, refusal: refusal, attempts: 1, elapsedMilliseconds: 2)
        #expect(
            JSONValue.outcome(facts).text
                == #"{"outcome":"refused","refusal":"insufficient_funds","message":"account 576 has 100.00 CZK "#
                + #"available, 900.00 would take it below its minimum of 0.00","facts":{"account":"576","#
                + #""available":"100.00","requested":"900.00","minimum":"0.00"},"reference":"x","attempts":1,"#
                + #""elapsed_ms":2.0}"#)
    }

    @Test(arguments: [
        (OutcomeFacts.Name.failed, "failed"), (.unknown, "unknown"), (.gaveUp, "gave_up"),
        (.cancelled, "cancelled"),
    ])
    func whatIsNotKnownToBeOnTheBooks(_ name: OutcomeFacts.Name, _ word: String) {
        let facts = OutcomeFacts(
            name: name, reference: reference, message: "gave up\nnow", sqlState: "40001", attempts: 9,
            elapsedMilliseconds: 10_000)
        #expect(
            JSONValue.outcome(facts).text
                == #"{"outcome":"\#(word)","message":"gave up\nnow","sqlstate":"40001","reference":"x","#
                + #""attempts":9,"conflicts":[],"elapsed_ms":10000.0}"#)
    }
}
