/// A way to go through lines.
enum Motion: Sendable {
    case up, down, pageUp, pageDown, first, last

    init?(_ command: CommandID) {
        switch command {
        case .moveUp: self = .up
        case .moveDown: self = .down
        case .pageUp: self = .pageUp
        case .pageDown: self = .pageDown
        case .moveFirst: self = .first
        case .moveLast: self = .last
        default: return nil
        }
    }

    /// Lines down, with so many in sight; to an end it is farther than any list is long.
    func step(page: Int) -> Int {
        switch self {
        case .up: -1
        case .down: 1
        case .pageUp: -max(page - 1, 1)
        case .pageDown: max(page - 1, 1)
        case .first: -1_000_000_000
        case .last: 1_000_000_000
        }
    }

    /// A line of `count`, gone to from another.
    func moved(_ index: Int, of count: Int, page: Int) -> Int {
        min(max(index + step(page: page), 0), max(count - 1, 0))
    }
}

/// The first line in sight, moved no more than it takes to show a selected one.
func topLine(_ top: Int, showing index: Int, of count: Int, rows: Int) -> Int {
    let rows = max(rows, 1)
    let lowest = max(0, count - rows)
    return min(max(min(top, index), index - rows + 1, 0), lowest)
}
