/// One situation that is measured: how many write at a time, to how many accounts, and which of them they choose.
///
/// Its name says all of it: `16x1000` is 16 writers on 1,000 accounts, `16xcash` deposits on one cash account,
/// `16xskewed` has 80% of the traffic on 1% of the accounts, `16x10/4` divides the writers among four programs, and
/// in `16x1000@50` operations come at half of the rate that each contender had at the most.
struct PostingCase: Hashable, Sendable {
    enum Traffic: String, Codable, Sendable {
        /// Transfers between two accounts, each as likely as the others.
        case uniform
        /// Deposits to accounts, each as likely as the others, from the one cash account.
        case cash
        /// Transfers, four of five of them among the first hundredth of the accounts.
        case skewed
    }

    var writers: Int
    var accounts: Int
    var traffic = Traffic.uniform
    var processes = 1
    /// Percent of the highest rate at which operations come by themselves; nil for writers who wait for one answer
    /// and then ask again.
    var load: Int?

    var name: String {
        let place = traffic == .uniform ? String(accounts) : traffic.rawValue
        return "\(writers)x\(place)" + (processes == 1 ? "" : "/\(processes)") + (load.map { "@\($0)" } ?? "")
    }

    init(writers: Int, accounts: Int, traffic: Traffic = .uniform, processes: Int = 1) {
        self.writers = writers
        self.accounts = accounts
        self.traffic = traffic
        self.processes = processes
    }

    /// Reads ``name``; nil for anything else.
    init?(_ name: String) {
        let rated = name.split(separator: "@", omittingEmptySubsequences: false)
        let parts = rated[0].split(separator: "/", omittingEmptySubsequences: false)
        guard let sizes = parts.first?.split(separator: "x"), sizes.count == 2, parts.count <= 2,
            let writers = Int(sizes[0]), (1...1000).contains(writers)
        else { return nil }
        self.init(writers: writers, accounts: Self.hotAccounts)
        if let traffic = Traffic(rawValue: String(sizes[1])) {
            self.traffic = traffic
        } else {
            guard let accounts = Int(sizes[1]), (2...1_000_000).contains(accounts) else { return nil }
            self.accounts = accounts
        }
        if parts.count == 2 {
            guard let count = Int(parts[1]), (2...16).contains(count), writers.isMultiple(of: count) else {
                return nil
            }
            processes = count
        }
        if rated.count > 1 {
            guard rated.count == 2, processes == 1, let load = Int(rated[1]), (1...100).contains(load) else {
                return nil
            }
            self.load = load
        }
    }

    /// How many accounts there are where most of the traffic is on a few of them.
    private static let hotAccounts = 1000

    /// Those that most of the traffic is on when it is skewed.
    static func hot(of accounts: Int) -> Int { max(2, accounts / 100) }
}

// MARK: - Sets of cases

extension PostingCase {
    /// What ``Goal`` asks about.
    static let goals = [
        "1x2", "1x1000", "16x2", "16xcash", "16x10", "16x1000", "16x10/4",
    ]

    /// All writers on all numbers of accounts, and what is special.
    static let all: [String] =
        [2, 10, 1000, 100_000].flatMap { accounts in [1, 4, 16, 64].map { "\($0)x\(accounts)" } }
        + ["1xcash", "16xcash", "64xcash", "16xskewed", "64xskewed", "16x10/4", "16x1000/4", "256x1000"]
        + ["16x1000@50", "16x10@50"]
}
