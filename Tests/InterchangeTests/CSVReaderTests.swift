import Testing

@testable import Interchange

@Suite struct CSVReaderTests {
    @Test func fieldsAreSeparatedByCommasAndRowsByLineEnds() {
        for end in ["\n", "\r\n", "\r"] {
            let reading = Reading("a,b,c\(end)1,,3\(end),,\(end)")
            #expect(reading.fields == [["a", "b", "c"], ["1", "", "3"], ["", "", ""]])
            #expect(reading.rows.map(\.line) == [1, 2, 3])
            #expect(reading.error == nil)
        }
    }

    @Test func theLastRowNeedsNoLineEnd() {
        #expect(Reading("a,b\n1,2").fields == [["a", "b"], ["1", "2"]])
        #expect(Reading("a,b\n1,").fields == [["a", "b"], ["1", ""]])
        #expect(Reading("a,b\n\"1\",\"\"").fields == [["a", "b"], ["1", ""]])
    }

    @Test func quotedFieldsHoldCommasLineEndsAndDoubledQuotes() {
        let reading = Reading("\"a,b\",\"c\nd\",\"e\r\nf\",\"say \"\"hi\"\"\",\"\"\"\"\nnext,1,2,3,4\n")
        #expect(reading.fields.first == ["a,b", "c\nd", "e\r\nf", "say \"hi\"", "\""])
        #expect(reading.rows.map(\.line) == [1, 4])
    }

    @Test func linesWithNothingOnThemAreNoRows() {
        let reading = Reading("\n\na,b\n\n\r\n1,2\n\n")
        #expect(reading.fields == [["a", "b"], ["1", "2"]])
        #expect(reading.rows.map(\.line) == [3, 6])
        #expect(Reading("\"\"\n").fields == [[""]])
    }

    @Test func aByteOrderMarkIsNoPartOfTheFirstField() {
        let bytes: [UInt8] = [0xef, 0xbb, 0xbf] + Array("date,x\n".utf8)
        #expect(Reading(bytes).fields == [["date", "x"]])
        let split = Reading(MemoryBytes(bytes, nextSize: { 1 }))
        #expect(split.fields == [["date", "x"]])
        #expect(Reading([0xef, 0xbb, 0xbf]).rows.isEmpty)
    }

    @Test func utf16IsNamedWithWhatToDo() throws {
        for bytes: [UInt8] in [[0xff, 0xfe, 0x61, 0], [0xfe, 0xff, 0, 0x61], [0xff, 0xfe]] {
            let error = try #require(Reading(bytes).error)
            #expect(error.message.contains("iconv -f utf-16 -t utf8"))
        }
    }

    @Test func anEmptySourceHasNoRows() {
        #expect(Reading("").rows.isEmpty)
        #expect(Reading("").error == nil)
        #expect(Reading("\r\n\r\n").rows.isEmpty)
    }

    @Test func aQuoteLeftOpenNamesWhereItBegan() throws {
        let reading = Reading("a,b\n1,2\nx,\"open\n3,4\n5,6\n")
        #expect(reading.fields == [["a", "b"], ["1", "2"]])
        let error = try #require(reading.error)
        #expect(error.line == 3 && error.column == 3)
        #expect(error.message.contains("line 3, column 3"))
        #expect(Reading("\"").error?.line == 1)
        #expect(Reading("\"a\"\"").error?.column == 1)
    }

    @Test func aStrayQuoteSpoilsItsRowAlone() {
        let reading = Reading("ab\"c,d\n1,2\n")
        #expect(reading.rows.first?.defect == .strayQuote(FilePlace(line: 1, column: 3, offset: 2)))
        #expect(reading.rows.last == Row(line: 2, fields: ["1", "2"], defect: nil))
    }

    @Test func textAfterAClosingQuoteSpoilsItsRowAlone() {
        let reading = Reading("\"ab\"c,d\n1,2\n")
        let (place, opened) = (FilePlace(line: 1, column: 5, offset: 4), FilePlace())
        #expect(reading.rows.first?.defect == .textAfterQuote(place, opened: opened))
        #expect(reading.rows.last == Row(line: 2, fields: ["1", "2"], defect: nil))
    }

