import Console
import Testing

@testable import Terminal

/// Kinds of terminals, sizes, locales, and text at the edge of the screen.
@Suite("Variants")
struct VariantTests {
    private func start(
        _ arguments: String = "", width: Int = 160, height: Int = 30, term: String = "tmux-256color",
        locale: String = "LC_ALL=C.UTF-8", until text: String
    ) throws -> Tmux {
        let tmux = try Tmux(width: width, height: height, term: term, locale: locale)
        try tmux.line("\(probePath) \(arguments)")
        try tmux.wait(until: text)
        return tmux
    }

    private static let terms = [
        "xterm-256color", "xterm", "screen", "screen-256color", "tmux-256color", "linux", "vt100", "vt220",
        "ansi",
    ]

    @Test(arguments: terms) func decodesWhatTerminalsSend(term: String) throws {
        let tmux = try start(term: term, until: "bottom")
        // In xterm's two modes, as VT220, as rxvt.
        try tmux.type("\u{1b}[A\u{1b}OB\u{1b}OC\u{1b}[D")
        try tmux.wait(until: "keys up down right left")
        try tmux.type("\u{1b}[H\u{1b}OF\u{1b}[1~\u{1b}[4~\u{1b}[7~\u{1b}[8~")
        try tmux.wait(until: "left home end home end home end")
        try tmux.type("\u{1b}[5~\u{1b}[6~\u{1b}[3~\u{8}\u{7f}")
        try tmux.wait(until: "end pageUp pageDown delete backspace backspace")
        try tmux.type("\u{1b}OP\u{1b}OS\u{1b}[15~\u{1b}[[A\u{1b}[Z")
        try tmux.wait(until: "function(1) function(4) function(5) function(1) backTab")
        // With Ctrl it is another key, and its letters are none.
        try tmux.type("\u{1b}[1;5Ax\u{1b}x")
        try tmux.wait(until: "backTab char(x) alt(x)")
        try tmux.type("q")
        try tmux.wait(until: "probe: ended, quit")
    }

    @Test(arguments: terms, [0, 8, 256]) func drawsEveryRole(term: String, colors: Int) throws {
        let tmux = try start("screen=roles colors=\(colors)", term: term, until: "[disabled]")
        let rows = try tmux.screen.split(separator: "\n")
        #expect(rows.prefix(Role.allCases.count).map(String.init) == Role.allCases.map { "[\($0)]" })
        let bytes = try tmux.command("capture-pane -p -e")
        let production = try #require(bytes.split(separator: "\n").first { $0.contains("[production]") })
        // 7 is reverse, whatever else there is.
        #expect(production.contains("7"), "\(production.debugDescription)")
        let hasColors = colors > 0 && !term.hasPrefix("vt")
        // 31 to 37 and 38;5 choose a color; 39 is the terminal's own.
        let isColored = (1...8).contains { bytes.contains("\u{1b}[3\($0)") || bytes.contains(";3\($0)") }
        #expect(isColored == hasColors, "\(bytes.debugDescription)")
    }

    @Test func changesTheThemeWhileItRuns() throws {
        let tmux = try start("screen=roles theme=monochrome", until: "[disabled]")
        #expect(try !tmux.command("capture-pane -p -e").contains("38;5"))
        // The first of the list is next: it counts from there.
        try tmux.press("T", "T", "T", "T")
        try tmux.wait(until: "38;5;203", withStyles: true)
        try tmux.press("T")
        try tmux.wait(until: "38;5;124", withStyles: true)
        try tmux.press("T")
        try tmux.wait(until: "48;5;16", withStyles: true)
    }

    @Test(arguments: [(1, 1), (2, 1), (5, 3), (300, 100), (1000, 20)])
    func drawsAtEverySize(width: Int, height: Int) throws {
        let tmux = try start(until: "bottom")
        try tmux.command("resize-window -x \(width) -y \(height)")
        let size = "size \(width)x\(height) unicode"
        // The last cell of a screen of one column cannot be written to by any terminal that then scrolls.
        if width > 1 { try tmux.wait(until: width < 20 ? String(size.prefix(min(width, 4))) : size) }
        if height >= 20 {
            let rows = try tmux.wait(until: "bottom").split(separator: "\n", omittingEmptySubsequences: false)
            #expect(rows[height - 1] == String(repeating: " ", count: width - 6) + "bottom")
        }
        try tmux.command("resize-window -x 90 -y 30")
        try tmux.wait(until: "size 90x30")
        try tmux.type("q")
        try tmux.wait(until: "probe: ended, quit")
    }

