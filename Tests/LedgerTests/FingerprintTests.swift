import Ledger
import Testing

@Suite struct FingerprintTests {
    private func operation(
        _ action: Operation.Action, reference: String = "x", actor: String = "alice", narrative: String = "n",
        valueDate: String? = nil
    ) throws -> Operation {
        try Operation(
            reference: Reference(reference), action: action, actor: actor, narrative: narrative,
            valueDate: valueDate.flatMap { CalendarDate($0) })
    }

    @Test func equalRequestsHaveEqualFingerprints() throws {
        for action in try actions() {
            #expect(try operation(action).fingerprint == operation(action).fingerprint)
        }
    }

    @Test func requestsAreEqualWhenAllThatTheySayIs() throws {
        for action in try actions() {
            let request = try operation(action)
            #expect(try operation(action) == request)
            #expect(try operation(action).hashValue == request.hashValue)
            #expect(try operation(action, reference: "y") != request)
            #expect(try operation(action, actor: "bob") != request)
            #expect(try operation(action, narrative: "m") != request)
            #expect(try operation(action, valueDate: "2026-01-01") != request)
        }
        #expect(Set(try actions().map { try operation($0) }).count == (try actions().count))
    }

    @Test func whoSendsItAndUnderWhatReferenceIsNoPartOfTheRequest() throws {
        for action in try actions() {
            let fingerprint = try operation(action).fingerprint
            #expect(try operation(action, actor: "bob").fingerprint == fingerprint)
            #expect(try operation(action, reference: "y").fingerprint == fingerprint)
        }
    }

    @Test func theSameAmountWrittenOtherwiseIsTheSameRequest() throws {
        let amounts = try ["12.5", "12.50", "12.500", "0012.5"].map { amount in
            try operation(.deposit(account: AccountCode("a"), amount: DecimalAmount(amount))).fingerprint
        }
        #expect(Set(amounts).count == 1)
    }

    /// Every two of these differ in one field or in kind.
    @Test func differentRequestsHaveDifferentFingerprints() throws {
        var fingerprints: [Digest] = []
        for action in try actions() {
            fingerprints.append(try operation(action).fingerprint)
            fingerprints.append(try operation(action, narrative: "m").fingerprint)
            fingerprints.append(try operation(action, narrative: "").fingerprint)
            fingerprints.append(try operation(action, valueDate: "2026-01-01").fingerprint)
            fingerprints.append(try operation(action, valueDate: "1970-01-01").fingerprint)
        }
        #expect(fingerprints.count == 200)
        #expect(Set(fingerprints).count == fingerprints.count)
    }

