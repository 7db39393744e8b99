import Glibc
import Testing

@testable import Terminal

/// What is sent, byte by byte, and terminals that behave badly.
@Suite("Bytes")
struct PtyTests {
    /// All that a terminal may have been told is taken back, in the order in which it was.
    private func expectGivenBack(_ pty: Pty, _ sourceLocation: SourceLocation = #_sourceLocation) {
        for (on, off) in [
            ("\u{1b}[?1049h", "\u{1b}[?1049l"), ("\u{1b}[?2004h", "\u{1b}[?2004l"),
            ("\u{1b}[?1000h", "\u{1b}[?1000l"), ("\u{1b}[?1006h", "\u{1b}[?1006l"),
            ("\u{1b}[?25l", "\u{1b}[?25h"), ("\u{1b}[?1h", "\u{1b}[?1l"),
        ] {
            let text = pty.text
            let isOn = (text.split(separator: off, omittingEmptySubsequences: false).last ?? "").contains(on)
            #expect(!isOn, "\(on.debugDescription) stays", sourceLocation: sourceLocation)
            #expect(text.contains(off), "\(off.debugDescription) is missing", sourceLocation: sourceLocation)
        }
    }

    @Test func asksForTheMouseOnlyWhenToldToAndTakesItBack() throws {
        let pty = try Pty()
        try pty.wait(until: "❤")
        #expect(!pty.text.contains("\u{1b}[?1000h"))
        // Nothing is taken for a press that was not asked for.
        pty.type("\u{1b}[<0;3;4MM")
        try pty.wait(until: "\u{1b}[?1000h\u{1b}[?1006h")
        #expect(!pty.text.contains("press"))
        pty.type("\u{1b}[<0;3;4M\u{1b}[<0;3;4m\u{1b}[<65;1;2M")
        try pty.wait(until: "press(2,3) wheelDown(0,1)")
        pty.type("N")
        try pty.wait(until: "\u{1b}[?1006l\u{1b}[?1000l")
        pty.type("Mq")
        #expect(try pty.ending() == 0)
        expectGivenBack(pty)
    }

    @Test(arguments: [SIGTERM, SIGHUP, SIGINT, SIGSEGV, SIGABRT, SIGTRAP])
    func givesEverythingBackWhateverEndsIt(signal: Int32) throws {
        let pty = try Pty()
        let before = pty.settings
        try pty.wait(until: "❤")
        #expect(pty.settings != before)
        pty.type("M")
        try pty.wait(until: "\u{1b}[?1000h")
        kill(pty.process, signal)
        let status = try pty.ending()
        #expect([128 + signal, 1000 + signal].contains(status))
        expectGivenBack(pty)
        #expect(pty.settings == before)
    }

    @Test func givesEverythingBackBeforeATrap() throws {
        let pty = try Pty()
        let before = pty.settings
        try pty.wait(until: "❤")
        pty.type("MX")
        #expect(try pty.ending() > 1000)
        expectGivenBack(pty)
        #expect(pty.settings == before)
        #expect(pty.text.contains("asked to trap"))
    }

    @Test func endsWhenTheTerminalGoes() throws {
        // Without the signal that usually comes first.
        let pty = try Pty("trap '' HUP; exec PROBE")
        try pty.wait(until: "❤")
        pty.hangUp()
        #expect(try pty.ending(isRead: false) == 128 + SIGHUP)
    }

    @Test func endsWhenTheTerminalTakesNothingMore() throws {
        let pty = try Pty("exec PROBE screen=flood", width: 200, height: 60)
        // Nobody reads after that: the terminal is full at once.
        try pty.wait(until: "draws 1")
        #expect(isBlocked(pty.process))
        let start = ContinuousClock.now
        kill(pty.process, SIGTERM)
        #expect(try pty.ending(isRead: false) == 128 + SIGTERM)
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(pty.settings[2] & tcflag_t(ICANON | ECHO) == tcflag_t(ICANON | ECHO))
    }

    /// Whether the process comes to sleep in a write to the terminal.
    private func isBlocked(_ process: pid_t) -> Bool {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            if shell("cat /proc/\(process)/wchan").output.contains("wait_woken")
                || shell("awk '{print $1}' /proc/\(process)/syscall").output == "1\n"
            {
                return true
            }
            poll(nil, 0, 10)
        }
        return false
    }

    @Test(arguments: ["before", "while"]) func drawsAllWhereWritesDoNotBlock(set: String) throws {
        // Perl is part of every Debian, and sets the flag that another program may have left.
        let flag = "perl -e \"use Fcntl; fcntl(STDOUT, F_SETFL, O_RDWR | O_NONBLOCK)\""
        let pty = try Pty(
            set == "before" ? "\(flag); exec PROBE screen=flood" : "exec PROBE screen=flood", width: 200,
            height: 60)
        if set == "while" { pty.type("B") }
        try pty.wait(until: "draws ")
        let start = pty.output.count
        // Some frames are far more than the terminal holds.
        while pty.output.count < start + 400_000 { #expect(pty.readSome()) }
        pty.type("q")
        #expect(try pty.ending() == 0)
        expectRowsAreWhole(pty)
    }

    /// Each frame repeats one letter in each row: a lost byte would leave a row that is shorter.
    private func expectRowsAreWhole(_ pty: Pty) {
        var runs: [Int: Int] = [:]
        var length = 0
        var last: UInt8 = 0
        for byte in pty.output {
            if byte == last, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) {
                length += 1
            } else {
                if length > 20 { runs[length, default: 0] += 1 }
                length = 1
            }
            last = byte
        }
        #expect(runs[200, default: 0] > 100, "\(runs)")
    }

    @Test func copiesExactlyTheText() throws {
        let pty = try Pty()
        try pty.wait(until: "❤")
        pty.type("y")
        // “účet 576” and a line feed.
        try pty.wait(until: "\u{1b}]52;c;w7rEjWV0IDU3Ngo=\u{7}")
        pty.type("W")
        try pty.wait(until: "char(W)")
        pty.type("Y")
        let most = String(repeating: "YWFh", count: Terminal.copyLimit / 3)
        try pty.wait(until: "char(Y)")
        #expect(pty.text.contains("\u{1b}]52;c;\(most)\u{7}"))
        #expect(pty.text.split(separator: "]52;c;").count == 3)
    }

    @Test func copiesThroughScreenAndNotToAConsole() throws {
        let screen = try Pty(term: "screen", environment: ["STY=1.tty"])
        try screen.wait(until: "❤")
        screen.type("y")
        try screen.wait(until: "\u{1b}P\u{1b}]52;c;w7rEjWV0IDU3Ngo=\u{7}\u{1b}\\")
        let tmux = try Pty(term: "screen", environment: ["STY=1.tty", "TMUX=/tmp/x"])
        try tmux.wait(until: "❤")
        tmux.type("y")
        try tmux.wait(until: "\u{1b}]52;c;w7rEjWV0IDU3Ngo=\u{7}")
        #expect(!tmux.text.contains("\u{1b}P"))
        let console = try Pty(term: "linux")
        try console.wait(until: "❤")
        console.type("y")
        try console.wait(until: "char(y)")
        #expect(!console.text.contains("]52"))
    }
}
