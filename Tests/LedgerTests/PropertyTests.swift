import Ledger
import Testing

/// Rules that hold whatever is asked of the ledger. A failure names its seed; the same seed fails again.
@Suite struct PropertyTests {
    private static let seeds: ClosedRange<UInt64> = 1...120
    private static let steps = 50

    @Test(arguments: Self.seeds)
    func theBooksStaySound(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var requests = Requests()
        var books = try Self.books(&random)
        for step in 0..<Self.steps {
            let operation = try requests.next(&random)
            let before = books
            let context = books.context()
            let view = before.view(of: [operation])
            let verdict = view.decide(operation, context: context)
            let comment: Comment = "seed \(seed), step \(step), \(operation)"
            #expect(view.decide(operation, context: context) == verdict, comment)
            let performed = books.perform(operation)
            #expect(performed.refusal == verdict.refusal, comment)
            try Self.check(before, books, verdict, comment)
        }
        for (code, account) in books.accounts {
            let lines = books.history[code] ?? []
            let last = try #require(lines.last).record.bookedAt
            var auditor = AccountAuditor(AccountListing(account: account, lastBookedAt: last))
            for line in lines { auditor.feed(line) }
            auditor.finish()
            #expect(auditor.problem == nil, "seed \(seed), account \(code)")
        }
    }

    @Test(arguments: Self.seeds)
    func aBatchEndsAsItsOperationsOneByOne(seed: UInt64) throws {
        var random = SplitMix64(seed: seed &* 7919)
        var requests = Requests()
        let start = try Self.books(&random)
        var oneByOne = start
        var atOnce = start
        let operations = try (0..<Self.steps).map { _ in try requests.next(&random) }
        let expected = operations.map { oneByOne.perform($0) }
        var verdicts: [Verdict] = []
        var rest = operations[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Int.random(in: 1...Self.steps, using: &random))
            verdicts += atOnce.performAtOnce(Array(batch))
            rest = rest.dropFirst(batch.count)
        }
        for (index, operation) in operations.enumerated() {
            // Records with their numbers and hashes too, not only the outcome.
            #expect(verdicts[index] == expected[index], "seed \(seed), step \(index), \(operation)")
        }
        #expect(atOnce.accounts == oneByOne.accounts, "seed \(seed)")
    }

    @Test(arguments: Self.seeds)
    func whatIsReversedNeverExceedsTheTransaction(seed: UInt64) throws {
        var random = SplitMix64(seed: seed &* 104_729)
        var books = Books()
        try books.open("a", minimum: "none")
        let units = Int64.random(in: 1...1000, using: &random)
        try books.deposit("a", Money(units: units, currency: Currency("CZK")).description, reference: "x")
        var reversed: Int64 = 0
        for step in 0..<20 {
            let part = Int64.random(in: 1...400, using: &random)
            let verdict = try books.reverse(
                "x", Money(units: part, currency: Currency("CZK")).description, reference: "u\(step)")
            #expect(verdict.isPosted == (reversed + part <= units), "seed \(seed), step \(step)")
            if verdict.isPosted { reversed += part }
            #expect(books.accounts[try AccountCode("a")]?.ledgerUnits == units - reversed, "seed \(seed)")
        }
    }

    /// The other properties say little if nearly everything is refused, or nothing is.
    @Test func theRequestsEndInAllWays() throws {
        var counts: [String: Int] = [:]
        for seed in Self.seeds {
            var random = SplitMix64(seed: seed)
            var requests = Requests()
            var books = try Self.books(&random)
            for _ in 0..<Self.steps {
                let operation = try requests.next(&random)
                let verdict = books.perform(operation)
                let name = verdict.isPosted ? "posted \(operation.kindName)" : verdict.refusalName
                counts[name ?? "already posted", default: 0] += 1
            }
        }
        for name in [
            "posted deposit", "posted withdrawal", "posted transfer", "posted adjustment",
            "posted journal-entry", "posted reversal", "posted rename", "posted freeze", "posted unfreeze",
            "posted close", "posted reopen", "posted set-minimum", "insufficient_funds", "account_not_found",
            "account_frozen", "account_closed", "account_not_empty", "currency_mismatch", "unbalanced",
            "amount_invalid", "amount_overflow", "same_account", "reference_reused", "already_reversed",
            "not_reversible", "transaction_not_found", "reason_required", "not_permitted",
        ] {
            #expect(counts[name, default: 0] >= 3, "\(name) in \(counts)")
        }
        let posted = counts.filter { $0.key.hasPrefix("posted") }.values.reduce(0, +)
        #expect(posted * 100 / counts.values.reduce(0, +) >= 25, "\(counts)")
    }

    // MARK: - What is checked after each operation

    private static func check(
        _ before: Books, _ after: Books, _ verdict: Verdict, _ comment: Comment
    ) throws {
        var totals: [Currency: (debits: Int64, credits: Int64)] = [:]
        for account in after.accounts.values {
            totals[account.currency, default: (0, 0)].debits += account.debits
            totals[account.currency, default: (0, 0)].credits += account.credits
        }
        for (currency, total) in totals {
            #expect(total.debits == total.credits, "\(currency): \(comment)")
        }
        guard let decision = verdict.decision else {
            #expect(after.accounts == before.accounts, comment)
            return
        }
        for transition in decision.transitions {
            let account = transition.after
            #expect(account.isAtOrAboveMinimum, comment)
            let seqs = after.history[account.code]?.map(\.record.seq) ?? []
            #expect(seqs == (1...account.version).map { $0 }, comment)
            #expect(account.debits >= transition.before?.debits ?? 0, comment)
            #expect(account.credits >= transition.before?.credits ?? 0, comment)
        }
        let debits = decision.receipt.lines.filter { $0.side == .debit }.compactMap(\.amount)
        let credits = decision.receipt.lines.filter { $0.side == .credit }.compactMap(\.amount)
        for currency in Set(debits.map(\.currency)) {
            let sums = [debits, credits].map {
                $0.filter { $0.currency == currency }.reduce(0) { $0 + $1.units }
            }
            #expect(sums[0] == sums[1], comment)
        }
    }

    private static func books(_ random: inout SplitMix64) throws -> Books {
        var books = Books()
        for code in Requests.codes.dropLast() {
            try books.open(
                code, random.pick(["CZK", "CZK", "JPY"]), class: random.pick(AccountClass.allCases),
                minimum: random.pick(["0", "0", "none", "-50"]))
        }
        return books
    }
}

