import Ledger
import Testing

@testable import Interchange

@Suite struct CSVWriterTests {
    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("two words", "two words"), ("a,b", "\"a,b\""),
        ("say \"hi\"", "\"say \"\"hi\"\"\""), (" lead", "\" lead\""), ("trail ", "\"trail \""),
        ("é漢😀", "é漢😀"),
    ])
    func textIsQuotedWhereItMustBe(_ text: String, _ field: String) {
        #expect(written(text) == field)
    }

    @Test(arguments: [
        ("=1+1", "'=1+1"), ("+420 123", "'+420 123"), ("-5", "'-5"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'␉=1"), ("\r=1", "'␍=1"), ("\n=1", "'␊=1"), ("＝1", "'＝1"),
        ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
        (" =1+1", "' =1+1"), ("\u{a0}\u{3000}-1", "'\u{a0}\u{3000}-1"), ("\"=1+1", "\"'\"\"=1+1\""),
        ("\" '\t@x", "\"'\"\" '␉@x\""), ("“＝1”", "'“＝1”"), ("\u{200b}=1", "'<U+200B>=1"),
        ("\u{200d}+1", "'\u{200d}+1"), ("a\t=1", "a␉=1"), ("\ta", "'␉a"), ("'=1", "''=1"), ("'+", "''+"),
        (" \u{301}@x", "' \u{301}@x"), ("a=1", "a=1"), ("5-3", "5-3"), ("'a", "'a"), (" a", "\" a\""),
        ("\"a\" =1", "\"\"\"a\"\" =1\""),
    ])
    func whatASpreadsheetWouldRunIsMadeText(_ text: String, _ field: String) {
        #expect(written(text) == field)
    }

    @Test(arguments: [
        ("a\nb", "a␊b"), ("a\u{0}b", "a␀b"), ("a\u{1b}[2J", "a␛[2J"), ("a\u{7f}", "a␡"),
        ("a\u{85}b", "a<U+0085>b"),
        ("a\u{202e}b", "a<U+202E>b"), ("a\u{2028}b", "a<U+2028>b"), ("a\u{e0041}", "a<U+E0041>"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
    ])
    func controlCharactersAreWrittenVisibly(_ text: String, _ field: String) {
        #expect(written(text) == field)
    }

    private func written(_ text: String) -> String {
        var bytes: [UInt8] = []
        CSVWriter.append(text: text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

@Suite struct RecordExportTests {
    @Test func aRecordIsARowUnderTheHeader() throws {
        let table = try table([
            Samples.entry(narrative: "rent, March", reasonCode: "E-1", reason: "why"),
            Samples.change(.opened(name: "Account 576", minimum: nil)), Samples.change(.status(.frozen)),
            Samples.change(.minimum(-100)), Samples.change(.renamed(name: "New")),
        ])
        #expect(table.count == 5)
        let entry = try #require(table.first)
        let expected = [
            "account": "576", "seq": "41", "kind": "entry", "side": "credit", "amount": "18.90",
            "currency": "CZK",
            "ledger": "40308.30", "available": "40307.30", "reference": "berka-1",
            "transaction": "0193b2c4-0000-7000-8000-000000000001", "transaction_kind": "transfer",
            "actor": "alice", "booked_at": "2026-11-24T02:26:06.000123Z", "value_date": "2026-11-20",
            "reason_code": "E-1", "reason": "why", "narrative": "rent, March", "name": "", "status": "",
            "minimum": "", "database_user": "", "address": "", "program": "",
        ]
        #expect(entry == expected)
        #expect(table.map { $0["minimum"] } == ["", "none", "", "-1.00", ""])
        #expect(table.map { $0["status"] } == ["", "", "frozen", "", ""])
        #expect(table.map { $0["name"] } == ["", "Account 576", "", "", "New"])
        #expect(table[1]["amount"] == "" && table[1]["side"] == "")
        #expect(table[1]["reason"] == "address confirmed")
        #expect(table[1]["value_date"] == "2026-11-24")
    }

    /// Text is made harmless; a negative amount stays a number.
    @Test func textIsNeutralisedAndAmountsAreNot() throws {
        let hostile = "=cmd|' /C calc'!A0\n\u{1b}[2J"
        var account = try Samples.account(code: "-576")
        account.debits = 5_000_000
        var line = try Samples.entry(narrative: hostile, reference: "@ref", actor: "+actor", reason: "-r")
        line = HistoryLine(
            record: AccountRecord(
                accountID: line.record.accountID, seq: 1, content: line.record.content, debits: 500,
                credits: 0,
                held: 0, bookedAt: line.record.bookedAt, hash: .zero),
            transaction: line.transaction)
        let row = try #require(try table([line], account).first)
        #expect(row["account"] == "'-576")
        #expect(row["ledger"] == "-5.00" && row["available"] == "-5.00")
        #expect(row["narrative"] == "'=cmd|' /C calc'!A0␊␛[2J")
        #expect(row["reference"] == "'@ref" && row["actor"] == "'+actor" && row["reason"] == "'-r")
    }

    @Test func everyRecordIsOneLineInBothFormats() throws {
        let account = try Samples.account()
        for format in RecordExport.Format.allCases {
            let export = RecordExport(format)
            var bytes = export.header
            let headerLines = bytes.filter { $0 == 0x0a }.count
            for text in ["a\nb", "a\r\nb", "\u{2028}", "\"\n\"", "plain"] {
                export.append(try Samples.entry(narrative: text), of: account, to: &bytes)
            }
            #expect(bytes.filter { $0 == 0x0a }.count == headerLines + 5)
            #expect(!bytes.contains(0x0d))
        }
    }

    @Test func jsonIsTheRecordForm() throws {
        let (line, account) = (try Samples.entry(narrative: "n"), try Samples.account())
        let export = RecordExport(.json)
        var bytes: [UInt8] = []
        export.append(line, of: account, to: &bytes)
        #expect(export.header.isEmpty)
        #expect(
            String(decoding: bytes, as: UTF8.self) == JSONValue.record(line, account: account).text + "\n")
    }

    /// Books that cannot be sound are written all the same.
    @Test func unsoundTotalsDoNotStopTheExport() throws {
        let (account, line) = (try Samples.account(), try Samples.entry())
        let record = AccountRecord(
            accountID: account.id, seq: .min, content: line.record.content, debits: .min, credits: .max,
            held: .min, bookedAt: Timestamp(microseconds: .min), hash: .zero)
        for format in RecordExport.Format.allCases {
            var bytes: [UInt8] = []
            RecordExport(format).append(
                HistoryLine(record: record, transaction: nil), of: account, to: &bytes)
            #expect(bytes.count > 100)
        }
    }

    private func table(
        _ lines: [HistoryLine], _ account: Account? = nil
    ) throws -> [[String: String]] {
        let export = RecordExport(.csv)
        let account = try account ?? Samples.account()
        var bytes = export.header
        for line in lines { export.append(line, of: account, to: &bytes) }
        let reading = Reading(bytes)
        let header = try #require(reading.fields.first)
        #expect(reading.rows.allSatisfy { $0.defect == nil && $0.fields.count == header.count })
        return reading.fields.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
    }
}
