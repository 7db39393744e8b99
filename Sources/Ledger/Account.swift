/// The two sides of an entry.
public enum Side: String, Sendable, CaseIterable, Codable {
    case debit, credit

    public var opposite: Side { self == .debit ? .credit : .debit }
}

/// What an account is; it decides the normal side.
public enum AccountClass: String, Sendable, CaseIterable {
    case asset, liability, equity, income, expense

    /// The side that increases an account of this class.
    public var normalSide: Side {
        switch self {
        case .asset, .expense: .debit
        case .liability, .equity, .income: .credit
        }
    }

    /// The ledger balance that these totals make, in minor units. Sound totals are not negative, so that it
    /// always fits; unsound ones saturate, since a report on them must not stop the program.
    public func normalBalance(debits: Int64, credits: Int64) -> Int64 {
        normalSide == .debit ? debits.subtractingSaturated(credits) : credits.subtractingSaturated(debits)
    }
}

/// Which entries an account takes.
public enum AccountStatus: String, Sendable, CaseIterable {
    case open
    case debitFrozen = "debit-frozen"
    case creditFrozen = "credit-frozen"
    case frozen
    case closed

    /// Whether an entry on this side may be posted.
    public func allows(_ side: Side) -> Bool {
        switch self {
        case .open: true
        case .debitFrozen: side == .credit
        case .creditFrozen: side == .debit
        case .frozen, .closed: false
        }
    }

    /// This status with one side, or both when `side` is nil, frozen as well. A closed account stays closed.
    func freezing(_ side: Side?) -> AccountStatus {
        self == .closed
            ? .closed
            : AccountStatus(
                debits: allows(.debit) && side == .credit, credits: allows(.credit) && side == .debit)
    }

    /// This status with one side, or both when `side` is nil, freed. A closed account stays closed.
    func unfreezing(_ side: Side?) -> AccountStatus {
        self == .closed
            ? .closed
            : AccountStatus(
                debits: allows(.debit) || side != .credit, credits: allows(.credit) || side != .debit)
    }

    private init(debits: Bool, credits: Bool) {
        self =
            switch (debits, credits) {
            case (true, true): .open
            case (false, true): .debitFrozen
            case (true, false): .creditFrozen
            case (false, false): .frozen
            }
    }
}

/// One account as it stands after its record number ``version``.
public struct Account: Hashable, Sendable, Identifiable {
    public let id: Identifier
    public let code: AccountCode
    public var name: String
    public let currency: Currency
    public let accountClass: AccountClass
    public var status: AccountStatus
    /// The lowest available balance that the account may reach, in minor units; nil for an unlimited account.
    public var minimum: Int64?
    /// All debits and all credits ever posted, in minor units. They only grow.
    public var debits: Int64
    public var credits: Int64
    /// Reserved by holds, in minor units, never negative.
    public var held: Int64
    /// Number of the account's last record, from 1.
    public var version: Int64
    /// Hash of the account's last record.
    public var head: Digest

    public init(
        id: Identifier, code: AccountCode, name: String, currency: Currency, accountClass: AccountClass,
        status: AccountStatus, minimum: Int64?, debits: Int64, credits: Int64, held: Int64, version: Int64,
        head: Digest
    ) {
        self.id = id
        self.code = code
        self.name = name
        self.currency = currency
        self.accountClass = accountClass
        self.status = status
        self.minimum = minimum
        self.debits = debits
        self.credits = credits
        self.held = held
        self.version = version
        self.head = head
    }

    /// Posted debits and credits on the normal side, in minor units. Both totals are at least zero, so their
    /// difference always fits; it saturates where the books are unsound.
    public var ledgerUnits: Int64 { accountClass.normalBalance(debits: debits, credits: credits) }

    /// The ledger balance.
    public var ledger: Money { Money(units: ledgerUnits, currency: currency) }

    /// Ledger balance minus holds. Saturates where the books are already unsound.
    public var available: Money {
        Money(units: ledgerUnits.subtractingSaturated(held), currency: currency)
    }

    /// Whether the minimum rule holds.
    public var isAtOrAboveMinimum: Bool { minimum.map { available.units >= $0 } ?? true }
}

/// The accounts that the ledger opens by itself, one of each kind for each currency.
public enum HouseAccount: String, Sendable, CaseIterable {
    /// The bank's own side of a deposit or withdrawal.
    case cash
    /// Where an amount rests until it is known where it belongs.
    case suspense

    /// What all codes of this kind begin with; the currency's code follows.
    public var prefix: String {
        switch self {
        case .cash: "cash-"
        case .suspense: "suspense-"
        }
    }

    public func code(for currency: Currency) -> AccountCode { AccountCode(stored: prefix + currency.code) }

    var accountClass: AccountClass { self == .cash ? .asset : .liability }

    func name(for currency: Currency) -> String {
        (self == .cash ? "Cash " : "Suspense ") + currency.code
    }

    /// The kind whose codes begin as this one does.
    public static func prefixing(_ code: AccountCode) -> HouseAccount? {
        // Mostly the first byte tells, and this is asked of each account of each operation.
        allCases.first {
            code.text.utf8.first == $0.prefix.utf8.first && code.text.utf8.starts(with: $0.prefix.utf8)
        }
    }

    /// Whether a code is of the form that house accounts have, in any currency.
    static func reserves(_ code: AccountCode) -> Bool {
        prefixing(code).map { isCurrency(code.text.utf8.dropFirst($0.prefix.utf8.count)) } ?? false
    }

    private static func isCurrency(_ bytes: Substring.UTF8View) -> Bool {
        do throws(Refusal) {
            _ = try Currency(String(Substring(bytes)))
            return true
        } catch {
            return false
        }
    }
}