/// Operations of all kinds, good and bad, over few accounts and small amounts, so that they meet each other.
private struct Requests {
    static let codes = ["a", "b", "c", "d", "nowhere"]
    private var references: [String] = []

    mutating func next(_ random: inout SplitMix64) throws -> Operation {
        // Now and then an earlier reference again, mostly for something else.
        let isRepeat = !references.isEmpty && random.chance(5)
        let reference = isRepeat ? random.pick(references) : "r\(references.count)"
        let operation = try Operation(
            reference: Reference(reference), action: action(&random), actor: random.pick(["alice", "bob"]),
            narrative: random.pick(["", "rent", "Kovář"]))
        references.append(reference)
        return operation
    }

    private func code(_ random: inout SplitMix64) throws -> AccountCode {
        if random.chance(3) { return try AccountCode("cash-CZK") }
        return try AccountCode(random.chance(3) ? "nowhere" : random.pick(Array(Self.codes.dropLast())))
    }

    private func amount(_ random: inout SplitMix64) throws -> DecimalAmount {
        if random.chance(4) {
            return try DecimalAmount(random.pick(["0", "-3", "1.234", "92233720368547758"]))
        }
        if random.chance(20) { return try DecimalAmount("\(Int.random(in: 0...20, using: &random)).5") }
        return try DecimalAmount("\(Int.random(in: 1...60, using: &random))")
    }

    private func action(_ random: inout SplitMix64) throws -> Operation.Action {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<25: return .deposit(account: try code(&random), amount: try amount(&random))
        case 25..<40: return .withdrawal(account: try code(&random), amount: try amount(&random))
        case 40..<60:
            return .transfer(from: try code(&random), to: try code(&random), amount: try amount(&random))
        case 60..<66:
            return .adjustment(
                account: try code(&random), amount: try amount(&random), side: random.pick(Side.allCases),
                reasonCode: random.pick(["E-1", "E-2", ""]),
                against: random.chance(50) ? nil : try code(&random))
        case 66..<74: return .journalEntry(legs: try legs(&random))
        case 74..<90:
            let original = references.isEmpty || random.chance(5) ? "unknown" : random.pick(references)
            return .reversal(
                of: try Reference(original), amount: random.chance(50) ? nil : try amount(&random),
                reason: "mistake")
        default: return .accountChange(account: try code(&random), change: try change(&random), reason: "why")
        }
    }

    private func legs(_ random: inout SplitMix64) throws -> [Operation.Leg] {
        var legs: [Operation.Leg] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let amount = try amount(&random)
            legs.append(Operation.Leg(account: try code(&random), side: .debit, amount: amount))
            legs.append(Operation.Leg(account: try code(&random), side: .credit, amount: amount))
        }
        if random.chance(10) { legs.removeLast() }
        return legs
    }

    private func change(_ random: inout SplitMix64) throws -> Operation.AccountChange {
        switch Int.random(in: 0..<7, using: &random) {
        case 0: .freeze(random.pick([nil, .debit, .credit]))
        case 1, 2: .unfreeze(random.pick([nil, nil, .debit, .credit]))
        case 3: .close
        case 4: .reopen
        case 5: .setMinimum(.amount(try amount(&random)))
        default: .rename("Account \(Int.random(in: 0...9, using: &random))")
        }
    }
}
