/// Which accounts to list.
///
/// Written as terms: a plain word is found anywhere in code or name, in either case; `status:frozen`,
/// `ccy:EUR` and `class:asset` compare that field, `balance<0` and `available>=100.50` a balance in the account's
/// own currency.
public struct AccountFilter: TermFilter {
    public var words: [String] = []
    public var status: AccountStatus?
    public var currency: String?
    public var accountClass: AccountClass?
    /// Conditions for the ledger balance and the available balance.
    public var balances: [AmountCondition] = []
    public var problem: FilterProblem?

    public static let fields = ["status:", "ccy:", "class:", "balance<", "available<"]

    public init() {}

    /// Holds for accounts with each word of the text in code or name, even where one looks like a field or has quotes:
    /// what is typed where an account is meant. At most ``FilterTerm/maximum`` words are looked at.
    public init(words text: String) {
        words = text.unicodeScalars.split { $0.properties.isWhitespace }.prefix(FilterTerm.maximum)
            .map { FilterWords.plain(Substring($0)) }.filter { !$0.isEmpty }
    }

    /// Whether it holds for this account. The database's answer is the same where its character types are those
    /// of Unicode.
    public func matches(_ account: Account) -> Bool {
        problem == nil
            && (status == nil || status == account.status)
            && (currency == nil || currency == account.currency.code)
            && (accountClass == nil || accountClass == account.accountClass)
            && balances.allSatisfy { condition in
                condition.holds(for: condition.field == .available ? account.available : account.ledger)
            }
            && FilterWords.allFound(words, in: [account.code.text, account.name])
    }

    public mutating func take(_ field: FilterTerm.Field) throws(FilterProblem) -> Bool {
        if let condition = try AmountCondition(field, fields: [.balance, .available]) {
            balances.append(condition)
            return true
        }
        guard field.comparison == nil else { return false }
        switch field.name {
        case "status":
            status = AccountStatus(rawValue: try field.choice(among: AccountStatus.allCases.map(\.rawValue)))
        case "ccy": currency = try Self.currency(field)
        case "class":
            accountClass = AccountClass(
                rawValue: try field.choice(among: AccountClass.allCases.map(\.rawValue)))
        default: return false
        }
        return true
    }

    private static func currency(_ field: FilterTerm.Field) throws(FilterProblem) -> String {
        let code = try field.text("a currency, such as EUR").uppercased()
        do throws(Refusal) {
            return try Currency(code).code
        } catch {
            throw FilterProblem("no currency \(quoted(code)): three letters, such as EUR")
        }
    }
}

/// What a list of accounts is ordered by.
public enum AccountOrder: String, CaseIterable, Sendable {
    /// By the bytes of the code.
    case code
    /// By the name, then the code.
    case name
    /// By the number that the ledger balance is, whatever its currency, then the code.
    case balance
    /// By the booking time of the account's last record, then the code.
    case activity
}

/// An order of accounts and its direction.
public struct AccountSort: Hashable, Sendable {
    public var order: AccountOrder
    public var isDescending: Bool

    public init(_ order: AccountOrder, isDescending: Bool) {
        self.order = order
        self.isDescending = isDescending
    }

    /// The order in its natural direction: text from A to Z, the greatest balance and the latest activity first.
    public init(_ order: AccountOrder) {
        self.init(order, isDescending: order == .balance || order == .activity)
    }

    /// Whether the first of these places comes before the second in a list by name, or else by code.
    public func isOrdered(_ first: AccountKey, _ second: AccountKey) -> Bool {
        let (lower, upper) = isDescending ? (second, first) : (first, second)
        if order == .name, !lower.name.utf8.elementsEqual(upper.name.utf8) {
            return lower.name.utf8.lexicographicallyPrecedes(upper.name.utf8)
        }
        return lower.code < upper.code
    }
}

/// The place of an account in a list, by code or by name.
public struct AccountKey: Hashable, Sendable {
    public let code: AccountCode
    public let name: String

    public init(code: AccountCode, name: String) {
        self.code = code
        self.name = name
    }

    public init(_ account: Account) { self.init(code: account.code, name: account.name) }
}
