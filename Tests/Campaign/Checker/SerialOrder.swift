/// One order of all writes in which each account's come as its records do, and which time bears out: what ended before
/// something else began comes first. Where there is none, the history is not serializable.
struct SerialOrder {
    /// A write that is on the books, and when somebody could first have asked for it, and was told of it.
    struct Write {
        let reference: String
        /// Nil where nobody noted it.
        var began: Int64?
        var ended: Int64?
    }

    /// - Parameters:
    ///   - accounts: for each account, the writes to it in the order of its records.
    /// - Returns: writes that stand in a circle, in a few words; nil when there is an order.
    static func circle(among writes: [Write], accounts: [[String]]) -> String? {
        var graph = Graph()
        for references in accounts {
            for (first, second) in zip(references, references.dropFirst()) where first != second {
                graph.connect(.write(first), .write(second))
            }
        }
        // Instead of an edge between each two writes of which one ended before the other began, a line of moments: who
        // ended comes before the moment, who began comes after the last one.
        let moments = writes.flatMap { write -> [(time: Int64, isEnd: Bool, reference: String)] in
            (write.began.map { [($0, false, write.reference)] } ?? [])
                + (write.ended.map { [($0, true, write.reference)] } ?? [])
        }.sorted { ($0.time, $0.isEnd ? 1 : 0) < ($1.time, $1.isEnd ? 1 : 0) }
        var last: Int?
        for (index, moment) in moments.enumerated() {
            if moment.isEnd {
                graph.connect(.write(moment.reference), .moment(index))
                if let last { graph.connect(.moment(last), .moment(index)) }
                last = index
            } else if let last {
                graph.connect(.moment(last), .write(moment.reference))
            }
        }
        return graph.circle
    }

    private enum Node: Hashable {
        case write(String)
        case moment(Int)
    }

    private struct Graph {
        var followers: [Node: [Node]] = [:]
        var predecessors: [Node: Int] = [:]

        mutating func connect(_ first: Node, _ second: Node) {
            followers[first, default: []].append(second)
            predecessors[second, default: 0] += 1
            predecessors[first, default: 0] += 0
        }

        /// Takes away whatever nothing comes before, until nothing is left, or only circles and what follows them.
        var circle: String? {
            var counts = predecessors
            var free = counts.filter { $0.value == 0 }.map(\.key)
            while let node = free.popLast() {
                counts[node] = nil
                for follower in followers[node] ?? [] {
                    counts[follower]? -= 1
                    if counts[follower] == 0 { free.append(follower) }
                }
            }
            let rest = counts.keys.compactMap {
                if case .write(let reference) = $0 { reference } else { nil }
            }
            return rest.isEmpty
                ? nil
                : "no order of \(rest.count) writes is possible: \(rest.sorted().prefix(8).joined(separator: ", "))"
        }
    }
}
