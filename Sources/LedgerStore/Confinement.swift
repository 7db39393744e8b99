import Ledger

/// Which accounts a confined role sees and posts to: those whose code is one of these or begins like one of these, and
/// whose class is one of these. No codes mean all codes, no classes all classes.
///
/// House accounts (cash and suspense) are nobody's own: see ``sqlHouse(_:)``.
public struct Confinement: Sendable, Hashable {
    public let codes: [Pattern]
    public let classes: [AccountClass]

    /// The most codes that one role is confined to: each is a condition that every row is tried by.
    public static let codeLimit = 100

    /// An account code, or what codes begin with.
    public struct Pattern: Sendable, Hashable {
        public let code: String
        /// Whether it stands for all codes that begin so.
        public let isPrefix: Bool

        /// Reads `576` or, with a percent sign at its end, `57%`.
        /// - Throws: ``Refusal/textInvalid(field:why:)``.
        public init(_ text: String) throws(Refusal) {
            isPrefix = text.hasSuffix("%")
            code = try AccountCode(isPrefix ? String(text.dropLast()) : text).text
        }

        public var text: String { code + (isPrefix ? "%" : "") }
    }

    /// - Throws: ``Refusal/textInvalid(field:why:)`` when it names nothing, or too much.
    public init(codes: [Pattern], classes: [AccountClass]) throws(Refusal) {
        if codes.isEmpty, classes.isEmpty {
            throw .textInvalid(field: "confinement", why: "it names neither codes nor classes")
        }
        if codes.count > Self.codeLimit {
            throw .textInvalid(field: "confinement", why: "it names more than \(Self.codeLimit) codes")
        }
        self.codes = codes
        self.classes = classes
    }

    /// For people: `codes 57%, 704 · classes liability`.
    public var sentence: String {
        let parts = [("codes", codes.map(\.text)), ("classes", classes.map(\.rawValue))]
        return parts.filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
            .joined(separator: " · ")
    }

    // MARK: As kept with the policy

    /// One fact a line, read back by ``init(comment:)``. It is the comment of the policy, so that it lives and is
    /// dumped with it.
    var comment: String {
        ([Self.title] + codes.map { "code \($0.text)" } + classes.map { "class \($0.rawValue)" })
            .joined(separator: "\n")
    }

    private static let title = "bursar confinement 1"

    /// Nil for anything that ``comment`` did not write.
    init?(comment: String) {
        let lines = comment.split(separator: "\n")
        guard lines.first == Substring(Self.title) else { return nil }
        var codes: [Pattern] = []
        var classes: [AccountClass] = []
        for line in lines.dropFirst() {
            if line.hasPrefix("code "), let pattern = try? Pattern(String(line.dropFirst(5))) {
                codes.append(pattern)
            } else if line.hasPrefix("class "),
                let accountClass = AccountClass(rawValue: String(line.dropFirst(6)))
            {
                classes.append(accountClass)
            } else {
                return nil
            }
        }
        self.codes = codes
        self.classes = classes
    }

    // MARK: As conditions

    /// Whether the row `alias` of accounts is one of the role's own.
    func sqlOwn(_ alias: String) -> String {
        var conditions = ["NOT (\(Self.sqlHouse(alias)))"]
        if !codes.isEmpty {
            let each = codes.map { pattern in
                pattern.isPrefix
                    ? "left(\(alias).code, \(pattern.code.unicodeScalars.count)) = \(quotedLiteral(pattern.code))"
                    : "\(alias).code = \(quotedLiteral(pattern.code))"
            }
            conditions.append("(\(each.joined(separator: " OR ")))")
        }
        if !classes.isEmpty {
            conditions.append(
                "\(alias).class IN (\(classes.map { "'\($0.rawValue)'" }.joined(separator: ", ")))")
        }
        return conditions.joined(separator: " AND ")
    }

