/// How long those who were just answered are waited for, because they may ask again: for a moment that is short beside
/// what a group takes while they do, and hardly at all while they do not. Pure.
struct Patience {
    private var wanted = Self.least
    /// What the last group allows.
    var longest = Duration.zero

    static let least = Duration.microseconds(5)
    static let most = Duration.microseconds(300)

    var duration: Duration { min(wanted, longest) }

    /// - Parameter cameBack: whether all of them did, within the time.
    mutating func learn(cameBack: Bool) {
        wanted = cameBack ? min(wanted * 2, Self.most) : max(wanted / 4, Self.least)
    }
}
