import Console
import Ledger
import LedgerService
import LedgerStore
import Terminal

/// Carries out what the console asks for, each in a task of its own, and sends the answers to its inbox.
///
/// It is used from the terminal's thread alone; only the inbox crosses threads.
final class ConsoleEffects {
    private let session: Session
    private let inbox: Inbox<ConsoleAction>
    private let connection: ConnectionWatch
    private let events: Task<Void, Never>
    /// Operations under way.
    private var postings: [Reference: Task<Void, Never>] = [:]

    init(session: Session, inbox: Inbox<ConsoleAction>) {
        self.session = session
        self.inbox = inbox
        connection = ConnectionWatch(session: session, inbox: inbox)
        events = Task { [feed = session.service.feed] in
            var waiting: [AttemptEvent] = []
            for await event in await feed.events() {
                waiting.append(event)
                // A screen that cannot keep up gets them later and together.
                if inbox.offer(.attemptsArrived(waiting)) { waiting.removeAll(keepingCapacity: true) }
            }
        }
    }

    var hasOpenOperations: Bool { !postings.isEmpty }

    /// Stops listening.
    /// - Returns: the operations under way, each to be waited for before the ledger is closed, so that it has its
    ///   outcome.
    func finish() -> [Task<Void, Never>] {
        events.cancel()
        return Array(postings.values)
    }

    /// An operation has its outcome.
    func ended(_ reference: Reference) { postings[reference] = nil }

    func perform(_ effect: ConsoleEffect) {
        let queries = session.store.queries
        let service = session.service
        switch effect {
        case .loadAccounts(let id, let filter, let start, let limit):
            answer(id) {
                .accountsLoaded(id, try await queries.accounts(filter, from: .init(start), limit: limit))
            }
        case .loadHistory(let id, let account, let newest, let limit):
            answer(id) {
                .historyLoaded(
                    id, try await queries.history(of: account, newestSeq: newest, limit: limit))
            }
        case .countAccounts(let id, let filter):
            answer(id) { .accountsCounted(id, try await queries.countAccounts(filter)) }
        case .loadTrialBalance(let id):
            answer(id) { .trialBalanceLoaded(id, try await queries.trialBalance()) }
        case .preview(let id, let operation):
            answer(id) { .previewed(id, try await service.preview(operation)) }
        case .lookUp(let id, let reference):
            answer(id) {
                .transactionLoaded(id, try await queries.transactions(references: [reference]).first)
            }
        case .settle(let id, let reference):
            answer(id) { .settled(id, try await service.settled(reference)) }
        case .post(let operation, let confirmation): post(operation, confirmation)
        case .cancelOperation(let reference): postings[reference]?.cancel()
        case .redraw, .suspend, .quit: break
        }
    }

    private func post(_ operation: Ledger.Operation, _ confirmation: Confirmation?) {
        let (service, inbox) = (session.service, inbox)
        postings[operation.reference] = Task {
            inbox.send(.operationFinished(await service.perform(operation, confirmed: confirmation)))
        }
    }

    private func answer(_ id: RequestID, _ ask: @escaping @Sendable () async throws -> ConsoleAction) {
        let (inbox, connection) = (inbox, connection)
        Task {
            do {
                inbox.send(try await ask())
            } catch {
                let failure = error as? StoreFailure ?? StoreFailure(error, writing: false)
                inbox.send(.queryFailed(id, message: failure.cause))
                if failure.kind == .unavailable { await connection.isLost(failure.cause) }
            }
        }
    }
}

/// Tells when the ledger can be reached again.
private actor ConnectionWatch {
    private let session: Session
    private let inbox: Inbox<ConsoleAction>
    private var isWatching = false

    init(session: Session, inbox: Inbox<ConsoleAction>) {
        self.session = session
        self.inbox = inbox
    }

    func isLost(_ message: String) async {
        if isWatching { return }
        isWatching = true
        inbox.send(.connectionLost(message: message))
        while !Task.isCancelled {
            await session.service.recover?()
            if await isReachable() { break }
            do { try await session.service.environment.sleep(.seconds(1)) } catch { break }
        }
        isWatching = false
        inbox.send(.connectionRestored)
    }

    private func isReachable() async -> Bool {
        do {
            _ = try await session.store.schemaVersion()
            return true
        } catch {
            return false
        }
    }
}

extension LedgerQueries.Start {
    fileprivate init(_ start: AccountsStart) {
        self =
            switch start {
            case .first: .first
            case .after(let code): .after(code)
            case .before(let code): .before(code)
            case .last: .last
            }
    }
}
