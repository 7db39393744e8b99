/// The accounts that an entry moves money between: those that it debits, and those that it credits.
public struct AccountRoute: Hashable, Sendable {
    /// Debited accounts, then credited ones, each once; a side that names nobody is left out.
    public let sides: [[AccountCode]]

    public init(debited: [AccountCode] = [], credited: [AccountCode] = []) {
        sides = [debited, credited].map(Self.unique).filter { !$0.isEmpty }
    }

    /// Of an operation that names one account.
    public init(only account: AccountCode) { sides = [[account]] }

    /// Such as `1009 → 1010 + 1011`.
    public func text(arrow: String = "→") -> String {
        joined(arrow) { $0.map(\.text).joined(separator: " + ") }
    }

    /// Such as `1009 → 2 accounts`, or `3 → 2 accounts`.
    public func shortText(arrow: String = "→") -> String {
        if sides.count == 2, sides.allSatisfy({ $0.count > 1 }) {
            return joined(arrow) { String($0.count) } + " accounts"
        }
        return joined(arrow) { $0.count == 1 ? $0[0].text : "\($0.count) accounts" }
    }

    private func joined(_ arrow: String, _ text: ([AccountCode]) -> String) -> String {
        sides.map(text).joined(separator: " \(arrow) ")
    }

    private static func unique(_ codes: [AccountCode]) -> [AccountCode] {
        var known: Set<AccountCode> = []
        return codes.filter { known.insert($0).inserted }
    }
}
