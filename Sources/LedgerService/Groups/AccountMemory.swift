import Ledger

/// The states of accounts as this program's last writes left them, so that an operation can be decided without asking
/// the database. Pure.
///
/// Somebody else may have changed an account since. Nothing wrong comes of that, since an operation is written only at
/// the version that it was decided from; but the attempt is lost. So what is remembered is trusted for a time that
/// grows while it proves right, and shrinks to almost nothing while others work on the same accounts.
struct AccountMemory {
    private struct Entry {
        let account: Account
        let since: Duration
    }

    /// Two generations: when the young one is full, it becomes the old one, and what was not used meanwhile is gone.
    private var young: [AccountCode: Entry] = [:]
    private var old: [AccountCode: Entry] = [:]
    /// The most accounts of a generation; one takes about 400 bytes.
    private let generation: Int
    /// How old a state may be and still be believed.
    private(set) var trust: Duration

    static let shortestTrust = Duration.milliseconds(1)
    static let longestTrust = Duration.seconds(600)

    init(generation: Int = 16_384, trust: Duration = .seconds(1)) {
        self.generation = generation
        self.trust = trust
    }

    /// What is remembered, and to be trusted, of the accounts that these operations need.
    /// - Parameter certain: accounts that are known without being remembered.
    /// - Returns: the accounts, and the places of the operations that need others besides.
    mutating func recall(
        for operations: some Sequence<Operation>, certain: [AccountCode: Account] = [:], at now: Duration
    ) -> (accounts: [AccountCode: Account], missing: [Int]) {
        var accounts: [AccountCode: Account] = [:]
        var missing: [Int] = []
        for (place, operation) in operations.enumerated()
        where !recall(operation, certain, &accounts, at: now) { missing.append(place) }
        return (accounts, missing)
    }

    private mutating func recall(
        _ operation: Operation, _ certain: [AccountCode: Account], _ accounts: inout [AccountCode: Account],
        at now: Duration
    ) -> Bool {
        let named = operation.namedAccounts
        for code in named where !accounts.keys.contains(code) {
            guard let account = certain[code] ?? recall(code, at: now) else { return false }
            accounts[code] = account
        }
        guard let house = operation.impliedHouseAccount else { return true }
        guard let currency = named.first.flatMap({ accounts[$0]?.currency }) else { return false }
        let code = house.code(for: currency)
        if accounts.keys.contains(code) { return true }
        accounts[code] = certain[code] ?? recall(code, at: now)
        return accounts.keys.contains(code)
    }

    mutating func remember(_ accounts: some Sequence<Account>, at now: Duration) {
        for account in accounts { keep(Entry(account: account, since: now)) }
    }

    mutating func forget(_ codes: some Sequence<AccountCode>) {
        for code in codes {
            young[code] = nil
            old[code] = nil
        }
    }

    mutating func forgetAll() { (young, old) = ([:], [:]) }

    /// States that were remembered proved right, or wrong.
    mutating func learn(held: Bool) {
        trust = held ? min(trust * 2, Self.longestTrust) : max(trust / 8, Self.shortestTrust)
    }

    private mutating func recall(_ code: AccountCode, at now: Duration) -> Account? {
        if let entry = young[code] { return now - entry.since <= trust ? entry.account : nil }
        guard let entry = old[code], now - entry.since <= trust else { return nil }
        keep(entry)
        return entry.account
    }

    private mutating func keep(_ entry: Entry) {
        if young.count >= generation, young[entry.account.code] == nil {
            old = young
            young = [:]
        }
        young[entry.account.code] = entry
    }
}
