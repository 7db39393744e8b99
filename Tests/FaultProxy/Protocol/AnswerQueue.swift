/// The answers that a server owes, in the order in which it gives them.
///
/// The server answers each message of the extended protocol in turn. The first error makes it skip everything
/// up to the next Sync (PostgreSQL manual, "Extended Query").
struct AnswerQueue {
    enum Kind: UInt8, Sendable {
        case startup, parse, bind, describe, execute, close, sync, query, functionCall

        /// Whether its answer ends with ReadyForQuery.
        var endsWithReady: Bool {
            switch self {
            case .startup, .sync, .query, .functionCall: true
            case .parse, .bind, .describe, .execute, .close: false
            }
        }
    }

    struct Due: Equatable, Sendable {
        let kind: Kind
        /// Which unit it belongs to: see ``ProxySession``.
        let unit: UInt32
        /// The proxy's own message: the client is to see nothing of its answer.
        var isInjected = false
        /// The last of the proxy's own messages for the unit.
        var isLast = false
    }

    /// What one message of the server meant.
    struct Step: Equatable {
        /// What it belongs to, nil when nothing was due.
        var due: Due?
        var isCompleted = false
        /// Units whose answers will not come because of an error before them.
        var skipped: [UInt32] = []
    }

    private var queue: [Due] = []
    private var start = 0
    /// An error came, and the Sync up to which the server skips has not been sent yet.
    private(set) var skipsToSync = false

    var count: Int { queue.count - start }
    var head: Due? { start < queue.count ? queue[start] : nil }

    /// Whether the answer to an Execute or a Query is what comes next, or is coming.
    var isExecuting: Bool { head?.kind == .execute || head?.kind == .query }

    /// Notes that a message was sent. Returns false when the server will skip it.
    @discardableResult
    mutating func push(_ due: Due) -> Bool {
        if due.kind == .sync { skipsToSync = false }
        if skipsToSync { return false }
        queue.append(due)
        return true
    }

    /// Notes that a message of the server has come.
    mutating func receive(_ type: UInt8) -> Step {
        guard let head else { return Step() }
        switch (UnicodeScalar(type), head.kind) {
        case ("1", .parse), ("2", .bind), ("3", .close), ("T", .describe), ("n", .describe),
            ("C", .execute), ("I", .execute), ("s", .execute):
            pop()
            return Step(due: head, isCompleted: true)
        case ("E", let kind) where !kind.endsWithReady:
            return Step(due: head, isCompleted: true, skipped: skip())
        case ("Z", _):
            return ready()
        default:
            return Step(due: head)
        }
    }

    private mutating func pop() {
        start += 1
        if start == queue.count {
            queue.removeAll(keepingCapacity: true)
            start = 0
        } else if start >= 1_024 {
            queue.removeFirst(start)
            start = 0
        }
    }

    private mutating func skip() -> [UInt32] {
        guard let failed = head?.unit else { return [] }
        var skipped: [UInt32] = []
        while let due = head, due.kind != .sync {
            if due.unit != failed, due.unit != skipped.last { skipped.append(due.unit) }
            pop()
        }
        skipsToSync = head == nil
        return skipped
    }

    private mutating func ready() -> Step {
        while let due = head {
            pop()
            if due.kind.endsWithReady { return Step(due: due, isCompleted: true) }
        }
        return Step()
    }
}
