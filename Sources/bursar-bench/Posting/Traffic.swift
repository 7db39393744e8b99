import Ledger

/// What tellers ask for: the same requests from the same seed, in the same proportions as the peers' scripts.
struct Requests {
    private let accounts: [AccountCode]
    private let traffic: PostingCase.Traffic
    private let actor: String
    private var random: SplitMix

    /// - Parameter accounts: at least two.
    init(accounts: [AccountCode], traffic: PostingCase.Traffic, actor: String, seed: UInt64) {
        self.accounts = accounts
        self.traffic = traffic
        self.actor = actor
        random = SplitMix(seed: seed)
    }

    mutating func next(_ reference: Reference) throws(Refusal) -> Operation {
        let amount = DecimalAmount(
            Money(units: Int64.random(in: 1...Self.largest, using: &random), currency: Self.currency))
        let action: Operation.Action
        switch traffic {
        case .cash:
            action = .deposit(
                account: accounts[Int.random(in: accounts.indices, using: &random)], amount: amount)
        case .uniform:
            action = transfer(among: accounts.count, amount)
        case .skewed:
            let isHot = Int.random(in: 1...100, using: &random) <= 80
            action = transfer(among: isHot ? PostingCase.hot(of: accounts.count) : accounts.count, amount)
        }
        return try Operation(reference: reference, action: action, actor: actor, narrative: Self.narrative)
    }

    private mutating func transfer(among count: Int, _ amount: DecimalAmount) -> Operation.Action {
        let from = Int.random(in: 0..<count, using: &random)
        let step = Int.random(in: 1..<count, using: &random)
        return .transfer(from: accounts[from], to: accounts[(from + step) % count], amount: amount)
    }

    /// Minor units of the largest amount; the smallest is one.
    static let largest: Int64 = 5000
    static let narrative = "invoice"

    /// Of two digits.
    static let currency: Currency = {
        do throws(Refusal) { return try Currency("EUR") } catch { preconditionFailure("EUR is in ISO 4217") }
    }()

    /// The codes of a case's accounts, on either side.
    static func codes(_ count: Int) -> [AccountCode] { (1...count).map { AccountCode(stored: "a\($0)") } }
}
