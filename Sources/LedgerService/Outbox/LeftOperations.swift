import Ledger
import LedgerStore

/// An operation that a program sent which was killed before it could tell anybody the outcome.
public struct LeftOperation: Sendable, Hashable {
    public let operation: Operation
    /// When it was about to be sent, by this machine's clock.
    public let begunAt: Timestamp
    public let fate: Fate

    public enum Fate: Sendable, Hashable {
        case posted(Receipt)
        /// It is not on the books and will not come there by itself. It can be sent again, under any reference.
        case notPosted
        /// It is not on the books yet. Until then a write of it may still be under way at the server.
        case undecided(until: Timestamp)
    }

    public init(operation: Operation, begunAt: Timestamp, fate: Fate) {
        self.operation = operation
        self.begunAt = begunAt
        self.fate = fate
    }
}

extension LedgerService {
    /// A write that a server is still at after so long has been ended by it: `statement_timeout` of sessions that post.
    public static let longestWrite = Dialect.longestStatement

    /// Puts operations into the outbox, before anything of them can be on the books.
    /// - Returns: nil when they are there; else the outcome of all of them: nothing is posted.
    func keep(_ operations: [Operation]) async -> OperationOutcome.Result? {
        guard let outbox else { return nil }
        let now = environment.now()
        let over = now.advanced(by: policy.deadline + Self.longestWrite)
        do throws(OutboxError) {
            try await outbox.keep(
                operations.map { OutboxEntry(operation: $0, begunAt: now, overAt: over) })
            return nil
        } catch {
            log.error("\(error.message)")
            return .failed(Failure(message: error.message + "; nothing was posted"))
        }
    }

    /// Says that somebody has been told these outcomes, so that no later program tells them. Those that are not known
    /// are kept.
    public func acknowledge(_ outcomes: [OperationOutcome]) {
        acknowledge(
            outcomes.compactMap { outcome in
                if case .unknown = outcome.result { nil } else { outcome.reference }
            })
    }

    /// The same for operations whose outcome was found out later.
    ///
    /// It is not waited for. Where operations follow each other, those that end are struck off with those that begin.
    public func acknowledge(_ references: [Reference]) {
        guard let outbox, !references.isEmpty, outbox.noteTold(references) else { return }
        Task { [log, environment] in
            do throws(OutboxError) {
                // Nobody cancels this task, so that the sleep ends when it is due.
                try? await environment.sleep(Self.strikingOff)
                try await outbox.strikeOffTold()
            } catch {
                // They are asked about once more, and nothing worse.
                log.error("\(error.message)")
            }
        }
    }

    /// How long after somebody was told an outcome a program that is killed may leave it to be told again.
    private static let strikingOff = Duration.milliseconds(20)

    /// What became of the operations that killed programs have left open on this ledger. Each is told again until it is
    /// acknowledged.
    /// - Throws: ``OutboxError``, or what the store throws when the ledger cannot be asked.
    public func leftOperations() async throws -> [LeftOperation] {
        guard let outbox else { return [] }
        var left: [LeftOperation] = []
        let entries = try await outbox.takeOver()
        if entries.isEmpty { return [] }
        // A commit that waits for a standby is not on the books yet, and waits as long as it takes.
        let isFinal = (try? await store.confirm(timeout: Self.confirmation)) != nil
        for start in stride(from: 0, to: entries.count, by: Self.leftPage) {
            let page = entries[start..<min(start + Self.leftPage, entries.count)]
            // Asked before the books are: what comes on them later than that is not taken for missing.
            let now = environment.now()
            let settled = try await store.queries.settled(references: page.map(\.operation.reference))
            for entry in page {
                left.append(
                    LeftOperation(
                        operation: entry.operation, begunAt: entry.begunAt,
                        fate: Self.fate(
                            of: entry, settled[entry.operation.reference], now: now, isFinal: isFinal)))
            }
        }
        return left
    }

    private static let leftPage = 500
    static let confirmation = Duration.seconds(2)

    private static func fate(
        of entry: OutboxEntry, _ settled: SettledOperation?, now: Timestamp, isFinal: Bool
    ) -> LeftOperation.Fate {
        // Another request under this reference means that ours can never be posted.
        if let settled {
            return settled.fingerprint == entry.operation.fingerprint ? .posted(settled.receipt) : .notPosted
        }
        if !isFinal { return .undecided(until: max(entry.overAt, now.advanced(by: longestWrite))) }
        return now < entry.overAt ? .undecided(until: entry.overAt) : .notPosted
    }
}
