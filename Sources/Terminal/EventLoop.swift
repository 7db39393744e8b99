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

    var isKey: Bool {
        if case .key = self { true } else { false }
    }
}

/// What the loop is to do next.
public struct Directive: Sendable {
    /// Whether the frame has to be drawn again.
    public var needsDrawing = true
    /// How long to wait for anything to happen before there is a tick; nil for as long as it takes.
    public var nextTick: Duration?
    /// Done in this order, before the frame is drawn. What follows ``Request/quit`` is not.
    public var requests: [Request]

    public enum Request: Sendable, Hashable {
        case quit
        /// Gives the terminal back to the shell until the program is continued.
        case suspend
        /// Draws everything anew.
        case redraw
        /// See ``Terminal/setMouse(_:)``.
        case setMouse(Bool)
        /// Gives text to the clipboard, see ``Terminal/copy(_:)``. Text longer than ``Terminal/copyLimit`` is
        /// not.
        case copy(String)
        case setTheme(Theme)
    }

    public init(needsDrawing: Bool = true, nextTick: Duration? = nil, requests: [Request] = []) {
        self.needsDrawing = needsDrawing
        self.nextTick = nextTick
        self.requests = requests
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
    /// Idle it waits in one `poll` and uses no processor time. A key is answered at once; for everything that happens
    /// by itself, frames are drawn at most as often as the options say.
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
            for request in directive.requests {
                if request == .quit { return .quit }
                perform(request)
            }
            directive.requests = []
            // After a stop the size may be another one, which the frame has to be made for.
            let isResumed = hasResumed
            hasResumed = false
            if directive.needsDrawing, pacer.mayDraw(), !isResumed {
                draw(view())
                directive.needsDrawing = false
                pacer.drew()
            }
            let wakeAt = directive.needsDrawing ? [pacer.next, tickAt].compactMap { $0 }.min() : tickAt
            let ready = waiter.wait(until: isResumed ? .now : wakeAt)
            var events: [TerminalEvent<Message>] = isResumed ? [.resized(size)] : []
            if ready.signals, let ending = takeSignals(into: &events) { return ending }
            if ready.keys { readKeys(into: &events) }
            // What was typed before the terminal went is not acted upon: nobody sees what comes of it.
            if ready.hangup { return .hangup }
            if ready.messages { events += inbox.take().map { .message($0) } }
            if let at = tickAt, ContinuousClock.now >= at {
                events.append(.tick)
                tickAt = nil
            }
            if events.isEmpty { continue }
            if events.contains(where: \.isKey) { pacer.keyPressed() }
            let wasWaiting = directive.needsDrawing
            directive = handle(events)
            directive.needsDrawing = directive.needsDrawing || wasWaiting
            // A tick that is due keeps its time, however many messages come before it.
            tickAt = tickAt ?? directive.nextTick.map { ContinuousClock.now + $0 }
        }
    }

    private func perform(_ request: Directive.Request) {
        switch request {
        case .quit: break
        case .suspend: stop()
        case .redraw: forget()
        case .setMouse(let isOn): setMouse(isOn)
        case .copy(let text): _ = copy(text)
        case .setTheme(let theme): use(theme: theme)
        }
    }

    private func stop() {
        cterminal_suspend()
        forget()
        hasResumed = true
    }

    private func readKeys<Message>(into events: inout [TerminalEvent<Message>]) {
        var keys: [Key] = []
        var value: UInt32 = 0
        let now = ContinuousClock.now
        // A terminal that sends without end must not keep the loop from drawing.
        reading: for _ in 0..<20_000 {
            switch cterminal_read_key(&value) {
            case 1: decoder.take(.character(value), at: now, into: &keys)
            case 2: decoder.take(.named(Int(value)), at: now, into: &keys)
            default:
                if decoder.isWaiting, moreComes() { continue reading }
                decoder.pause(into: &keys)
                break reading
            }
        }
        events += keys.map { .key($0) }
    }

    /// Whether the rest of a sequence comes in time.
    private func moreComes() -> Bool {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&input, 1, Int32(clamping: Int64(options.escapeDelay / .milliseconds(1)))) > 0
            && Int32(input.revents) & (POLLHUP | POLLERR) == 0
    }

    /// - Returns: the ending that a signal asks for.
    private func takeSignals<Message>(into events: inout [TerminalEvent<Message>]) -> Ending? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(cterminal_signal_descriptor(), &bytes, bytes.count)
        guard count > 0 else { return nil }
        // However often the size changed meanwhile, once is enough.
        let numbers = Set(bytes.prefix(count).map(Int32.init))
        if let ending = [SIGTERM, SIGHUP, SIGINT, SIGQUIT].first(where: numbers.contains) {
            return .signal(ending)
        }
        if numbers.contains(SIGTSTP) { stop() } else if numbers.contains(SIGCONT) { cterminal_continued() }
        if !numbers.isDisjoint(with: [SIGWINCH, SIGCONT]) {
            cterminal_adopt_size()
            forget()
            events.append(.resized(size))
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
            hangup: has(0, POLLHUP | POLLERR | POLLNVAL))
    }
}

/// Answers each key at once, and spreads out the frames of what happens by itself. The first few of those are let
/// through too: the ledger's answer that comes right behind a key is not to wait for its turn.
struct Pacer {
    private let interval: Duration
    /// Frames that may be drawn at once after a quiet time.
    private static let burst = 4
    /// When the frames so far would have been drawn had they been spread out evenly.
    private var even: ContinuousClock.Instant
    private var owesKey = false

    /// - Parameter framesPerSecond: the most in any second, the first ones included and those that answer keys not.
    init(framesPerSecond: Int, now: ContinuousClock.Instant = .now) {
        interval = .seconds(1) / max(framesPerSecond - Self.burst, 1)
        even = now
    }

    /// When the next frame may be drawn.
    var next: ContinuousClock.Instant { even - interval * (Self.burst - 1) }

    func mayDraw(_ now: ContinuousClock.Instant = .now) -> Bool { owesKey || now >= next }

    mutating func keyPressed() { owesKey = true }

    mutating func drew(_ now: ContinuousClock.Instant = .now) {
        // Who holds a key down does not use up the frames of what happens meanwhile.
        if owesKey { owesKey = false } else { even = max(even, now) + interval }
    }
}
