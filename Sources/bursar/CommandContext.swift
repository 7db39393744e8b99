import ArgumentParser
import Dispatch
import EmbeddedPostgres
import Glibc
import Ledger
import LedgerService
import LedgerStore
import Logging
import Postgres
import Synchronization

/// What every command works with: settings, surroundings, where to print and where to log.
struct CommandContext: Sendable {
    let options: CommonOptions
    let environment: Environment
    let settings: Settings
    let output: Output
    let log: Logger
    let serviceEnvironment: ServiceEnvironment

    init(_ options: CommonOptions) throws(CommandError) {
        self.options = options
        environment = .current
        settings = try Settings(options, environment: environment)
        output = Output(options, color: settings.color.value)
        log = settings.makeLog()
        serviceEnvironment = .live
    }

    /// The operation that the common flags and this action make.
    func operation(_ action: Ledger.Operation.Action) throws -> Ledger.Operation {
        try Operation(
            reference: reference(), action: action, actor: settings.actor.value,
            narrative: options.narrative ?? "", valueDate: date(options.valueDate, flag: "--value-date"))
    }

    private func reference() throws -> Reference {
        if let text = options.reference { return try Reference(text) }
        return Reference(generatedFrom: serviceEnvironment.newIdentifier())
    }

    /// The date that a flag names.
    func date(_ text: String?, flag: String) throws -> CalendarDate? {
        guard let text else { return nil }
        guard let date = CalendarDate(text) else {
            throw CommandError("\(flag) takes a day that exists, written YYYY-MM-DD", .usage)
        }
        return date
    }
}

/// A command that works with a ledger.
protocol LedgerCommand: ParsableCommand, Sendable {
    var common: CommonOptions { get }

    /// Does the work. What it throws is reported by the caller.
    func run(_ context: CommandContext) async throws -> ExitStatus
}

extension LedgerCommand {
    mutating func run() throws {
        let status = Output.completed(Self.finish(self))
        if status != .done { throw ExitCode(status.rawValue) }
    }

    /// Runs the command's task to its end while this thread waits: the main thread belongs to the console, so
    /// commands are not started as async ones.
    private nonisolated static func finish(_ command: Self) -> ExitStatus {
        InterruptSignals.hold()
        let context: CommandContext
        do throws(CommandError) {
            context = try CommandContext(command.common)
        } catch {
            Output(command.common, color: false).failure(error)
            return error.status
        }
        let result = Handover<ExitStatus>()
        let task = Task.detached { @Sendable in
            do {
                result.give(try await command.run(context))
            } catch {
                let error = CommandError(error)
                context.log.error("\(error.message)")
                context.output.failure(error)
                result.give(error.status)
            }
        }
        InterruptSignals.watch { task.cancel() }
        return result.take()
    }
}

extension LedgerCommand {
    /// Opens the ledger, does something with it, and closes it whatever happens.
    func withSession(
        _ context: CommandContext, size: Session.Size? = nil,
        _ body: @Sendable (Session) async throws -> ExitStatus
    ) async throws -> ExitStatus {
        let session = try await Session.open(context, size: size)
        do {
            let status = try await body(session)
            await session.close()
            return status
        } catch {
            await session.close()
            throw error
        }
    }
}

/// A command that posts one operation.
protocol PostingCommand: LedgerCommand {
    func action() throws -> Ledger.Operation.Action
}

extension PostingCommand {
    func run(_ context: CommandContext) async throws -> ExitStatus {
        let operation = try context.operation(action())
        return try await withSession(context) { session in
            try await session.requireWritable()
            await session.mentionLeftOperations(context.output)
            return await context.output.showingAttempts(of: session.service.feed) {
                let outcome = await session.service.perform(operation)
                context.output.outcome(outcome, of: operation)
                session.service.acknowledge([outcome])
                return ExitStatus(outcome)
            }
        }
    }
}

extension Session {
    /// Says that operations of killed programs wait for somebody to be told their outcomes.
    func mentionLeftOperations(_ output: Output) async {
        guard let outbox = service.outbox else { return }
        do throws(OutboxError) {
            let count = try await outbox.survey().here
            if count == 0 { return }
            output.note(
                "bursar: \(Money.counted(count, "operation")) \(count == 1 ? "was" : "were") sent by a program that was "
                    + "killed before it could say what became of them; `bursar doctor` tells")
        } catch {
            service.log.warning("\(error.message)")
        }
    }
}

/// One value from a task to a thread that waits for it.
final class Handover<Value: Sendable>: Sendable {
    private let ready = DispatchSemaphore(value: 0)
    private let value = Mutex<Value?>(nil)

    func give(_ value: Value) {
        self.value.withLock { $0 = value }
        ready.signal()
    }

    func take() -> Value {
        while true {
            ready.wait()
            if let value = value.withLock({ $0 }) { return value }
        }
    }
}
