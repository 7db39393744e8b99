import Synchronization

/// The way of some operations into the outbox, while they are on their way to the server already: what they write is
/// committed when they are on the disk, and not if they cannot be.
final class Keeping: Sendable {
    private enum State {
        case underWay([CheckedContinuation<OperationOutcome.Result?, Never>])
        /// On the disk, or with this as the outcome of all of them.
        case over(OperationOutcome.Result?)
    }

    private let state = Mutex(State.underWay([]))

    /// Whether the operations are on the disk.
    var isKept: Bool {
        state.withLock { if case .over(nil) = $0 { true } else { false } }
    }

    /// - Parameter failure: the outcome of all the operations; nil when they are on the disk.
    func end(_ failure: OperationOutcome.Result?) {
        let waiting = state.withLock { state -> [CheckedContinuation<OperationOutcome.Result?, Never>] in
            defer { state = .over(failure) }
            if case .underWay(let waiting) = state { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume(returning: failure) }
    }

    /// Waits until the operations are on the disk.
    /// - Returns: the outcome of all of them when they cannot be.
    func failure() async -> OperationOutcome.Result? {
        await withCheckedContinuation { continuation in
            let known: OperationOutcome.Result?? = state.withLock { state in
                switch state {
                case .underWay(let waiting):
                    state = .underWay(waiting + [continuation])
                    return nil
                case .over(let failure): return .some(failure)
                }
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
