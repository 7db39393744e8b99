import Console
import Glibc
import Terminal

/// The probe's screen, and what its keys do.
struct ProbeScreen {
    enum Content: String {
        /// What came from the keyboard.
        case keys
        /// A line for each role, with its name.
        case roles
        /// Wide and combined characters up to the right edge.
        case edge
        /// All cells, new ones in each frame, as often as it is drawn.
        case flood
    }

    var size: Size
    let content: Content
    /// Which of the two sets the console would use.
    let symbols: String
    var keys: [String] = []
    var messages = 0
    var ticks = 0
    var draws = 0
    var resizes = 0
    var theme = 0

    mutating func handle(_ events: [TerminalEvent<String>], inbox: Inbox<String>) -> Directive {
        var directive = Directive()
        for event in events {
            switch event {
            case .key(let key):
                keys.append(Self.text(key))
                directive.requests += requests(for: key)
                if key == .character("t") { directive.nextTick = .milliseconds(50) }
                if key == .character("m") { Self.sendMany(to: inbox) }
            case .resized(let size):
                self.size = size
                resizes += 1
            case .message: messages += 1
            case .tick: ticks += 1
            }
        }
        if content == .flood { directive.nextTick = .milliseconds(1) }
        return directive
    }

    private mutating func requests(for key: Key) -> [Directive.Request] {
        switch key {
        case .character("q"): return [.quit]
        case .character("z"): return [.suspend]
        case .character("l"): return [.redraw]
        case .character("M"): return [.setMouse(true)]
        case .character("N"): return [.setMouse(false)]
        case .character("y"): return [.copy("účet 576\n")]
        case .character("Y"): return [.copy(String(repeating: "a", count: Terminal.copyLimit))]
        case .character("W"): return [.copy(String(repeating: "a", count: Terminal.copyLimit + 1))]
        case .character("T"):
            theme += 1
            return [.setTheme(Theme.allCases[theme % Theme.allCases.count])]
        case .character("C"): raise(SIGSEGV)
        case .character("X"): fatalError("asked to trap")
        case .character("B"):
            // As another program that shares the terminal might leave it.
            _ = fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK)
        default: break
        }
        return []
    }

    mutating func view() -> Frame {
        draws += 1
        var frame = Frame(size: size)
        switch content {
        case .keys: drawKeys(in: &frame)
        case .roles:
            for (row, role) in Role.allCases.enumerated() {
                frame.put("[\(role)]", at: Position(column: 0, row: row), style: Style(role))
            }
        case .edge: drawEdge(in: &frame)
        case .flood:
            let letters = Array("abcdefghijklmnopqrstuvwxyz")
            for row in 0..<size.height {
                let text = String(repeating: letters[(draws + row) % letters.count], count: size.width)
                frame.put(text, at: Position(column: 0, row: row))
            }
            frame.put("draws \(draws)", at: Position(column: 0, row: 0), style: .strong)
        }
        return frame
    }

    /// The cursor stands where it was asked to, behind the marks.
    private func drawKeys(in frame: inout Frame) {
        frame.put(
            "size \(size.width)x\(size.height) \(symbols)", at: Position(column: 0, row: 0), style: .strong)
        frame.put("keys \(keys.suffix(8).joined(separator: " "))", at: Position(column: 0, row: 1))
        frame.put("messages \(messages) ticks \(ticks)", at: Position(column: 0, row: 2), style: .positive)
        let names = ["日本語", "Zoë", "e\u{301}te\u{301}", "👨‍👩‍👧", "🇨🇿", "a\u{1b}[31mb", "❤️"]
        for (index, name) in names.enumerated() {
            let used = frame.put(name, at: Position(column: 0, row: 3 + index))
            frame.put(
                String(repeating: ".", count: 10 - used) + "|", at: Position(column: used, row: 3 + index))
        }
        frame.put("bottom", at: Position(column: size.width - 6, row: size.height - 1), style: .warning)
        frame.cursor = Position(column: 5, row: 2)
    }

    /// Each row has a text that ends with the last column, and one that would end a column later.
    private func drawEdge(in frame: inout Frame) {
        for (row, glyph) in ["日", "👍", "e\u{301}", "ｶ\u{3099}", "한"].enumerated() {
            let columns = SafeText.columns(glyph)
            frame.put("|", at: Position(column: size.width - 1 - columns, row: 2 * row))
            frame.put(glyph, at: Position(column: size.width - columns, row: 2 * row))
            frame.put(".", at: Position(column: size.width - 2, row: 2 * row + 1))
            frame.put(glyph, at: Position(column: size.width - 1, row: 2 * row + 1))
        }
        frame.put("margin", at: Position(column: 0, row: size.height - 1))
    }

    private static func text(_ key: Key) -> String {
        switch key {
        case .character(let character): "char(\(character))"
        case .control(let letter): "ctrl(\(letter))"
        case .alt(let character): "alt(\(character))"
        case .paste(let text): "paste(\(text))"
        case .mouse(let mouse): "\(mouse.kind)(\(mouse.column),\(mouse.row))"
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
}
