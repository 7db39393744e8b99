import Ledger

/// Which operation a form is for.
enum FormKind: Hashable, Sendable, CaseIterable {
    case deposit, withdrawal, transfer, reversal, status

    var title: String {
        switch self {
        case .deposit: "Deposit"
        case .withdrawal: "Withdrawal"
        case .transfer: "Transfer"
        case .reversal: "Reversal"
        case .status: "Status change"
        }
    }

    /// The most characters of free text; the ledger takes as many.
    private static let textLimit = 1000
    private static let codeLimit = 64
    private static let amountLimit = 40

    /// The form's fields, filled in from what is selected.
    func fields(account: AccountCode?, reference: Reference?) -> [FormField] {
        let code = account?.text ?? ""
        let amount = FormField(.amount, "Amount", limit: Self.amountLimit)
        let narrative = FormField(.narrative, "Narrative", limit: Self.textLimit, isRequired: false)
        let reason = FormField(.reason, "Reason", limit: Self.textLimit)
        switch self {
        case .deposit, .withdrawal:
            return [FormField(.account, "Account", text: code, limit: Self.codeLimit), amount, narrative]
        case .transfer:
            return [
                FormField(.from, "From", text: code, limit: Self.codeLimit),
                FormField(.to, "To", limit: Self.codeLimit), amount, narrative,
            ]
        case .reversal:
            return [
                FormField(.reference, "Reference", text: reference?.text ?? "", limit: 200),
                FormField(.amount, "Amount", limit: Self.amountLimit, isRequired: false), reason,
            ]
        case .status:
            return [
                FormField(.account, "Account", text: code, limit: Self.codeLimit),
                FormField(.change, "Change", choices: StatusChoice.allCases.map(\.rawValue)),
                FormField(.minimum, "Minimum", limit: Self.amountLimit),
                FormField(.name, "Name", limit: 200), reason,
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
