import Testing

@testable import Postgres

/// The state machine of a round trip without a server: what libpq would hand out, step by step.
@Suite struct ExchangeTests {
    private let error = PostgresError(kind: .server, sqlState: .checkViolation, message: "no")

    private func outcome(_ exchange: inout Exchange, _ answers: [Exchange.Answer]) -> Exchange.Action {
        var action = Exchange.Action.wait
        for answer in answers { action = exchange.receive(answer) }
        return action
    }

    private func exchange(discarding: Bool = false) -> Exchange {
        let group: [Exchange.Step] = [.prepare(0), .execute(0), .execute(1), .sync]
        return Exchange(
            steps: (discarding ? [.discard, .sync] : []) + group, statements: ["first", "second"])
    }

    @Test func saysWhichStatementIsPrepared() {
        var exchange = exchange()
        guard case .prepared(0) = exchange.receive(.completed) else {
            Issue.record("not prepared")
            return
        }
        #expect(exchange.statementName == "first")
    }

    @Test func failsWithTheFirstErrorWhenAllIsSynced() {
        var exchange = exchange()
        let action = outcome(
            &exchange, [.completed, .end, .failed(error, .none), .end, .skipped, .end, .synced])
        guard case .finished(.failure(let error)) = action else {
            Issue.record("not finished")
            return
        }
        #expect(error == self.error.naming("first"))
        #expect(exchange.failure?.step == .execute(0))
    }

    @Test func doesNotMindAFailedDiscard() {
        var exchange = exchange(discarding: true)
        _ = outcome(&exchange, [.failed(error, .none), .end, .synced, .completed, .end])
        #expect(exchange.failure == nil)
        #expect(exchange.step == .execute(0))
    }

    @Test func breaksWhenTheSessionEnds() {
        var exchange = exchange()
        let last = PostgresError(kind: .server, sqlState: .adminShutdown, message: "bye")
        guard case .broken(let error) = exchange.receive(.failed(last, .sessionEnds)) else {
            Issue.record("not broken")
            return
        }
        #expect(error.sqlState == .adminShutdown)
        #expect(exchange.lost(error).statement == "first")
    }

    @Test(arguments: [
        [Exchange.Answer.synced], [.completed, .end, .end, .end, .synced], [.unexpected("COPY")],
    ])
    func breaksOnAnswersOutOfTurn(answers: [Exchange.Answer]) {
        var exchange = exchange()
        guard case .broken(let error) = outcome(&exchange, answers) else {
            Issue.record("not broken")
            return
        }
        #expect(error.kind == .protocolViolation)
    }

    @Test func doesNotWaitForEverOnEmptyAnswers() {
        var exchange = Exchange(steps: [.sync], statements: [])
        let action = outcome(&exchange, Array(repeating: .end, count: 9))
        guard case .broken = action else {
            Issue.record("it would spin")
            return
        }
    }
}

@Suite struct PreparedStatementsTests {
    private let one = Statement(name: "one", sql: "SELECT 1")

    @Test func neverUsesANameAtTheServerTwice() {
        var mine = PreparedStatements(limit: 2, tag: 7)
        var theirs = PreparedStatements(limit: 2, tag: 8)
        let names = [mine.make(one, types: []), mine.make(one, types: []), theirs.make(one, types: [])]
        #expect(Set(names.map(\.serverName)).count == 3)
        let long = Statement(name: String(repeating: "ä\"name", count: 50), sql: "SELECT 1")
        let name = PreparedStatements(tag: .max).nameLength(of: long)
        #expect(name <= 63)
    }

    @Test func dropsTheOneThatWasNotUsedForLongest() {
        var prepared = PreparedStatements(limit: 2, tag: 7)
        let statements = (0..<3).map { Statement(name: "s\($0)", sql: "SELECT \($0)") }
        for statement in statements.prefix(2) {
            prepared.keep(prepared.make(statement, types: []), for: statement)
        }
        let oldest = prepared.find(statements[1])?.serverName
        _ = prepared.find(statements[0])
        prepared.keep(prepared.make(statements[2], types: []), for: statements[2])
        #expect(prepared.count == 2)
        let (kept, dropped) = (prepared.find(statements[0]), prepared.find(statements[1]))
        #expect(kept != nil && dropped == nil)
        let (names, noMore) = (prepared.takeDiscarded(), prepared.takeDiscarded())
        #expect(names == [oldest])
        #expect(noMore.isEmpty)
    }
}

extension PreparedStatements {
    fileprivate func nameLength(of statement: Statement) -> Int {
        var copy = self
        return copy.make(statement, types: []).serverName.utf8.count
    }
}
