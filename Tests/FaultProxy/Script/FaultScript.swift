/// When a rule fires.
public struct Trigger: Sendable, Equatable {
    public enum Event: Sendable {
        /// A connection's startup packet has come; requests to cancel are none.
        case connection
        /// A statement is to be passed on.
        case statement
    }

    /// Which of the matching events.
    public enum Occurrence: Sendable, Equatable {
        case every
        /// The one with this number among all that match, on all connections, counted from 1.
        case nth(Int)
        /// Each with this probability from 0 through 1, by the script's seed.
        case probability(Double)
    }

    public var event: Event
    public var occurrence: Occurrence
    /// Part of the statement's text, letter by letter.
    public var text: String?
    /// Part of the prepared statement's name at the server.
    public var name: String?
    /// The user of the connection, or part of its application_name at startup.
    public var role: String?

    public static func statement(
        _ occurrence: Occurrence = .every, containing text: String? = nil, named name: String? = nil,
        role: String? = nil
    ) -> Trigger {
        Trigger(event: .statement, occurrence: occurrence, text: text, name: name, role: role)
    }

    public static func connection(_ occurrence: Occurrence = .every, role: String? = nil) -> Trigger {
        Trigger(event: .connection, occurrence: occurrence, text: nil, name: nil, role: role)
    }
}

/// A fault and when it comes.
public struct FaultRule: Sendable, Equatable {
    public var trigger: Trigger
    public var fault: Fault
    /// How often at the most; nil is without limit.
    public var times: Int?

    public init(when trigger: Trigger, fault: Fault, times: Int? = nil) {
        self.trigger = trigger
        self.fault = fault
        self.times = times
    }
}

/// Another text for part of each statement that has it, as if the program had been written so.
public struct StatementRewrite: Sendable, Equatable {
    public let part: String
    public let other: String

    public init(_ part: String, _ other: String) {
        self.part = part
        self.other = other
    }
}

/// The faults of a run. Of several rules that fire for one event, the first counts.
///
/// Whether a rule with a probability fires follows from the seed, the rule's place in the script, the number
/// of the connection and the number of the statement on it, and from nothing else: neither time nor other
/// connections matter. Connections are numbered from 1 in the order of their startup packets since the script
/// was set, those that stood before first. So one client that does the same meets the same faults; with
/// several clients at once the order in which they connect is theirs, and so are the counts of `nth` and
/// `times`, which go across connections. How the bytes of an answer are spread over packets, and how long
/// things take, is never determined; faults that act for a duration meet whatever is underway then.
public struct FaultScript: Sendable, Equatable {
    public var seed: UInt64
    /// 1,024 at the most; what is beyond is ignored.
    public var rules: [FaultRule]
    /// What is put in the place of parts of prepared statements' texts, in order.
    public var rewrites: [StatementRewrite]

    public init(seed: UInt64 = 0, rules: [FaultRule] = [], rewrites: [StatementRewrite] = []) {
        self.seed = seed
        self.rules = rules
        self.rewrites = rewrites
    }

    /// No faults.
    public static let none = FaultScript()
}