    @Test func endsUpRightAfterManyChangesOfSize() throws {
        let pty = try Pty("exec PROBE screen=flood", width: 200, height: 60)
        try pty.wait(until: "draws 1")
        for step in 0..<300 {
            pty.resize(width: UInt16(1 + step * 7 % 250), height: UInt16(1 + step * 3 % 70))
            pty.readSome(milliseconds: 0)
        }
        pty.resize(width: 40, height: 5)
        pty.type("q")
        #expect(try pty.ending() == 0)
    }

    @Test func takesNoMemoryForASizeThatIsWrong() throws {
        let pty = try Pty(width: 65_535, height: 65_535)
        try pty.wait(until: "size 1000x1000")
        pty.type("q")
        #expect(try pty.ending() == 0)
    }

    @Test func keepsTheEdgeStraight() throws {
        for width in [20, 21] {
            let tmux = try start("screen=edge", width: width, height: 12, until: "margin")
            let rows = try tmux.screen.split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init)
            for (row, glyph) in ["日", "👍", "e\u{301}", "ｶ\u{3099}", "한"].enumerated() {
                let columns = SafeText.columns(glyph)
                let before = String(repeating: " ", count: width - 1 - columns)
                #expect(rows[2 * row] == before + "|" + glyph)
                // What has no room is not there, and nothing is carried to the next row.
                let rest = columns == 1 ? glyph : ""
                #expect(rows[2 * row + 1] == String(repeating: " ", count: width - 2) + "." + rest)
            }
        }
    }

    // MARK: Locales

    @Test func drawsAsciiWhereTheLocaleHasNoMore() throws {
        let tmux = try start(locale: "LC_ALL=C", until: "bottom")
        let rows = try tmux.screen.split(separator: "\n").map(String.init)
        #expect(rows[0] == "size 160x30 ascii")
        #expect(rows.contains("??????....|"))
        #expect(rows.contains("Zo?.......|"))
        #expect(rows.contains("ete.......|"))
        // In one piece: what follows a byte that is no character must not go with it.
        try tmux.type([0xe9, 0xff, 0x80, 0x61])
        try tmux.wait(until: "char(a)")
        try tmux.type("q")
        try tmux.wait(until: "probe: ended, quit")
    }

    @Test func drawsWhatLatin1Has() throws {
        let folder = "/tmp/bursar-locale-\(UInt32.random(in: .min ... .max))"
        defer { _ = shell("rm -r \(folder)") }
        let made = shell(
            "mkdir \(folder) && localedef -i en_US -f ISO-8859-1 \(folder)/en_US.ISO-8859-1 2>&1")
        try #require(made.status == 0, "\(made.output)")
        let pty = try Pty(locale: "en_US.ISO-8859-1", environment: ["LOCPATH=\(folder)"])
        try pty.wait(until: "a?[31mb...|")
        #expect(pty.text.contains("ascii"))
        #expect(pty.output.contains(0xeb))
        pty.type([0xe9])
        try pty.wait(until: "char(")
        pty.type("q")
        #expect(try pty.ending() == 0)
        #expect(pty.output.contains(0xe9))
    }

    // MARK: Stops

    @Test func comesBackEachTimeItWasStopped() throws {
        let tmux = try Tmux(width: 60, height: 16)
        try tmux.line("set -m; \(probePath)")
        try tmux.wait(until: "size 60x16")
        try tmux.press("M")
        try tmux.wait(until: "char(M)")
        for (width, height) in [(48, 12), (70, 20)] {
            #expect(try tmux.command("display -p '#{mouse_any_flag}'") == "1\n")
            try tmux.press("z")
            try tmux.wait(until: "Stopped")
            #expect(try !tmux.isAlternate)
            #expect(try tmux.command("display -p '#{mouse_any_flag}'") == "0\n")
            try tmux.command("resize-window -x \(width) -y \(height)")
            try tmux.line("clear; fg")
            try tmux.wait(until: "size \(width)x\(height)")
        }
        #expect(try tmux.command("display -p '#{mouse_any_flag}'") == "1\n")
        try tmux.press("q")
        try tmux.wait(until: "probe: ended, quit")
        #expect(try tmux.command("display -p '#{mouse_any_flag}'") == "0\n")
    }

    @Test func drawsAnewWhenItIsContinuedWithoutAStop() throws {
        let tmux = try start(until: "bottom")
        _ = shell("kill -CONT $(\(tmux.probePID))")
        try tmux.press("a")
        try tmux.wait(until: "keys char(a)")
        #expect(try tmux.isAlternate)
        try tmux.press("q")
        try tmux.wait(until: "probe: ended, quit")
        #expect(try !tmux.isAlternate)
    }
}
