import Testing

@testable import FaultProxy

/// A session that is played step by step, without sockets.
private struct Play {
    var session = ProxySession()
    var rules: RuleBook

    init(_ rules: [FaultRule] = [], seed: UInt64 = 1) {
        self.rules = RuleBook(FaultScript(seed: seed, rules: rules), generation: 1)
    }

    /// A session whose startup is behind it.
    static func started(_ rules: [FaultRule] = []) -> Play {
        var play = Play(rules)
        _ = play.client(startup())
        _ = play.server(Message.make("R", [0, 0, 0, 0]) + ready())
        return play
    }

    mutating func client(_ bytes: [UInt8]...) -> ProxySession.Effects {
        session.received(fromClient: bytes.flatMap { $0 }, &rules)
    }

    mutating func server(_ bytes: [UInt8]...) -> ProxySession.Effects {
        session.received(fromServer: bytes.flatMap { $0 }, &rules)
    }

    mutating func ring(_ alarm: ProxySession.Alarm) -> ProxySession.Effects { session.alarm(alarm, &rules) }
}

private func startup(user: String = "ada", application: String = "till") -> [UInt8] {
    var body: [UInt8] = []
    Message.append(Int32(196_608), to: &body)
    for text in ["user", user, "application_name", application] { body += Message.text(text) }
    body.append(0)
    var bytes: [UInt8] = []
    Message.append(Int32(body.count + 4), to: &bytes)
    return bytes + body
}

private func packet(_ numbers: Int32...) -> [UInt8] {
    var bytes: [UInt8] = []
    Message.append(Int32(numbers.count * 4 + 4), to: &bytes)
    for number in numbers { Message.append(number, to: &bytes) }
    return bytes
}

private func ready(_ status: Character = "I") -> [UInt8] { Message.make("Z", [status.asciiValue ?? 0]) }
private func parse(_ name: String, _ sql: String) -> [UInt8] { Message.parse(name: name, sql: sql) }
private func execute(_ name: String) -> [UInt8] {
    Message.bind(statement: name) + Message.make("D", [UInt8(ascii: "P"), 0]) + Message.executeUnnamed
}
private let sync = Message.make("S", [])
private let parsed = Message.make("1", [])
private let executed =
    Message.make("2", []) + Message.make("n", []) + Message.make("C", Message.text("INSERT 0 1"))
private let failed = ErrorForm("22012", "division by zero").bytes
private let conflict = ErrorForm.concurrentUpdate

private func onInsert(_ fault: Fault) -> [FaultRule] {
    [FaultRule(when: .statement(containing: "INSERT"), fault: fault)]
}

@Suite struct SessionTests {
    // MARK: Startup

    @Test func declinesEncryptionByItself() {
        var play = Play()
        let effects = play.client(packet(80_877_103), packet(80_877_104))
        #expect(effects.toClient == Array("NN".utf8))
        #expect(effects.toServer.isEmpty)
        let then = play.client(startup())
        #expect(then.toServer == startup())
        #expect(then.connection == .session)
    }

    @Test func passesARequestToCancelToWhereItsSessionLives() {
        var play = Play()
        let effects = play.client(packet(80_877_102, 42, 43))
        #expect(effects.connection == .cancel(BackendKey(process: 42, secret: 43)))
        #expect(effects.toServer == packet(80_877_102, 42, 43))
        #expect(play.rules.journal.connections == 0)
    }

    @Test func learnsTheKeyOfTheSession() {
        var play = Play.started()
        var body: [UInt8] = []
        for number: Int32 in [7, 8] { Message.append(number, to: &body) }
        _ = play.server(Message.make("K", body))
        #expect(play.session.key == BackendKey(process: 7, secret: 8))
    }

    @Test func rejectsAPacketOfAnotherProtocol() {
        var play = Play()
        let effects = play.client(packet(2 << 16))
        #expect(effects.ends)
        #expect(effects.isRejected)
    }

    @Test func refusesAStartupWithAnError() {
        var play = Play([
            FaultRule(when: .connection(role: "till"), fault: .answerStartup(.tooManyConnections))
        ])
        let effects = play.client(startup())
        #expect(effects.toClient == ErrorForm.tooManyConnections.bytes)
        #expect(effects.toServer.isEmpty)
        #expect(effects.connection == nil)
        #expect(effects.ends)
    }

