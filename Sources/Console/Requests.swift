import Ledger

/// Names a question, so that the answer to an older one is known for what it is.
public struct RequestID: Hashable, Sendable {
    let number: Int
}

/// Where a page of accounts, ordered by code, begins.
public enum AccountsStart: Hashable, Sendable {
    case first
    case after(AccountCode)
    /// The page that ends just before this code, still in ascending order.
    case before(AccountCode)
    /// The page that ends with the last account, still in ascending order.
    case last
}

/// Gives each request its own number.
struct RequestCounter: Sendable {
    private var last = 0

    mutating func next() -> RequestID {
        last += 1
        return RequestID(number: last)
    }
}
