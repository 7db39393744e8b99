/// The end of an account's chain at some moment: number and hash of its last record then.
///
/// Who owns the database can make any history and give it hashes that fit. Kept where the owner cannot reach it, a head
/// says for good what the history up to it was: no other has this hash.
public struct AccountHead: Hashable, Sendable {
    public let account: Identifier
    public let code: AccountCode
    /// From 1.
    public let seq: Int64
    public let hash: Digest

    public init(account: Identifier, code: AccountCode, seq: Int64, hash: Digest) {
        self.account = account
        self.code = code
        self.seq = seq
        self.hash = hash
    }
}

/// Compares heads that were kept with the records of today, both in the order of account ids, one at a time: it holds
/// one head, however many there are.
///
/// That the kept hash still stands at its number proves the whole history up to it only together with a check of the
/// chain, which ``AccountAuditor`` makes.
public struct HeadComparison: Sendable {
    /// How many heads were compared.
    public private(set) var count: Int64 = 0
    private var head: AccountHead?
    private var isFound = false
    private let next: @Sendable () throws -> AccountHead?

    /// - Parameter next: the heads in the order of their accounts' ids, then nil.
    public init(next: @escaping @Sendable () throws -> AccountHead?) throws {
        self.next = next
        try advance()
    }

    /// The next account's records are about to come.
    /// - Returns: a problem for each account before it that was kept and is gone; a part of them at a time: ask until
    ///   it is nil.
    public mutating func missing(before account: Identifier?) throws -> LedgerProblem? {
        guard let head, account.map({ head.account < $0 }) ?? true else { return nil }
        try advance()
        let records = head.seq == 1 ? "1 record" : "\(head.seq) records"
        return LedgerProblem(
            account: head.code, seq: head.seq,
            message: "the account is gone: it had \(records) when its head was kept")
    }

    /// A record of the account whose turn it is.
    public mutating func feed(_ record: AccountRecord) -> LedgerProblem? {
        guard let head, record.accountID == head.account, record.seq == head.seq, !isFound else { return nil }
        isFound = true
        if record.hash == head.hash { return nil }
        return LedgerProblem(
            account: head.code, seq: head.seq,
            message: "record #\(head.seq) is not the one that was kept: the history up to it was rewritten")
    }

    /// The account has no more records.
    public mutating func finish(_ account: Account) throws -> LedgerProblem? {
        guard let head, head.account == account.id else { return nil }
        defer { isFound = false }
        let isFound = isFound
        try advance()
        if isFound { return nil }
        return LedgerProblem(
            account: head.code, seq: head.seq,
            message: "record #\(head.seq), which was kept, is gone: the history was cut off or renumbered")
    }

    private mutating func advance() throws {
        head = try next()
        isFound = false
        if head != nil { count += 1 }
    }
}

extension Account {
    /// The end of its chain, as its row has it.
    public var lastHead: AccountHead { AccountHead(account: id, code: code, seq: version, hash: head) }
}