    @Test func replacesWhatTheServerReportsOfItsSettings() {
        let rule = FaultRule(when: .connection(), fault: .rewriteParameters(["server_version": "9.6"]))
        var play = Play([rule])
        _ = play.client(startup())
        let version = Message.make("S", Message.text("server_version") + Message.text("15.18"))
        let zone = Message.make("S", Message.text("TimeZone") + Message.text("UTC"))
        let effects = play.server(version, zone)
        let other = Message.make("S", Message.text("server_version") + Message.text("9.6"))
        #expect(effects.toClient == other + zone)
    }

    // MARK: Following

    @Test func passesAPipelineThroughUnchanged() {
        var play = Play.started()
        let bytes = parse("a", "INSERT 1") + execute("a") + execute("a") + sync
        #expect(play.client(bytes).toServer == bytes)
        let answer = parsed + executed + executed + ready()
        #expect(play.server(answer).toClient == answer)
        #expect(play.session.due.count == 0)
        #expect(play.rules.journal.statements == 2)
    }

    @Test func holdsAStatementBackUntilItsExecuteHasCome() {
        var play = Play.started()
        let bytes = parse("a", "INSERT 1") + execute("a")
        #expect(play.client(Array(bytes.dropLast(1))).toServer.isEmpty)
        #expect(play.client(Array(bytes.suffix(1))).toServer == bytes)
    }

    @Test func passesOnWhatIsHeldWhenNoExecuteComes() {
        var play = Play.started()
        let bytes = parse("a", "INSERT 1") + sync
        #expect(play.client(bytes).toServer == bytes)
        #expect(play.rules.journal.statements == 0)
        #expect(play.server(parsed, ready()).toClient == parsed + ready())
    }

    @Test func knowsWhetherAnAnswerIsUnderWay() {
        var play = Play.started()
        _ = play.client(parse("a", "SELECT 1"), execute("a"), sync)
        #expect(!play.session.isAnswerUnderWay)
        _ = play.server(parsed, Message.make("2", []), Message.make("T", [0, 0]))
        #expect(play.session.isAnswerUnderWay)
        _ = play.server(Message.make("D", [0, 0]))
        #expect(play.session.isAnswerUnderWay)
        _ = play.server(Message.make("C", Message.text("SELECT 1")))
        #expect(!play.session.isAnswerUnderWay)
    }

    @Test func skipsWithTheServerAfterAnError() {
        var play = Play.started()
        _ = play.client(execute("a"), execute("b"))
        _ = play.server(failed)
        #expect(play.session.due.skipsToSync)
        _ = play.client(execute("c"), sync, execute("d"), sync)
        _ = play.server(ready("E"))
        #expect(play.session.due.head?.kind == .bind)
        _ = play.server(executed, ready())
        #expect(play.session.due.count == 0)
    }

    @Test func followsAnErrorAtTheEndOfTheTransaction() {
        var play = Play.started()
        _ = play.client(execute("a"), sync)
        _ = play.server(executed, failed, ready())
        #expect(play.session.due.count == 0)
    }

    @Test func matchesOnTextNameAndRole() {
        let triggers: [(Trigger, Int)] = [
            (.statement(containing: "INTO x"), 1), (.statement(containing: "INTO y"), 0),
            (.statement(named: "post"), 1), (.statement(named: "other"), 0),
            (.statement(role: "ada"), 1), (.statement(role: "ad"), 0), (.statement(role: "til"), 1),
            (.statement(containing: "INTO x", named: "post", role: "till"), 1),
            (.statement(containing: "INTO x", named: "post", role: "bob"), 0), (.connection(), 0),
        ]
        for (trigger, count) in triggers {
            var play = Play.started([FaultRule(when: trigger, fault: .delay(.request, .seconds(1)))])
            let before = play.rules.journal.total
            _ = play.client(parse("post_1", "INSERT INTO x"), execute("post_1"))
            #expect(play.rules.journal.total - before == count, "\(trigger)")
        }
    }

    @Test func remembersWhichTextANameHasNow() {
        var play = Play.started(onInsert(.cutBeforeServer))
        _ = play.client(parse("a", "INSERT 1"), sync)
        _ = play.client(Message.closeStatement("a"), parse("a", "SELECT 1"), execute("a"), sync)
        #expect(play.rules.journal.total == 0)
        #expect(play.client(parse("b", "INSERT 1"), execute("b")).ends)
    }

