import Testing

@testable import Interchange

/// Random bytes in random pieces: the reader never crashes, and how the bytes arrive makes no difference.
@Suite struct CSVFuzzTests {
    private static let alphabet: [UInt8] = [
        0x22, 0x22, 0x22, 0x2c, 0x2c, 0x2c, 0x0a, 0x0a, 0x0d, 0x61, 0x62, 0x20, 0x00, 0xc3, 0xa9, 0xe2, 0x82,
        0xac,
        0xff, 0xef, 0xbb, 0xbf, 0xfe,
    ]

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func theSameBytesGiveTheSameRowsHoweverTheyArrive(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let bounds = CSVRowBuilder.Bounds(fieldBytes: 20, rowBytes: 60, fields: 6)
        for round in 0..<40 {
            let bytes = Self.bytes(&random)
            let whole = Reading(MemoryBytes(bytes), bounds: bounds)
            var sizes = random
            let pieces = MemoryBytes(bytes) { Int.random(in: 1...7, using: &sizes) }
            let chunkSize = Int.random(in: 1...9, using: &random)
            let split = Reading(pieces, bounds: bounds, chunkSize: chunkSize)
            #expect(split == whole, "seed \(seed), round \(round), \(bytes)")
            let oneByOne = Reading(MemoryBytes(bytes, nextSize: { 1 }), bounds: bounds, chunkSize: 4)
            #expect(oneByOne == whole, "seed \(seed), round \(round), \(bytes)")
        }
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func randomFilesEndInRowsAndProblemsAndNothingElse(seed: UInt64) {
        var random = SplitMix64(seed: seed &* 31)
        let header = Array("date,reference,account,type,amount\n".utf8)
        let good = Array("1993-01-01,x,a,deposit,1.00\n".utf8)
        for round in 0..<40 {
            let bytes = header + Self.bytes(&random) + [0x0a] + good
            let reading = ImportReading(bytes: bytes)
            for problem in reading.problems {
                #expect(problem.line >= 2 && problem.column >= 1, "seed \(seed), round \(round)")
                #expect(!problem.message.unicodeScalars.contains { $0.isUnsafeToPrint }, "seed \(seed)")
            }
            // The row after the noise is read, unless the noise left a quote open.
            let isRead = reading.rows.last?.reference.text == "x" && reading.error == nil
            #expect(isRead == (reading.error == nil), "seed \(seed), round \(round), \(bytes)")
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func whatIsWrittenIsReadBack(seed: UInt64) {
        var random = SplitMix64(seed: seed &* 97)
        let pieces = ["a", "b c", "\"", "\"\"", ",", "\n", "\r\n", "é", "漢", "😀", " ", "'", "=", "1.50", ""]
        for round in 0..<40 {
            let rows = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                (0..<Int.random(in: 2...5, using: &random)).map { _ in
                    (0..<Int.random(in: 0...4, using: &random))
                        .map { _ in pieces[Int.random(in: pieces.indices, using: &random)] }.joined()
                }
            }
            var bytes: [UInt8] = []
            for row in rows {
                for (index, field) in row.enumerated() {
                    if index > 0 { bytes.append(UInt8(ascii: ",")) }
                    CSVWriter.append(field: field, to: &bytes)
                }
                bytes.append(0x0a)
            }
            let reading = Reading(bytes)
            #expect(reading.fields == rows, "seed \(seed), round \(round)")
            #expect(reading.rows.allSatisfy { $0.defect == nil }, "seed \(seed), round \(round)")
        }
    }

    private static func bytes(_ random: inout SplitMix64) -> [UInt8] {
        (0..<Int.random(in: 0...120, using: &random)).map { _ in
            alphabet[Int.random(in: alphabet.indices, using: &random)]
        }
    }
}
