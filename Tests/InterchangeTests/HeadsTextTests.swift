import Ledger
import Testing

@testable import Interchange

/// Heads of chains as a text that is kept elsewhere.
@Suite struct HeadsTextTests {
    private static let heads = [
        AccountHead(
            account: Identifier(high: 1, low: 2), code: AccountCode(stored: "576"), seq: 41,
            hash: Digest(of: [1, 2, 3])),
        AccountHead(
            account: Identifier(high: 1, low: 3), code: AccountCode(stored: "ž\"'\\%"), seq: 1,
            hash: Digest(of: [])),
        AccountHead(
            account: Identifier(high: .max, low: .max), code: AccountCode(stored: "cash-CZK"), seq: .max,
            hash: .zero),
    ]

    private func written(_ heads: [AccountHead] = Self.heads) -> [UInt8] {
        var writer = HeadsWriter()
        var bytes = writer.header(moment: Timestamp(microseconds: 1_764_000_000_000_000))
        for head in heads { bytes += writer.line(head) }
        return bytes + writer.end().bytes
    }

    private func read(_ source: any ByteSource) throws -> [AccountHead] {
        var reader = try HeadsReader(source)
        var heads: [AccountHead] = []
        while let head = try reader.next() { heads.append(head) }
        #expect(reader.moment == "2025-11-24T16:00:00.000000Z")
        return heads
    }

    @Test(arguments: [1, 7, 64, Int.max])
    func whatIsWrittenIsReadInPiecesOfAnySize(size: Int) throws {
        #expect(try read(MemoryBytes(written(), nextSize: { size })) == Self.heads)
        #expect(try read(MemoryBytes(written([]), nextSize: { size })) == [])
    }

    /// Codes that only plain SQL can have written.
    @Test(arguments: [
        "a\nb", "\n", "a b", " a", "", "a\u{1b}[31m", "\u{202e}", "a\\u{41} b", #"\u{"#, #" \u{zz}"#,
        "\u{10ffff}",
    ])
    func aHostileCodeIsOneWordOfOneLine(code: String) throws {
        let head = AccountHead(
            account: Identifier(high: 1, low: 2), code: AccountCode(stored: code), seq: 1, hash: .zero)
        let bytes = written([head])
        #expect(try read(MemoryBytes(bytes)) == [head])
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 5)
        #expect(!lines[2].unicodeScalars.contains { $0.isUnsafeToPrint })
    }

    @Test func aCodeOfAnyLengthLeavesTheTextReadable() throws {
        let code = String(repeating: "\u{1b}", count: 100_000)
        let head = AccountHead(
            account: Identifier(high: 1, low: 2), code: AccountCode(stored: code), seq: 1, hash: .zero)
        #expect(try read(MemoryBytes(written([head]))).first?.code.text == String(code.prefix(64)))
    }

    /// As files have it that were written before codes were escaped.
    @Test func aCodeWithASpaceInItIsReadAsItStands() throws {
        var text = "bursar heads 1\nmoment 2025-11-24T16:00:00.000000Z\n"
        text += "\(Identifier(high: 1, low: 2)) 1 \(Digest.zero) a b\\u{41}\naccounts 1\n"
        text += "digest \(Digest(of: Array(text.utf8)))\n"
        #expect(try read(MemoryBytes(text)).map(\.code.text) == ["a b\\u{41}"])
    }

    @Test func theFormIsFixed() {
        let text = String(decoding: written(Array(Self.heads.prefix(1))), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines[0] == "bursar heads 1")
        #expect(lines[1] == "moment 2025-11-24T16:00:00.000000Z")
        #expect(
            lines[2] == "00000000-0000-0001-0000-000000000002 41 "
                + "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81 576")
        #expect(lines[3] == "accounts 1")
        let before = text.utf8.prefix(text.utf8.count - "digest \n".utf8.count - 64)
        #expect(lines[4] == "digest \(Digest(of: Array(before)))")
    }

    /// Each byte changed, and the text cut at each place: never read as whole.
    @Test func anyChangedByteAndAnyCutIsFound() throws {
        let bytes = written()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            // Of the moment, only what is hashed is known of it.
            #expect(throws: ImportError.self, "byte \(index)") { try self.drain(MemoryBytes(changed)) }
            #expect(throws: ImportError.self, "cut at \(index)") {
                try self.drain(MemoryBytes(Array(bytes[..<index])))
            }
        }
        #expect(throws: ImportError.self) { try self.drain(MemoryBytes(bytes + Array("more\n".utf8))) }
    }

    @Test func linesOutOfOrderAndLinesWithoutEndAreRefused() {
        #expect(throws: ImportError.self) { try self.drain(MemoryBytes(self.written(Self.heads.reversed()))) }
        #expect(throws: ImportError.self) {
            try self.drain(MemoryBytes(Array(repeating: UInt8(ascii: "a"), count: 1_000_000)))
        }
    }

    private func drain(_ source: any ByteSource) throws {
        var reader = try HeadsReader(source)
        while try reader.next() != nil {}
    }
}