    // MARK: Faults

    @Test func cutsBeforeAnythingOfTheStatementIsPassedOn() {
        var play = Play.started(onInsert(.cutBeforeServer))
        let before = parse("s", "SELECT 1") + execute("s")
        let effects = play.client(before, parse("a", "INSERT 1"), execute("a"), sync)
        #expect(effects.toServer == before)
        #expect(effects.ends)
        #expect(play.client(sync).toServer.isEmpty)
    }

    @Test func cutsAfterTheServerHasAnsweredToTheEnd() {
        var play = Play.started(onInsert(.cutAfterServer(awaitingAnswer: true)))
        let select = parse("s", "SELECT 1") + execute("s")
        let insert = parse("a", "INSERT 1") + execute("a")
        let effects = play.client(select, insert, sync, execute("s"), sync)
        #expect(effects.toServer == select + insert + sync)
        #expect(!effects.ends)
        let first = play.server(parsed, executed, parsed, executed)
        #expect(first.toClient == parsed + executed)
        #expect(!first.ends)
        let last = play.server(ready())
        #expect(last.toClient.isEmpty)
        #expect(last.ends)
    }

    @Test func leavesTheClientAndLetsTheServerFinish() {
        var play = Play.started(onInsert(.cutAfterServer(awaitingAnswer: false)))
        let insert = parse("a", "INSERT 1") + execute("a")
        #expect(!play.client(insert).leavesClient)
        let effects = play.client(sync)
        #expect(effects.toServer == sync)
        #expect(effects.leavesClient)
        #expect(!effects.ends)
        #expect(!play.session.clientClosed().ends)
        #expect(play.server(parsed, executed, ready()).ends)
    }

    @Test(arguments: [true, false])
    func leavesNoServerWaitingForTheSyncOfAClientThatDied(awaitingAnswer: Bool) {
        var play = Play.started(onInsert(.cutAfterServer(awaitingAnswer: awaitingAnswer)))
        _ = play.client(parse("a", "INSERT 1"), execute("a"))
        #expect(play.session.clientClosed().ends)
    }

    @Test(arguments: 0...30)
    func cutsInTheMiddleOfTheAnswer(bytes: Int) {
        var play = Play.started(onInsert(.cutMidAnswer(bytes: bytes)))
        _ = play.client(execute("s"), parse("a", "INSERT 1"), execute("a"), sync)
        let answer = parsed + executed + ready()
        let effects = play.server(executed, answer)
        #expect(effects.toClient == executed + answer.prefix(bytes))
        #expect(effects.ends)
    }

    @Test func refusesAStatementInTheServersOwnTime() {
        var play = Play.started(onInsert(.answer(conflict)))
        let insert = parse("a", "INSERT 1") + execute("a")
        let effects = play.client(execute("s"), insert, execute("s"), sync)
        #expect(effects.toServer.starts(with: execute("s") + parse("a", "INSERT 1")))
        #expect(effects.toServer.suffix(sync.count) == sync[...])
        let sent = String(decoding: effects.toServer, as: UTF8.self)
        #expect(sent.split(separator: String(decoding: Message.executeUnnamed, as: UTF8.self)).count == 2)
        let answer = play.server(executed, parsed, failed, ready("E"))
        #expect(answer.toClient == executed + parsed + conflict.bytes + ready("E"))
        #expect(play.client(execute("s"), sync).toServer == execute("s") + sync)
        #expect(play.session.due.count == 4)
    }

    @Test func rollsBackWhereACommitIsRefused() {
        let rule = FaultRule(when: .statement(containing: "COMMIT"), fault: .answer(conflict))
        var play = Play.started([rule])
        let effects = play.client(parse("c", "COMMIT"), execute("c"), sync)
        #expect(String(decoding: effects.toServer, as: UTF8.self).contains("ROLLBACK"))
        let rolledBack = parsed + Message.make("2", []) + Message.make("C", Message.text("ROLLBACK"))
        let answer = play.server(parsed, rolledBack, Message.make("3", []), ready())
        #expect(answer.toClient == parsed + conflict.bytes + ready())
    }

