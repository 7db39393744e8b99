/// A script at work: the rules, how often each has matched and fired, and the journal.
struct RuleBook {
    /// What a rule may fire for.
    struct Occasion {
        let event: Trigger.Event
        let connection: Int
        /// 0 at startup.
        let statement: Int
    }

    struct Decision: Equatable {
        let fault: Fault
        /// For what is random about the fault itself.
        let seed: UInt64
    }

    private struct Progress {
        var matched = 0
        var fired = 0
    }

    private let script: FaultScript
    private var progress: [Progress]
    private var lastConnection = 0
    /// Distinguishes scripts: what was worked out for one is worth nothing for the next.
    let generation: Int
    var journal: FaultJournal

    init(_ script: FaultScript, generation: Int, journal: FaultJournal = FaultJournal()) {
        var script = script
        script.rules = Array(script.rules.prefix(Limits.rules))
        self.script = script
        self.generation = generation
        self.journal = journal
        progress = Array(repeating: Progress(), count: script.rules.count)
    }

    /// The number of the next connection.
    mutating func nextConnection() -> Int {
        lastConnection += 1
        return lastConnection
    }

    /// The body of a Parse message with its text rewritten; nil where there is nothing to rewrite.
    mutating func rewritten(_ body: ArraySlice<UInt8>) -> [UInt8]? {
        if script.rewrites.isEmpty { return nil }
        var reader = FieldReader(body)
        guard let name = reader.string(), let bytes = reader.text() else { return nil }
        let old = String(decoding: bytes, as: UTF8.self)
        let text = script.rewrites.reduce(old) { $0.replacing($1.part, with: $1.other) }
        if text == old { return nil }
        journal.note(.rewriteStatement)
        let head = name.utf8.count + bytes.count + 2
        return Array(name.utf8) + [0] + Array(text.utf8) + [0] + body.dropFirst(head)
    }

    /// The rules that could fire for a statement, or for the connection of this role.
    func candidates(_ event: Trigger.Event, text: [UInt8], name: String, role: Role) -> [Int] {
        script.rules.indices.filter { index in
            let trigger = script.rules[index].trigger
            guard trigger.event == event else { return false }
            if let wanted = trigger.role, role.user != wanted, !contains(role.application.utf8, wanted) {
                return false
            }
            if let wanted = trigger.name, !contains(name.utf8, wanted) { return false }
            return trigger.text.map { contains(text, $0) } ?? true
        }
    }

    /// Counts the event for all candidates, and says what the first one that fires demands.
    mutating func decide(_ occasion: Occasion, candidates: [Int], what: () -> String) -> Decision? {
        if occasion.event == .statement { journal.statements += 1 } else { journal.connections += 1 }
        var decision: Decision?
        for index in candidates {
            progress[index].matched += 1
            guard decision == nil, fires(index, occasion) else { continue }
            progress[index].fired += 1
            let rule = script.rules[index]
            var generator = generator(index, occasion, purpose: 1)
            decision = Decision(fault: rule.fault, seed: generator.next())
            journal.note(
                FaultJournal.Entry(
                    kind: rule.fault.kind, rule: index, connection: occasion.connection,
                    statement: occasion.statement, what: what()))
        }
        return decision
    }

    private func fires(_ index: Int, _ occasion: Occasion) -> Bool {
        let rule = script.rules[index]
        if let times = rule.times, progress[index].fired >= times { return false }
        switch rule.trigger.occurrence {
        case .every: return true
        case .nth(let number): return progress[index].matched == number
        case .probability(let probability):
            var generator = generator(index, occasion, purpose: 0)
            return generator.fraction() < probability
        }
    }

    /// Numbers for one rule at one occasion; `purpose` keeps what they are used for apart.
    private func generator(_ index: Int, _ occasion: Occasion, purpose: UInt64) -> SeededGenerator {
        SeededGenerator(
            script.seed, UInt64(index), UInt64(occasion.connection), UInt64(occasion.statement), purpose)
    }
}

private func contains(_ text: some Collection<UInt8>, _ part: String) -> Bool {
    let wanted = Array(part.utf8)
    guard let first = wanted.first else { return true }
    let text = Array(text)
    guard text.count >= wanted.count else { return false }
    return text.withUnsafeBufferPointer { text in
        (0...(text.count - wanted.count)).contains { start in
            text[start] == first && wanted.indices.allSatisfy { text[start + $0] == wanted[$0] }
        }
    }
}
