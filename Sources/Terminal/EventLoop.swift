import CTerminal
import Console
import Glibc

/// What the loop woke up for.
public enum TerminalEvent<Message: Sendable>: Sendable {
    case key(Key)
    case resized(Size)
    case message(Message)
    /// The time that the last directive asked for has passed.
    case tick
}

/// What the loop is to do next.
public struct Directive: Sendable {
    /// Whether the frame has to be drawn again.
    public var needsDrawing = true
    /// How long to wait for anything to happen before there is a tick; nil for as long as it takes.
    public var nextTick: Duration?
    public var request: Request?

    public enum Request: Sendable, Hashable {
        case quit
        /// Gives the terminal back to the shell until the program is continued.
        case suspend
        /// Draws everything anew.
        case redraw
    }

    public init(needsDrawing: Bool = true, nextTick: Duration? = nil, request: Request? = nil) {
        self.needsDrawing = needsDrawing
        self.nextTick = nextTick
        self.request = request
    }
}

/// Why the loop ended. The terminal has been given back.
public enum Ending: Sendable, Hashable {
    case quit
    /// A signal asked for it: the program should end with ``exitStatus``.
    case signal(Int32)
    /// The terminal is gone.
    case hangup

    /// As shells report it: 128 and the signal's number.
    public var exitStatus: Int32 {
        switch self {
        case .quit: 0
        case .signal(let number): 128 + number
        case .hangup: 128 + SIGHUP
        }
    }
}

extension Terminal {
    /// Runs until something asks for the end; then gives the terminal back.
    ///
    /// Idle it waits in one `poll` and uses no processor time. When much happens, frames are drawn at most as often
    /// as the options say; a key in quiet times is answered at once.
    /// - Parameters:
    ///   - view: the frame to show; called only when it is going to be drawn.
    ///   - handle: takes what happened, all at once.
    public func run<Message: Sendable>(
        inbox: Inbox<Message>, view: () -> Frame, handle: ([TerminalEvent<Message>]) -> Directive
    ) -> Ending {
        defer { close() }
        var waiter = Waiter(inbox: inbox.descriptor)
        var pacer = Pacer(framesPerSecond: options.framesPerSecond)
        var directive = handle([.resized(size)])
        var tickAt = directive.nextTick.map { ContinuousClock.now + $0 }
        while true {
            switch directive.request {
            case .quit: return .quit
            case .suspend: stop()
            case .redraw: forget()
            case nil: break
            }
            directive.request = nil
            if directive.needsDrawing, pacer.mayDraw {
                draw(view())
                directive.needsDrawing = false
                pacer.drew()
            }
            let wakeAt = directive.needsDrawing ? [pacer.next, tickAt].compactMap { $0 }.min() : tickAt
            let ready = waiter.wait(until: wakeAt)
            if ready.hangup { return .hangup }
            var events: [TerminalEvent<Message>] = []
            if ready.signals, let ending = takeSignals(into: &events) { return ending }
            if ready.keys { readKeys(into: &events) }
            if ready.messages { events += inbox.take().map { .message($0) } }
            if let at = tickAt, ContinuousClock.now >= at {
                events.append(.tick)
                tickAt = nil
            }
            if events.isEmpty { continue }
            let wasWaiting = directive.needsDrawing
            directive = handle(events)
            directive.needsDrawing = directive.needsDrawing || wasWaiting
            // A tick that is due keeps its time, however many messages come before it.
            tickAt = tickAt ?? directive.nextTick.map { ContinuousClock.now + $0 }
        }
    }

    private func stop() {
        cterminal_suspend()
        forget()
    }

    private func readKeys<Message>(into events: inout [TerminalEvent<Message>]) {
        var value: UInt32 = 0
        // A terminal that sends without end must not keep the loop from drawing.
        for _ in 0..<20_000 {
            let key: Key?
            switch cterminal_read_key(&value) {
            case 1: key = decoder.character(value)
            case 2: key = decoder.named(Int(value))
            default: return
            }
            if let key { events.append(.key(key)) }
        }
    }

    /// - Returns: the ending that a signal asks for.
    private func takeSignals<Message>(into events: inout [TerminalEvent<Message>]) -> Ending? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(cterminal_signal_descriptor(), &bytes, bytes.count)
        guard count > 0 else { return nil }
        for number in Set(bytes.prefix(count).map(Int32.init)) {
            switch number {
            case SIGTERM, SIGHUP, SIGINT, SIGQUIT:
                cterminal_acknowledge_signal()
                return .signal(number)
            case SIGTSTP: stop()
            case SIGWINCH, SIGCONT:
                cterminal_adopt_size()
                forget()
                events.append(.resized(size))
            default: break
            }
        }
        return nil
    }
}

/// Waits for keys, messages and signals in one call.
private struct Waiter {
    private var descriptors: [pollfd]

    struct Ready {
        var keys = false
        var messages = false
        var signals = false
        var hangup = false
    }

    init(inbox: Int32) {
        descriptors = [STDIN_FILENO, inbox, cterminal_signal_descriptor()].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
    }

    mutating func wait(until deadline: ContinuousClock.Instant?) -> Ready {
        var timeout: Int32 = -1
        if let deadline {
            let left = (deadline - .now) / .milliseconds(1)
            // Rounded up, since an early end would only be a second wait.
            timeout = left > 0 ? Int32(clamping: Int64(left.rounded(.up))) : 0
        }
        for index in descriptors.indices { descriptors[index].revents = 0 }
        guard poll(&descriptors, nfds_t(descriptors.count), timeout) > 0 else { return Ready() }
        func has(_ index: Int, _ event: Int32) -> Bool { Int32(descriptors[index].revents) & event != 0 }
        return Ready(
            keys: has(0, POLLIN), messages: has(1, POLLIN), signals: has(2, POLLIN),
            hangup: has(0, POLLHUP | POLLERR | POLLNVAL) && !has(0, POLLIN))
    }
}

/// Spreads frames out when there are many.
private struct Pacer {
    private let interval: Duration
    private(set) var next = ContinuousClock.now

    init(framesPerSecond: Int) { interval = .seconds(1) / framesPerSecond }

    var mayDraw: Bool { ContinuousClock.now >= next }

    mutating func drew() { next = ContinuousClock.now + interval }
}