    @Test func refusesASimpleQuery() {
        var play = Play.started(onInsert(.answer(conflict)))
        let effects = play.client(Message.query("INSERT 1"))
        #expect(effects.toServer.first == UInt8(ascii: "Q"))
        #expect(!String(decoding: effects.toServer, as: UTF8.self).contains("INSERT"))
        #expect(play.server(failed, ready()).toClient == conflict.bytes + ready())
        #expect(play.client(Message.query("SELECT 1")).toServer == Message.query("SELECT 1"))
    }

    @Test func closesAfterAnErrorThatEndsTheSession() {
        for form in [ErrorForm.adminShutdown, .crashShutdown] {
            var play = Play.started(onInsert(.answer(form)))
            _ = play.client(parse("a", "INSERT 1"), execute("a"), sync)
            let answer = play.server(parsed, failed, ready())
            #expect(answer.toClient == parsed + form.bytes)
            #expect(answer.ends)
        }
    }

    @Test func keepsTheServersErrorWhenTheGroupHasFailedBefore() {
        var play = Play.started(onInsert(.answer(conflict)))
        _ = play.client(execute("s"), parse("a", "INSERT 1"), execute("a"), sync)
        #expect(play.server(failed, ready()).toClient == failed + ready())
        #expect(play.session.plans.isEmpty)
    }

    @Test func tellsAnErrorAboutWhatWasDone() {
        var play = Play.started(onInsert(.answerAfterServer(conflict)))
        let bytes = execute("s") + parse("a", "INSERT 1") + execute("a") + sync
        #expect(play.client(bytes).toServer == bytes)
        #expect(play.server(executed, parsed, executed).toClient == executed)
        #expect(play.server(ready()).toClient == conflict.bytes + ready())
        // In a block the client is told what a server would have told it.
        _ = play.client(execute("a"), sync)
        #expect(play.server(executed, ready("T")).toClient == conflict.bytes + ready("E"))
    }

    @Test func letsTheServerReportItsSettingsWhileAnErrorWaits() {
        var play = Play.started(onInsert(.answerAfterServer(conflict)))
        _ = play.client(Message.query("INSERT 1"))
        let setting = Message.make("S", Message.text("TimeZone") + Message.text("UTC"))
        let effects = play.server(setting, Message.make("N", [0]), Message.make("C", [0]), ready())
        #expect(effects.toClient == setting + conflict.bytes + ready())
    }

    @Test func delaysTheRequest() {
        var play = Play.started(onInsert(.delay(.request, .seconds(3))))
        let insert = parse("a", "INSERT 1") + execute("a")
        let effects = play.client(insert, sync, Message.query("SELECT 1"))
        #expect(effects.toServer.isEmpty)
        #expect(effects.alarms.map(\.after) == [.seconds(3)])
        #expect(!play.session.wantsRequests)
        #expect(play.ring(.resume(.request)).toServer == insert + sync + Message.query("SELECT 1"))
        #expect(play.session.wantsRequests)
    }

    @Test func delaysTheAnswer() {
        var play = Play.started(onInsert(.delay(.answer, .seconds(3))))
        _ = play.client(Message.query("SELECT 1"), Message.query("INSERT 1"))
        let (select, insert) = (Message.make("C", [1]) + ready(), Message.make("C", [2]) + ready())
        let effects = play.server(select, insert)
        #expect(effects.toClient == select)
        #expect(effects.alarms.count == 1)
        #expect(!play.session.wantsAnswers)
        #expect(play.ring(.resume(.answer)).toClient == insert)
    }

    @Test func deliversADelayedRequestOfAClientThatHasGone() {
        var play = Play.started(onInsert(.freeze(.seconds(3))))
        #expect(play.client(Message.query("INSERT 1")).toServer.isEmpty)
        #expect(!play.session.clientClosed().ends)
        _ = play.ring(.resume(.answer))
        let effects = play.ring(.resume(.request))
        #expect(effects.toServer == Message.query("INSERT 1"))
        #expect(effects.ends)
    }

    @Test func deliversADelayedAnswerOfAServerThatHasGone() {
        var play = Play.started(onInsert(.delay(.answer, .seconds(3))))
        _ = play.client(Message.query("INSERT 1"))
        _ = play.server(Message.make("C", [2]), ready())
        #expect(!play.session.serverClosed().ends)
        let effects = play.ring(.resume(.answer))
        #expect(effects.toClient == Message.make("C", [2]) + ready())
        #expect(effects.ends)
    }

