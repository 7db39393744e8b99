import Console
import Glibc
import Terminal

/// The probe's screen, and what its keys do.
struct ProbeScreen {
    var size: Size
    var keys: [String] = []
    var messages = 0
    var ticks = 0
    var draws = 0

    mutating func handle(_ events: [TerminalEvent<String>], inbox: Inbox<String>) -> Directive {
        var directive = Directive()
        for event in events {
            switch event {
            case .key(let key):
                keys.append(Self.text(key))
                switch key {
                case .character("q"): directive.request = .quit
                case .character("z"): directive.request = .suspend
                case .character("l"): directive.request = .redraw
                case .character("t"): directive.nextTick = .milliseconds(50)
                case .character("m"): Self.sendMany(to: inbox)
                case .character("C"): Self.crash()
                case .character("X"): fatalError("asked to trap")
                default: break
                }
            case .resized(let size): self.size = size
            case .message: messages += 1
            case .tick: ticks += 1
            }
        }
        return directive
    }

    /// The cursor stands where it was asked to, behind the marks.
    mutating func view() -> Frame {
        draws += 1
        var frame = Frame(size: size)
        frame.put("size \(size.width)x\(size.height)", at: Position(column: 0, row: 0), style: .strong)
        frame.put("keys \(keys.suffix(12).joined(separator: " "))", at: Position(column: 0, row: 1))
        frame.put("messages \(messages) ticks \(ticks)", at: Position(column: 0, row: 2), style: .positive)
        let names = ["日本語", "Zoë", "e\u{301}te\u{301}", "👨‍👩‍👧", "🇨🇿", "a\u{1b}[31mb", "❤️"]
        for (index, name) in names.enumerated() {
            let used = frame.put(name, at: Position(column: 0, row: 3 + index))
            frame.put(
                String(repeating: ".", count: 10 - used) + "|", at: Position(column: used, row: 3 + index))
        }
        frame.put("bottom", at: Position(column: size.width - 6, row: size.height - 1), style: .warning)
        frame.cursor = Position(column: 5, row: 2)
        return frame
    }

    private static func text(_ key: Key) -> String {
        switch key {
        case .character(let character): "char(\(character))"
        case .control(let letter): "ctrl(\(letter))"
        case .paste(let text): "paste(\(text))"
        default: "\(key)"
        }
    }

    private static func sendMany(to inbox: Inbox<String>) {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { @Sendable argument in
                guard let argument else { return nil }
                let inbox = Unmanaged<Inbox<String>>.fromOpaque(argument).takeRetainedValue()
                for number in 0..<1000 { inbox.send("\(number)") }
                return nil
            }, Unmanaged.passRetained(inbox).toOpaque())
        pthread_detach(thread)
    }

    private static func crash() { raise(SIGSEGV) }
}
