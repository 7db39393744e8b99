import Ledger

/// Which field of a row means what, as the header says.
struct ImportColumns {
    /// What the header may name, as the documentation fixes it.
    enum Name: String, CaseIterable {
        case date, reference, account, type, amount
        case counterAccount = "counter_account"
        case currency, narrative
        case balanceAfter = "balance_after"

        static let needed: [Name] = [.date, .reference, .account, .type, .amount]
    }

    /// The header's fields, safe to print.
    let names: [String]
    /// Those that mean nothing here.
    let ignored: [String]
    private let indices: [Name: Int]

    /// - Throws: ``ImportError`` when a needed column is missing or any is there twice.
    init(header: CSVRow) throws(ImportError) {
        var names: [String] = []
        var ignored: [String] = []
        var indices: [Name: Int] = [:]
        for index in header.fields.indices {
            let text = Self.normalized(header.text(index))
            names.append(visible(text))
            guard let name = Name(rawValue: Self.lowercased(text)) else {
                ignored.append(text.isEmpty ? "(column \(index + 1))" : visible(text))
                continue
            }
            if indices.updateValue(index, forKey: name) != nil {
                throw ImportError(
                    "the header names the column \(name.rawValue) twice; keep one of them",
                    line: header.fields[index].place.line, column: header.fields[index].place.column)
            }
        }
        let missing = Name.needed.filter { indices[$0] == nil }
        if !missing.isEmpty { throw Self.missing(missing, names, header) }
        self.names = names
        self.ignored = ignored
        self.indices = indices
    }

    func index(_ name: Name) -> Int? { indices[name] }

    private static func missing(_ missing: [Name], _ names: [String], _ header: CSVRow) -> ImportError {
        let list = missing.map(\.rawValue).joined(separator: ", ")
        let found = visible(names.joined(separator: ", "), limit: 300)
        var advice =
            "the first line must name the columns: date, reference, account, type and amount are needed"
        if names.count == 1, let separator = [";", "\t", "|"].first(where: header.text(0).contains) {
            let name = [";": "semicolons", "\t": "tabs"][separator] ?? "bars"
            advice = "it seems to be separated by \(name); separate the fields with commas"
        }
        return ImportError(
            "the header lacks \(missing.count == 1 ? "the column" : "the columns") \(list); it reads “\(found)”; "
                + advice,
            line: header.start.line, column: header.start.column)
    }

    /// Without the spaces that people put after commas.
    private static func normalized(_ text: String) -> String {
        String(Substring(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()))
    }

    private static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}
