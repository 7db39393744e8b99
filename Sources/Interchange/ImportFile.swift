import Ledger

/// A CSV file of transactions, read row by row in memory that does not grow with the file.
///
/// The header names the columns: `date`, `reference`, `account`, `type` and `amount` are needed; `type` is
/// deposit, withdrawal or transfer, which then needs `counter_account`; `currency`, `narrative` and
/// `balance_after` are optional. A row that cannot be used is said and does not stop the file.
public struct ImportFile {
    public enum Item: Hashable, Sendable {
        case row(ImportRow)
        case problem(ImportProblem)
    }

    private var reader: CSVReader
    private let columns: ImportColumns
    /// Bytes in the file; nil when that is not known beforehand.
    public let totalBytes: Int?

    /// Reads the header.
    /// - Throws: ``ImportError`` when the file is empty, is not UTF-8, or lacks a needed column.
    public init(_ source: any ByteSource) throws(ImportError) {
        totalBytes = source.totalBytes
        reader = try CSVReader(source)
        guard try reader.next() else {
            throw ImportError(
                "the file is empty; its first line must name the columns, such as "
                    + "date,reference,account,type,amount")
        }
        if let defect = reader.row.defect {
            let problem = Self.problem(defect, [])
            throw ImportError(
                "the header, at line \(problem.line), column \(problem.column): \(problem.message)",
                line: problem.line, column: problem.column)
        }
        columns = try ImportColumns(header: reader.row)
    }

    /// Columns of the header that mean nothing here, in its order; they are kept out.
    public var ignoredColumns: [String] { columns.ignored }

    /// Bytes read so far.
    public var bytesRead: Int { reader.bytesRead }

    /// The next row, or what is wrong with it; nil at the end.
    /// - Throws: ``ImportError`` when the file cannot be read any further: it ends within quotes, or the system
    ///   does not give it.
    public mutating func next() throws(ImportError) -> Item? {
        guard try reader.next() else { return nil }
        do throws(ImportProblem.Stop) {
            return .row(try ImportRow(reader.row, columns))
        } catch {
            return .problem(error.problem)
        }
    }
}

// MARK: - Rows

extension ImportProblem {
    /// Carries a problem out of the reading of a row.
    struct Stop: Error { let problem: ImportProblem }
}

extension ImportRow {
    fileprivate init(_ row: CSVRow, _ columns: ImportColumns) throws(ImportProblem.Stop) {
        let fields = try ImportFields(row, columns)
        line = row.start.line
        date = try fields.date()
        reference = try fields.needed(.reference) { text throws(Refusal) in try Reference(text) }
        account = try fields.needed(.account) { text throws(Refusal) in try AccountCode(text) }
        kind = try fields.kind()
        amount = try fields.amount()
        counterAccount = try fields.counterAccount(of: kind)
        currency = try fields.optional(.currency) { text throws(Refusal) in try Currency(text) }
        narrative = try fields.text(.narrative)
        balanceAfter = try fields.optional(.balanceAfter) { text throws(Refusal) in try DecimalAmount(text) }
        if let currency {
            try fields.check(.amount, amount, in: currency)
            if let balanceAfter { try fields.check(.balanceAfter, balanceAfter, in: currency) }
        }
        if !narrative.isEmpty {
            // The ledger's own check of the text, so that it is said here with its place.
            let row = self
            try fields.refusing(.narrative) { () throws(Refusal) in
                _ = try row.operation(actor: "import")
            }
        }
    }
}

/// The fields of one row by name.
private struct ImportFields {
    let row: CSVRow
    let columns: ImportColumns

    init(_ row: CSVRow, _ columns: ImportColumns) throws(ImportProblem.Stop) {
        self.row = row
        self.columns = columns
        if let defect = row.defect {
            throw ImportProblem.Stop(problem: ImportFile.problem(defect, columns.names, row))
        }
        let (found, expected) = (row.fields.count, columns.names.count)
        if found != expected {
            let place = found > expected ? row.fields[expected].place : row.end
            throw ImportProblem.Stop(
                problem: ImportProblem(
                    line: place.line, column: place.column,
                    columnName: found < expected ? columns.names[found] : nil,
                    message: "the row has \(found == 1 ? "1 field" : "\(found) fields"), the header names "
                        + "\(expected); a field that contains a comma must stand in quotes"))
        }
    }

    func text(_ name: ImportColumns.Name) throws(ImportProblem.Stop) -> String {
        columns.index(name).map(row.text) ?? ""
    }

