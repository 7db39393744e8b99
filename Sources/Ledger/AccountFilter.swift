/// Which accounts to list. All parts must hold; an empty filter holds for every account.
///
/// Written as words: a plain word is found anywhere in code or name, in either case; `status:frozen`,
/// `ccy:EUR` and `class:asset` compare that field, `balance<0` and `available>=100.50` a balance in the account's
/// own currency. A word that only looks like one of these is a plain word.
public struct AccountFilter: Hashable, Sendable {
    public var words: [String] = []
    public var status: AccountStatus?
    public var currency: String?
    public var accountClass: AccountClass?
    /// Conditions for the ledger balance and the available balance.
    public var balances: [AmountCondition] = []

    /// The most words that are looked at.
    public static let maximumWords = FilterWords.maximum

    /// - Parameter text: what was typed; every text is a filter.
    public init(_ text: String = "") {
        for word in FilterWords.split(text) where !take(word) { words.append(FilterWords.plain(word)) }
    }

    /// Whether it holds for every account.
    public var isEmpty: Bool { self == AccountFilter() }

    /// Whether it holds for this account. The database's answer is the same where its character types are those
    /// of Unicode.
    public func matches(_ account: Account) -> Bool {
        (status == nil || status == account.status)
            && (currency == nil || currency == account.currency.code)
            && (accountClass == nil || accountClass == account.accountClass)
            && balances.allSatisfy { condition in
                condition.holds(for: condition.field == .available ? account.available : account.ledger)
            }
            && FilterWords.allFound(words, in: [account.code.text, account.name])
    }

    private mutating func take(_ word: Substring) -> Bool {
        if let condition = AmountCondition(word, fields: [.balance, .available]) {
            balances.append(condition)
            return true
        }
        guard let (field, value) = FilterWords.pair(word) else { return false }
        switch field {
        case "status":
            guard let status = AccountStatus(rawValue: value.lowercased()) else { return false }
            self.status = status
        case "ccy" where value.utf8.count == 3: currency = value.uppercased()
        case "class":
            guard let accountClass = AccountClass(rawValue: value.lowercased()) else { return false }
            self.accountClass = accountClass
        default: return false
        }
        return true
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
