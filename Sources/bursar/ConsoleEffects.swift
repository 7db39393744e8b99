import Console
import Glibc
import Interchange
import Ledger
import LedgerService
import LedgerStore
import Terminal

/// Carries out what the console asks for, each in a task of its own, and sends the answers to its inbox.
///
/// It is used from the terminal's thread alone; only the inbox crosses threads.
final class ConsoleEffects {
    private let session: Session
    private let inbox: Inbox<ConsoleMessage>
    private let connection: ConnectionWatch
    private let attempts: AttemptMailbox
    private let events: Task<Void, Never>
    private let role: Task<Void, Never>
    private let silence: Task<Void, Never>
    /// Operations under way.
    private var postings: [Reference: Task<OperationOutcome, Never>] = [:]
    /// Operations whose outcome is in the frame that is drawn next.
    private var shown: [Reference] = []
    /// What is being noted of outcomes that were shown.
    private(set) var acknowledging: Task<Void, Never>?
    /// Questions on their way.
    private var questions: [RequestID: Task<Void, Never>] = [:]

    init(session: Session, inbox: Inbox<ConsoleMessage>) {
        self.session = session
        self.inbox = inbox
        attempts = session.service.feed.listen()
        connection = ConnectionWatch(session: session, inbox: inbox)
        role = Task { [connection] in await connection.followRole() }
        silence = Task { [connection] in await connection.watchSilence() }
        events = Task { [attempts] in await attempts.announce(to: inbox) }
    }

    /// What the message is to the console. Attempts are taken only now, so that they wait in the feed, which is bounded,
    /// while the screen stands still.
    func action(of message: ConsoleMessage) -> ConsoleAction {
        switch message {
        case .action(let action): action
        case .attemptsWait: .attemptsArrived(attempts.take())
        }
    }

    var hasOpenOperations: Bool { !postings.isEmpty }

    /// Stops listening.
    /// - Returns: the operations under way, each to be waited for before the ledger is closed, so that it has its
    ///   outcome.
    func finish() -> [Task<OperationOutcome, Never>] {
        events.cancel()
        role.cancel()
        silence.cancel()
        for question in questions.values { question.cancel() }
        return Array(postings.values)
    }

    /// Takes note of what has come to its end.
    func note(_ action: ConsoleAction) {
        switch action {
        case .operationFinished(let outcome): postings[outcome.reference] = nil
        case .answered(let id, _), .queryFailed(let id, _): questions[id] = nil
        default: break
        }
    }

    /// The frame with what was done before is on the screen.
    func frameIsDrawn() {
        guard !shown.isEmpty else { return }
        acknowledging = Task { [service = session.service, shown, acknowledging] in
            await acknowledging?.value
            service.acknowledge(shown)
        }
        shown = []
    }

    func perform(_ effect: ConsoleEffect) {
        switch effect {
        case .ask(let id, let question): ask(id, question)
        case .withdraw(let id): questions[id]?.cancel()
        case .post(let operation, let confirmation): post(operation, confirmation)
        case .cancelOperation(let reference): postings[reference]?.cancel()
        case .acknowledge(let references): shown += references
        case .copy, .useMouse, .useTheme, .redraw, .suspend, .quit: break
        }
    }

    private func post(_ operation: Ledger.Operation, _ confirmation: Confirmation?) {
        let (service, inbox) = (session.service, inbox)
        attempts.follow(operation.reference)
        postings[operation.reference] = Task {
            let outcome = await service.perform(operation, confirmed: confirmation)
            inbox.send(.operationFinished(outcome))
            return outcome
        }
    }

