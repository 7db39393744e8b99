import Ledger
import Testing

@testable import Interchange

@Suite struct ImportFileTests {
    private static let header =
        "date,reference,account,type,amount,counter_account,currency,narrative,balance_after"

    /// Twenty rows of a real bank's file.
    private static let excerpt = """
        date,reference,account,type,operation,amount,balance_after,published_amount,purpose,counterparty_bank,counterparty_account
        1993-01-01,berka-171812,576,deposit,cash deposit,900.00,900.00,900.00,,,
        1993-01-01,berka-207264,704,deposit,cash deposit,1000.00,1000.00,1000.00,,,
        1993-01-05,berka-232961,793,deposit,collection from another bank,3401.00,4201.00,3401.00,,IJ,6149286
        1993-01-07,berka-542216,1844,deposit,collection from another bank,3242.00,3742.00,3242.00,,ST,42988401
        1993-01-07,berka-579374,1972,deposit,collection from another bank,5298.00,5698.00,5298.00,old-age pension,UV,14132887
        1993-01-10,berka-1049882,3592,deposit,collection from another bank,6007.00,6607.00,6007.00,old-age pension,MN,73166322
        1993-01-31,berka-3549613,576,deposit,interest,20.10,7127.10,20.10,interest credited,,
        1993-01-31,berka-3552056,652,deposit,interest,45.00,14596.00,45.00,interest credited,,
        1993-01-31,berka-695560,2378,withdrawal,cash withdrawal,34700.00,59453.70,34700.00,,,
        1993-02-03,berka-145127,485,withdrawal,cash withdrawal,25300.00,46177.90,25300.00,,,
        1993-02-07,berka-695340,2378,withdrawal,remittance to another bank,9612.00,80033.70,9612.00,household,EF,1222903
        1993-02-28,berka-695490,2378,withdrawal,cash withdrawal,14.60,71437.80,14.60,statement fee,,
        1993-03-06,berka-144776,485,withdrawal,remittance to another bank,1591.00,49952.90,1591.00,,WX,56978738
        1993-03-07,berka-144848,485,withdrawal,remittance to another bank,3572.00,46380.90,3572.00,insurance,AB,20747721
        1993-05-10,berka-989796,3374,withdrawal,cash withdrawal,4700.00,85244.10,4700.00,household,,0
        1993-06-03,berka-2908766,9635,withdrawal,cash withdrawal,3500.00,19344.90,3500.00,household,,0
        1993-06-30,berka-3452675,5740,withdrawal,cash withdrawal,2.50,6770.10,2.50,sanction interest,,
        1993-06-30,berka-3449868,4034,withdrawal,cash withdrawal,3.00,-2909.60,3.00,sanction interest,,
        1993-07-12,berka-527534,1801,withdrawal,remittance to another bank,4610.00,43431.90,4610.00,loan payment,OP,33671474
        1993-08-12,berka-541761,1843,withdrawal,remittance to another bank,2938.60,31493.10,2938.70,loan payment,QR,70984434

        """

