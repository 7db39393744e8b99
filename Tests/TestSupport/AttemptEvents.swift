import LedgerService

extension AttemptFeed {
    /// Every event from now on, one by one.
    public func everyEvent() -> AsyncStream<AttemptEvent> {
        let mailbox = listen(.everything)
        let (events, continuation) = AsyncStream.makeStream(of: AttemptEvent.self)
        let taking = Task {
            for await _ in mailbox.arrivals {
                for event in mailbox.take().events { continuation.yield(event) }
            }
        }
        continuation.onTermination = { _ in taking.cancel() }
        return events
    }
}