    func stop(_ name: ImportColumns.Name, _ message: String) -> ImportProblem.Stop {
        let place = columns.index(name).map { row.fields[$0].place } ?? row.start
        return ImportProblem.Stop(
            problem: ImportProblem(
                line: place.line, column: place.column, columnName: name.rawValue,
                message: "\(name.rawValue): \(message)"))
    }

    func refusing<Value>(
        _ name: ImportColumns.Name, _ body: () throws(Refusal) -> Value
    ) throws(ImportProblem.Stop) -> Value {
        do throws(Refusal) { return try body() } catch { throw stop(name, error.message) }
    }

    func needed<Value>(
        _ name: ImportColumns.Name, _ parse: (String) throws(Refusal) -> Value
    ) throws(ImportProblem.Stop) -> Value {
        let text = try text(name)
        if text.isEmpty { throw stop(name, "it is missing") }
        return try refusing(name) { () throws(Refusal) in try parse(text) }
    }

    /// Nil where the column or the field is not there.
    func optional<Value>(
        _ name: ImportColumns.Name, _ parse: (String) throws(Refusal) -> Value
    ) throws(ImportProblem.Stop) -> Value? {
        guard let index = columns.index(name), !row.isEmpty(index) else { return nil }
        return try needed(name, parse)
    }

    func date() throws(ImportProblem.Stop) -> CalendarDate {
        let text = try text(.date)
        if text.isEmpty { throw stop(.date, "it is missing") }
        guard let date = CalendarDate(text) else {
            throw stop(.date, "“\(visible(text))” is not a day; write it as 1993-03-31")
        }
        return date
    }

    func kind() throws(ImportProblem.Stop) -> ImportRow.Kind {
        let text = try text(.type)
        guard let kind = ImportRow.Kind(rawValue: text) else {
            throw stop(
                .type,
                (text.isEmpty ? "it is missing" : "“\(visible(text))” is not known")
                    + "; write deposit, withdrawal or transfer")
        }
        return kind
    }

    func amount() throws(ImportProblem.Stop) -> DecimalAmount {
        let amount = try needed(.amount) { text throws(Refusal) in try DecimalAmount(text) }
        if amount.coefficient <= 0 {
            throw stop(.amount, "“\(amount)” must be greater than zero; the type says which way it goes")
        }
        return amount
    }

    func counterAccount(of kind: ImportRow.Kind) throws(ImportProblem.Stop) -> AccountCode? {
        let other = try optional(.counterAccount) { text throws(Refusal) in try AccountCode(text) }
        if kind == .transfer, other == nil {
            throw stop(.counterAccount, "it is missing; a transfer needs the account it goes to")
        }
        if kind != .transfer, other != nil {
            throw stop(.counterAccount, "a \(kind.rawValue) has none; leave it empty, or make it a transfer")
        }
        return other
    }

    func check(
        _ name: ImportColumns.Name, _ amount: DecimalAmount, in currency: Currency
    ) throws(ImportProblem.Stop) {
        try refusing(name) { () throws(Refusal) in _ = try amount.units(in: currency) }
    }
}

// MARK: - Defects

extension ImportFile {
    /// A row's defect in words.
    fileprivate static func problem(
        _ defect: CSVRow.Defect, _ names: [String], _ row: CSVRow? = nil
    ) -> ImportProblem {
        let (place, message) = place(of: defect)
        // The last field that begins at or before the place is the one it is in.
        let index = row?.fields.lastIndex { $0.place.offset <= place.offset }
        let name = index.flatMap { names.indices.contains($0) ? names[$0] : nil }
        return ImportProblem(line: place.line, column: place.column, columnName: name, message: message)
    }

    private static func place(of defect: CSVRow.Defect) -> (FilePlace, String) {
        switch defect {
        case .invalidUTF8(let place):
            (
                place,
                "byte \(place.offset) of the file is not UTF-8; if the file is in Latin-1, convert it first: "
                    + "iconv -f latin1 -t utf8"
            )
        case .nul(let place):
            (
                place,
                "byte \(place.offset) of the file is a zero byte, which no text has; if the file is in UTF-16, "
                    + "convert it first: iconv -f utf-16 -t utf8"
            )
        case .strayQuote(let place):
            (
                place,
                "a quote stands inside a field that does not begin with one; put the field in quotes and "
                    + "double the quotes in it"
            )
        case .textAfterQuote(let place, let opened):
            (
                place,
                "text follows the end of the quoted field that opens at line \(opened.line), column "
                    + "\(opened.column); double the quotes that are part of a field"
            )
        case .fieldTooLong(let place):
            (place, "the field, or the row, is too long to be one; is a quote missing?")
        case .tooManyFields(let place): (place, "the row has more fields than any file of transactions")
        }
    }
}