    @Test func columnsAreCountedInCharacters() {
        let reading = Reading("é漢😀\"x\n")
        #expect(reading.rows.first?.defect == .strayQuote(FilePlace(line: 1, column: 4, offset: 9)))
    }

    @Test(arguments: [
        ([0xe9], 0), ([0x61, 0xe9, 0x61], 1), ([0xc3], 0), ([0xc0, 0x80], 0), ([0xe0, 0x80, 0x80], 0),
        ([0xed, 0xa0, 0x80], 0), ([0xf4, 0x90, 0x80, 0x80], 0), ([0xf5], 0), ([0xff], 0), ([0x80], 0),
        ([0x61, 0xe2, 0x82, 0x2c], 1), ([0xf0, 0x9f, 0x98], 0), ([0xe2, 0x82, 0xac, 0xe2, 0x0a], 3),
        ([0xc3, 0xc3, 0xa9], 0),
    ])
    func bytesThatAreNotUTF8AreFoundWhereTheyBegin(_ bytes: [UInt8], _ offset: Int) {
        let rows = Reading([0x78, 0x0a] + bytes + [0x2c, 0x78]).rows
        guard case .invalidUTF8(let place) = rows.dropFirst().first?.defect else {
            Issue.record("not found in \(bytes)")
            return
        }
        #expect(place.offset == offset + 2)
        #expect(place.line == 2)
        #expect(rows.first?.defect == nil)
    }

    @Test func theCheckAgreesWithSwiftOnWhatIsUTF8() {
        var random = SplitMix64(seed: 21)
        let bytes: [UInt8] = [
            0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf4,
            0xf5,
        ]
        for _ in 0..<20_000 {
            let sample = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                bytes[Int.random(in: bytes.indices, using: &random)]
            }
            var check = UTF8Check()
            var isValid = true
            for byte in sample {
                switch check.step(byte) {
                case .begins, .continues: break
                case .invalid, .cutShort: isValid = false
                }
            }
            if check.finish() { isValid = false }
            #expect(isValid == (String(validating: sample, as: UTF8.self) != nil), "\(sample)")
        }
    }

    @Test func zeroBytesSpoilTheirRow() {
        let reading = Reading("a\u{0}b,c\n1,2\n")
        #expect(reading.rows.first?.defect == .nul(FilePlace(line: 1, column: 2, offset: 1)))
        #expect(reading.rows.last?.defect == nil)
    }

    @Test func aFieldBeyondItsBoundSpoilsItsRowAndIsNotKept() {
        let bounds = CSVRowBuilder.Bounds(fieldBytes: 10, rowBytes: 25, fields: 4)
        let long = String(repeating: "x", count: 1000)
        let place = FilePlace(line: 1, column: 3, offset: 2)
        for field in [long, "\"\(long)\""] {
            let reading = Reading(MemoryBytes("a,\(field)\n1,2\n"), bounds: bounds)
            #expect(reading.rows.first?.defect == .fieldTooLong(place))
            #expect(reading.rows.first?.fields.last?.count == 10)
            #expect(reading.rows.last == Row(line: 2, fields: ["1", "2"], defect: nil))
        }
        let atBound = Reading(MemoryBytes("0123456789,0123456789\n"), bounds: bounds)
        #expect(atBound.rows.first?.defect == nil)
        let row = Reading(MemoryBytes("0123456789,0123456789,012345\n"), bounds: bounds)
        #expect(row.rows.first?.defect == .fieldTooLong(FilePlace(line: 1, column: 23, offset: 22)))
        let many = Reading(MemoryBytes("1,2,3,4,5,6\n1,2,3,4\n"), bounds: bounds)
        #expect(many.rows.first?.defect == .tooManyFields(FilePlace(line: 1, column: 9, offset: 8)))
        #expect(many.rows.last?.defect == nil)
    }
}
