// What comes from the server.
extension ProxySession {
    mutating func pumpAnswers(_ effects: inout Effects) {
        do {
            while wantsAnswers, let frame = try answers.next() {
                if isDelayed(frame, &effects) { return }
                answer(frame, &effects)
            }
        } catch {
            reject(&effects)
        }
    }

    /// Whether a plan wants the frame, and all behind it, to wait.
    private mutating func isDelayed(_ frame: Frame, _ effects: inout Effects) -> Bool {
        guard !Self.isUnsolicited(frame.type), let unit = due.head?.unit,
            case .delay(let duration) = plans[unit]
        else { return false }
        plans[unit] = nil
        answers.putBack(frame)
        pause(.answer, duration, &effects)
        return true
    }

    /// NoticeResponse, ParameterStatus, NotificationResponse: they come at any time.
    private static func isUnsolicited(_ type: UInt8) -> Bool {
        type == UInt8(ascii: "N") || type == UInt8(ascii: "S") || type == UInt8(ascii: "A")
    }

    private mutating func answer(_ frame: Frame, _ effects: inout Effects) {
        let type = UnicodeScalar(frame.type)
        if Self.isUnsolicited(frame.type) { return unsolicited(frame, &effects) }
        if type == "K" { learnKey(frame) }
        let step = due.receive(frame.type)
        if let unit = step.due?.unit { activate(unit, &effects) }
        for unit in step.skipped { abandon(unit, &effects) }
        let isReady = type == "Z"
        if let due = step.due, due.isInjected {
            replace(due, isError: type == "E", isCompleted: step.isCompleted, &effects)
            if stage == .over || !isReady { return }
        }
        var bytes: [UInt8]?
        if type == "D", let unit = step.due?.unit, case .rewrite(let rewrites) = plans[unit] {
            plans[unit] = nil
            bytes = Message.dataRow(answers.storage[frame.range], rewriting: rewrites)
        }
        if step.isCompleted, let due = step.due, due.kind == .execute || isReady || type == "E" {
            plans[due.unit] = nil
        }
        if let bytes { emit(bytes[...], &effects) } else { emit(answers.storage[frame.range], &effects) }
        if isReady { ready(status: answers.storage[frame.range].last, &effects) }
    }

    private mutating func unsolicited(_ frame: Frame, _ effects: inout Effects) {
        if let unit = due.head?.unit { activate(unit, &effects) }
        let bytes = answers.storage[frame.range]
        if frame.type == UInt8(ascii: "S"), !parameterValues.isEmpty {
            return emit(Message.parameterStatus(bytes, values: parameterValues)[...], &effects)
        }
        // The client lives on after the error that it will be told, and needs to know how the session stands.
        if case .swallowed(.some) = mode, frame.type != UInt8(ascii: "N") {
            effects.toClient.append(contentsOf: bytes)
        } else {
            emit(bytes, &effects)
        }
    }

    private mutating func learnKey(_ frame: Frame) {
        var reader = FieldReader(answers.storage[frame.body])
        if let process = reader.int32(), let secret = reader.int32() {
            learn(BackendKey(process: process, secret: secret))
        }
    }

    /// The answer to a unit begins: its plan comes into force.
    private mutating func activate(_ unit: UInt32, _ effects: inout Effects) {
        switch plans[unit] {
        case .cutWhenReady?, .errorWhenReady?, .cutAfter?, .drop?, .mangle?:
            if let plan = plans.removeValue(forKey: unit) { begin(plan, &effects) }
        case .delay?, .errorInPlace?, .rewrite?, nil: return
        }
    }

    mutating func begin(_ plan: AnswerPlan, _ effects: inout Effects) {
        // Of two in one group the first counts.
        guard case .passed = mode else { return }
        switch plan {
        case .cutWhenReady: mode = .swallowed(thenError: nil)
        case .errorWhenReady(let form): mode = .swallowed(thenError: form)
        case .cutAfter(let bytes): mode = .cutAfter(max(0, bytes))
        case .mangle(let seed): mode = .mangled(Mangler(seed: seed))
        case .drop(let duration):
            mode = .dropped
            if let duration { effects.alarms.append((.endDrop(.answer), duration)) }
        case .delay, .errorInPlace, .rewrite: return
        }
    }

    /// An answer to a message of the proxy: the client gets the error in its place, once.
    private mutating func replace(
        _ due: AnswerQueue.Due, isError: Bool, isCompleted: Bool, _ effects: inout Effects
    ) {
        let isOver = isError || (due.isLast && isCompleted)
        guard isOver, case .errorInPlace(let form) = plans[due.unit] else { return }
        plans[due.unit] = nil
        emit(form.bytes[...], &effects)
        if form.endsSession { end(&effects) }
    }

    private mutating func emit(_ bytes: ArraySlice<UInt8>, _ effects: inout Effects) {
        guard stage != .over else { return }
        switch mode {
        case .passed:
            effects.toClient.append(contentsOf: bytes)
        case .swallowed, .dropped:
            return
        case .cutAfter(let left):
            effects.toClient.append(contentsOf: bytes.prefix(left))
            mode = .cutAfter(max(0, left - bytes.count))
            if left <= bytes.count { end(&effects) }
        case .mangled(var mangler):
            effects.toClient.append(contentsOf: mangler.mangle(bytes))
            mode = .mangled(mangler)
        }
    }

    private mutating func ready(status: UInt8?, _ effects: inout Effects) {
        guard stage != .over else { return }
        switch mode {
        case .passed, .dropped:
            return
        case .mangled:
            mode = .passed
        case .cutAfter, .swallowed(nil):
            end(&effects)
        case .swallowed(.some(let form)):
            mode = .passed
            effects.toClient.append(contentsOf: form.bytes)
            if form.endsSession { return end(&effects) }
            let block = UInt8(ascii: "T")
            effects.toClient.append(
                contentsOf: Message.make("Z", [status == block ? UInt8(ascii: "E") : status ?? block]))
        }
    }
}
