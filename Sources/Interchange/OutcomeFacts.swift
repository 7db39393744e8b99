import Ledger

/// How an operation ended, as plain values to be written as JSON.
public struct OutcomeFacts: Sendable {
    public enum Name: String, Sendable, CaseIterable {
        case posted
        case alreadyPosted = "already_posted"
        case refused, failed, unknown
        case gaveUp = "gave_up"
        case cancelled
    }

    /// An attempt that the database refused in favour of another.
    public struct Conflict: Sendable, Hashable {
        /// From 1.
        public let attempt: Int
        public let sqlState: String
        public let cause: String

        public init(attempt: Int, sqlState: String, cause: String) {
            self.attempt = attempt
            self.sqlState = sqlState
            self.cause = cause
        }
    }

    public var name: Name
    public var reference: Reference
    /// Of an operation that is on the books.
    public var receipt: Receipt?
    /// Of an operation that was refused.
    public var refusal: Refusal?
    /// Of one that failed, gave up, was cancelled, or whose outcome is unknown. The refusal's own message is used
    /// where this is nil.
    public var message: String?
    public var sqlState: String?
    public var attempts: Int
    public var conflicts: [Conflict]
    public var elapsedMilliseconds: Double

    public init(
        name: Name, reference: Reference, receipt: Receipt? = nil, refusal: Refusal? = nil,
        message: String? = nil, sqlState: String? = nil, attempts: Int, conflicts: [Conflict] = [],
        elapsedMilliseconds: Double
    ) {
        self.name = name
        self.reference = reference
        self.receipt = receipt
        self.refusal = refusal
        self.message = message
        self.sqlState = sqlState
        self.attempts = attempts
        self.conflicts = conflicts
        self.elapsedMilliseconds = elapsedMilliseconds
    }
}

extension JSONValue {
    /// What became of an operation, in one object.
    public static func outcome(_ facts: OutcomeFacts) -> JSONValue {
        let outcome: (String, JSONValue) = ("outcome", .string(facts.name.rawValue))
        let reference: (String, JSONValue) = ("reference", .string(facts.reference.text))
        let attempts: (String, JSONValue) = ("attempts", .integer(Int64(facts.attempts)))
        let conflicts: (String, JSONValue) = ("conflicts", .array(facts.conflicts.map(conflict)))
        let elapsed: (String, JSONValue) = ("elapsed_ms", milliseconds(facts.elapsedMilliseconds))
        let message: (String, JSONValue) = ("message", .string(facts.message ?? facts.refusal?.message ?? ""))
        switch facts.name {
        case .posted, .alreadyPosted:
            return .object([
                outcome, reference,
                ("transaction", .optional(facts.receipt?.transaction?.description)),
                ("kind", .optional(facts.receipt?.kind)), attempts, conflicts, elapsed,
                ("entries", .array(facts.receipt?.lines.map(receiptLine) ?? [])),
            ])
        case .refused:
            return .object([
                outcome, ("refusal", .optional(facts.refusal?.name)), message,
                ("facts", facts.refusal.map(JSONValue.facts) ?? .object([])), reference, attempts, elapsed,
            ])
        case .failed, .unknown, .gaveUp, .cancelled:
            return .object([
                outcome, message, ("sqlstate", .optional(facts.sqlState)), reference, attempts, conflicts,
                elapsed,
            ])
        }
    }

    private static func conflict(_ conflict: OutcomeFacts.Conflict) -> JSONValue {
        .object([
            ("attempt", .integer(Int64(conflict.attempt))), ("sqlstate", .string(conflict.sqlState)),
            ("cause", .string(conflict.cause)),
        ])
    }

    /// Milliseconds with one decimal; null for what is no time.
    public static func milliseconds(_ value: Double) -> JSONValue {
        guard let tenths = Int64(exactly: (value * 10).rounded()) else { return .null }
        return .decimal(Money.text(tenths, digits: 1, grouping: false))
    }
}
