import Testing

@testable import FaultProxy

@Suite struct ScriptTests {
    /// What a script decides for some connections with some statements each.
    private func entries(
        _ script: FaultScript, connections: Int = 5, statements: Int = 200
    ) -> [FaultJournal.Entry] {
        var rules = RuleBook(script, generation: 1)
        for _ in 0..<connections {
            let connection = rules.nextConnection()
            for statement in 0...statements { decide(&rules, connection, statement) }
        }
        return rules.journal.entries
    }

    private func decide(_ rules: inout RuleBook, _ connection: Int, _ statement: Int) {
        let role = Role(user: "ada", application: "till")
        let event: Trigger.Event = statement == 0 ? .connection : .statement
        let occasion = RuleBook.Occasion(event: event, connection: connection, statement: statement)
        let candidates = rules.candidates(event, text: Array("INSERT".utf8), name: "post", role: role)
        _ = rules.decide(occasion, candidates: candidates) { "post" }
    }

    @Test(arguments: UInt64(1)...20)
    func decidesTheSameFromTheSameSeed(seed: UInt64) {
        let script = FaultScript.random(seed: seed, intensity: 0.2)
        #expect(script == FaultScript.random(seed: seed, intensity: 0.2))
        #expect(!entries(script).isEmpty)
        #expect(entries(script) == entries(script))
        #expect(entries(script) != entries(FaultScript.random(seed: seed + 1, intensity: 0.2)))
    }

    @Test func decidesTheSameInWhateverOrderConnectionsComeToTheirStatements() {
        let script = FaultScript.random(seed: 3, intensity: 0.2)
        var rules = RuleBook(script, generation: 1)
        for statement in 0...200 {
            for connection in 1...5 { decide(&rules, connection, statement) }
        }
        func key(_ entry: FaultJournal.Entry) -> [Int] {
            [entry.connection, entry.statement, entry.rule ?? -1]
        }
        #expect(Set(rules.journal.entries.map(key)) == Set(entries(script).map(key)))
    }

    @Test(arguments: [0.0, 0.05, 0.3, 1.0])
    func meetsAboutTheIntensityThatWasAskedFor(intensity: Double) {
        let script = FaultScript.random(seed: 9, intensity: intensity)
        let hit = entries(script, connections: 1, statements: 4_000).filter { $0.statement > 0 }
        #expect(abs(Double(hit.count) / 4_000 - intensity) < 0.03)
        if intensity >= 0.3 {
            let kinds = Set(hit.map(\.kind))
            #expect(kinds.isSuperset(of: [.answer, .cutBeforeServer, .cutAfterServer, .delayRequest]))
            #expect(!kinds.contains(.mangle))
        }
    }

    @Test func makesNoFaultOfAKindThatIsNotWanted() {
        let script = FaultScript.random(seed: 9, intensity: 1, kinds: [.answer, .mangle])
        #expect(Set(script.rules.map(\.fault.kind)) == [.answer, .mangle])
        #expect(FaultScript.random(seed: 9, intensity: 1, kinds: []).rules.isEmpty)
    }

    @Test func firesForTheNthAndAsOftenAsTold() {
        let nth = FaultScript(rules: [FaultRule(when: .statement(.nth(3)), fault: .cutBeforeServer)])
        #expect(entries(nth, connections: 2, statements: 10).map(\.statement) == [3])
        let twice = FaultScript(rules: [FaultRule(when: .statement(), fault: .cutBeforeServer, times: 2)])
        #expect(entries(twice, connections: 2, statements: 10).map(\.statement) == [1, 2])
    }

    @Test func letsTheFirstRuleThatFiresWin() {
        let script = FaultScript(rules: [
            FaultRule(when: .statement(.nth(2)), fault: .cutBeforeServer),
            FaultRule(when: .statement(.nth(2)), fault: .freeze(.zero)),
            FaultRule(when: .statement(.nth(3)), fault: .freeze(.zero)),
        ])
        let entries = entries(script, connections: 1, statements: 5)
        #expect(entries.map(\.kind) == [.cutBeforeServer, .freeze])
        #expect(entries.map(\.rule) == [0, 2])
    }

    @Test func keepsAJournalThatIsBounded() {
        let script = FaultScript(rules: [FaultRule(when: .statement(), fault: .freeze(.zero))])
        var rules = RuleBook(script, generation: 1)
        for statement in 1...20_000 { decide(&rules, 1, statement) }
        #expect(rules.journal.counts == [.freeze: 20_000])
        #expect(rules.journal.entries.count <= 4_096)
        #expect(rules.journal.entries.last?.statement == 20_000)
        #expect(rules.journal.summary == "freeze 20000")
    }

    @Test func keepsKnownErrorsApart() {
        let forms = ErrorForm.retryable + ErrorForm.ambiguous + ErrorForm.startup
        for form in forms {
            #expect(form.sqlState.utf8.count == 5)
            #expect(!form.message.isEmpty)
        }
        #expect(Set(forms.map { $0.message + ($0.detail ?? "") }).count == forms.count)
        #expect(Set(ErrorForm.retryable.map(\.sqlState)) == ["40001", "40P01"])
        #expect(Set(ErrorForm.startup.map(\.severity)) == [.fatal])
    }
}
