/// Who is measured: Bursar, and the ways in which people post a transfer today, driven by pgbench.
enum Contender: String, CaseIterable, Codable, Sendable {
    /// As it is shipped: each operation is on the disk of the client before it is committed.
    case bursar
    /// Without an outbox, to see what that costs.
    case bursarWithoutOutbox = "bursar-no-outbox"
    /// Nine statements in as many round trips; rows are locked in the order in which the request names them.
    case rowLocks = "row-locks"
    /// Two round trips; rows are locked in the order of their ids, so that nobody deadlocks.
    case orderedLocks = "ordered-locks"
    /// A stored function, one round trip, rows locked in the order of their ids, at SERIALIZABLE.
    case function
    /// The same at READ COMMITTED.
    case functionReadCommitted = "function-rc"

    var isBursar: Bool { self == .bursar || self == .bursarWithoutOutbox }

    /// The level of isolation that the peer's sessions begin their transactions at.
    var isolation: String { self == .functionReadCommitted ? "read committed" : "serializable" }
}