    @Test func everyRowOfARealBanksFileIsRead() throws {
        let reading = ImportReading(Self.excerpt)
        #expect(reading.error == nil)
        #expect(reading.problems.isEmpty)
        #expect(reading.rows.count == 20)
        #expect(
            reading.ignoredColumns == [
                "operation", "published_amount", "purpose", "counterparty_bank", "counterparty_account",
            ])
        let row = try #require(reading.rows.dropFirst(17).first)
        let expected = try ImportRow(
            line: 19, date: #require(CalendarDate("1993-06-30")), reference: Reference("berka-3449868"),
            account: AccountCode("4034"), kind: .withdrawal, amount: DecimalAmount("3.00"),
            balanceAfter: DecimalAmount("-2909.60"))
        #expect(row == expected)
        let total = try reading.rows.map { try $0.amount.units(in: Currency("CZK")) }.reduce(0, +)
        #expect(total == 110_456_80)
    }

    @Test func aRowIsTheSameOperationEachTimeItIsRead() throws {
        let first = try ImportReading(Self.excerpt).rows.map { try $0.operation(actor: "alice") }
        let second = try ImportReading(Self.excerpt).rows.map { try $0.operation(actor: "bob") }
        #expect(first.map(\.fingerprint) == second.map(\.fingerprint))
        #expect(first.map(\.reference) == second.map(\.reference))
        #expect(first.first?.valueDate == CalendarDate("1993-01-01"))
        #expect(
            first.first?.action
                == .deposit(account: try AccountCode("576"), amount: try DecimalAmount("900.00")))
    }

    @Test func allColumnsAreRead() throws {
        let reading = ImportReading(
            Self.header + "\n2026-01-02,r 1,a,transfer,12.50,b,CZK,\"rent, March\",-3.00\n"
                + "2026-01-02,r2,a,deposit,5,,,,\n2026-01-02,r3,a,withdrawal,5,,,,\n")
        #expect(reading.problems.isEmpty)
        #expect(reading.ignoredColumns.isEmpty)
        let row = try #require(reading.rows.first)
        #expect(row.kind == .transfer)
        #expect(row.counterAccount?.text == "b")
        #expect(row.currency?.code == "CZK")
        #expect(row.narrative == "rent, March")
        #expect(row.balanceAfter?.description == "-3.00")
        let operation = try row.operation(actor: "alice")
        #expect(operation.narrative == "rent, March")
        let (from, to) = (try AccountCode("a"), try AccountCode("b"))
        #expect(operation.action == .transfer(from: from, to: to, amount: try DecimalAmount("12.50")))
        #expect(reading.rows.map(\.line) == [2, 3, 4])
        #expect(reading.rows.last?.balanceAfter == nil)
        let withdrawal = try reading.rows.last?.operation(actor: "alice")
        #expect(withdrawal?.action == .withdrawal(account: from, amount: try DecimalAmount("5")))
    }

    @Test func columnsMayComeInAnyOrderWithSpacesAndCapitals() {
        let reading = ImportReading("Amount, TYPE ,account,Reference,date\n1,deposit,a,x,2026-01-01\n")
        #expect(reading.rows.count == 1)
    }

    /// A bad field, the column it is in, and a word of the message.
    @Test(arguments: [
        ("1993-02-30,x,a,deposit,1,,,,", 1, "date", "1993-02-30"),
        (",x,a,deposit,1,,,,", 1, "date", "missing"),
        ("1.2.1993,x,a,deposit,1,,,,", 1, "date", "1993-03-31"),
        ("1993-01-01,,a,deposit,1,,,,", 12, "reference", "missing"),
        ("1993-01-01,x,,deposit,1,,,,", 14, "account", "missing"),
        ("1993-01-01,x,a b,deposit,1,,,,", 14, "account", "spaces"),
        ("1993-01-01,x,a,Deposit,1,,,,", 16, "type", "deposit, withdrawal or transfer"),
        ("1993-01-01,x,a,,1,,,,", 16, "type", "missing"),
        ("1993-01-01,x,a,deposit,,,,,", 24, "amount", "missing"),
        ("1993-01-01,x,a,deposit,0,,,,", 24, "amount", "greater than zero"),
        ("1993-01-01,x,a,deposit,-5,,,,", 24, "amount", "greater than zero"),
        ("1993-01-01,x,a,deposit,1e3,,,,", 24, "amount", "digits"),
        ("1993-01-01,x,a,deposit,\"1,000\",,,,", 24, "amount", "digits"),
        ("1993-01-01,x,a,deposit, 1,,,,", 24, "amount", "digits"),
        ("1993-01-01,x,a,deposit,99999999999999999999,,,,", 24, "amount", "larger"),
        ("1993-01-01,x,a,deposit,1.234,,CZK,,", 24, "amount", "2 decimals"),
        ("1993-01-01,x,a,transfer,1,,,,", 27, "counter_account", "missing"),
        ("1993-01-01,x,a,deposit,1,b,,,", 26, "counter_account", "has none"),
        ("1993-01-01,x,a,deposit,1,,czk,,", 27, "currency", "ISO 4217"),
        ("1993-01-01,x,é漢a,deposit,1,,,\" n\",", 30, "narrative", "space"),
        ("1993-01-01,x,a,deposit,1,,,\"a\nb\",", 28, "narrative", "U+000A"),
        ("1993-01-01,x,a,deposit,1,,,,ten", 29, "balance_after", "digits"),
        ("1993-01-01,x,a,deposit,1,,CZK,,1.234", 32, "balance_after", "2 decimals"),
    ])
    func aBadFieldIsSaidWithItsPlaceAndDoesNotStopTheFile(
        _ bad: String, _ column: Int, _ name: String, _ word: String
    ) throws {
        let good = "1993-01-01,y,a,deposit,1,,,,"
        let reading = ImportReading("\(Self.header)\n\(good)\n\(bad)\n\(good)\n")
        #expect(reading.error == nil)
        #expect(reading.rows.count == 2)
        let problem = try #require(reading.problems.first)
        #expect(reading.problems.count == 1)
        #expect(problem.line == 3)
        #expect(problem.column == column)
        #expect(problem.columnName == name)
        #expect(problem.message.contains(word), "\(problem.message)")
    }

    @Test func theWrongNumberOfFieldsIsSaid() throws {
        let reading = ImportReading(
            "date,reference,account,type,amount\n1993-01-01,x,a,deposit\n1993-01-01,x,a,deposit,1,2\n"
                + "1993-01-01,x,a,deposit,1\n")
        #expect(reading.rows.map(\.line) == [4])
        #expect(reading.problems.map(\.line) == [2, 3])
        #expect(reading.problems.map(\.column) == [23, 26])
        #expect(reading.problems.map(\.columnName) == ["amount", nil])
        #expect(reading.problems.first?.message.contains("4 fields, the header names 5") == true)
    }

    @Test func latin1IsSaidWithItsPlaceAndWhatToDo() throws {
        let start = Array("date,reference,account,type,amount\n1993-01-01,x,caf".utf8)
        let bytes = start + [0xe9] + Array(",deposit,1\n1993-01-01,y,a,deposit,1\n".utf8)
        let reading = ImportReading(bytes: bytes)
        let problem = try #require(reading.problems.first)
        #expect(problem.line == 2 && problem.column == 17)
        #expect(problem.columnName == "account")
        #expect(problem.message.contains("byte \(start.count)"))
        #expect(problem.message.contains("iconv -f latin1 -t utf8"))
        #expect(reading.rows.count == 1)
    }

    @Test func aHeaderThatIsNotUTF8StopsTheFile() throws {
        let reading = ImportReading(bytes: Array("date,r".utf8) + [0xe9] + Array("f\n".utf8))
        let error = try #require(reading.error)
        #expect(error.line == 1 && error.column == 7)
        #expect(error.message.contains("iconv -f latin1 -t utf8"))
        #expect(error.message.contains("byte 6"))
    }

    @Test(arguments: ["", "\n\n", "\u{feff}", "\r\n"])
    func anEmptyFileIsSaid(_ text: String) {
        #expect(ImportReading(text).error?.message.contains("the file is empty") == true)
    }

    @Test func aFileWithoutAHeaderIsSaidWithWhatStandsThere() throws {
        let error = try #require(ImportReading("1993-01-01,x,a,deposit,1\n").error)
        #expect(error.message.contains("date, reference, account, type, amount"))
        #expect(error.message.contains("“1993-01-01, x, a, deposit, 1”"))
        let partly = try #require(ImportReading("date,account,type,amount\n").error)
        #expect(partly.message.contains("lacks the column reference;"))
    }

    @Test(arguments: [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
    func anotherSeparatorIsRecognised(_ separator: String, _ name: String) throws {
        let header = ["date", "reference", "account", "type", "amount"].joined(separator: separator)
        #expect(try #require(ImportReading(header + "\n").error).message.contains("separated by \(name)"))
    }

    @Test func aColumnThatIsThereTwiceIsSaid() throws {
        let error = try #require(ImportReading("date,reference,account,type,amount,Amount\n").error)
        #expect(error.message.contains("amount twice"))
        #expect(error.column == 36)
        #expect(ImportReading("date,reference,account,type,amount,x,x\n").error == nil)
    }

    @Test func aQuoteLeftOpenStopsTheFileAndSaysWhereItBegan() throws {
        let reading = ImportReading(
            "date,reference,account,type,amount\n1993-01-01,x,a,deposit,1\n1993-01-01,\"y,a,deposit,1\n"
                + "1993-01-01,z,a,deposit,1\n")
        #expect(reading.rows.map(\.reference.text) == ["x"])
        let error = try #require(reading.error)
        #expect(error.line == 3 && error.column == 12)
    }

    @Test func messagesAreSafeToPrintWhateverTheFileHolds() throws {
        let hostile = "\u{1b}[2J\u{202e}" + String(repeating: "x", count: 50_000)
        let header = "date,reference,account,type,amount,\(hostile)\n"
        let reading = ImportReading(header + "\(hostile),\(hostile),\(hostile),\(hostile),\(hostile),\n")
        let texts = reading.problems.map(\.message) + reading.ignoredColumns
        #expect(texts.count == 2)
        let missing = try #require(ImportReading("\(hostile),b\n").error?.message)
        for text in texts + [missing] {
            #expect(text.utf8.count < 1000)
            #expect(!text.unicodeScalars.contains { $0.isUnsafeToPrint })
        }
    }

    @Test func progressRunsFromTheHeaderToTheEnd() throws {
        let bytes = Array(Self.excerpt.utf8)
        var file = try ImportFile(MemoryBytes(bytes))
        #expect(file.totalBytes == bytes.count)
        var last = file.bytesRead
        #expect(last > 100 && last < 200)
        while try file.next() != nil {
            #expect(file.bytesRead > last)
            last = file.bytesRead
        }
        #expect(last == bytes.count)
        #expect(try file.next() == nil)
    }

    @Test func filesThatCannotBeReadAreSaid() {
        for path in ["/nonexistent/file.csv", "/tmp", "/proc/self/mem\u{1b}"] {
            do throws(ImportError) {
                _ = try FileBytes(path: path)
                Issue.record("\(path) was opened")
            } catch {
                #expect(error.message.contains("cannot be read"))
                #expect(!error.message.contains("\u{1b}"))
            }
        }
    }

    @Test func aFileIsReadFromDisk() throws {
        // A file that is on every machine where this runs: the test itself.
        let source = try FileBytes(path: #filePath)
        let total = try #require(source.totalBytes)
        var bytes = [UInt8](repeating: 0, count: 1000)
        var sum = 0
        while true {
            let count = try bytes.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 { break }
            sum += count
        }
        #expect(sum == total && sum > 5000)
    }
}
