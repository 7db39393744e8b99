import Testing

@testable import Terminal

/// The real screen in a real terminal.
@Suite("Terminal")
struct TerminalTests {
    private func probe(
        width: Int = 60, height: Int = 16, term: String = "tmux-256color", prefix: String = ""
    ) throws -> Tmux {
        let tmux = try Tmux(width: width, height: height, term: term)
        try tmux.line(
            "stty -g >/tmp/\(tmux.name).before; \(prefix) \(probePath); echo status $?; "
                + "stty -g >/tmp/\(tmux.name).after; echo done")
        try tmux.wait(until: "bottom")
        return tmux
    }

    /// Whether the terminal's settings are as before, and its own screen is shown.
    private func expectRestored(_ tmux: Tmux, _ sourceLocation: SourceLocation = #_sourceLocation) throws {
        try tmux.wait(until: "\ndone")
        let same = shell("cmp /tmp/\(tmux.name).before /tmp/\(tmux.name).after 2>&1")
        #expect(same.status == 0, "\(same.output)", sourceLocation: sourceLocation)
        #expect(try !tmux.isAlternate, sourceLocation: sourceLocation)
        #expect(try tmux.command("display -p '#{cursor_flag}'") == "1\n", sourceLocation: sourceLocation)
        _ = shell("rm -f /tmp/\(tmux.name).before /tmp/\(tmux.name).after")
    }

    @Test(arguments: ["tmux-256color", "xterm-256color", "screen", "linux", "vt100"])
    func decodesKeys(term: String) throws {
        let tmux = try probe(width: 120, term: term)
        try tmux.press("a", "Up", "Down", "Escape")
        // Together with the next key Esc would be Alt.
        try tmux.wait(until: "char(a) up down escape")
        try tmux.press("é", "C-a", "Tab", "Enter", "日", "BSpace", "C-z", "M-x")
        try tmux.wait(until: "char(é) ctrl(a) tab enter char(日) backspace ctrl(z) alt(x)")
        try tmux.press("q")
        try expectRestored(tmux)
    }

    @Test func decodesFunctionKeysAndPasteAsText() throws {
        let tmux = try probe(width: 120)
        try tmux.press("F1", "F5", "Home", "End", "PPage", "NPage", "DC", "BTab")
        try tmux.wait(until: "function(1) function(5) home end pageUp pageDown delete backTab")
        try tmux.command("set-buffer 'two words'")
        try tmux.command("paste-buffer -p")
        try tmux.wait(until: "paste(two words)")
        try tmux.press("q")
        try tmux.wait(until: "status 0")
        try expectRestored(tmux)
    }

    @Test func keepsColumnsStraightWhateverTheText() throws {
        let tmux = try probe()
        let rows = try tmux.wait(until: "❤").split(separator: "\n").map(String.init)
        #expect(rows.contains("日本語....|"))
        #expect(rows.contains("e\u{301}te\u{301}.......|"))
        #expect(rows.contains("👨........|"))
        #expect(rows.contains("CZ........|"))
        #expect(rows.contains("a␛[31mb...|"))
        #expect(try tmux.command("display -p '#{cursor_x},#{cursor_y}'") == "5,2\n")
        #expect(rows.last?.hasSuffix("bottom") == true)
    }

    @Test func followsTheSizeOfTheTerminal() throws {
        let tmux = try probe()
        for (width, height) in [(50, 14), (100, 40), (20, 12)] {
            try tmux.command("resize-window -x \(width) -y \(height)")
            let screen = try tmux.wait(until: "size \(width)x\(height)")
            #expect(screen.split(separator: "\n").last?.hasSuffix("bottom") == true)
        }
    }

    @Test func wakesForMessagesOfOtherThreadsAndForTicks() throws {
        let tmux = try probe()
        try tmux.press("m")
        try tmux.wait(until: "messages 1000 ticks 0")
        try tmux.press("t")
        try tmux.wait(until: "messages 1000 ticks 1")
    }

    @Test(arguments: [("TERM", 143), ("HUP", 129), ("INT", 130)])
    func endsCleanlyWhenAskedTo(signal: String, status: Int) throws {
        let tmux = try probe()
        _ = shell("kill -\(signal) $(\(tmux.probePID))")
        try tmux.wait(until: "status \(status)")
        try expectRestored(tmux)
    }

    @Test(arguments: [("SEGV", 139), ("ABRT", 134), ("BUS", 135), ("ILL", 132), ("FPE", 136), ("TRAP", 133)])
    func restoresTheTerminalBeforeItCrashes(signal: String, status: Int) throws {
        let tmux = try probe(prefix: "SWIFT_BACKTRACE=enable=no")
        _ = shell("kill -\(signal) $(\(tmux.probePID))")
        try tmux.wait(until: "status \(status)")
        try expectRestored(tmux)
    }

    @Test func restoresTheTerminalBeforeATrapOfItsOwn() throws {
        let tmux = try probe(width: 120, height: 60, prefix: "SWIFT_BACKTRACE=enable=no")
        try tmux.press("X")
        let screen = try tmux.wait(until: "status 132")
        // Its last words would have been lost with the screen that they were written on.
        #expect(screen.contains("asked to trap"))
        try expectRestored(tmux)
    }

    @Test func standsStillInTheShellAndComesBack() throws {
        let tmux = try Tmux(width: 60, height: 16)
        try tmux.line("set -m; \(probePath)")
        try tmux.wait(until: "size 60x16")
        try tmux.press("z")
        try tmux.wait(until: "Stopped")
        #expect(try !tmux.isAlternate)
        try tmux.command("resize-window -x 48 -y 12")
        try tmux.line("fg")
        try tmux.wait(until: "size 48x12")
        #expect(try tmux.isAlternate)
        try tmux.press("b", "q")
        try tmux.wait(until: "probe: ended, quit")
    }

    @Test func usesNoProcessorTimeWhenNothingHappens() throws {
        let tmux = try probe()
        let ticks = "awk '{print $14+$15}' /proc/$(\(tmux.probePID))/stat"
        let before = shell(ticks).output
        _ = shell("sleep 1")
        #expect(shell(ticks).output == before)
    }

    @Test(arguments: ["dumb", "", "no-such-terminal"]) func saysWhyThereIsNoScreen(term: String) throws {
        let tmux = try Tmux(width: 100, height: 16)
        try tmux.line("TERM=\(term) \(probePath); echo status $?")
        let screen = try tmux.wait(until: "status 1")
        #expect(screen.contains("probe: nothing can be drawn") || screen.contains("TERM is not set"))
        #expect(try !tmux.isAlternate)
    }

    @Test func saysWhenThereIsNoTerminal() {
        let result = shell("\(probePath) </dev/null 2>&1 | cat")
        #expect(result.output.contains("needs a terminal"))
    }

    @Test func drawsWithoutColorsWhenAskedTo() throws {
        let tmux = try probe(prefix: "NO_COLOR=1")
        #expect(try !tmux.command("capture-pane -p -e").contains("38;5;114m"))
        let colored = try probe()
        let screen = try colored.command("capture-pane -p -e")
        #expect(screen.contains("38;5;114m"), "\(screen.debugDescription)")
    }
}

extension Tmux {
    /// A command that prints the process id of the probe in this terminal.
    var probePID: String { "pgrep -P $(tmux -L \(name) display -p '#{pane_pid}') terminal-probe" }
}
