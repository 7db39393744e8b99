import Ledger

/// One line of a form.
struct FormField: Hashable, Sendable {
    let id: ID
    let label: String
    var input: Input
    /// Whether the form cannot go on without it.
    let isRequired: Bool

    enum ID: Hashable, Sendable {
        case account, from, to, against, newAccount, amount, narrative, valueDate, reference, reason
        case reasonCode, change, minimum, name, side, currency, accountClass
        /// By its number, from 1.
        case leg(Int)

        /// Whether the code of an account that exists goes into it, and nothing else.
        fileprivate var isAccount: Bool { [.account, .from, .to, .against].contains(self) }
    }

    enum Input: Hashable, Sendable {
        case text(LineField)
        /// Values of which one is chosen.
        case choice([String], Int)
    }

    /// A field where text is typed.
    init(_ id: ID, _ label: String, text: String = "", limit: Int, isRequired: Bool = true) {
        self.id = id
        self.label = label
        input = .text(LineField(text, limit: limit))
        self.isRequired = isRequired
    }

    init(_ id: ID, _ label: String, choices: [String]) {
        self.id = id
        self.label = label
        input = .choice(choices, 0)
        isRequired = true
    }

    /// What is in the field.
    var text: String {
        switch input {
        case .text(let field): field.text
        case .choice(let values, let index): values[index]
        }
    }

    /// The text without spaces at its ends, which are never meant and which the ledger refuses.
    var trimmed: String { text.trimmingSpaces }

    /// The code of an account that exists, as far as it is typed; nil where none goes in.
    var accountCode: String? {
        if id.isAccount { return trimmed }
        return isLeg ? String(trimmed.prefix { !$0.isWhitespace }) : nil
    }

    /// The code while it is what is being typed: a leg goes on with its side.
    var typedCode: String? {
        isLeg && text.drop(while: \.isWhitespace).contains(where: \.isWhitespace) ? nil : accountCode
    }

    var isLeg: Bool {
        if case .leg = id { true } else { false }
    }

    /// Puts an account's code in the place of what is typed of it.
    /// - Returns: whether the field is filled in with it.
    mutating func complete(_ code: AccountCode) -> Bool {
        set(isLeg ? "\(code) " : code.text)
        return !isLeg
    }

    /// Puts a text in the place of what is there, or chooses the value of that name.
    mutating func set(_ text: String) {
        switch input {
        case .text(let field): input = .text(LineField(text, limit: field.limit))
        case .choice(let values, let index):
            input = .choice(values, values.firstIndex(of: text) ?? index)
        }
    }

    /// - Returns: whether the key was one that edits text.
    mutating func edit(_ key: Key) -> Bool {
        guard case .text(var field) = input else { return false }
        let edited = field.edit(key)
        input = .text(field)
        return edited
    }

    mutating func choose(by step: Int) {
        guard case .choice(let values, let index) = input else { return }
        input = .choice(values, (index + step + values.count) % values.count)
    }

    /// What is wrong with the text so far; nil while nothing is, an empty field included.
    /// - Parameter currency: of the account, where it is known.
    func problem(currency: Currency?) -> String? {
        guard !trimmed.isEmpty else { return nil }
        do throws(Refusal) {
            switch id {
            case .account, .from, .to, .against, .newAccount: _ = try AccountCode(trimmed)
            case .reference: _ = try Reference(trimmed)
            case .amount:
                let amount = try DecimalAmount(trimmed)
                if let currency { _ = try amount.positiveUnits(in: currency) }
            case .minimum:
                if case .amount(let amount) = try Operation.Minimum(trimmed), let currency {
                    _ = try amount.units(in: currency)
                }
            case .currency: _ = try Currency(trimmed.uppercased())
            case .valueDate: _ = try Self.date(trimmed)
            // What is not typed yet is not wrong yet.
            case .leg: if trimmed.split(separator: " ").count > 2 { _ = try Self.leg(trimmed) }
            case .narrative, .reason, .reasonCode, .name, .change, .side, .accountClass: break
            }
            return nil
        } catch {
            return error.shortMessage
        }
    }

    static func date(_ text: String) throws(Refusal) -> CalendarDate {
        guard let date = CalendarDate(text) else {
            throw .textInvalid(field: "value date", why: "write a day that exists as YYYY-MM-DD")
        }
        return date
    }

    /// Reads a leg of a journal entry: account, side and amount, such as `576 debit 12.50`; the side may be one
    /// letter.
    static func leg(_ text: String) throws(Refusal) -> Operation.Leg {
        let parts = text.split(separator: " ").map(String.init)
        let side =
            parts.count == 3 ? Side.allCases.first { $0.rawValue.hasPrefix(parts[1].lowercased()) } : nil
        guard let side else {
            throw .textInvalid(field: "leg", why: "write account, side and amount, such as 576 debit 12.50")
        }
        return Operation.Leg(
            account: try AccountCode(parts[0]), side: side, amount: try DecimalAmount(parts[2]))
    }
}

extension String {
    /// The text without spaces at its ends.
    var trimmingSpaces: String {
        let characters = drop(while: \.isWhitespace)
        guard let last = characters.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(characters[...last])
    }
}

extension Refusal {
    /// The message without what stands beside the field already.
    fileprivate var shortMessage: String {
        switch self {
        case .amountInvalid(_, let why), .textInvalid(_, let why): why
        case .amountOverflow: "it is larger than the ledger can hold"
        default: message
        }
    }
}
