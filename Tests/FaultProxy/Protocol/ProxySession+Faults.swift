// What rules demand.
extension ProxySession {
    /// Does to the unit that is held what was decided for it.
    mutating func apply(_ decision: RuleBook.Decision?, isCommit: Bool, _ effects: inout Effects) {
        guard let decision else { return passHeld(plan: nil, &effects) }
        switch decision.fault {
        case .delay(.request, let duration):
            pause(.request, duration, &effects)
        case .freeze(let duration):
            pause(.request, duration, &effects)
            pause(.answer, duration, &effects)
        case .delay(.answer, let duration):
            passHeld(plan: .delay(duration), &effects)
        case .cutBeforeServer:
            held = Held()
            end(&effects)
        case .cutAfterServer(let awaitingAnswer):
            // At startup, the client has to answer the server's questions before there is a session to cut.
            if !isStartup { atSync = awaitingAnswer ? .discardRest : .leaveClient }
            passHeld(plan: .cutWhenReady, &effects)
        case .cutMidAnswer(let bytes):
            passHeld(plan: .cutAfter(bytes), &effects)
        case .answer(let form):
            refuse(form, isCommit: isCommit, &effects)
        case .answerAfterServer(let form):
            passHeld(plan: .errorWhenReady(form), &effects)
        case .dropClientToServer(let duration):
            held = Held()
            fate = .dropped
            if let duration { effects.alarms.append((.endDrop(.request), duration)) }
        case .dropServerToClient(let duration):
            passHeld(plan: .drop(duration), &effects)
        case .refuseConnections(let refusal):
            effects.measures.append(.refuse(refusal))
            if isStartup { end(&effects) } else { passHeld(plan: nil, &effects) }
        case .flap(let up, let down, let cycles):
            effects.measures.append(.flap(up: up, down: down, cycles: cycles))
            passHeld(plan: nil, &effects)
        case .rewriteAnswer(let rewrites):
            passHeld(plan: .rewrite(rewrites), &effects)
        case .rewriteParameters(let values):
            parameterValues.merge(values) { $1 }
            passHeld(plan: nil, &effects)
        case .mangle(let seed):
            passHeld(plan: .mangle(seed: seed ^ decision.seed), &effects)
        }
    }

    private var isStartup: Bool { held.parts.first?.type == 0 }

    /// The unit fails with an error, without having been executed.
    ///
    /// Something else fails at the server in its place, so that the server does all the rest by itself: rolls
    /// back what came before in the group, skips what comes after, and knows that its transaction has failed.
    private mutating func refuse(_ form: ErrorForm, isCommit: Bool, _ effects: inout Effects) {
        if isStartup {
            effects.toClient.append(contentsOf: form.bytes)
            return end(&effects)
        }
        let unit = nextUnit(.errorInPlace(form))
        let (parts, bytes) = (held.parts, held.bytes)
        held = Held()
        guard parts.last?.type != UInt8(ascii: "Q") else {
            let sql = isCommit ? "ROLLBACK" : Self.nonsense
            return inject([(.query, Message.query(sql))], unit, &effects)
        }
        // Its Parse is not what fails, and a later execution may rely on it.
        let kept: [UnicodeScalar] = ["P", "C"]
        for part in parts where kept.contains(UnicodeScalar(part.type)) {
            pass(part.type, bytes[part.range], unit: 0, &effects)
        }
        fate = .discardedToSync
        guard isCommit else {
            return inject([(.parse, Message.parse(name: Self.own, sql: Self.nonsense))], unit, &effects)
        }
        inject(
            [
                (.parse, Message.parse(name: Self.own, sql: "ROLLBACK")),
                (.bind, Message.bind(statement: Self.own)), (.execute, Message.executeUnnamed),
                (.close, Message.closeStatement(Self.own)),
            ], unit, &effects)
    }

    /// The name of the proxy's own statements at the server.
    private static let own = "fault_proxy"
    private static let nonsense = "refused by the fault proxy"

    private mutating func inject(
        _ messages: [(kind: AnswerQueue.Kind, bytes: [UInt8])], _ unit: UInt32, _ effects: inout Effects
    ) {
        for (index, message) in messages.enumerated() {
            effects.toServer.append(contentsOf: message.bytes)
            let isLast = index == messages.count - 1
            due.push(AnswerQueue.Due(kind: message.kind, unit: unit, isInjected: true, isLast: isLast))
        }
        if due.skipsToSync { abandon(unit, &effects) }
    }

    /// The group has failed already, before this unit: the server will not answer it. What a fault does to
    /// the answer it does to what is left of the group's.
    mutating func abandon(_ unit: UInt32, _ effects: inout Effects) {
        if let plan = plans.removeValue(forKey: unit) { begin(plan, &effects) }
    }
}
