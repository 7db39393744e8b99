/// When a program last had its turn: posted one group right after the other. Who posts now and then has none.
struct Turn {
    /// How many groups make a turn.
    static let groups = 8
    /// The longest time between two of them.
    static let pause = Duration.milliseconds(20)

    private var row = 0
    private var lastPosted: Duration?
    private var last: Duration?

    mutating func notePosting(at now: Duration) {
        row = lastPosted.map { now - $0 <= Self.pause } == true ? row + 1 : 1
        lastPosted = now
        if row >= Self.groups { last = now }
    }

    /// Whether there was one that late.
    func wasHad(since time: Duration) -> Bool { last.map { $0 >= time } ?? false }
}
