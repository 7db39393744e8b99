import Ledger
import LedgerService

/// A form and all that follows from it: confirmation, posting, receipt. One pane over the lower part.
struct FormDialog: Sendable {
    let kind: FormKind
    var fields: [FormField]
    /// Index into ``visibleFields``.
    var focus = 0
    var stage = Stage.editing {
        didSet { if place != oldValue.place { scroll = 0 } }
    }
    /// Lines that are scrolled away where there are more than fit.
    var scroll = 0
    /// What was wrong the last time, in plain words.
    var message: String?
    /// Names the operation, made before it is first sent and kept for every further try.
    private(set) var reference: Reference
    /// What the fields said when the reference was first sent.
    private var sent: [String]?

    enum Stage: Sendable {
        case editing
        /// What would be posted is being asked for. `previous` is what had been confirmed, when that is no
        /// longer what would be posted.
        case previewing(RequestID, Operation, previous: Decision?)
        case confirming(Proposal, Answer)
        case posting(Proposal, since: Timestamp, isStopping: Bool)
        case receipt(Receipt, OperationOutcome?)
        case unknown(UnresolvedOperation, Answer)

        var place: Place {
            switch self {
            case .editing, .previewing: .form
            case .confirming: .confirmation
            case .posting: .posting
            case .receipt: .receipt
            case .unknown: .unknown
            }
        }
    }

    /// Where keys go at this stage.
    var place: Place { stage.place }

    init(kind: FormKind, account: AccountCode?, reversing: Reference?, reference: Reference) {
        self.kind = kind
        self.reference = reference
        fields = kind.fields(account: account, reference: reversing)
        // The cursor begins where something is missing.
        focus = visibleFields.firstIndex { fields[$0].trimmed.isEmpty && fields[$0].isRequired } ?? 0
        if kind == .reversal, reversing != nil { focus = 2 }
        if kind == .status, account != nil { focus = 1 }
    }

    /// Shows an operation whose outcome is not known, without its form.
    init(unresolved: UnresolvedOperation) {
        kind = unresolved.kind
        fields = unresolved.kind.fields(account: nil, reference: nil)
        reference = unresolved.proposal.operation.reference
        stage = .unknown(unresolved, .lookUp)
    }

    /// Indices of the fields that matter for what is chosen.
    var visibleFields: [Int] {
        fields.indices.filter { index in
            switch fields[index].id {
            case .minimum where kind == .status: statusChoice == .setMinimum
            case .name: statusChoice == .rename
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

    /// The codes in the account fields.
    var accountCodes: [String] {
        fields.filter { [.account, .from, .to].contains($0.id) }.map(\.trimmed).filter { !$0.isEmpty }
    }

    mutating func moveFocus(by step: Int) {
        let count = visibleFields.count
        focus = (min(focus, count - 1) + step + count) % count
    }

    /// The operation that the fields describe.
    /// - Parameter newReference: called when what was sent under the last reference said something else.
    /// - Throws: the first thing that is wrong; the focus is then on its field.
    mutating func operation(actor: String, newReference: () -> Reference) throws(FormProblem) -> Operation {
        for (position, index) in visibleFields.enumerated()
        where fields[index].isRequired && fields[index].trimmed.isEmpty {
            focus = position
            throw FormProblem(text: "\(fields[index].label) is missing")
        }
        let texts = fields.map(\.trimmed)
        if let sent, sent != texts {
            reference = newReference()
            self.sent = nil
        }
        do throws(Refusal) {
            return try Operation(
                reference: reference, action: try action(), actor: actor, narrative: text(.narrative) ?? "")
        } catch {
            focusField(of: error)
            throw FormProblem(text: error.message)
        }
    }

    /// Remembers what the reference stands for from now on.
    mutating func markSent() { sent = fields.map(\.trimmed) }

    /// A new reference for the next time, since this one may be on the books.
    mutating func renew(_ reference: Reference) {
        self.reference = reference
        sent = nil
    }

    private func action() throws(Refusal) -> Operation.Action {
        func code(_ id: FormField.ID) throws(Refusal) -> AccountCode { try AccountCode(text(id) ?? "") }
        func amount() throws(Refusal) -> DecimalAmount { try DecimalAmount(text(.amount) ?? "") }
        switch kind {
        case .deposit: return .deposit(account: try code(.account), amount: try amount())
        case .withdrawal: return .withdrawal(account: try code(.account), amount: try amount())
        case .transfer: return .transfer(from: try code(.from), to: try code(.to), amount: try amount())
        case .reversal:
            let part = text(.amount) ?? ""
            return .reversal(
                of: try Reference(text(.reference) ?? ""), amount: part.isEmpty ? nil : try amount(),
                reason: text(.reason) ?? "")
        case .status:
            return .accountChange(
                account: try code(.account), change: try change(), reason: text(.reason) ?? "")
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
        let wanted: [FormField.ID]
        switch refusal {
        case .insufficientFunds, .amountInvalid, .amountOverflow: wanted = [.amount, .minimum]
        case .accountNotFound(let code), .accountClosed(let code), .accountFrozen(let code, _, _):
            wanted = fields.filter { $0.trimmed == code.text }.map(\.id)
        case .sameAccount, .currencyMismatch: wanted = [.to, .account]
        case .notReversible, .alreadyReversed, .transactionNotFound: wanted = [.reference]
        case .reasonRequired: wanted = [.reason]
        default: wanted = []
        }
        if let position = visibleFields.firstIndex(where: { wanted.contains(fields[$0].id) }) {
            focus = position
        }
    }
}

/// Why a form cannot be sent, in plain words.
struct FormProblem: Error, Hashable {
    let text: String
}

/// What would be posted, shown before it is.
struct Proposal: Sendable, Hashable {
    let operation: Operation
    let decision: Decision
    /// What had been confirmed before, when it is no longer what would be posted.
    let previous: Decision?
    /// Whether somebody agreed to post at whatever balance.
    var atAnyBalance = false

    var answers: [Answer] { previous == nil ? [.back, .post] : [.back, .post, .postAnyway] }

    /// What is sent along with the operation, for the service to hold it to.
    var confirmation: Confirmation? { atAnyBalance ? nil : decision.confirmation }
}

/// An operation that was sent, and whose answer got lost.
struct UnresolvedOperation: Sendable, Hashable {
    let kind: FormKind
    let proposal: Proposal
    var failure: Failure
    /// When it was last looked up, and was not on the books.
    var missingAt: Timestamp?
    var request: RequestID?
}

/// What can be answered to a confirmation.
enum Answer: Hashable, Sendable {
    case back, post, postAnyway
    case lookUp, sendAgain

    static let forUnknown: [Answer] = [.lookUp, .sendAgain]

    var title: String {
        switch self {
        case .back: "Back"
        case .post: "Post"
        case .postAnyway: "Post at whatever balance"
        case .lookUp: "Look it up"
        case .sendAgain: "Send again"
        }
    }
}
