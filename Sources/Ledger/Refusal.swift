/// The ledger's rules say no. A value with its facts, not an error of the program, and never retried.
public enum Refusal: Error, Hashable, Sendable {
    /// `requested` would take the available balance below `minimum`.
    case insufficientFunds(account: AccountCode, available: Money, requested: Money, minimum: Money)
    case accountNotFound(AccountCode)
    case accountExists(AccountCode)
    /// `side` is the side that was asked for; nil when it was not an entry.
    case accountFrozen(account: AccountCode, status: AccountStatus, side: Side?)
    case accountClosed(AccountCode)
    case accountNotEmpty(account: AccountCode, ledger: Money, held: Money)
    case currencyMismatch(AccountCode, Currency, AccountCode, Currency)
    case currencyUnknown(String)
    case unbalanced(currency: Currency, debits: Money, credits: Money)
    case amountInvalid(text: String, why: String)
    case amountOverflow(String)
    case sameAccount(AccountCode)
    case referenceReused(Reference)
    case alreadyReversed(Reference)
    case notReversible(Reference, why: String)
    case reasonRequired(what: String)
    case notPermitted(why: String)
    /// What the operator confirmed is not what would be posted now.
    case outcomeChanged(account: AccountCode, confirmed: Money, now: Money)
    case textInvalid(field: String, why: String)
    case transactionNotFound(Reference)

    /// The name that scripts match.
    public var name: String {
        switch self {
        case .insufficientFunds: "insufficient_funds"
        case .accountNotFound: "account_not_found"
        case .accountExists: "account_exists"
        case .accountFrozen: "account_frozen"
        case .accountClosed: "account_closed"
        case .accountNotEmpty: "account_not_empty"
        case .currencyMismatch: "currency_mismatch"
        case .currencyUnknown: "currency_unknown"
        case .unbalanced: "unbalanced"
        case .amountInvalid: "amount_invalid"
        case .amountOverflow: "amount_overflow"
        case .sameAccount: "same_account"
        case .referenceReused: "reference_reused"
        case .alreadyReversed: "already_reversed"
        case .notReversible: "not_reversible"
        case .reasonRequired: "reason_required"
        case .notPermitted: "not_permitted"
        case .outcomeChanged: "outcome_changed"
        case .textInvalid: "text_invalid"
        case .transactionNotFound: "transaction_not_found"
        }
    }

    /// One sentence for people: what is wrong, with the facts, and what would help.
    public var message: String {
        switch self {
        case .insufficientFunds(let account, let available, let requested, let minimum):
            "account \(account) has \(available.grouped) \(available.currency) available, "
                + (requested.units == 0
                    ? "less than a minimum of \(minimum.grouped)"
                    : "\(requested.grouped) would take it below its minimum of \(minimum.grouped)")
        case .accountNotFound(let code):
            "there is no account \(quoted(code.text)); `bursar account list` shows what there is"
        case .accountExists(let code): "account \(code) exists already"
        case .accountFrozen(let account, let status, let side):
            "account \(account) is \(status.rawValue)"
                + (side.map { " and takes no \($0.rawValue) entries" } ?? "") + "; unfreeze it first"
        case .accountClosed(let code): "account \(code) is closed; reopen it first"
        case .accountNotEmpty(let account, let ledger, let held):
            "account \(account) holds \(ledger.grouped) \(ledger.currency)"
                + (held.units > 0 ? " with \(held.grouped) on hold" : "") + "; empty it before closing it"
        case .currencyMismatch(let first, let currency, let second, let other):
            "account \(first) is in \(currency), account \(second) in \(other); both must have one currency"
        case .currencyUnknown(let code):
            "\(quoted(code)) is not a currency of ISO 4217; write three capital letters, such as CZK"
        case .unbalanced(let currency, let debits, let credits):
            "debits of \(debits.grouped) and credits of \(credits.grouped) \(currency) do not balance"
        case .amountInvalid(let text, let why): "\(quoted(text)) is not an amount: \(why)"
        case .amountOverflow(let text): "the amount \(quoted(text)) is larger than the ledger can hold"
        case .sameAccount(let code): "account \(code) is on both sides; name two different accounts"
        case .referenceReused(let reference):
            "reference \(quoted(reference.text)) names a different operation already; use a new one"
        case .alreadyReversed(let reference): "transaction \(quoted(reference.text)) is already reversed"
        case .notReversible(let reference, let why):
            "transaction \(quoted(reference.text)) cannot be reversed so: \(why)"
        case .reasonRequired(let what): "a \(what) is required"
        case .notPermitted(let why): why
        case .outcomeChanged(let account, let confirmed, let now):
            "account \(account) would end at \(now.grouped), not at \(confirmed.grouped) \(now.currency) as "
                + "confirmed: somebody posted to it meanwhile"
        case .textInvalid(let field, let why): "the \(field) is not usable: \(why)"
        case .transactionNotFound(let reference):
            "there is no operation with reference \(quoted(reference.text))"
        }
    }

    /// The facts behind the message, as names and texts; amounts are plain decimals.
    public var facts: [(name: String, value: String)] {
        switch self {
        case .insufficientFunds(let account, let available, let requested, let minimum):
            [
                ("account", account.text), ("available", available.description),
                ("requested", requested.description), ("minimum", minimum.description),
            ]
        case .accountNotFound(let code), .accountExists(let code), .accountClosed(let code),
            .sameAccount(let code):
            [("account", code.text)]
        case .accountFrozen(let account, let status, let side):
            [("account", account.text), ("status", status.rawValue)]
                + (side.map { [("side", $0.rawValue)] } ?? [])
        case .accountNotEmpty(let account, let ledger, let held):
            [("account", account.text), ("ledger", ledger.description), ("held", held.description)]
        case .currencyMismatch(let first, let currency, let second, let other):
            [
                ("account", first.text), ("currency", currency.code), ("other_account", second.text),
                ("other_currency", other.code),
            ]
        case .currencyUnknown(let code): [("currency", printable(code))]
        case .unbalanced(let currency, let debits, let credits):
            [("currency", currency.code), ("debits", debits.description), ("credits", credits.description)]
        case .amountInvalid(let text, let why): [("amount", printable(text)), ("why", why)]
        case .amountOverflow(let text): [("amount", printable(text))]
        case .referenceReused(let reference), .alreadyReversed(let reference),
            .transactionNotFound(let reference):
            [("reference", reference.text)]
        case .notReversible(let reference, let why): [("reference", reference.text), ("why", why)]
        case .reasonRequired(let what): [("required", what)]
        case .notPermitted(let why): [("why", why)]
        case .outcomeChanged(let account, let confirmed, let now):
            [("account", account.text), ("confirmed", confirmed.description), ("now", now.description)]
        case .textInvalid(let field, let why): [("field", field), ("why", why)]
        }
    }
}

/// What came in from outside, safe to print: bounded, control characters shown as `·`.
func printable(_ text: String, limit: Int = 80) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            result.unicodeScalars.append("·")
        default:
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// A text that somebody typed, as messages name it.
func quoted(_ text: String) -> String { "“\(printable(text))”" }
