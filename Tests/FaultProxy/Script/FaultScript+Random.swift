extension FaultScript {
    /// A mix of faults for a long run; the same seed makes the same script, and the script's decisions follow
    /// from its seed too: see ``FaultScript``.
    ///
    /// No fault of it lasts: what stands still or is thrown away does so for at most a second. A client
    /// without deadlines of its own can still wait for ever, for an answer that was thrown away or spoilt;
    /// leave the kinds out that it is not to meet.
    ///
    /// - Parameters:
    ///   - seed: decides everything.
    ///   - intensity: the part of all matching statements that meet a fault, from 0 through 1, about; the
    ///     part of all connections that are refused is a third of it.
    ///   - text: part of the text of the statements that are meant; nil is all.
    ///   - role: the user or part of the application_name of the connections that are meant; nil is all.
    ///   - kinds: the kinds that may come. By default all but ``FaultKind/mangle``, after which nothing that
    ///     the client says about the outcome can be relied on, and those that change values.
    public static func random(
        seed: UInt64, intensity: Double, containing text: String? = nil, role: String? = nil,
        kinds: Set<FaultKind> = campaignKinds
    ) -> FaultScript {
        var generator = SeededGenerator(seed, 0x72_61_6E_64)
        let faults = statementFaults(&generator).filter { kinds.contains($0.fault.kind) }
        let weights = faults.reduce(0) { $0 + $1.weight }
        var rules: [FaultRule] = []
        // The first rule that fires counts: each gets its share of what those before it leave.
        var left = 1.0
        for (fault, weight) in faults where weights > 0 {
            let share = min(1, max(0, intensity)) * weight / weights
            rules.append(
                FaultRule(
                    when: .statement(.probability(min(1, share / left)), containing: text, role: role),
                    fault: fault))
            left = max(left - share, .leastNonzeroMagnitude)
        }
        let startup = startupFaults(&generator).filter { kinds.contains($0.kind) }
        for fault in startup {
            let probability = min(1, max(0, intensity)) / 3 / Double(startup.count)
            rules.append(FaultRule(when: .connection(.probability(probability), role: role), fault: fault))
        }
        return FaultScript(seed: seed, rules: rules)
    }

    /// What ``random(seed:intensity:containing:role:kinds:)`` makes use of by default.
    public static let campaignKinds: Set<FaultKind> = [
        .delayRequest, .delayAnswer, .cutBeforeServer, .cutAfterServer, .cutMidAnswer, .freeze, .answer,
        .answerAfterServer, .dropClientToServer, .dropServerToClient, .refuseConnections, .flap,
    ]

    private typealias Weighted = (fault: Fault, weight: Double)

    /// In an order that the seed decides: of two that could fire at once, the first does.
    private static func statementFaults(_ generator: inout SeededGenerator) -> [Weighted] {
        func milliseconds(_ range: ClosedRange<Int>) -> Duration {
            .milliseconds(Int.random(in: range, using: &generator))
        }
        var faults: [Weighted] = [
            (.delay(.request, milliseconds(1...20)), 3), (.delay(.request, milliseconds(20...200)), 1),
            (.delay(.answer, milliseconds(1...20)), 3), (.delay(.answer, milliseconds(20...200)), 1),
            (.cutBeforeServer, 3), (.cutAfterServer(awaitingAnswer: true), 3),
            (.cutAfterServer(awaitingAnswer: false), 2),
            (.cutMidAnswer(bytes: Int.random(in: 0...80, using: &generator)), 2),
            (.freeze(milliseconds(1...100)), 1), (.freeze(milliseconds(100...1_000)), 0.5),
            (.dropClientToServer(milliseconds(10...1_000)), 0.3),
            (.dropServerToClient(milliseconds(10...1_000)), 0.3),
            (.flap(up: milliseconds(20...200), down: milliseconds(10...100), cycles: 2), 0.1),
            (.mangle(seed: generator.next()), 1),
        ]
        for form in ErrorForm.retryable { faults.append((.answer(form), 0.5)) }
        for form in ErrorForm.ambiguous {
            faults.append((.answer(form), 0.5))
            faults.append((.answerAfterServer(form), 1))
        }
        for form in [ErrorForm.adminShutdown, .crashShutdown, .connectionFailure] {
            faults.append((.answer(form), 0.3))
            faults.append((.answerAfterServer(form), 0.3))
        }
        for form in [ErrorForm.outOfMemory, .readOnly, .snapshotTooOld] {
            faults.append((.answer(form), 0.2))
        }
        faults.shuffle(using: &generator)
        return faults
    }

    private static func startupFaults(_ generator: inout SeededGenerator) -> [Fault] {
        let duration = Duration.milliseconds(Int.random(in: 5...200, using: &generator))
        let pause = Duration.milliseconds(Int.random(in: 5...100, using: &generator))
        return ErrorForm.startup.map { .answerStartup($0) } + [
            .refuseConnections(.next(Int.random(in: 1...3, using: &generator))),
            .refuseConnections(.lasting(duration)), .delay(.request, pause), .cutBeforeServer,
            .cutMidAnswer(bytes: Int.random(in: 0...200, using: &generator)),
        ]
    }
}
