import Console
import Glibc
import Ledger
import LedgerService
import LedgerStore
import Terminal

/// Brings console, terminal and ledger together: keys and answers go into the console's state, what it asks for
/// is carried out, and what it shows is drawn.
enum ConsoleRuntime {
    /// Runs the console on this thread, which must be the main one, until somebody quits.
    /// - Parameters:
    ///   - isReadOnly: whether nothing may be posted, whatever the role may do.
    ///   - remembers: whether filters, order and screen are kept for the next time.
    ///   - open: opens the ledger.
    ///   - background: what goes on meanwhile; its task is cancelled at the end.
    /// - Returns: the program's exit status.
    static func run(
        _ options: CommonOptions, isReadOnly: Bool = false, remembers: Bool = true,
        open: @escaping @Sendable (CommandContext) async throws -> Session,
        background: @escaping @Sendable (Session) async -> Void = { _ in }
    ) -> Int32 {
        do {
            let context = try CommandContext(options)
            try Terminal.check()
            let (session, access, isStandby) = try wait {
                let session = try await open(context)
                return (session, try await session.store.access(), try await session.store.isStandby())
            }
            let work = Task.detached { await background(session) }
            let result = Result {
                var identity = identity(session, access, context)
                identity.isReadOnly = isReadOnly
                identity.isStandby = isStandby
                return try run(session, identity, context, remembers: remembers)
            }
            try wait {
                work.cancel()
                await work.value
                await session.close()
            }
            return try result.get()
        } catch {
            let error = CommandError(error)
            Output(options, color: false).failure(error)
            return error.status.rawValue
        }
    }

    private static func run(
        _ session: Session, _ identity: Identity, _ context: CommandContext, remembers: Bool
    ) throws -> Int32 {
        let settings = context.settings
        var memory = remembers ? PreferencesFile(context, ledger: session.database) : nil
        let preferences = memory?.load() ?? settings.preferences
        let inbox = try Inbox<ConsoleMessage>()
        let terminal = try Terminal.open(
            Terminal.Options(usesColor: settings.color.value, theme: preferences.theme))
        terminal.setMouse(preferences.usesMouse)
        let environment = context.serviceEnvironment
        let effects = ConsoleEffects(session: session, inbox: inbox)
        var state = ConsoleState(
            identity: identity,
            surroundings: surroundings(session, context, showsUnicode: terminal.showsUnicode),
            preferences: preferences, now: environment.now(), size: terminal.size)
        for effect in state.start() { effects.perform(effect) }
        var isDrawn = false
        let handle = { (events: [TerminalEvent<ConsoleMessage>]) -> Directive in
            if isDrawn { effects.frameIsDrawn() }
            isDrawn = false
            var directive = Directive()
            let time = ConsoleAction.ticked(environment.now())
            for action in [time] + events.compactMap({ ConsoleAction($0, effects) }) {
                effects.note(action)
                for effect in state.update(action) {
                    if let request = Directive.Request(effect) {
                        directive.requests.append(request)
                    } else {
                        effects.perform(effect)
                    }
                }
            }
            // Not at every key of a filter: a second later is soon enough.
            if events.contains(where: \.isTick) { memory?.save(state.preferences) }
            directive.nextTick = state.nextTick
            return directive
        }
        let view = {
            isDrawn = true
            return state.view()
        }
        let ending = terminal.run(inbox: inbox, view: view, handle: handle)
        if isDrawn { effects.frameIsDrawn() }
        memory?.save(state.preferences)
        if effects.hasOpenOperations {
            context.output.note("waiting for operations under way")
        }
        let outcomes = try wait { [postings = effects.finish()] in
            var outcomes: [OperationOutcome] = []
            for posting in postings { outcomes.append(await posting.value) }
            return outcomes
        }
        sayLastWords(of: state, outcomes, context)
        try wait { [service = session.service, acknowledging = effects.acknowledging] in
            await acknowledging?.value
            service.acknowledge(outcomes)
        }
        return ending.exitStatus
    }

    /// What the screen cannot show any more: how operations ended that were still under way, and which outcomes are
    /// not known.
    private static func sayLastWords(
        of state: ConsoleState, _ outcomes: [OperationOutcome], _ context: CommandContext
    ) {
        for outcome in outcomes {
            let word =
                switch outcome.result {
                case .posted, .alreadyPosted: "posted"
                case .refused(let refusal): "refused: \(refusal.message)"
                case .failed(let failure), .gaveUp(let failure): failure.message
                case .cancelled: "stopped; nothing was written"
                case .unknown: "its outcome is not known: run `bursar show \(outcome.reference)`"
                }
            context.output.note("\(outcome.reference): \(word)")
        }
        let ended = Set(outcomes.map(\.reference))
        for reference in state.unknownReferences where !ended.contains(reference) {
            context.output.note("\(reference): its outcome is not known: run `bursar show \(reference)`")
        }
    }

    private static func surroundings(
        _ session: Session, _ context: CommandContext, showsUnicode: Bool
    ) -> ConsoleState.Surroundings {
        let environment = context.serviceEnvironment
        return ConsoleState.Surroundings(
            symbols: showsUnicode ? .unicode : .ascii, keymap: context.settings.keymap,
            settings: context.settings.listing(of: session).map {
                SettingLine(name: $0.name, value: $0.value, origin: $0.origin)
            },
            statementText: { LedgerStore.statementText(named: $0) },
            makeReference: { Reference(generatedFrom: environment.newIdentifier()) })
    }

    private static func identity(
        _ session: Session, _ access: Access, _ context: CommandContext
    ) -> Identity {
        let name = context.settings.environmentName.value
        // A mark that stands where it is not true is not believed where it is.
        let environment =
            name.isEmpty || session.isThrowAway
            ? nil : LedgerEnvironment(name: name, color: context.settings.environmentColor.value)
        return Identity(
            ledger: session.ledgerName, environment: environment, actor: context.settings.actor.value,
            role: access.level.rawValue, mayPost: access.level >= .operator,
            mayChangeAccounts: access.level >= .supervisor, mayReverse: access.mayReverse,
            isConfined: access.isConfined)
    }

    /// Waits on this thread for a task.
    private static func wait<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let result = Handover<Result<Value, any Error>>()
        Task.detached {
            do {
                result.give(.success(try await body()))
            } catch {
                result.give(.failure(error))
            }
        }
        return try result.take().get()
    }
}

extension ConsoleAction {
    /// Nil for a tick: the time comes with every wake-up.
    fileprivate init?(_ event: TerminalEvent<ConsoleMessage>, _ effects: ConsoleEffects) {
        switch event {
        case .key(let key): self = .keyPressed(key)
        case .resized(let size): self = .resized(size)
        case .message(let message): self = effects.action(of: message)
        case .tick: return nil
        }
    }
}

extension TerminalEvent {
    fileprivate var isTick: Bool {
        if case .tick = self { true } else { false }
    }
}

extension Directive.Request {
    /// What is the terminal's to do; nil for what is the ledger's.
    fileprivate init?(_ effect: ConsoleEffect) {
        switch effect {
        case .quit: self = .quit
        case .suspend: self = .suspend
        case .redraw: self = .redraw
        case .copy(let text): self = .copy(text)
        case .useMouse(let isOn): self = .setMouse(isOn)
        case .useTheme(let theme): self = .setTheme(theme)
        case .ask, .withdraw, .post, .acknowledge, .cancelOperation: return nil
        }
    }
}
