/// Something that the books should not hold.
public struct LedgerProblem: Hashable, Sendable {
    /// The account it is about; nil when it is about a transaction or the ledger as a whole.
    public let account: AccountCode?
    /// The record it is about.
    public let seq: Int64?
    /// The reference of the transaction it is about.
    public let reference: Reference?
    /// One sentence: what is found, and what should be.
    public let message: String

    public init(account: AccountCode? = nil, seq: Int64? = nil, reference: Reference? = nil, message: String)
    {
        self.account = account
        self.seq = seq
        self.reference = reference
        self.message = message
    }
}

/// Recomputes one account from its records, in order, one at a time: it holds the account and what it has
/// added up so far, however long the history is.
public struct AccountAuditor: Sendable {
    public var account: Account { listing.account }
    private let listing: AccountListing
    /// The first thing found wrong. What follows a bad record is usually wrong because of it, so only the first
    /// is said.
    public private(set) var problem: LedgerProblem?

    private var seq: Int64 = 0
    private var debits: Int64 = 0
    private var credits: Int64 = 0
    private var held: Int64 = 0
    private var head = Digest.zero
    private var bookedAt: Timestamp?
    private var name: String?
    private var status: AccountStatus?
    private var minimum: Int64?

    /// - Parameter listing: the account's row, which its records must lead to.
    public init(_ listing: AccountListing) {
        self.listing = listing
    }

    /// Checks the next record.
    public mutating func feed(_ line: HistoryLine) {
        guard problem == nil else { return }
        let record = line.record
        if record.seq != seq + 1 {
            return report(
                seq + 1,
                record.seq > seq + 1
                    ? "record #\(seq + 1) is missing" : "record #\(record.seq) is there twice")
        }
        seq = record.seq
        guard hasTransaction(line) else { return }
        if !matchesHash(line) {
            return report(
                seq, "record #\(seq) does not match its hash: it, its transaction or its hash was changed")
        }
        if line.transaction != nil, line.transaction?.origin?.ofEntry != record.origin {
            return report(
                seq, "record #\(seq) was written by another session than the transaction it belongs to")
        }
        head = record.hash
        bookedAt = record.bookedAt
        apply(record)
        if problem == nil, (debits, credits, held) != (record.debits, record.credits, record.held) {
            report(seq, "record #\(seq) carries totals that its predecessors do not add up to")
        }
    }

    /// Checks the account's row against what its records led to, once all have been fed.
    public mutating func finish() {
        guard problem == nil else { return }
        if seq == 0 { return report(nil, "the account has no records") }
        if seq != account.version {
            return report(
                seq < account.version ? seq + 1 : account.version + 1,
                seq < account.version
                    ? "record #\(seq + 1) is missing"
                    : "there are records after #\(account.version), its last")
        }
        let facts: [(Bool, String)] = [
            (account.debits == debits, "total of debits"), (account.credits == credits, "total of credits"),
            (account.held == held, "total of holds"), (account.head == head, "hash of the last record"),
            (name.map { sameBytes(account.name, $0) } ?? false, "name"), (account.status == status, "status"),
            (account.minimum == minimum, "minimum"),
            (listing.lastBookedAt == bookedAt, "time of the last record"),
            (
                abs(listing.magnitude - Magnitude.of(account.ledger)) <= Magnitude.tolerance,
                "magnitude, which lists by balance find it by,"
            ),
        ]
        if let wrong = facts.first(where: { !$0.0 }) {
            report(nil, "the account's \(wrong.1) is not what its records say")
        }
    }

    /// Whether an entry has its transaction; a change needs none.
    private mutating func hasTransaction(_ line: HistoryLine) -> Bool {
        guard case .entry(let id, _, _) = line.record.content, line.transaction == nil else { return true }
        report(line.record.seq, "record #\(line.record.seq) belongs to transaction \(id), which is missing")
        return false
    }

    /// Whether the hash is that of the record and its transaction.
    ///
    /// The database adds the origin by itself. A program that was running while the schema was upgraded knew nothing
    /// of origins and made its hashes without them; such a record is sound, and only its origin is not covered. One
    /// whose hash covers the origin cannot pass for it: the two forms begin differently.
    private func matchesHash(_ line: HistoryLine) -> Bool {
        let record = line.record
        let expected = record.expectedHash(
            after: head, of: account, transaction: line.entryTransaction?.digest)
        if expected == record.hash { return true }
        guard record.origin != nil else { return false }
        return record.withoutOrigin.expectedHash(
            after: head, of: account, transaction: line.entryTransaction?.withoutOrigin.digest) == record.hash
    }

    private mutating func apply(_ record: AccountRecord) {
        switch record.content {
        case .entry(_, let side, let amount):
            let (total, overflow) = (side == .debit ? debits : credits).addingReportingOverflow(amount)
            if overflow || amount <= 0 { return report(seq, "record #\(seq) has an impossible amount") }
            if side == .debit { debits = total } else { credits = total }
        case .change(let change):
            switch change.kind {
            case .opened(let name, let minimum):
                if seq != 1 { return report(seq, "record #\(seq) opens the account a second time") }
                self.name = name
                self.minimum = minimum
                status = .open
            case .renamed(let name): self.name = name
            case .status(let status): self.status = status
            case .minimum(let minimum): self.minimum = minimum
            }
        }
        if seq == 1, name == nil { report(1, "record #1 does not open the account") }
    }

    private mutating func report(_ seq: Int64?, _ message: String) {
        problem = LedgerProblem(account: account.code, seq: seq, message: message)
    }
}

extension HistoryLine {
    /// The transaction of an entry; a change has none, whatever it was read with.
    fileprivate var entryTransaction: JournalTransaction? {
        if case .entry = record.content { transaction } else { nil }
    }
}
