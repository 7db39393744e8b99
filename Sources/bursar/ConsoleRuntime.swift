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
    ///   - open: opens the ledger.
    ///   - background: what goes on meanwhile; its task is cancelled at the end.
    /// - Returns: the program's exit status.
    static func run(
        _ options: CommonOptions, open: @escaping @Sendable (CommandContext) async throws -> Session,
        background: @escaping @Sendable (Session) async -> Void = { _ in }
    ) -> Int32 {
        do {
            let context = try CommandContext(options)
            try Terminal.check()
            let (session, access) = try wait {
                let session = try await open(context)
                return (session, try await session.store.accessLevel())
            }
            let work = Task.detached { await background(session) }
            let result = Result { try run(session, access, context) }
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
        _ session: Session, _ access: AccessLevel, _ context: CommandContext
    ) throws -> Int32 {
        let inbox = try Inbox<ConsoleAction>()
        let terminal = try Terminal.open(Terminal.Options(usesColor: context.settings.color.value))
        let environment = context.serviceEnvironment
        let effects = ConsoleEffects(session: session, inbox: inbox)
        var state = ConsoleState(
            identity: identity(session, access, context), now: environment.now(), size: terminal.size,
            symbols: terminal.showsUnicode ? .unicode : .ascii,
            makeReference: { Reference(generatedFrom: environment.newIdentifier()) })
        for effect in state.start() { effects.perform(effect) }
        let handle = { (events: [TerminalEvent<ConsoleAction>]) -> Directive in
            var directive = Directive()
            let time = ConsoleAction.ticked(environment.now())
            for action in [time] + events.compactMap(ConsoleAction.init) {
                if case .operationFinished(let outcome) = action { effects.ended(outcome.reference) }
                for effect in state.update(action) {
                    switch effect {
                    case .quit: directive.request = .quit
                    case .suspend: directive.request = .suspend
                    case .redraw: directive.request = .redraw
                    default: effects.perform(effect)
                    }
                }
            }
            directive.nextTick = state.nextTick
            return directive
        }
        let ending = terminal.run(inbox: inbox, view: { state.view() }, handle: handle)
        if effects.hasOpenOperations {
            context.output.note("waiting for operations under way")
        }
        try wait { [postings = effects.finish()] in for posting in postings { await posting.value } }
        return ending.exitStatus
    }

    private static func identity(
        _ session: Session, _ access: AccessLevel, _ context: CommandContext
    ) -> ConsoleState.Identity {
        let environment = context.settings.environmentName.value
        return ConsoleState.Identity(
            ledger: environment.isEmpty ? session.ledgerName : "\(session.ledgerName) (\(environment))",
            actor: context.settings.actor.value, role: access.rawValue,
            mayPost: access >= .operator, mayChangeAccounts: access >= .supervisor)
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
    fileprivate init?(_ event: TerminalEvent<ConsoleAction>) {
        switch event {
        case .key(let key): self = .keyPressed(key)
        case .resized(let size): self = .resized(size)
        case .message(let action): self = action
        case .tick: return nil
        }
    }
}