    private func actions() throws -> [Operation.Action] {
        let (a, b, ab) = (try AccountCode("a"), try AccountCode("b"), try AccountCode("ab"))
        let (one, two) = (try DecimalAmount("1"), try DecimalAmount("2"))
        let (x, y) = (try Reference("x"), try Reference("y"))
        let czk = try Currency("CZK")
        func leg(_ account: AccountCode, _ side: Side, _ amount: DecimalAmount) -> Operation.Leg {
            Operation.Leg(account: account, side: side, amount: amount)
        }
        func change(_ change: Operation.AccountChange, _ account: AccountCode = a, _ reason: String = "r")
            -> Operation.Action
        {
            .accountChange(account: account, change: change, reason: reason)
        }
        func adjustment(_ side: Side, _ code: String, _ against: AccountCode?) -> Operation.Action {
            .adjustment(account: a, amount: one, side: side, reasonCode: code, against: against)
        }
        return [
            .deposit(account: a, amount: one), .deposit(account: b, amount: one),
            .deposit(account: a, amount: two), .withdrawal(account: a, amount: one),
            .transfer(from: a, to: b, amount: one), .transfer(from: b, to: a, amount: one),
            .transfer(from: ab, to: b, amount: one), .transfer(from: a, to: b, amount: two),
            adjustment(.debit, "E", nil), adjustment(.credit, "E", nil), adjustment(.debit, "F", nil),
            adjustment(.debit, "E", b), adjustment(.debit, "E", ab),
            .journalEntry(legs: [leg(a, .debit, one), leg(b, .credit, one)]),
            .journalEntry(legs: [leg(b, .credit, one), leg(a, .debit, one)]),
            .journalEntry(legs: [leg(a, .credit, one), leg(b, .debit, one)]),
            .journalEntry(legs: [leg(a, .debit, two), leg(b, .credit, two)]),
            .reversal(of: x, amount: nil, reason: "r"), .reversal(of: y, amount: nil, reason: "r"),
            .reversal(of: x, amount: one, reason: "r"), .reversal(of: x, amount: two, reason: "r"),
            .reversal(of: x, amount: nil, reason: "s"),
            change(.rename("n")), change(.rename("m")), change(.rename("n"), b), change(.rename("n"), a, "s"),
            change(.freeze(nil)), change(.freeze(.debit)), change(.freeze(.credit)), change(.unfreeze(nil)),
            change(.close), change(.reopen), change(.setMinimum(.zero)), change(.setMinimum(.unlimited)),
            change(.setMinimum(.amount(one))),
            change(.open(name: "n", currency: czk, accountClass: .asset, minimum: .zero)),
            change(.open(name: "m", currency: czk, accountClass: .asset, minimum: .zero)),
            change(.open(name: "n", currency: try Currency("EUR"), accountClass: .asset, minimum: .zero)),
            change(.open(name: "n", currency: czk, accountClass: .income, minimum: .zero)),
            change(.open(name: "n", currency: czk, accountClass: .asset, minimum: .unlimited)),
        ]
    }
}

@Suite struct IdentifierTests {
    @Test func isReadAsItIsWritten() throws {
        var random = SplitMix64(seed: 5)
        for _ in 0..<2000 {
            let id = Identifier(high: random.next() >> 3, low: random.next())
            #expect(id.description.utf8.count == 36)
            #expect(Identifier(id.description) == id)
            #expect(Identifier(id.description.uppercased()) == id)
        }
    }

    @Test(arguments: [
        "", "0193b2c4", "0193b2c4-0000-7000-8000-00000000000", "0193b2c4-0000-7000-8000-0000000000000",
        "0193b2c4-0000-7000-8000-00000000000g", "0193b2c4x0000-7000-8000-000000000000",
        "0193b2c400007000-8000-000000000000----", "{193b2c4-0000-7000-8000-00000000000}",
        "０193b2c4-0000-7000-8000-0000000000",
    ])
    func refusesWhatIsNoUUID(_ text: String) {
        #expect(Identifier(text) == nil)
    }

    @Test func newOnesAreOfVersion7AndSortByTime() {
        var random = SplitMix64(seed: 6)
        var last = Identifier(high: 0, low: 0)
        for step in 0..<1000 {
            let id = Identifier(
                time: Timestamp(microseconds: 1_700_000_000_000_000 + Int64(step) * 1000),
                randomHigh: random.next(), randomLow: random.next())
            #expect(id > last)
            #expect(id.description.dropFirst(14).first == "7")
            #expect(["8", "9", "a", "b"].contains(String(id.description.dropFirst(19).prefix(1))))
            last = id
        }
    }

    @Test func isWrittenAsRFC9562HasIt() {
        let id = Identifier(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
        #expect(id.description == "01234567-89ab-cdef-fedc-ba9876543210")
        #expect(Identifier(high: 0, low: .max).description == "00000000-0000-0000-ffff-ffffffffffff")
    }

    @Test func theNextIdsAreOthersOfTheSameForm() {
        let id = Identifier(high: 1, low: 0xbfff_ffff_ffff_ffff)
        #expect(id.advanced(by: 0) == id)
        #expect(id.advanced(by: 1) == Identifier(high: 1, low: 0x8000_0000_0000_0000))
        #expect(Set((0..<100).map { id.advanced(by: $0) }).count == 100)
    }

    @Test func timesBefore1970DoNotStopIt() {
        let id = Identifier(time: Timestamp(microseconds: -5), randomHigh: 0, randomLow: 0)
        #expect(id == Identifier(high: 0x7000, low: 0x8000_0000_0000_0000))
    }
}
