import Ledger
import Postgres

/// The SQL that a filter's parts become. The text is the same for all filters and the parts are parameters, so
/// that a list has one statement; one that is not there is NULL or empty.
enum FilterSQL {
    /// A pattern that matches the word anywhere, whatever characters it has.
    static func pattern(_ word: String) -> String { "%" + escaped(word) + "%" }

    /// A pattern that matches what begins with these characters.
    static func beginning(_ word: String) -> String { escaped(word) + "%" }

    /// A pattern that matches nothing but these characters. Scalars are looked at: a `%` that carries an accent
    /// is another character to Swift, and still a `%` to the database.
    static func escaped(_ word: String) -> String {
        var pattern = String.UnicodeScalarView()
        for scalar in word.unicodeScalars {
            if scalar == "%" || scalar == "_" || scalar == "\\" { pattern.append("\\") }
            pattern.append(scalar)
        }
        return String(pattern)
    }

    // MARK: Accounts

    static let accountParameterCount = 8

    static func parameters(_ filter: AccountFilter) -> [Parameter] {
        [
            .array(filter.words.map(pattern)), .optional(filter.status?.rawValue),
            .optional(filter.currency), .optional(filter.accountClass?.rawValue),
        ]
            + ranges(filter.balances.filter { $0.field != .available })
            + ranges(filter.balances.filter { $0.field == .available })
    }

    /// What a row `a` of accounts must meet; its parameters begin with number `first`.
    static func accountCondition(from first: Int) -> String {
        """
        \(accountText) ILIKE ALL ($\(first)::text[])
            AND ($\(first + 1)::text IS NULL OR a.status = $\(first + 1)::text)
            AND ($\(first + 2)::text IS NULL OR a.currency = $\(first + 2)::text)
            AND ($\(first + 3)::text IS NULL OR a.class = $\(first + 3)::text)
            AND \(inRange(ledgerUnits, from: first + 4))
            AND \(inRange("(\(ledgerUnits) - a.held)", from: first + 6))
        """
    }

    /// What words are found in; the index on words is on this expression.
    static let accountText = "(a.code || ' ' || a.name)"

    /// Whether a row `a` of accounts has the words whose patterns are the parameters from number `first` on, each in a
    /// condition of its own: no index serves an array of them.
    static func holdsWords(from first: Int) -> String {
        (first..<first + SearchAbility.maximumWords)
            .map { "($\($0)::text IS NULL OR \(accountText) ILIKE $\($0)::text)" }.joined(separator: " AND ")
    }

    /// The ledger balance of a row `a`, in minor units.
    static let ledgerUnits =
        "(CASE WHEN a.class IN ('asset', 'expense') THEN a.debits - a.credits ELSE a.credits - a.debits END)"

    /// The ledger balance of a row `a` as a number, whatever its currency.
    ///
    /// CockroachDB divides a double by a double only.
    static let ledgerNumber =
        "(\(ledgerUnits)::double precision / \(byDigits { "1" + zeros($0) })::double precision)"

    /// The ``Magnitude`` of the ledger balance of a row `a`, worked out by the server.
    static let magnitude: String = {
        let size = "abs(\(ledgerUnits))::text"
        let steps = Magnitude.steps.map(String.init).joined(separator: ", ")
        let stepsUpTo = """
            (SELECT count(*) FROM unnest(ARRAY[\(steps)]) AS s (digits) WHERE s.digits <= substr(\(size), 1, 2)::int)
            """
        let power = "length(\(size)) - 1 - \(byDigits { String($0 + Magnitude.smallestPower) })"
        return """
            (CASE WHEN length(\(size)) < 2 THEN 0 ELSE
                CASE WHEN \(ledgerUnits) < 0 THEN -1 ELSE 1 END
                * greatest(0, (\(power)) * \(Magnitude.steps.count) + \(stepsUpTo))
            END)
            """
    }()

    /// Two parameters: the least magnitude that the row of what meets the filter may have, and the first that is too
    /// great; NULL where it says nothing of balances.
    static func magnitudes(_ filter: AccountFilter) -> [Parameter] {
        let range = filter.magnitudes
        return [
            .optional(range.map { Int64($0.lowerBound - Magnitude.tolerance) }),
            .optional(range.map { Int64($0.upperBound + Magnitude.tolerance) }),
        ]
    }

    /// Whether the magnitude of a row `a` is in the range whose parameters begin with `first`.
    static func hasMagnitude(from first: Int) -> String {
        """
        ($\(first)::bigint IS NULL
            OR (a.magnitude >= $\(first)::bigint AND a.magnitude < $\(first + 1)::bigint))
        """
    }

    // MARK: Journal and history

    /// Whether a text begins with the parameter, in either case of its letters.
    static func begins(_ text: String, with parameter: Int) -> String {
        "($\(parameter)::text IS NULL OR \(text) ILIKE $\(parameter)::text)"
    }

    /// Whether a text begins with the parameter, byte for byte.
    static func beginsExactly(_ text: String, with parameter: Int) -> String {
        "($\(parameter)::text IS NULL OR substr(\(text), 1, length($\(parameter)::text)) = $\(parameter)::text)"
    }

    /// Whether a time is on the days of booking whose first and last are the parameter and the one after it.
    static func isBooked(_ time: String, from parameter: Int) -> String {
        """
        ($\(parameter)::date IS NULL OR (\(time) AT TIME ZONE 'UTC')::date >= $\(parameter)::date)
            AND ($\(parameter + 1)::date IS NULL OR (\(time) AT TIME ZONE 'UTC')::date <= $\(parameter + 1)::date)
        """
    }

    // MARK: Amounts

    /// Two parameters: the least and the greatest minor units for each number of digits, from none; empty where
    /// there is no condition.
    static func ranges(_ conditions: [AmountCondition]) -> [Parameter] {
        if conditions.isEmpty { return [.array([Int64]()), .array([Int64]())] }
        let ranges = (0...Currency.maximumDigits).map { AmountCondition.range(conditions, digits: $0) }
        return [.array(ranges.map { $0?.lowerBound ?? 1 }), .array(ranges.map { $0?.upperBound ?? 0 })]
    }

    /// Whether `units`, in the currency of a row `a`, lie in the ranges whose parameters begin with `first`.
    static func inRange(_ units: String, from first: Int) -> String {
        let place = byDigits { String($0 + 1) }
        return """
            (array_length($\(first)::bigint[], 1) IS NULL OR \(units)
                BETWEEN ($\(first)::bigint[])[\(place)] AND ($\(first + 1)::bigint[])[\(place)])
            """
    }

    /// A CASE on the currency of a row `a`. Nearly all currencies have two digits.
    private static func byDigits(_ value: (Int) -> String) -> String {
        let cases = (0...Currency.maximumDigits).filter { $0 != 2 }.compactMap { digits -> String? in
            let codes = Currency.codes(digits: digits).map { "'\($0)'" }
            return codes.isEmpty
                ? nil : "WHEN a.currency IN (\(codes.joined(separator: ", "))) THEN \(value(digits))"
        }
        return "(CASE \(cases.joined(separator: " ")) ELSE \(value(2)) END)"
    }

    private static func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
}
