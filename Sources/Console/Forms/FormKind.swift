import Ledger

/// Which operation a form is for.
enum FormKind: Hashable, Sendable, CaseIterable {
    case deposit, withdrawal, transfer, adjustment, journalEntry, reversal, status, opening

    var title: String {
        switch self {
        case .deposit: "Deposit"
        case .withdrawal: "Withdrawal"
        case .transfer: "Transfer"
        case .adjustment: "Adjustment"
        case .journalEntry: "Journal entry"
        case .reversal: "Reversal"
        case .status: "Status change"
        case .opening: "New account"
        }
    }

    /// The most characters of free text: one more than the ledger takes, so that what is left of a longer one is refused,
    /// and nothing is cut off without a word.
    private static let textLimit = 1001
    private static let codeLimit = 64
    private static let amountLimit = 40
    /// The most legs that a journal entry can be typed with.
    static let maximumLegs = 20

    /// The form's fields, empty.
    var fields: [FormField] {
        let amount = FormField(.amount, "Amount", limit: Self.amountLimit)
        let narrative = FormField(.narrative, "Narrative", limit: Self.textLimit, isRequired: false)
        let reason = FormField(.reason, "Reason", limit: Self.textLimit)
        let valueDate = FormField(.valueDate, "Value date", limit: 10, isRequired: false)
        func code(_ id: FormField.ID, _ label: String, isRequired: Bool = true) -> FormField {
            FormField(id, label, limit: Self.codeLimit, isRequired: isRequired)
        }
        switch self {
        case .deposit, .withdrawal: return [code(.account, "Account"), amount, narrative, valueDate]
        case .transfer: return [code(.from, "From"), code(.to, "To"), amount, narrative, valueDate]
        case .adjustment:
            return [
                code(.account, "Account"), FormField(.side, "Side", choices: ["credit", "debit"]), amount,
                FormField(.reasonCode, "Reason code", limit: 100),
                code(.against, "Against", isRequired: false), narrative, valueDate,
            ]
        case .journalEntry:
            return (1...Self.maximumLegs).map { number in
                FormField(.leg(number), "Leg \(number)", limit: 120, isRequired: number <= 2)
            } + [narrative, valueDate]
        case .reversal:
            return [
                FormField(.reference, "Reference", limit: 200),
                FormField(.amount, "Amount", limit: Self.amountLimit, isRequired: false), reason,
            ]
        case .status:
            return [
                code(.account, "Account"),
                FormField(.change, "Change", choices: StatusChoice.allCases.map(\.rawValue)),
                FormField(.minimum, "Minimum", limit: Self.amountLimit),
                FormField(.name, "Name", limit: 200), reason,
            ]
        case .opening:
            return [
                code(.newAccount, "Code"), FormField(.name, "Name", limit: 200),
                FormField(.currency, "Currency", limit: 3),
                FormField(
                    .accountClass, "Class",
                    choices: ["liability", "asset", "equity", "income", "expense"]),
                FormField(.minimum, "Minimum", text: "0", limit: Self.amountLimit),
                FormField(.reason, "Reason", limit: Self.textLimit, isRequired: false),
            ]
        }
    }
}

/// What the status form can do to an account.
enum StatusChoice: String, CaseIterable, Sendable {
    case freeze = "freeze both sides"
    case freezeDebit = "freeze debits"
    case freezeCredit = "freeze credits"
    case unfreeze
    case close
    case reopen
    case setMinimum = "set minimum"
    case rename
}
