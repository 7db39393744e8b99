import Ledger

/// Accounts that are offered while a code is typed.
struct Suggestions: Sendable {
    /// What the listings were found for.
    private(set) var text = ""
    private(set) var listings: [AccountListing] = []
    var selected = 0
    /// Whether they were sent away, until the next key that edits.
    var isDismissed = false
    private var request: RequestID?

    static let shown = 6
    /// More are asked for than are shown, so that those whose code begins with the text in other letters can come first.
    private static let asked = 60

    /// - Returns: the question that what is typed gives rise to, if none is open.
    mutating func nextQuestion(for typed: String, counter: inout RequestCounter) -> (RequestID, Question)? {
        guard request == nil, !typed.isEmpty, typed != text else { return nil }
        text = typed
        listings = []
        let id = counter.next()
        request = id
        return (id, .completions(typed, limit: Self.asked))
    }

    mutating func take(_ id: RequestID, _ answer: Answer) -> Bool {
        guard request == id, case .completions(let found) = answer else { return false }
        request = nil
        selected = 0
        let typed = text.lowercased()
        func rank(_ listing: AccountListing) -> Int {
            let code = listing.account.code.text.lowercased()
            return code == typed ? 0 : code.hasPrefix(typed) ? 1 : 2
        }
        let ranked = found.enumerated().sorted {
            (rank($0.element), $0.offset) < (rank($1.element), $1.offset)
        }
        listings = ranked.prefix(Self.shown).map(\.element)
        return true
    }

    mutating func fail(_ id: RequestID) -> Bool {
        guard request == id else { return false }
        request = nil
        return true
    }

    /// Marks another of those that are offered.
    mutating func mark(by step: Int, of offered: [AccountListing]) {
        if !offered.isEmpty { selected = (selected + step + offered.count) % offered.count }
    }

    /// What is offered for what is typed now: nothing when that is an account's code already.
    func offered(for typed: String) -> [AccountListing] {
        if isDismissed || typed.isEmpty || typed != text { return [] }
        return listings.contains { $0.account.code.text == typed } ? [] : listings
    }

    func listing(code: String) -> AccountListing? { listings.first { $0.account.code.text == code } }
}

/// The accounts that a form's fields name, where no list and no preview has them: what is typed fast is left before
/// anything is offered for it.
struct NamedAccounts: Sendable {
    private var listings: [AccountListing] = []
    private var asked: Set<AccountCode> = []
    private var request: RequestID?

    /// - Returns: the question about those that were not asked about, if none is open.
    mutating func nextQuestion(for codes: [AccountCode], counter: inout RequestCounter) -> (
        RequestID, Question
    )? {
        let wanted = codes.filter { !asked.contains($0) }
        guard request == nil, !wanted.isEmpty else { return nil }
        asked.formUnion(wanted)
        let id = counter.next()
        request = id
        return (id, .listings(wanted))
    }

    mutating func take(_ id: RequestID, _ answer: Answer) -> Bool {
        guard request == id, case .listings(let answer) = answer else { return false }
        request = nil
        listings += answer
        return true
    }

    mutating func fail(_ id: RequestID) -> Bool {
        guard request == id else { return false }
        request = nil
        asked = []
        return true
    }

    func listing(code: String) -> AccountListing? { listings.last { $0.account.code.text == code } }
}

/// What would become of what is typed so far.
struct LivePreview: Sendable {
    /// What the fields said when it was asked.
    private var texts: [String] = []
    private var request: RequestID?
    private var verdict: Verdict?
    private var askedAt: Timestamp?

    /// Asks for what is typed now, and again after a while, since others post as well.
    mutating func nextQuestion(
        for operation: Operation, texts: [String], now: Timestamp, interval: Duration,
        counter: inout RequestCounter
    ) -> (RequestID, Question)? {
        guard request == nil else { return nil }
        if texts == self.texts, let askedAt, !now.is(interval, after: askedAt) { return nil }
        let id = counter.next()
        if texts != self.texts { verdict = nil }
        (self.texts, request, askedAt) = (texts, id, now)
        return (id, .preview([operation]))
    }

    mutating func take(_ id: RequestID, _ verdict: Verdict?) -> Bool {
        guard request == id else { return false }
        request = nil
        self.verdict = verdict
        return true
    }

    mutating func forget() { texts = [] }

    /// Nil while it is not known for what is typed now.
    func verdict(for texts: [String]) -> Verdict? { texts == self.texts ? verdict : nil }
}