    /// Whether the row `alias` of accounts is a house account: the other side of everybody's deposits, so that
    /// everybody sees its balance.
    static func sqlHouse(_ alias: String) -> String {
        let codes = HouseAccount.allCases.map { "'\($0.prefix)' || \(alias).currency" }
        return "\(alias).code IN (\(codes.joined(separator: ", ")))"
    }

    /// The statements that confine this role, for a transaction of their own. They can be given again.
    ///
    /// The policies narrow what is granted and are the role's alone, so that they cost nobody else anything. That a
    /// record is seen depends on its account and, for a house account, on the other records of its transaction; a
    /// policy that reads its own table would never end, so it looks through a view with the owner's eyes, which shows
    /// the role no more than the ids of transactions that it sees anyway.
    func script(for role: String) -> String {
        let name = Self.name(of: role)
        let grantee = quotedIdentifier(role)
        let mayBecome = "TO \(grantee)"
        return """
            \(Self.dropScript(for: role))
            CREATE VIEW bursar.\(name) WITH (security_barrier) AS
                SELECT r.transaction_id FROM bursar.account_records AS r
                JOIN bursar.accounts AS a ON a.id = r.account_id
                WHERE r.transaction_id IS NOT NULL AND \(sqlOwn("a"));
            GRANT SELECT ON bursar.\(name) TO \(grantee);
            CREATE POLICY \(name) ON bursar.accounts AS RESTRICTIVE \(mayBecome)
                USING ((\(sqlOwn("accounts"))) OR \(Self.sqlHouse("accounts")));
            CREATE POLICY \(name) ON bursar.journal AS RESTRICTIVE FOR SELECT \(mayBecome)
                USING (EXISTS (SELECT FROM bursar.\(name) AS v WHERE v.transaction_id = journal.id));
            CREATE POLICY \(name) ON bursar.account_records AS RESTRICTIVE FOR SELECT \(mayBecome)
                USING (EXISTS (SELECT FROM bursar.accounts AS a
                    WHERE a.id = account_records.account_id AND ((\(sqlOwn("a"))) OR EXISTS (
                        SELECT FROM bursar.\(name) AS v
                        WHERE v.transaction_id = account_records.transaction_id))));
            CREATE POLICY \(name)_insert ON bursar.account_records AS RESTRICTIVE FOR INSERT \(mayBecome)
                WITH CHECK ((kind = 'opened' AND seq = 1) OR EXISTS (SELECT FROM bursar.accounts AS a
                    WHERE a.id = account_records.account_id));
            COMMENT ON POLICY \(name) ON bursar.accounts IS \(quotedLiteral(comment));
            """
    }

    static func dropScript(for role: String) -> String {
        let name = name(of: role)
        return """
            DROP POLICY IF EXISTS \(name) ON bursar.accounts;
            DROP POLICY IF EXISTS \(name) ON bursar.journal;
            DROP POLICY IF EXISTS \(name) ON bursar.account_records;
            DROP POLICY IF EXISTS \(name)_insert ON bursar.account_records;
            DROP VIEW IF EXISTS bursar.\(name);
            """
    }

    /// Of the policies and the view. A role's own name may be as long as a name can be.
    private static func name(of role: String) -> String {
        "confined_" + Digest(of: Array(role.utf8)).description.prefix(16)
    }

    /// Rows are guarded from the first confined role on, and everybody else is let through by a policy of its own.
    static let guardScript =
        guarded.map { table in
            """
            ALTER TABLE bursar.\(table) ENABLE ROW LEVEL SECURITY;
            DROP POLICY IF EXISTS everybody ON bursar.\(table);
            CREATE POLICY everybody ON bursar.\(table) USING (true) WITH CHECK (true);
            """
        }.joined(separator: "\n")

    /// Without a confined role, nobody pays for it.
    static let unguardScript =
        guarded.map { table in
            """
            DROP POLICY IF EXISTS everybody ON bursar.\(table);
            ALTER TABLE bursar.\(table) DISABLE ROW LEVEL SECURITY;
            """
        }.joined(separator: "\n")

    private static let guarded = ["accounts", "journal", "account_records"]
}
