import CTerminal
import Glibc
import Synchronization

/// Messages for the thread that runs the terminal, from any other.
///
/// It is bounded: what is sent by ``send(_:)`` are answers, of which there are never more than there were
/// questions; what comes by itself, such as attempts, is offered, and refused while much is waiting.
public final class Inbox<Message: Sendable>: Sendable {
    private let waiting = Mutex<[Message]>([])
    private let bound: Int
    /// Readable while messages wait.
    let descriptor: Int32

    /// - Parameter bound: with so many messages waiting, offers are refused.
    /// - Throws: ``TerminalError/system(_:)`` when the process has no descriptor left.
    public init(bound: Int = 1000) throws(TerminalError) {
        self.bound = bound
        descriptor = cterminal_wake_create()
        if descriptor < 0 { throw .system("no descriptor is left to wake the screen with") }
    }

    deinit { close(descriptor) }

    /// Delivers a message.
    public func send(_ message: Message) { _ = deliver(message, bound: .max) }

    /// Delivers a message unless too many are waiting.
    /// - Returns: whether it was delivered; if not, it is to be offered again later, or together with others.
    public func offer(_ message: Message) -> Bool { deliver(message, bound: bound) }

    private func deliver(_ message: Message, bound: Int) -> Bool {
        let count = waiting.withLock { waiting -> Int in
            guard waiting.count < bound else { return 0 }
            waiting.append(message)
            return waiting.count
        }
        // Only the first one has to wake the reader, which takes all of them.
        if count == 1 { cterminal_wake(descriptor) }
        return count > 0
    }

    /// Takes all messages that wait.
    func take() -> [Message] {
        cterminal_wake_drain(descriptor)
        return waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}
