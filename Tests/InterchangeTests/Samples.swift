import Ledger
import Testing

@testable import Interchange

/// Things of the ledger for the tests to write.
enum Samples {
    static let id = Identifier(high: 0x0193_b2c4_0000_7000, low: 0x8000_0000_0000_0001)
    /// 2026-11-24 02:26:06.000123 UTC.
    static let bookedAt = Timestamp(microseconds: 1_795_487_166_000_123)

    static func account(
        code: String = "576", currency: String = "CZK", minimum: Int64? = 0, held: Int64 = 0
    ) throws -> Account {
        Account(
            id: id, code: AccountCode(stored: code), name: "Account \(code)",
            currency: try Currency(currency),
            accountClass: .liability, status: .open, minimum: minimum, debits: 0, credits: 4_030_830,
            held: held, version: 41, head: .zero)
    }

    static func entry(
        side: Side = .credit, narrative: String = "", reference: String = "berka-1", actor: String = "alice",
        reasonCode: String? = nil, reason: String? = nil
    ) throws -> HistoryLine {
        let record = AccountRecord(
            accountID: id, seq: 41, content: .entry(transaction: id, side: side, amount: 1890), debits: 0,
            credits: 4_030_830, held: 100, bookedAt: bookedAt, hash: .zero)
        return HistoryLine(
            record: record,
            transaction: try transaction(
                narrative: narrative, reference: reference, actor: actor, reasonCode: reasonCode,
                reason: reason))
    }

    static func change(
        _ kind: AccountRecord.Change.Kind, reason: String = "address confirmed"
    ) -> HistoryLine {
        let change = AccountRecord.Change(
            kind: kind, reference: Reference(stored: "c-1"), fingerprint: .zero, actor: "alice",
            reason: reason)
        let record = AccountRecord(
            accountID: id, seq: 2, content: .change(change), debits: 0, credits: 500, held: 0,
            bookedAt: bookedAt, hash: .zero)
        return HistoryLine(record: record, transaction: nil)
    }

    static func transaction(
        narrative: String = "", reference: String = "berka-1", actor: String = "alice",
        reasonCode: String? = nil, reason: String? = nil, reverses: Identifier? = nil
    ) throws -> JournalTransaction {
        JournalTransaction(
            id: id, reference: Reference(stored: reference), fingerprint: .zero, kind: .transfer,
            narrative: narrative, reasonCode: reasonCode, reason: reason, actor: actor, bookedAt: bookedAt,
            valueDate: try #require(CalendarDate("2026-11-20")), reverses: reverses)
    }

    static func receipt() throws -> Receipt {
        let currency = try Currency("CZK")
        func line(_ code: String, _ side: Side, _ seq: Int64, _ ledger: Int64) -> Receipt.Line {
            let ledger = Money(units: ledger, currency: currency)
            return Receipt.Line(
                account: AccountCode(stored: code), seq: seq, side: side,
                amount: Money(units: 90_000, currency: currency), ledger: ledger, available: ledger)
        }
        return Receipt(
            reference: Reference(stored: "x"), kind: "transfer", transaction: id, bookedAt: bookedAt,
            lines: [line("704", .credit, 7, 100_000), line("576", .debit, 41, 4_030_830)])
    }
}
