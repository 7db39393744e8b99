import Ledger

/// Writes records of accounts, one at a time, to a buffer that the caller empties whenever it likes.
public struct RecordExport: Sendable {
    public enum Format: String, Sendable, CaseIterable {
        /// RFC 4180 with a header, lines ended by LF.
        case csv
        /// JSON Lines: one object a line.
        case json
    }

    public let format: Format

    public init(_ format: Format) { self.format = format }

    private static let columns = [
        "account", "seq", "kind", "side", "amount", "currency", "ledger", "available", "reference",
        "transaction", "transaction_kind", "actor", "booked_at", "value_date", "reason_code", "reason",
        "narrative", "name", "status", "minimum", "database_user", "address", "program",
    ]

    /// What comes before the first record; nothing for JSON.
    public var header: [UInt8] {
        format == .csv ? Array((Self.columns.joined(separator: ",") + "\n").utf8) : []
    }

    /// Appends one record, as one line with its end.
    ///
    /// A minimum is an amount, `none` for an unlimited account, and empty where the record does not set one.
    public func append(_ line: HistoryLine, of account: Account, to bytes: inout [UInt8]) {
        switch format {
        case .json: JSONValue.record(line, account: account).append(to: &bytes)
        case .csv: appendCSV(line, of: account, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private enum Cell {
        /// Of the program's own making.
        case own(String)
        /// Written by people or other programs.
        case text(String)

        static func own(_ text: String?) -> Cell { .own(text ?? "") }
    }

    private func appendCSV(_ line: HistoryLine, of account: Account, to bytes: inout [UInt8]) {
        let record = line.record
        let balances = Receipt.Line(record, account: account)
        let facts = RecordFacts(line, currency: account.currency)
        let minimum = facts.setsMinimum ? facts.minimum ?? "none" : ""
        let cells: [Cell] = [
            .text(account.code.text), .own(String(record.seq)), .own(record.kindName),
            .own(balances.side?.rawValue), .own(balances.amount?.description), .own(account.currency.code),
            .own(balances.ledger.description), .own(balances.available.description),
            .text(line.reference?.text ?? ""), .own(facts.transaction), .own(facts.transactionKind),
            .text(line.actor), .own(record.bookedAt.description), .own(line.valueDate.description),
            .text(facts.reasonCode ?? ""), .text(facts.reason ?? ""), .text(facts.narrative),
            .text(facts.name ?? ""), .own(facts.status), .own(minimum),
            .text(facts.origin?.databaseUser ?? ""), .text(facts.origin?.address ?? ""),
            .text(facts.origin?.program ?? ""),
        ]
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            switch cell {
            case .own(let field): CSVWriter.append(field: field, to: &bytes)
            case .text(let text): CSVWriter.append(text: text, to: &bytes)
            }
        }
    }
}