    private func ask(_ id: RequestID, _ question: Question) {
        let (session, inbox, connection) = (session, inbox, connection)
        questions[id] = Task {
            await connection.asked(id)
            defer { Task { await connection.ended(id) } }
            do {
                let answer = try await session.answer(id, question) { progress in
                    // A screen that cannot keep up does without some of them.
                    _ = inbox.offer(.action(progress))
                }
                inbox.send(.answered(id, answer))
            } catch let refusal as Refusal {
                inbox.send(.queryFailed(id, message: refusal.message))
            } catch let error as CommandError {
                inbox.send(.queryFailed(id, message: error.message))
            } catch let error as OutboxError {
                inbox.send(.queryFailed(id, message: error.message))
            } catch {
                let failure = error as? StoreFailure ?? StoreFailure(error, writing: false)
                inbox.send(.queryFailed(id, message: failure.cause))
                if failure.kind == .unavailable { await connection.isLost(failure.cause) }
            }
        }
    }
}

extension AttemptMailbox {
    private static let frame = Duration.seconds(1) / 30

    /// Wakes the screen for attempts: the first show at once, then as often as frames are drawn.
    fileprivate func announce(to inbox: Inbox<ConsoleMessage>) async {
        for await _ in arrivals {
            inbox.send(ConsoleMessage.attemptsWait)
            do { try await Task.sleep(for: Self.frame) } catch { return }
        }
    }
}

/// What other threads tell the terminal's.
enum ConsoleMessage: Sendable {
    case action(ConsoleAction)
    /// There are attempts to take.
    case attemptsWait
}

extension Inbox<ConsoleMessage> {
    fileprivate func send(_ action: ConsoleAction) { send(.action(action)) }
}

extension Session {
    /// Answers what the console wants to know.
    fileprivate func answer(
        _ id: RequestID, _ question: Question, progress: @escaping @Sendable (ConsoleAction) -> Void
    ) async throws -> Answer {
        let queries = store.queries
        switch question {
        case .accounts(let filter, let sort, let start, let limit):
            return .accounts(
                try await queries.accounts(filter, sort: sort, from: .init(start), limit: limit))
        case .ranking(let filter, let sort, let place, let limit):
            return .ranking(try await queries.ranking(filter, sort, from: place, limit: limit))
        case .listings(let codes): return .listings(try await queries.accounts(codes: codes))
        case .completions(let text, let limit):
            return .completions(try await queries.completions(of: text, limit: limit))
        case .history(let account, let newest, let limit):
            return .history(try await queries.history(of: account, newestSeq: newest, limit: limit))
        case .filteredHistory(let account, let filter, let newest, let limit):
            return .filteredHistory(
                try await queries.history(of: account, filter: filter, newestSeq: newest, limit: limit))
        case .recordNumber(let account, let day):
            return .recordNumber(try await queries.record(of: account, onOrBefore: day))
        case .balanceSamples(let account, let count):
            return .balanceSamples(try await queries.balanceSamples(of: account, count: count))
        case .journal(let filter, let id, let limit):
            return .journal(try await queries.journal(filter, before: id, limit: limit))
        case .newerJournal(let id, let limit):
            return .newerJournal(try await queries.journalNewer(than: id, limit: limit))
        case .accountCount(let filter): return .accountCount(try await queries.countAccounts(filter))
        case .trialBalance: return .trialBalance(try await queries.trialBalance())
        case .trialBalanceByClass: return .trialBalanceByClass(try await queries.trialBalanceByClass())
        case .preview(let operations):
            var verdicts: [Verdict] = []
            for operation in operations { verdicts.append(try await service.preview(operation)) }
            return .preview(verdicts)
        case .transaction(let key): return .transaction(try await detail(key))
        case .settled(let reference, forGood: false):
            return .settled(try await service.settled(reference), isFinal: false)
        case .settled(let reference, forGood: true):
            let (operation, isFinal) = try await service.settledForGood(reference)
            return .settled(operation, isFinal: isFinal)
        case .leftOperations: return .leftOperations(try await service.leftOperations())
        case .blockedSessions: return .blockedSessions(try await queries.blockedSessions())
        case .verify:
            return .verify(
                try await Verifier(store: store).run(progress: { progress(.progressed(id, $0)) }))
        case .export(let table, let path): return .export(path: try export(table, to: path))
        case .exportAccounts(let filter, let sort, let path):
            let export = AccountListExport(queries: queries, filter: filter, sort: sort)
            return .export(path: try await export.write(to: path) { progress(.exported(id, accounts: $0)) })
        }
    }

