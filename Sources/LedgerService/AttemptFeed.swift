import Synchronization

/// Hands every attempt event to everybody who listens. A listener that falls behind loses the oldest events it
/// has not taken, never the newest: nothing waits for a screen.
public actor AttemptFeed {
    private var listeners: [Int: AsyncStream<AttemptEvent>.Continuation] = [:]
    private var nextListener = 0
    private nonisolated let count = Atomic<Int>(0)

    public init() {}

    /// Whether anybody listens; to be asked before events are made, which costs more than asking.
    nonisolated var isHeard: Bool { count.load(ordering: .relaxed) > 0 }

    /// The events from now on.
    /// - Parameter bound: the most events that wait to be taken.
    public func events(keepingNewest bound: Int = 10_000) -> AsyncStream<AttemptEvent> {
        let listener = nextListener
        nextListener += 1
        let (stream, continuation) = AsyncStream.makeStream(
            of: AttemptEvent.self, bufferingPolicy: .bufferingNewest(bound))
        continuation.onTermination = { _ in Task { await self.leave(listener) } }
        listeners[listener] = continuation
        count.add(1, ordering: .relaxed)
        return stream
    }

    func publish(_ events: [AttemptEvent]) {
        for listener in listeners.values {
            for event in events { listener.yield(event) }
        }
    }

    private func leave(_ listener: Int) {
        if listeners.removeValue(forKey: listener) != nil { count.subtract(1, ordering: .relaxed) }
    }
}
