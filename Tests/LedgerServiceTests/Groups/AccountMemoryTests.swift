import Ledger
import Testing

@testable import LedgerService

@Suite struct AccountMemoryTests {
    @Test func whatIsRememberedIsThereWithTheHouseAccountThatIsImplied() throws {
        var memory = AccountMemory()
        memory.remember([try account("a"), try account("cash-EUR")], at: .zero)
        let deposit = try operation(.deposit(account: AccountCode("a"), amount: DecimalAmount("1")))
        let (accounts, missing) = memory.recall(for: [deposit], at: .zero)
        #expect(Set(accounts.keys.map(\.text)) == ["a", "cash-EUR"])
        #expect(missing.isEmpty)
    }

    @Test func whatIsMissingIsSaidByOperation() throws {
        var memory = AccountMemory()
        memory.remember([try account("a"), try account("b")], at: .zero)
        let operations = [
            try transfer("a", "b"), try transfer("a", "c"),
            try operation(.deposit(account: AccountCode("b"), amount: DecimalAmount("1"))),
        ]
        #expect(memory.recall(for: operations, at: .zero).missing == [1, 2])
        memory.forget([try AccountCode("a")])
        #expect(memory.recall(for: operations, at: .zero).missing == [0, 1, 2])
    }

    @Test func isTrustedForLongerWhileItHoldsAndHardlyWhenItDoesNot() throws {
        var memory = AccountMemory(trust: .seconds(1))
        memory.remember([try account("a"), try account("b")], at: .zero)
        let operations = [try transfer("a", "b")]
        #expect(memory.recall(for: operations, at: .seconds(1)).missing.isEmpty)
        #expect(memory.recall(for: operations, at: .milliseconds(1001)).missing == [0])
        memory.learn(held: true)
        #expect(memory.recall(for: operations, at: .seconds(2)).missing.isEmpty)
        for _ in 0..<100 { memory.learn(held: false) }
        #expect(memory.trust == AccountMemory.shortestTrust)
        for _ in 0..<100 { memory.learn(held: true) }
        #expect(memory.trust == AccountMemory.longestTrust)
    }

    @Test func forgetsWhatWasNotUsedWhenItIsFull() throws {
        var memory = AccountMemory(generation: 100)
        let used = [try transfer("0", "1")]
        memory.remember(try (0..<1000).map { try account("\($0)") }, at: .zero)
        #expect(memory.recall(for: used, at: .zero).missing == [0])
        memory.remember([try account("0"), try account("1")], at: .zero)
        for index in 2..<500 {
            #expect(memory.recall(for: used, at: .zero).missing.isEmpty)
            memory.remember([try account("\(index)")], at: .zero)
        }
        // The bound: two generations.
        let known = try (0..<1000).filter { index in
            let other = index == 0 ? "1" : "0"
            return memory.recall(for: [try transfer("\(index)", other)], at: .zero).missing.isEmpty
        }
        #expect(known.count <= 200)
    }

    // MARK: - In short

    private func account(_ code: String) throws -> Account {
        Account(
            id: Identifier(high: 1, low: UInt64(code.hashValue.magnitude)), code: try AccountCode(code),
            name: code,
            currency: try Currency("EUR"), accountClass: .liability, status: .open, minimum: nil, debits: 0,
            credits: 0, held: 0, version: 1, head: .zero)
    }

    private func transfer(_ from: String, _ to: String) throws -> Operation {
        try operation(
            .transfer(from: AccountCode(from), to: AccountCode(to), amount: DecimalAmount("1")))
    }

    private func operation(_ action: Operation.Action) throws -> Operation {
        try Operation(reference: Reference("r"), action: action, actor: "test")
    }
}

@Suite struct GroupSizeTests {
    @Test func growsWhileFullGroupsAreFast() {
        var size = GroupSize(limit: 100, longest: .milliseconds(25))
        size.learn(50, took: .milliseconds(1))
        #expect(size.limit == 100)
        size.learn(100, took: .milliseconds(5))
        #expect(size.limit == 200)
        for _ in 0..<20 { size.learn(size.limit, took: .milliseconds(5)) }
        #expect(size.limit == GroupSize.largest)
    }

    @Test func shrinksToWhatTheTimeAllows() {
        var size = GroupSize(limit: 400, longest: .milliseconds(25))
        size.learn(1, took: .milliseconds(1))
        size.learn(400, took: .milliseconds(101))
        #expect(size.limit == 100)
        // One that waited for something else says nothing of the size.
        size.learn(2, took: .seconds(10))
        #expect(size.limit == 100)
        for _ in 0..<20 {
            size.learn(1, took: .milliseconds(1))
            size.learn(size.limit, took: .seconds(1))
        }
        #expect(size.limit == GroupSize.smallest)
    }

    /// A disk that takes 40 ms for whatever it is given: full groups are all the better.
    @Test func whatEveryGroupTakesIsNotItsSizesFault() {
        var size = GroupSize(limit: 64, longest: .milliseconds(25))
        for _ in 0..<20 { size.learn(size.limit, took: .milliseconds(40) + .microseconds(10) * size.limit) }
        #expect(size.limit > 1000)
    }
}
