import Ledger
import TestSupport
import Testing

@testable import LedgerService

@Suite struct PostingLineTests {
    @Test func takesEverythingThatSharesNoAccountWithAGroupUnderWay() throws {
        var line = PostingLine()
        line.add(try items(["a>b", "c>d", "b>c"]))
        let group = line.takeGroup(limit: 2)
        let first = try #require(group)
        #expect(names(first) == ["a>b", "c>d"])
        #expect(line.takeGroup(limit: 2) == nil)
        line.add(try items(["e>f"]))
        #expect(line.takeGroup(limit: 2).map(names) == ["e>f"])
        line.release(first.number, except: [])
        #expect(line.takeGroup(limit: 2).map(names) == ["b>c"])
        #expect(line.count == 0)
    }

    @Test func nobodyOvertakesOnAnAccount() throws {
        var line = PostingLine()
        line.add(try items(["a>b"]))
        let group = line.takeGroup(limit: 10)
        let first = try #require(group)
        // The second waits for a, the third for what the second will change, the fourth for nobody.
        line.add(try items(["a>c", "c>d", "e>f"]))
        #expect(line.takeGroup(limit: 10).map(names) == ["e>f"])
        line.release(first.number, except: [])
        #expect(line.takeGroup(limit: 10).map(names) == ["a>c", "c>d"])
    }

    @Test func aGroupKeepsTheAccountsOfWhatItTriesAgain() throws {
        var line = PostingLine()
        line.add(try items(["a>b", "c>d"]))
        let group = line.takeGroup(limit: 10)
        let first = try #require(group)
        line.add(try items(["a>e", "d>f"]))
        line.release(first.number, except: [first.items[0]])
        #expect(line.takeGroup(limit: 10).map(names) == ["d>f"])
    }

    @Test func depositsMeetOnTheCashAccountWhateverTheirCurrencies() throws {
        var line = PostingLine()
        line.add(try items(["+a"]))
        let group = line.takeGroup(limit: 10)
        let first = try #require(group)
        line.add(try items(["+b", "cash-EUR>c", "d>e"]))
        #expect(line.takeGroup(limit: 10).map(names) == ["d>e"])
        line.release(first.number, except: [])
        #expect(line.takeGroup(limit: 10).map(names) == ["+b", "cash-EUR>c"])
    }

    @Test func whatAGroupGivesBackGoesFirst() throws {
        var line = PostingLine()
        let items = try items(["a>b", "a>c"])
        line.add([items[1]])
        line.putBack([items[0]])
        #expect(line.takeGroup(limit: 1).map(names) == ["a>b"])
    }

    @Test func whatIsNotWantedAnyMoreIsTakenOut() throws {
        var line = PostingLine()
        let items = try items(["a>b", "c>d", "e>f"])
        line.add(items)
        #expect(line.remove([items[1].id]).map(\.id) == [items[1].id])
        #expect(line.takeGroup(limit: 10).map(names) == ["a>b", "e>f"])
    }

    /// For any arrivals and ends: each comes once, in order for each account, and never beside another on its accounts.
    @Test(arguments: [1, 2, 3, 20_261_125] as [UInt64])
    func keepsTheOrderOfEachAccount(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var line = PostingLine()
        var sent: [Batch.Item] = []
        var taken: [Batch.Item] = []
        var running: [PostingLine.Group] = []
        while taken.count < 500 {
            if sent.count < 500, Bool.random(using: &random) {
                let from = Int.random(in: 0..<8, using: &random)
                let to = (from + Int.random(in: 1..<8, using: &random)) % 8
                let new = try items(["\(from)>\(to)"], first: sent.count)
                sent += new
                line.add(new)
            }
            if let group = line.takeGroup(limit: Int.random(in: 1...6, using: &random)) {
                #expect(running.allSatisfy { accounts(of: $0).isDisjoint(with: accounts(of: group)) })
                taken += group.items
                running.append(group)
            }
            if !running.isEmpty, Bool.random(using: &random) {
                let ended = running.remove(at: Int.random(in: running.indices, using: &random))
                line.release(ended.number, except: [])
            }
        }
        #expect(Set(taken.map(\.id)).count == 500)
        for account in 0..<8 {
            func of(_ items: [Batch.Item]) -> [Identifier] {
                items.filter { $0.operation.namedAccounts.contains { $0.text == "\(account)" } }.map(\.id)
            }
            #expect(of(taken) == of(sent))
        }
    }

    // MARK: - In short

    /// `a>b` is a transfer, `+a` a deposit.
    private func items(_ names: [String], first: Int = 0) throws -> [Batch.Item] {
        try names.enumerated().map { index, name in
            let codes = try name.split(separator: ">").map {
                try AccountCode(String($0.drop { $0 == "+" }))
            }
            let amount = try DecimalAmount("1")
            let action: Operation.Action =
                codes.count == 1
                ? .deposit(account: codes[0], amount: amount)
                : .transfer(from: codes[0], to: codes[1], amount: amount)
            let id = Identifier(high: UInt64(first + index), low: UInt64(name.hashValue.magnitude))
            return Batch.Item(
                id: id,
                operation: try Operation(
                    reference: try Reference("\(first + index)"), action: action, actor: "test",
                    narrative: name),
                confirmation: nil, start: .zero)
        }
    }

    private func accounts(of group: PostingLine.Group) -> Set<AccountCode> {
        Set(group.items.flatMap(\.operation.namedAccounts))
    }

    private func names(_ group: PostingLine.Group) -> [String] { group.items.map(\.operation.narrative) }
}
