import FaultProxy

/// Bugs that are put in on purpose, by changing the text of statements on their way to the server: a campaign with one of
/// them must end with anomalies, or the checker sees nothing.
public enum Sabotage: String, Sendable, CaseIterable {
    /// An account is written over whatever version it has.
    case versionNotChecked
    /// Accounts are decided from as they were a while ago, also after a conflict, and written over.
    case retriedWithoutReading
    /// A reference may come twice, and nobody looks for it.
    case referenceNotUnique
    /// A write whose answer is lost is taken for one that failed.
    case lostCommitTakenForFailure
    /// The change of an account's balance is made twice.
    case appliedTwice
    /// What an account could do a while ago decides a refusal.
    case refusedFromStaleState
    /// The last moment's minimum is not held to: neither by the program nor by the database.
    case minimumNotHeld
    /// One side of some transactions is not written.
    case entryLeftOut

    /// What the owner does to the database before.
    var preparation: [String] {
        switch self {
        case .versionNotChecked: [Self.dropRecordsKey]
        case .retriedWithoutReading: [Self.dropRecordsKey, Self.staleCopy]
        case .referenceNotUnique: [Self.dropJournalKeys]
        case .refusedFromStaleState: [Self.staleCopy, Self.sometimesStale]
        case .appliedTwice, .minimumNotHeld:
            ["ALTER TABLE bursar.accounts DROP CONSTRAINT accounts_minimum_check"]
        case .lostCommitTakenForFailure, .entryLeftOut: []
        }
    }

    private static let dropRecordsKey = """
        ALTER TABLE bursar.account_records DROP CONSTRAINT account_records_pkey;
        CREATE INDEX ON bursar.account_records (account_id, seq);
        ALTER TABLE bursar.accounts DROP CONSTRAINT accounts_minimum_check
        """

    /// Each operation brings the id of its transaction, which would stop the second one as well.
    private static let dropJournalKeys = """
        ALTER TABLE bursar.journal DROP CONSTRAINT journal_reference_key, DROP CONSTRAINT journal_pkey;
        CREATE INDEX ON bursar.journal (reference);
        CREATE INDEX ON bursar.journal (id)
        """

    /// The accounts as they were when it was last made anew.
    private static let staleCopy = """
        CREATE TABLE bursar.stale AS SELECT * FROM bursar.accounts;
        CREATE INDEX ON bursar.stale (code)
        """

    /// For fifteen in each hundred milliseconds the copy is seen, so that there is still something going on that it knows
    /// nothing of.
    private static let sometimesStale = """
        CREATE FUNCTION bursar.is_stale() RETURNS boolean LANGUAGE sql STABLE AS
            'SELECT extract(milliseconds FROM statement_timestamp())::bigint % 100 < 15';
        CREATE VIEW bursar.sometimes_stale AS
        SELECT * FROM bursar.accounts WHERE NOT bursar.is_stale()
        UNION ALL
        SELECT * FROM bursar.stale WHERE bursar.is_stale()
        """

    /// Run each second while tellers post.
    var upkeep: String? {
        switch self {
        case .retriedWithoutReading, .refusedFromStaleState:
            "BEGIN; DELETE FROM bursar.stale; INSERT INTO bursar.stale SELECT * FROM bursar.accounts; COMMIT"
        default: nil
        }
    }

    /// Words of the anomalies that it is found by.
    public var trace: String {
        switch self {
        case .versionNotChecked, .retriedWithoutReading: "it should be #"
        case .referenceNotUnique: "is on the books 2 times"
        case .lostCommitTakenForFailure: "was told to have failed"
        case .appliedTwice: "its totals are"
        case .refusedFromStaleState: "which was right at no moment"
        case .minimumNotHeld: "is below the minimum"
        case .entryLeftOut: "debits of"
        }
    }

    /// What a program with this bug would say to the server.
    public var rewrites: [StatementRewrite] {
        let unchecked = StatementRewrite("AND a.version = t.seen AND a.head = t.seen_head", "")
        let stale = StatementRewrite("FROM bursar.accounts AS a", "FROM bursar.stale AS a")
        return switch self {
        case .versionNotChecked: [unchecked]
        case .retriedWithoutReading: [unchecked, stale]
        case .referenceNotUnique:
            [
                StatementRewrite(
                    "FROM bursar.journal WHERE reference = ANY",
                    "FROM bursar.journal WHERE false AND reference = ANY")
            ]
        case .lostCommitTakenForFailure: []
        case .appliedTwice:
            [
                StatementRewrite(
                    "debits = t.debits, credits = t.credits",
                    "debits = 2 * t.debits - a.debits, credits = 2 * t.credits - a.credits"
                )
            ]
        case .refusedFromStaleState:
            [StatementRewrite("FROM bursar.accounts AS a", "FROM bursar.sometimes_stale AS a")]
        case .minimumNotHeld: [StatementRewrite("a.status, a.minimum", "a.status, a.minimum - 1000000")]
        case .entryLeftOut:
            [
                StatementRewrite(
                    "LEFT JOIN moved AS m ON m.id = r.account_id",
                    "JOIN moved AS m ON m.id = r.account_id WHERE r.amount % 7 > 0")
            ]
        }
    }

    /// What such a program would take an answer for.
    var rules: [FaultRule] {
        guard self == .lostCommitTakenForFailure else { return [] }
        return [
            FaultRule(
                when: .statement(.probability(0.2), containing: "INSERT INTO bursar.journal"),
                fault: .answerAfterServer(
                    ErrorForm("XX000", "the answer was lost, so it is called a failure")))
        ]
    }
}
