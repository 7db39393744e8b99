import Ledger
import Testing

/// What has been hashed once must be hashed alike for ever: the bytes are put together here a second time.
@Suite struct HashChainTests {
    private let id = Identifier(high: 0x0102_0304_0506_7008, low: 0x890a_0b0c_0d0e_0f10)
    private let origin = Origin(storedUser: "bursar", address: "local", program: "bursar on till-3")

    private static func narrative(_ length: Int) -> String { String(repeating: "n", count: length) }
    private func number(_ value: Int64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    private func text(_ text: String) -> [UInt8] { number(Int64(text.utf8.count)) + Array(text.utf8) }
    private func optional(_ bytes: [UInt8]?) -> [UInt8] { bytes.map { [1] + $0 } ?? [0] }
    private func bytes(_ id: Identifier) -> [UInt8] {
        number(Int64(bitPattern: id.high)) + number(Int64(bitPattern: id.low))
    }
    private func bytes(_ digest: Digest) -> [UInt8] { digest.withBytes { Array($0) } }
    private func bytes(_ origin: Origin) -> [UInt8] {
        text(origin.databaseUser) + text(origin.address) + optional(origin.program.map(text))
    }

    /// Long ones do not fit into the room that the bytes are put together in, and those between fill it at any field.
    @Test(arguments: ["", "rent", String(repeating: "😀", count: 1000)] + (150..<520).map(narrative))
    func aTransactionsDigestIsThatOfItsFields(narrative: String) throws {
        let fingerprint = Digest(of: Array("request".utf8))
        func transaction(_ origin: Origin?) throws -> JournalTransaction {
            JournalTransaction(
                id: id, reference: try Reference("ref-1"), fingerprint: fingerprint, kind: .reversal,
                narrative: narrative, reasonCode: nil, reason: "wrong account", actor: "alice",
                bookedAt: Timestamp(microseconds: -5), valueDate: CalendarDate(daysSince1970: -7),
                reverses: id.advanced(by: 1), origin: origin)
        }
        var fields = bytes(id) + text("ref-1") + bytes(fingerprint) + text("reversal") + text(narrative)
        fields += optional(nil) + optional(text("wrong account")) + text("alice") + number(-5) + number(-7)
        fields += optional(bytes(id.advanced(by: 1)))
        #expect(try transaction(nil).digest == Digest(of: text("bursar transaction 1") + fields))
        #expect(
            try transaction(origin).digest
                == Digest(of: text("bursar transaction 2") + fields + bytes(origin)))
    }

    @Test func aRecordsHashIsThatOfItsFields() throws {
        let (before, head) = (Digest(of: Array("before".utf8)), Digest(of: Array("head".utf8)))
        let account = Account(
            id: id, code: try AccountCode("acc-1"), name: "One", currency: try Currency("EUR"),
            accountClass: .liability, status: .open, minimum: 0, debits: 1, credits: 2, held: 0, version: 3,
            head: before)
        let record = AccountRecord(
            accountID: id, seq: .max,
            content: .entry(transaction: id.advanced(by: 2), side: .credit, amount: 42), debits: 1,
            credits: .max, held: 0, bookedAt: Timestamp(microseconds: 6), hash: .zero, origin: origin)
        var fields = text("bursar record 2") + bytes(before) + bytes(id) + number(.max) + text("entry")
        fields += number(1) + number(.max) + number(0) + number(6)
        fields += bytes(id.advanced(by: 2)) + text("credit") + number(42) + bytes(head) + bytes(origin)
        #expect(record.expectedHash(after: before, of: account, transaction: head) == Digest(of: fields))
    }
}
