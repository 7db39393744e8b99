/// What is selected in a list that grows at its top: a row, not a line, so that it stays what it is while others come in
/// above it.
enum NewestFirstSelection<Key: Hashable & Sendable>: Sendable, Hashable {
    /// Whatever is the newest: somebody has asked to follow it.
    case newest
    /// The row that was the newest when the list was first seen, nil before that.
    case first(Key?)
    /// The row that somebody has gone to.
    case chosen(Key)

    /// The row; nil for the newest that there is.
    var key: Key? {
        switch self {
        case .newest: nil
        case .first(let key): key
        case .chosen(let key): key
        }
    }
}

/// How many rows of a list that grows at its top are above what is in sight.
struct NewerRows: Sendable, Hashable {
    var count: Int
    /// Whether there are others that have not been read.
    var orMore = false
}

/// The first line in sight of a list that grows at its top, after so many rows came in: at the top, the newest stay in
/// sight; elsewhere, what is read.
func topLine(_ top: Int, after new: Int) -> Int { top > 0 ? max(0, top + new) : 0 }
