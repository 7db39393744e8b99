// What comes from the client.
extension ProxySession {
    mutating func pumpRequests(_ rules: inout RuleBook, _ effects: inout Effects) {
        do {
            while wantsRequests, let frame = try requests.next() {
                switch stage {
                case .startup: opening(frame, &rules, &effects)
                case .open: request(frame, &rules, &effects)
                case .cancelling, .over: return
                }
            }
        } catch {
            reject(&effects)
        }
    }

    private mutating func opening(_ frame: Frame, _ rules: inout RuleBook, _ effects: inout Effects) {
        let bytes = requests.storage[frame.range]
        switch OpeningPacket(requests.storage[frame.body]) {
        case .encryption:
            // The server's side of the proxy is never encrypted; the client goes on without, or gives up.
            effects.toClient.append(UInt8(ascii: "N"))
        case .cancel(let key):
            stage = .cancelling
            effects.connection = .cancel(key)
            effects.toServer.append(contentsOf: bytes)
        case .unknown:
            reject(&effects)
        case .startup(let role):
            stage = .open
            requests.isTyped = true
            self.role = role
            connection = rules.nextConnection()
            hold(0, bytes)
            let candidates = rules.candidates(.connection, text: [], name: "", role: role)
            let occasion = RuleBook.Occasion(event: .connection, connection: connection, statement: 0)
            let decision = rules.decide(occasion, candidates: candidates) { "" }
            held.isDecided = true
            apply(decision, isCommit: false, &effects)
        }
    }

    private mutating func request(_ frame: Frame, _ rules: inout RuleBook, _ effects: inout Effects) {
        let type = UnicodeScalar(frame.type)
        switch fate {
        case .passed: break
        case .discarded, .dropped: return
        case .discardedToSync:
            guard type == "S" || type == "X" else { return }
            fate = .passed
        }
        let bytes = requests.storage[frame.range]
        let body = requests.storage[frame.body]
        switch type {
        case "P":
            if let other = rules.rewritten(body) {
                book.parsed(other[...])
                hold(frame.type, Message.make("P", other)[...])
            } else {
                book.parsed(body)
                hold(frame.type, bytes)
            }
            if held.bytes.count > Limits.heldBytes { reject(&effects) }
        case "B", "D", "C":
            if type == "B" { book.bound(body) }
            if type == "C" { book.closed(body) }
            hold(frame.type, bytes)
            if held.bytes.count > Limits.heldBytes { reject(&effects) }
        case "E":
            let entry = book.executed(body)
            hold(frame.type, bytes)
            decide(entry, &rules, &effects)
        case "Q":
            passHeld(plan: nil, &effects)
            let entry = StatementBook.Entry(name: "", text: body.dropLast())
            hold(frame.type, bytes)
            decide(entry, &rules, &effects)
        default:
            passHeld(plan: nil, &effects)
            pass(frame.type, bytes, unit: 0, &effects)
            if type == "S" { groupEnded(&effects) }
        }
    }

    private mutating func decide(
        _ entry: StatementBook.Entry, _ rules: inout RuleBook, _ effects: inout Effects
    ) {
        statement += 1
        var candidates = entry.candidates
        if entry.generation != rules.generation {
            candidates = rules.candidates(.statement, text: entry.text, name: entry.name, role: role)
            if held.parts.last?.type == UInt8(ascii: "E") {
                book.keep(candidates, generation: rules.generation, for: entry)
            }
        }
        let occasion = RuleBook.Occasion(event: .statement, connection: connection, statement: statement)
        let decision = rules.decide(occasion, candidates: candidates) {
            let text = entry.text.prefix(Limits.journalTextBytes)
            return entry.name.isEmpty ? String(decoding: text, as: UTF8.self) : entry.name
        }
        held.isDecided = true
        apply(decision, isCommit: entry.isCommit, &effects)
    }

    // MARK: Passing on

    mutating func hold(_ type: UInt8, _ bytes: ArraySlice<UInt8>) {
        let start = held.bytes.count
        held.bytes.append(contentsOf: bytes)
        held.parts.append((type, start..<held.bytes.count))
    }

    /// Passes on what is held; a plan waits for its answer.
    mutating func passHeld(plan: AnswerPlan?, _ effects: inout Effects) {
        guard !held.parts.isEmpty else { return }
        let unit = nextUnit(plan)
        let parts = held.parts
        let bytes = held.bytes
        held = Held()
        for part in parts { pass(part.type, bytes[part.range], unit: unit, &effects) }
        if due.skipsToSync { abandon(unit, &effects) }
        switch parts.last?.type {
        case 0: effects.connection = .session
        case UInt8(ascii: "Q"): groupEnded(&effects)
        default: break
        }
    }

    mutating func nextUnit(_ plan: AnswerPlan?) -> UInt32 {
        lastUnit &+= 1
        // 0 stands for none.
        if lastUnit == 0 { lastUnit = 1 }
        if let plan { plans[lastUnit] = plan }
        return lastUnit
    }

    mutating func pass(_ type: UInt8, _ bytes: ArraySlice<UInt8>, unit: UInt32, _ effects: inout Effects) {
        effects.toServer.append(contentsOf: bytes)
        if let kind = AnswerQueue.Kind(request: type) {
            due.push(AnswerQueue.Due(kind: kind, unit: unit))
        }
    }

    private mutating func groupEnded(_ effects: inout Effects) {
        switch atSync {
        case .nothing: return
        case .discardRest: break
        case .leaveClient: effects.leavesClient = true
        }
        atSync = .nothing
        fate = .discarded
    }
}

extension AnswerQueue.Kind {
    /// The answer to a message of this type; nil for those that have none of their own.
    fileprivate init?(request type: UInt8) {
        switch UnicodeScalar(type) {
        case "\0": self = .startup
        case "P": self = .parse
        case "B": self = .bind
        case "D": self = .describe
        case "E": self = .execute
        case "C": self = .close
        case "S": self = .sync
        case "Q": self = .query
        case "F": self = .functionCall
        default: return nil
        }
    }
}
