import Ledger
import Synchronization

/// Tells everybody who listens what becomes of each operation. Nothing waits for a listener: what one that falls behind
/// is not handed is in its totals all the same.
public final class AttemptFeed: Sendable {
    private let mailboxes = Mutex<[ObjectIdentifier: AttemptMailbox]>([:])
    private let count = Atomic<Int>(0)

    public init() {}

    /// Whether anybody listens; to be asked before events are made, which costs more than asking.
    var isHeard: Bool { count.load(ordering: .relaxed) > 0 }

    /// Everything from now on, until nobody waits for ``AttemptMailbox/arrivals`` any more.
    public func listen(_ limits: AttemptSample.Limits = .screen) -> AttemptMailbox {
        let mailbox = AttemptMailbox(limits)
        let key = ObjectIdentifier(mailbox)
        mailboxes.withLock { $0[key] = mailbox }
        count.add(1, ordering: .relaxed)
        mailbox.onLeaving { [weak self] in self?.leave(key) }
        return mailbox
    }

    /// Called once for what happened to many operations together.
    func publish(_ events: [AttemptEvent]) {
        for mailbox in mailboxes.withLock({ Array($0.values) }) { mailbox.put(events) }
    }

    private func leave(_ key: ObjectIdentifier) {
        let left = mailboxes.withLock { $0.removeValue(forKey: key) }
        if left != nil { count.subtract(1, ordering: .relaxed) }
    }
}

/// What a listener has not taken yet. It is of bounded size, however long nothing is taken.
public final class AttemptMailbox: Sendable {
    /// Says that there is something to take. It says so once, until it is taken.
    public let arrivals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let content: Mutex<Content>

    private struct Content {
        var sample: AttemptSample
        var isAnnounced = false
    }

    init(_ limits: AttemptSample.Limits) {
        (arrivals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        content = Mutex(Content(sample: AttemptSample(limits)))
    }

    /// All that came since the last time, in one piece.
    public func take() -> AttemptBatch {
        content.withLock { content in
            content.isAnnounced = false
            return content.sample.take()
        }
    }

    /// Asks for every event of an operation that is about to be performed, however many others there are.
    public func follow(_ reference: Reference) { content.withLock { $0.sample.follow(reference) } }

    /// Events that wait to be taken.
    var waiting: Int { content.withLock { $0.sample.waiting } }

    func put(_ events: [AttemptEvent]) {
        let isFirst = content.withLock { content in
            content.sample.add(events)
            defer { content.isAnnounced = true }
            return !content.isAnnounced
        }
        if isFirst { signal.yield() }
    }

    func onLeaving(_ body: @escaping @Sendable () -> Void) { signal.onTermination = { _ in body() } }
}
