/// How many operations may go together: as many as can be posted in a bounded time, which depends on the machine and
/// is found out on the way. Pure.
struct GroupSize {
    private(set) var limit: Int
    /// What a group should take at the most for its size, so that those who come while it is under way do not wait long.
    private let longest: Duration
    /// The shortest time of a group lately: what each takes whatever its size.
    private var least: Duration?

    static let smallest = 16
    static let largest = 2000

    init(limit: Int = 256, longest: Duration = .milliseconds(25)) {
        self.limit = limit
        self.longest = longest
    }

    /// A group of so many took so long.
    mutating func learn(_ count: Int, took time: Duration) {
        least = min(least.map { $0 * 1.02 } ?? time, time)
        // A slow disk or a distant server is not the size's fault, and smaller groups would only meet it more often.
        let extra = time - (least ?? .zero)
        if extra > longest {
            // A small group was slow for another reason than its size.
            guard count > limit / 2 else { return }
            limit = max(Self.smallest, Int(Double(count) * (longest / extra)))
        } else if count == limit {
            limit = min(Self.largest, limit * 2)
        }
    }
}
