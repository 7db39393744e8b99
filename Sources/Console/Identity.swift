/// Who is looking at which ledger, and what they may do there.
public struct Identity: Sendable, Hashable {
    /// Such as `embedded`, or a host's name.
    public var ledger: String
    /// Nil where the settings give it no name.
    public var environment: LedgerEnvironment?
    public var actor: String
    /// Such as `operator`.
    public var role: String
    /// Whether the role may post transactions.
    public var mayPost: Bool
    /// Whether the role may change accounts.
    public var mayChangeAccounts: Bool
    /// Whether the role may reverse transactions.
    public var mayReverse: Bool
    /// Whether the database shows the role some of the accounts only.
    public var isConfined: Bool
    /// Whether the console was opened to look and not to change anything, whatever the role may do.
    public var isReadOnly: Bool
    /// Whether the server is a standby just now, which takes no writes.
    public var isStandby = false

    public init(
        ledger: String, environment: LedgerEnvironment? = nil, actor: String, role: String, mayPost: Bool,
        mayChangeAccounts: Bool, mayReverse: Bool, isConfined: Bool = false, isReadOnly: Bool = false
    ) {
        self.ledger = ledger
        self.environment = environment
        self.actor = actor
        self.role = role
        self.mayPost = mayPost
        self.mayChangeAccounts = mayChangeAccounts
        self.mayReverse = mayReverse
        self.isConfined = isConfined
        self.isReadOnly = isReadOnly
    }

    /// Why nothing can be written, whatever the role; nil when it can.
    private var readOnlyProblem: String? {
        if isReadOnly { return "the console was opened with --read-only" }
        return isStandby ? "the server is a standby and takes no writes" : nil
    }

    /// What the first line calls it when nothing can be written; nil when it can.
    var readOnlyWord: String? {
        isStandby ? "standby, read-only" : isReadOnly ? "read-only" : nil
    }

    /// Why nothing may be posted; nil when it may.
    var postingProblem: String? {
        if let readOnlyProblem { return readOnlyProblem }
        return mayPost ? nil : "the role \(role) may not post"
    }

    /// Why nothing may be reversed; nil when it may.
    var reversalProblem: String? {
        if let postingProblem { return postingProblem }
        return mayReverse ? nil : "the role \(role) may not reverse; that takes a supervisor"
    }

    /// Why nothing can be said of the ledger as a whole; nil when it can.
    var wholeLedgerProblem: String? {
        isConfined
            ? "the role \(role) sees some of the accounts only, and they do not add up by themselves" : nil
    }

    /// Why accounts may not be changed; nil when they may.
    var accountChangeProblem: String? {
        if let readOnlyProblem { return readOnlyProblem }
        return mayChangeAccounts ? nil : "the role \(role) may not change accounts"
    }
}

/// Which of several ledgers it is, such as `production`: as the settings name it.
public struct LedgerEnvironment: Sendable, Hashable {
    public let name: String
    public let color: Color

    public enum Color: String, Sendable, Hashable, CaseIterable {
        case none, red, yellow, green, blue, magenta, cyan
    }

    public init(name: String, color: Color) {
        self.name = name
        self.color = color
    }

    /// Names that begin with `prod` are those of ledgers where a mistake costs money.
    public var isProduction: Bool { name.lowercased().hasPrefix("prod") }
}

/// One setting in effect, for the screen that lists them.
public struct SettingLine: Sendable, Hashable {
    public let name: String
    public let value: String
    /// Where the value comes from, such as a flag or a file.
    public let origin: String

    public init(name: String, value: String, origin: String) {
        self.name = name
        self.value = value
        self.origin = origin
    }
}
