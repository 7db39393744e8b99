import Foundation
import Ledger
import TestSupport
import Testing

@testable import Interchange
@testable import LedgerService

/// What is read from files, and what is written to them.
@Suite struct FileTests {
    /// However the bytes arrive, the same rows and problems; a row that was read is the same written and read again.
    @Test func csvImports() throws {
        let header = "date,reference,account,type,amount,counter_account,currency,narrative,balance_after\n"
        let fuzzer = Fuzzer(
            "csv",
            samples: [
                header + "1993-01-01,x,a,deposit,1.00,,CZK,\"a, \"\"b\"\"\",1.00\n"
                    + "1993-01-02,y,a,transfer,0.50,b,,,\r\n",
                "\u{feff}" + header, "", "date,date\n", "type;amount\n1;2", header + "\"",
                header + "1993-01-01,\"x\ny\",a,withdrawal,9223372036854775807,,JPY,,-5\n",
            ],
            pieces: [
                "\"\"", "\",\"", "\n\"", ",,,,", "1993-01-01", "deposit", "transfer", "date", "\u{feff}",
            ])
        try fuzzer.run { input, random in
            let whole = Self.items(input)
            var sizes = random
            let pieces = Self.items(input) { 1 + sizes.index(9) }
            #expect(whole == pieces, Fuzzer.trace(input))
            for case .success(let item) in whole {
                switch item {
                case .row(let row): try Self.expectSame(row, header, input)
                case .problem(let problem):
                    #expect(problem.line >= 1 && problem.column >= 1, Fuzzer.trace(input))
                    #expect(
                        isClean(problem.message) && problem.message.utf8.count < 1000, Fuzzer.trace(input))
                }
            }
            if case .failure(let error)? = whole.last {
                #expect(isClean(error.message) && error.message.utf8.count < 2000, Fuzzer.trace(input))
            }
        }
    }

    private static func items(
        _ bytes: [UInt8], nextSize: @escaping () -> Int = { .max }
    ) -> [Result<ImportFile.Item, ImportError>] {
        var items: [Result<ImportFile.Item, ImportError>] = []
        do throws(ImportError) {
            var file = try ImportFile(MemoryBytes(bytes, nextSize: nextSize))
            while let item = try file.next() { items.append(.success(item)) }
        } catch {
            items.append(.failure(error))
        }
        return items
    }

    private static func expectSame(_ row: ImportRow, _ header: String, _ input: [UInt8]) throws {
        var bytes = Array(header.utf8)
        let fields = [
            row.date.description, row.reference.text, row.account.text, row.kind.rawValue,
            row.amount.description,
            row.counterAccount?.text ?? "", row.currency?.code ?? "", row.narrative,
            row.balanceAfter?.description ?? "",
        ]
        for (index, field) in fields.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            CSVWriter.append(field: field, to: &bytes)
        }
        let again = items(bytes + [0x0a])
        guard case .success(.row(let same))? = again.first, again.count == 1 else {
            Issue.record("not a row any more: \(fields); \(Fuzzer.trace(input))")
            return
        }
        let operations = (try? same.operation(actor: "t"), try? row.operation(actor: "t"))
        #expect(operations.0 != nil && operations.0 == operations.1, Fuzzer.trace(input))
        #expect(same.balanceAfter == row.balanceAfter, Fuzzer.trace(input))
    }

    /// Any text is one field of one line, which no spreadsheet runs and no terminal obeys.
    @Test func csvExports() throws {
        let fuzzer = Fuzzer(
            "csv fields", samples: ["", "plain", "=1+1", " '\"@SUM(A1)", "a,b\n\"c\"", "\t-5", "＝1"],
            pieces: ["=", "+", "-", "@", "＝", "\u{a0}", "\u{3000}", "“", "`"])
        try fuzzer.run { input, _ in
            let text = String(decoding: input, as: UTF8.self)
            var bytes = Array("date,reference,account,type,amount,narrative\n1993-01-01,".utf8)
            CSVWriter.append(text: text, to: &bytes)
            bytes += Array(",a,deposit,1,\n".utf8)
            #expect(bytes.count { $0 == 0x0a } == 2 && !bytes.contains(0x0d), Fuzzer.trace(input))
            var reader = try CSVReader(MemoryBytes(bytes))
            #expect(try reader.next() && reader.next(), Fuzzer.trace(input))
            #expect(reader.row.fields.count == 6 && reader.row.defect == nil, Fuzzer.trace(input))
            let field = reader.row.text(1)
            #expect(isClean(field), Fuzzer.trace(input))
            let seen = field.drop { $0.isWhitespace || "\"`“”＂＇\u{200c}\u{200d}".contains($0) }
            #expect(!"=+-@＝＋－＠".contains(seen.first ?? "x"), Fuzzer.trace(input))
        }
    }

    /// What a changed file says is believed only with the right digest, and then it is what would be written.
    @Test func headsFiles() throws {
        let samples = [["576", "cash-CZK"], ["a\nb", " \u{1b}"], ["a\\u{41}"], []].map(Self.headsFile)
        let fuzzer = Fuzzer(
            "heads", samples: samples,
            pieces: ["accounts ", "digest ", "moment ", "bursar heads 1\n", " 1 ", "\\u{", "}", "\\u{a}"])
        var believed = 0
        try fuzzer.run { input, random in
            // Half of them have the digest that is right for what they say.
            let bytes = random.index(2) == 0 ? input : Self.signed(input)
            do throws(ImportError) {
                let heads = try Self.heads(bytes)
                believed += 1
                // A longer code than any is cut off where it is written.
                if heads.allSatisfy({ $0.code.text.unicodeScalars.count <= 64 }) {
                    #expect(try Self.heads(Self.headsFile(heads)) == heads, Fuzzer.trace(bytes))
                }
            } catch {
                #expect(isClean(error.message) && error.message.utf8.count < 500, Fuzzer.trace(bytes))
            }
        }
        #expect(believed > 0)
    }

    private static func headsFile(codes: [String]) -> [UInt8] {
        headsFile(
            codes.enumerated().map { index, code in
                AccountHead(
                    account: Identifier(high: 1, low: UInt64(index)), code: AccountCode(stored: code), seq: 7,
                    hash: Digest(of: Array(code.utf8)))
            })
    }

    private static func headsFile(_ heads: [AccountHead]) -> [UInt8] {
        var writer = HeadsWriter()
        var bytes = writer.header(moment: Timestamp(microseconds: 1_764_000_000_000_000))
        for head in heads { bytes += writer.line(head) }
        return bytes + writer.end().bytes
    }

    private static func heads(_ bytes: [UInt8]) throws(ImportError) -> [AccountHead] {
        var reader = try HeadsReader(MemoryBytes(bytes))
        var heads: [AccountHead] = []
        while let head = try reader.next() { heads.append(head) }
        return heads
    }

    private static func signed(_ bytes: [UInt8]) -> [UInt8] {
        var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast(2)
        if lines.last?.starts(with: "accounts".utf8) == true { lines.removeLast() }
        var body = lines.flatMap { $0 + [0x0a] }
        body += Array("accounts \(max(0, lines.count - 2))\n".utf8)
        return body + Array("digest \(Digest(of: body))\n".utf8)
    }

    /// A line is nothing, or what would be written for what it says; and a file never has more than its lines.
    @Test func outboxes() throws {
        let fuzzer = Fuzzer(
            "outbox", samples: try Self.outboxLines(),
            pieces: [
                "{", "}", "[", "]", ":null", "\"operation\":", "\"kind\":\"open\"", "\"done\":\"x\"",
                "\\u0000",
                "\\ud800", "\"begun\":-9223372036854775808", "1e999", "\"amount\":\"-1\"",
                "\"lap\":9223372036854775807,", "\"lap\":-1,",
            ])
        var read = 0
        try fuzzer.run { input, random in
            let line = random.index(8) == 0 ? input[...] : Self.withChecksum(input)[...]
            if let found = OutboxLine(bytes: line) {
                read += 1
                let again = OutboxLine(bytes: found.bytes.dropLast())
                #expect(again == found, Fuzzer.trace(input))
                if case .entry(let entry) = found.content {
                    #expect(isClean(entry.operation.narrative + entry.operation.actor), Fuzzer.trace(input))
                }
            }
            let contents = OutboxContents(bytes: Array(line) + [0x0a] + input)
            let lines = input.count { $0 == 0x0a } + line.count { $0 == 0x0a } + 1
            #expect(contents.entries.count + contents.damagedLines <= lines, Fuzzer.trace(input))
        }
        #expect(read > 0)
    }

    /// The lines of each kind of operation, without their checksums.
    private static func outboxLines() throws -> [[UInt8]] {
        let code = try AccountCode("576")
        let amount = try DecimalAmount("12.50")
        let actions: [Ledger.Operation.Action] = [
            .deposit(account: code, amount: amount), .withdrawal(account: code, amount: amount),
            .transfer(from: code, to: try AccountCode("704"), amount: amount),
            .adjustment(account: code, amount: amount, side: .debit, reasonCode: "x", against: nil),
            .journalEntry(legs: [.init(account: code, side: .credit, amount: amount)]),
            .reversal(of: try Reference("r"), amount: nil, reason: "why"),
            .accountChange(account: code, change: .freeze(nil), reason: "why"),
            .accountChange(
                account: code,
                change: .open(
                    name: "n", currency: try Currency("CZK"), accountClass: .asset, minimum: .unlimited),
                reason: ""),
        ]
        let entries = try actions.map { action in
            OutboxLine.Content.entry(
                OutboxEntry(
                    operation: try Operation(
                        reference: Reference("ref"), action: action, actor: "Anna", narrative: "x",
                        valueDate: CalendarDate("2026-11-24")),
                    begunAt: Timestamp(microseconds: 5), overAt: Timestamp(microseconds: 6)))
        }
        let lines = entries + [.ledger("host=a dbname=b"), .struckOff(try Reference("ref"))]
        let laps = lines.map { OutboxLine($0) } + (entries + [.carriedOver]).map { OutboxLine($0, lap: 3) }
        return laps.map { Array($0.bytes.dropFirst(17).dropLast()) }
    }

    private static func withChecksum(_ body: [UInt8]) -> [UInt8] {
        Array(Digest(of: body).description.utf8.prefix(16)) + [0x20] + body
    }

    /// Any value is one line of JSON that others read as it was, with nothing in it that acts on a terminal.
    @Test func jsonTexts() throws {
        let fuzzer = Fuzzer(
            "json", samples: ["", "plain", "{\"a\":[1,-2.5]}", "-0", "1.", "00", "\u{1b}[2J"], pieces: [])
        try fuzzer.run { input, random in
            let text = String(decoding: input, as: UTF8.self)
            let value = JSONValue.object([
                (text, .array([.string(text), .decimal(text), .integer(.min), .null, .bool(true)])),
                ("n", .decimal("\(random.index(1000)).5")),
            ])
            let line = value.text
            #expect(isClean(line), Fuzzer.trace(input))
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            let key = text == "n" ? nil : object?.keys.first { $0 != "n" }
            if text != "n" {
                #expect(key.map { Array($0.utf8) } == Array(text.utf8), Fuzzer.trace(input))
                let string = (object?[key ?? ""] as? [Any])?.first as? String
                #expect(string.map { Array($0.utf8) } == Array(text.utf8), Fuzzer.trace(input))
            }
        }
    }
}

/// Bytes in memory, given out in pieces of the sizes that `nextSize` says.
private final class MemoryBytes: ByteSource {
    let totalBytes: Int?
    private var rest: ArraySlice<UInt8>
    private var nextSize: () -> Int

    init(_ bytes: [UInt8], nextSize: @escaping () -> Int = { .max }) {
        rest = bytes[...]
        totalBytes = bytes.count
        self.nextSize = nextSize
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int {
        let piece = rest.prefix(max(1, min(nextSize(), buffer.count)))
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
}
