/// Which accounts to list. All parts must hold; an empty filter holds for every account.
///
/// Written as words: a plain word is found anywhere in code or name, in either case; `status:frozen`,
/// `ccy:EUR` and `class:asset` compare that field. A word that only looks like one of these is a plain word.
public struct AccountFilter: Hashable, Sendable {
    public var words: [String] = []
    public var status: AccountStatus?
    public var currency: String?
    public var accountClass: AccountClass?

    /// The most words that are looked at.
    public static let maximumWords = 16

    /// - Parameter text: what was typed; every text is a filter.
    public init(_ text: String = "") {
        for word in text.split(whereSeparator: \.isWhitespace).prefix(Self.maximumWords) {
            let parts = word.split(separator: ":", maxSplits: 1).map(String.init)
            switch (parts.first?.lowercased(), parts.count == 2 ? parts[1] : nil) {
            case ("status", let value?):
                if let status = AccountStatus(rawValue: value.lowercased()) {
                    self.status = status
                    continue
                }
            case ("ccy", let value?) where value.utf8.count == 3:
                currency = value.uppercased()
                continue
            case ("class", let value?):
                if let accountClass = AccountClass(rawValue: value.lowercased()) {
                    self.accountClass = accountClass
                    continue
                }
            default: break
            }
            // A database text cannot hold this character, so no account can have it either.
            // Scalars are counted, since one character may be made of any number of them.
            let scalars = word.unicodeScalars.prefix(100).filter { $0 != "\0" }
            words.append(String(String.UnicodeScalarView(scalars)))
        }
    }
}
