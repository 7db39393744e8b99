import Ledger
import LedgerService

/// A form and all that follows from it: confirmation, posting, receipt. One pane over the lower part.
struct FormDialog: Sendable {
    let kind: FormKind
    var fields: [FormField]
    /// Accounts that are all changed in the same way; empty for a form about what its fields say.
    let several: [AccountCode]
    /// Index into ``visibleFields``.
    var focus = 0
    var stage = Stage.editing {
        didSet { if stage.place != oldValue.place { scroll = 0 } }
    }
    /// Lines that are scrolled away where there are more than fit.
    var scroll = 0
    /// What was wrong the last time, in plain words.
    var message: String?
    var suggestions = Suggestions()
    var named = NamedAccounts()
    var live = LivePreview()
    /// Names the operation, made before it is first sent and kept for every further try.
    private(set) var reference: Reference
    /// What the fields said when the reference was first sent.
    private var sent: [String]?

    enum Stage: Sendable {
        case editing
        /// What would be posted is being asked for. `previous` is what had been confirmed, when that is no
        /// longer what would be posted.
        case previewing(RequestID, [Operation], previous: Decision?)
        case confirming(Proposal, ConfirmationAnswer)
        case posting(Proposal, since: Timestamp, isStopping: Bool)
        case receipt(Receipt, OperationOutcome?)
        case unknown(UnresolvedOperation, ConfirmationAnswer)
        /// The same for several accounts.
        case confirmingAll(BulkRun, ConfirmationAnswer)
        case postingAll(BulkRun)
        case receiptAll(BulkRun)

        var place: Place {
            switch self {
            case .editing, .previewing: .form
            case .confirming, .confirmingAll: .confirmation
            case .posting, .postingAll: .posting
            case .receipt, .receiptAll: .receipt
            case .unknown: .unknown
            }
        }
    }

    /// Where keys go at this stage.
    var place: Place {
        if case .editing = stage, !offered.isEmpty { return .suggestions }
        return stage.place
    }

    /// Takes back what it has asked for and what came of it.
    mutating func forgetQuestions() {
        suggestions = Suggestions()
        named = NamedAccounts()
        live = LivePreview()
    }

    /// - Parameter texts: what stands in the fields at first.
    init(
        kind: FormKind, texts: [FormField.ID: String] = [:], several: [AccountCode] = [],
        reference: Reference
    ) {
        self.kind = kind
        self.several = several
        self.reference = reference
        fields = kind.fields
        for index in fields.indices {
            if let text = texts[fields[index].id] { fields[index].set(text) }
        }
        // The cursor begins where something is missing.
        focus = visibleFields.firstIndex { fields[$0].trimmed.isEmpty && fields[$0].isRequired } ?? 0
        let isAboutAccount = !several.isEmpty || texts[.account]?.isEmpty == false
        if kind == .status, isAboutAccount { focusField(.change) }
    }

    /// Shows an operation whose outcome is not known, without its form.
    init(unresolved: UnresolvedOperation) {
        kind = unresolved.kind
        several = []
        fields = unresolved.kind.fields
        reference = unresolved.proposal.operation.reference
        stage = .unknown(unresolved, .lookUp)
    }

    /// The same fields for the next operation.
    func repeated(_ reference: Reference) -> FormDialog {
        let texts = Dictionary(fields.map { ($0.id, $0.text) }, uniquingKeysWith: { first, _ in first })
        var form = FormDialog(kind: kind, texts: texts, reference: reference)
        form.focusField(.amount)
        return form
    }

    /// Indices of the fields that matter for what is chosen.
    var visibleFields: [Int] {
        let filledLegs = fields.lastIndex { $0.isLeg && !$0.trimmed.isEmpty } ?? 0
        return fields.indices.filter { index in
            switch fields[index].id {
            case .account: several.isEmpty
            case .minimum where kind == .status: statusChoice == .setMinimum
            case .name where kind == .status: statusChoice == .rename
            // One more than are filled in, and two at least.
            case .leg: index <= max(filledLegs + 1, 1)
            default: true
            }
        }
    }

    var statusChoice: StatusChoice? { text(.change).flatMap(StatusChoice.init) }

    var focusedField: FormField {
        get { fields[visibleFields[min(focus, visibleFields.count - 1)]] }
        set { fields[visibleFields[min(focus, visibleFields.count - 1)]] = newValue }
    }

    func text(_ id: FormField.ID) -> String? { fields.first { $0.id == id }?.trimmed }

    var texts: [String] { fields.map(\.trimmed) }

    /// The codes in the account fields.
    var accountCodes: [String] {
        fields.compactMap(\.accountCode).filter { !$0.isEmpty }
    }

    /// Accounts offered for the field that is being typed in.
    var offered: [AccountListing] {
        focusedField.typedCode.map { suggestions.offered(for: $0) } ?? []
    }

    mutating func moveFocus(by step: Int) {
        let count = visibleFields.count
        focus = (min(focus, count - 1) + step + count) % count
    }

    mutating func focusField(_ id: FormField.ID) {
        if let position = visibleFields.firstIndex(where: { fields[$0].id == id }) { focus = position }
    }

    /// Remembers what the reference stands for from now on.
    mutating func markSent() { sent = texts }

    /// A new reference for the next time, since this one may be on the books.
    mutating func renew(_ reference: Reference) {
        self.reference = reference
        sent = nil
    }