    @Test func throwsAwayWhatTheClientSays() {
        var play = Play.started(onInsert(.dropClientToServer(.seconds(1))))
        let effects = play.client(Message.query("INSERT 1"), Message.query("SELECT 1"))
        #expect(effects.toServer.isEmpty)
        #expect(effects.alarms.count == 1)
        _ = play.ring(.endDrop(.request))
        #expect(play.client(Message.query("SELECT 2")).toServer == Message.query("SELECT 2"))
    }

    @Test func throwsAwayWhatTheServerSays() {
        var play = Play.started(onInsert(.dropServerToClient(.seconds(1))))
        #expect(play.client(Message.query("INSERT 1")).toServer == Message.query("INSERT 1"))
        let effects = play.server(Message.make("C", [0]), ready())
        #expect(effects.toClient.isEmpty)
        #expect(effects.alarms.count == 1)
        _ = play.ring(.endDrop(.answer))
        _ = play.client(Message.query("SELECT 1"))
        #expect(play.server(Message.make("C", [0]), ready()).toClient == Message.make("C", [0]) + ready())
    }

    @Test func rewritesTheFirstRowOnly() {
        func row(_ values: [UInt8]?...) -> [UInt8] {
            var body: [UInt8] = []
            Message.append(Int16(values.count), to: &body)
            for value in values {
                Message.append(value.map { Int32($0.count) } ?? -1, to: &body)
                body += value ?? []
            }
            return Message.make("D", body)
        }
        let rewrites = [ColumnRewrite(column: 0, text: "other"), ColumnRewrite(column: 2, bytes: nil)]
        var play = Play.started(onInsert(.rewriteAnswer(rewrites)))
        _ = play.client(Message.query("INSERT 1 RETURNING *"))
        let old = row([1], nil, [2, 3])
        let effects = play.server(old, old, ready())
        #expect(effects.toClient == row(Array("other".utf8), nil, nil) + old + ready())
    }

    @Test func manglesTheSameBytesTheSameWay() {
        func answer(_ seed: UInt64) -> [UInt8] {
            var play = Play.started(onInsert(.mangle(seed: seed)))
            _ = play.client(Message.query("INSERT 1"))
            let effects = play.server(Message.make("C", Message.text("INSERT 0 1")), ready())
            _ = play.client(Message.query("SELECT 1"))
            #expect(play.server(ready()).toClient == ready())
            return effects.toClient
        }
        let right = Message.make("C", Message.text("INSERT 0 1")) + ready()
        for seed in UInt64(1)...50 {
            #expect(answer(seed) == answer(seed))
            #expect(answer(seed) != right)
        }
    }

    // MARK: Bounds

    @Test func stopsReadingWhenTooManyAnswersAreDue() {
        var play = Play.started()
        let lot = Array(repeating: execute("a"), count: 1_000).flatMap { $0 }
        var sent = 0
        while play.session.wantsRequests, sent < 100 {
            _ = play.client(lot)
            sent += 1
        }
        #expect(!play.session.wantsRequests)
        #expect(play.session.due.count <= Limits.answersDue + 3)
        let answers = Array(repeating: executed, count: 1_000).flatMap { $0 }
        let effects = play.server(answers)
        #expect(effects.toClient == answers)
        #expect(play.session.wantsRequests)
    }

    @Test func rejectsWhatIsNoMessage() {
        var play = Play.started()
        let effects = play.client([UInt8(ascii: "Q"), 0, 0, 0, 1])
        #expect(effects.ends)
        #expect(effects.isRejected)
    }

    @Test(arguments: UInt64(1)...100)
    func passesEverythingThroughHoweverItIsSplit(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var play = Play.started()
        var requests: [UInt8] = []
        var answers: [UInt8] = []
        for _ in 0..<Int.random(in: 1...10, using: &generator) {
            for index in 0..<Int.random(in: 1...5, using: &generator) {
                requests += parse("s\(index)", "SELECT 1") + execute("s\(index)")
                answers += parsed + executed
            }
            requests += sync
            answers += ready()
        }
        #expect(pieces(requests, &generator).flatMap { play.client($0).toServer } == requests)
        #expect(pieces(answers, &generator).flatMap { play.server($0).toClient } == answers)
        #expect(play.session.due.count == 0)
        #expect(play.session.plans.isEmpty)
    }

    private func pieces(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...30, using: &generator)
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return pieces
    }
}