    private func detail(_ key: TransactionKey) async throws -> TransactionDetail? {
        let queries = store.queries
        let found: PostedTransaction? =
            switch key {
            case .reference(let reference): try await queries.transactions(references: [reference]).first
            case .id(let id): try await queries.transaction(id: id)
            }
        guard let found else { return nil }
        var original: JournalTransaction?
        if let id = found.head.reverses { original = try await queries.transaction(id: id)?.head }
        return TransactionDetail(
            transaction: found, original: original,
            reversals: found.reversedUnits > 0 ? try await queries.reversals(of: found.head.id) : [])
    }

    private func export(_ table: ExportTable, to path: String) throws(CommandError) -> String {
        let path = Environment.current.absolute(path)
        do {
            try writeNewFile(path, TableExport.csv(columns: table.columns, rows: table.rows))
        } catch {
            throw CommandError(error, writing: path)
        }
        return path
    }
}

/// Tells when the ledger cannot be reached, when it can again, and when it can be written to.
private actor ConnectionWatch {
    private let session: Session
    private let inbox: Inbox<ConsoleMessage>
    private var isWatching = false
    private var isFollowing = false
    private var isStandby = false
    /// Since when, in the time of `ServiceEnvironment.uptime`, the questions wait that have no answer yet.
    private var waiting: [RequestID: Duration] = [:]

    /// A question may take this long before it is asked whether there is anybody to answer it.
    private static let patience = Duration.seconds(3)

    init(session: Session, inbox: Inbox<ConsoleMessage>) {
        self.session = session
        self.inbox = inbox
    }

    func asked(_ id: RequestID) { waiting[id] = session.service.environment.uptime() }

    func ended(_ id: RequestID) { waiting[id] = nil }

    func isLost(_ message: String) async {
        if isWatching { return }
        isWatching = true
        inbox.send(.connectionLost(message: message))
        while !Task.isCancelled {
            await session.service.recover?()
            if await obstacle() == nil { break }
            do { try await session.service.environment.sleep(.seconds(1)) } catch { break }
        }
        isWatching = false
        inbox.send(.connectionRestored)
        // It may be another server now.
        Task { await followRole() }
    }

    /// Says whether the server is a standby, and asks it again until it is promoted. A server that is none does not
    /// become one while somebody is connected to it.
    func followRole() async {
        if isFollowing { return }
        isFollowing = true
        defer { isFollowing = false }
        // Without an answer the connection is lost, and this is begun anew when it is back.
        while !Task.isCancelled, let isStandby = try? await session.store.isStandby() {
            if isStandby != self.isStandby { inbox.send(.standbyChanged(isStandby)) }
            self.isStandby = isStandby
            guard isStandby else { return }
            do { try await session.service.environment.sleep(.seconds(1)) } catch { return }
        }
    }

    /// Says that the connection is lost also while nothing is asked, or nothing is answered, so that nobody takes an old
    /// screen for a fresh one.
    func watchSilence() async {
        while !Task.isCancelled {
            do { try await session.service.environment.sleep(.seconds(1)) } catch { return }
            if isWatching { continue }
            if isInDoubt(), let obstacle = await obstacle() {
                await isLost(obstacle)
            }
        }
    }

    private func isInDoubt() -> Bool {
        let now = session.service.environment.uptime()
        if let first = waiting.values.min(), now - first > Self.patience { return true }
        return session.store.hasLostConnection
    }

    /// Why the ledger cannot be reached; nil when it can.
    private func obstacle() async -> String? {
        do {
            try await session.store.requireAnswer()
            return nil
        } catch {
            return StoreFailure(error, writing: false).cause
        }
    }
}

extension LedgerQueries.Start {
    fileprivate init(_ start: AccountsStart) {
        self =
            switch start {
            case .first: .first
            case .after(let key): .after(key)
            case .before(let key): .before(key)
            case .last: .last
            }
    }
}