    /// The operation that the fields describe.
    /// - Parameter newReference: called when what was sent under the last reference said something else.
    /// - Throws: the first thing that is wrong; the focus is then on its field.
    mutating func operation(actor: String, newReference: () -> Reference) throws(FormProblem) -> Operation {
        if let sent, sent != texts {
            reference = newReference()
            self.sent = nil
        }
        do throws(FormProblem) {
            return try draft(actor: actor)
        } catch {
            if let position = error.position { focus = position }
            throw error
        }
    }

    /// The operation that the fields describe so far, under the form's reference.
    func draft(actor: String) throws(FormProblem) -> Operation {
        try checkRequired()
        do throws(Refusal) {
            let day = text(.valueDate) ?? ""
            return try Operation(
                reference: reference, action: try action(), actor: actor, narrative: text(.narrative) ?? "",
                valueDate: day.isEmpty ? nil : try FormField.date(day))
        } catch {
            throw FormProblem(text: error.message, position: position(of: error))
        }
    }

    /// The same change for each of several accounts, each under a reference of its own.
    func operations(actor: String, newReference: () -> Reference) throws(FormProblem) -> [Operation] {
        try checkRequired()
        var operations: [Operation] = []
        do throws(Refusal) {
            for code in several {
                operations.append(
                    try Operation(
                        reference: newReference(),
                        action: .accountChange(
                            account: code, change: try change(), reason: text(.reason) ?? ""),
                        actor: actor))
            }
            return operations
        } catch {
            throw FormProblem(text: error.message, position: position(of: error))
        }
    }

    private func checkRequired() throws(FormProblem) {
        for (position, index) in visibleFields.enumerated()
        where fields[index].isRequired && fields[index].trimmed.isEmpty {
            throw FormProblem(text: "\(fields[index].label) is missing", position: position)
        }
    }

    private func action() throws(Refusal) -> Operation.Action {
        func code(_ id: FormField.ID) throws(Refusal) -> AccountCode { try AccountCode(text(id) ?? "") }
        func amount() throws(Refusal) -> DecimalAmount { try DecimalAmount(text(.amount) ?? "") }
        switch kind {
        case .deposit: return .deposit(account: try code(.account), amount: try amount())
        case .withdrawal: return .withdrawal(account: try code(.account), amount: try amount())
        case .transfer: return .transfer(from: try code(.from), to: try code(.to), amount: try amount())
        case .adjustment:
            return .adjustment(
                account: try code(.account), amount: try amount(),
                side: text(.side) == "debit" ? .debit : .credit, reasonCode: text(.reasonCode) ?? "",
                against: (text(.against) ?? "").isEmpty ? nil : try code(.against))
        case .journalEntry:
            var legs: [Operation.Leg] = []
            for field in fields where field.isLeg && !field.trimmed.isEmpty {
                legs.append(try FormField.leg(field.trimmed))
            }
            return .journalEntry(legs: legs)
        case .reversal:
            let part = text(.amount) ?? ""
            return .reversal(
                of: try Reference(text(.reference) ?? ""), amount: part.isEmpty ? nil : try amount(),
                reason: text(.reason) ?? "")
        case .status:
            return .accountChange(
                account: try code(.account), change: try change(), reason: text(.reason) ?? "")
        case .opening:
            return .accountChange(
                account: try code(.newAccount),
                change: .open(
                    name: text(.name) ?? "", currency: try Currency((text(.currency) ?? "").uppercased()),
                    accountClass: text(.accountClass).flatMap(AccountClass.init) ?? .liability,
                    minimum: try Operation.Minimum(text(.minimum) ?? "")),
                reason: text(.reason) ?? "")
        }
    }

    private func change() throws(Refusal) -> Operation.AccountChange {
        switch statusChoice {
        case .freeze, nil: .freeze(nil)
        case .freezeDebit: .freeze(.debit)
        case .freezeCredit: .freeze(.credit)
        case .unfreeze: .unfreeze(nil)
        case .close: .close
        case .reopen: .reopen
        case .setMinimum: .setMinimum(try Operation.Minimum(text(.minimum) ?? ""))
        case .rename: .rename(text(.name) ?? "")
        }
    }

    /// Puts the cursor where a refusal points to.
    mutating func focusField(of refusal: Refusal) {
        if let position = position(of: refusal) { focus = position }
    }

    private func position(of refusal: Refusal) -> Int? {
        let wanted: [FormField.ID]
        switch refusal {
        case .insufficientFunds, .amountInvalid, .amountOverflow: wanted = [.amount, .minimum]
        case .accountNotFound(let code), .accountClosed(let code), .accountFrozen(let code, _, _):
            wanted = fields.filter { $0.trimmed == code.text }.map(\.id)
        case .accountExists: wanted = [.newAccount]
        case .sameAccount, .currencyMismatch: wanted = [.to, .against, .account]
        // Most are for more than there is left.
        case .notReversible where text(.amount) != nil: wanted = [.amount]
        case .notReversible, .alreadyReversed, .transactionNotFound: wanted = [.reference]
        case .reasonRequired: wanted = [.reason, .reasonCode]
        case .textInvalid(let field, _): wanted = field == "value date" ? [.valueDate] : []
        default: wanted = []
        }
        return visibleFields.firstIndex { wanted.contains(fields[$0].id) }
    }
}

/// Why a form cannot be sent, in plain words.
struct FormProblem: Error, Hashable {
    let text: String
    /// Of the field that it is about, among those that are seen.
    let position: Int?
}
