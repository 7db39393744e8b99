import CTerminal
import Console
import Testing

@testable import Terminal

/// What becomes of what ncurses hands on, in particular of sequences that it does not know.
@Suite("Keys")
struct KeyDecoderTests {
    private func keys(
        _ text: String, expectsMouse: Bool = false, pauses: Bool = true, named: Int? = nil
    ) -> [Key] {
        var decoder = KeyDecoder()
        decoder.expectsMouse = expectsMouse
        var keys: [Key] = []
        let now = ContinuousClock.now
        for scalar in text.unicodeScalars { decoder.take(.character(scalar.value), at: now, into: &keys) }
        if let named { decoder.take(.named(named), at: now, into: &keys) }
        if pauses { decoder.pause(into: &keys) }
        return keys
    }

    @Test func takeEscAndALetterInOneReadForAlt() {
        #expect(keys("\u{1b}x") == [.alt("x")])
        #expect(keys("\u{1b}<q") == [.alt("<"), .character("q")])
        #expect(keys("\u{1b}[") == [.alt("[")])
        #expect(keys("\u{1b}O") == [.alt("O")])
        #expect(keys("\u{1b}é") == [.alt("é")])
    }

    @Test func takeEscAloneForEsc() {
        #expect(keys("\u{1b}") == [.escape])
        #expect(keys("\u{1b}\u{1b}") == [.escape, .escape])
        #expect(keys("\u{1b}", pauses: false) == [])
    }

    @Test func takeEnterWithAltNeitherForEnterNorForEsc() {
        #expect(keys("\u{1b}\r") == [])
        #expect(keys("\u{1b}\u{7f}") == [])
        #expect(keys("\u{1b}", named: CTERMINAL_KEY_UP) == [])
    }

    @Test(arguments: [
        ("[H", Key.home), ("OH", .home), ("[1~", .home), ("[7~", .home), ("[F", .end), ("OF", .end),
        ("[4~", .end), ("[8~", .end), ("[A", .up), ("OA", .up), ("[B", .down), ("[C", .right), ("OD", .left),
        ("[5~", .pageUp), ("[6~", .pageDown), ("[3~", .delete), ("[Z", .backTab), ("OP", .function(1)),
        ("[11~", .function(1)), ("[[A", .function(1)), ("[[E", .function(5)), ("[15~", .function(5)),
        ("[24~", .function(12)), ("OM", .enter), ("Oq", .character("1")),
    ])
    func knowWhatTerminalsSend(sequence: String, key: Key) {
        #expect(keys("\u{1b}" + sequence) == [key])
    }

    @Test(arguments: [
        "[1;5A", "[200;1~", "[99~", "[I", "[O", "[?1;2c", "[[Z", "[1;2", "[27;5;13~",
        "[<0;1", "[<0;3;4M", "[M",
    ])
    func dropASequenceThatMeansNothingAsAWhole(sequence: String) {
        let keys = keys("\u{1b}" + sequence)
        #expect(keys.isEmpty, "\(keys)")
    }

    @Test func boundASequenceThatDoesNotEnd() {
        let keys = keys("\u{1b}[" + String(repeating: "1", count: 100_000) + "q")
        #expect(keys.last == .character("q"))
        #expect(keys.count < 100_000)
    }

    @Test func takeAnEscInsideASequenceForTheNextOne() {
        #expect(keys("\u{1b}[1\u{1b}[A") == [.up])
        #expect(keys("\u{1b}[<0;1\u{1b}x", expectsMouse: true) == [.alt("x")])
    }

    @Test func readTheMouse() {
        #expect(
            keys("\u{1b}[<0;3;4M\u{1b}[<0;3;4m", expectsMouse: true) == [
                .mouse(Mouse(.press, column: 2, row: 3))
            ])
        #expect(
            keys("\u{1b}[<64;1000;1M", expectsMouse: true) == [.mouse(Mouse(.wheelUp, column: 999, row: 0))])
        #expect(keys("\u{1b}[<81;1;1M", expectsMouse: true) == [.mouse(Mouse(.wheelDown, column: 0, row: 0))])
        #expect(keys("\u{1b}[M !\"", expectsMouse: true) == [.mouse(Mouse(.press, column: 0, row: 1))])
        #expect(keys("\u{1b}[M#!\"q", expectsMouse: true) == [.character("q")])
    }

    @Test(arguments: [
        "2;1;1M", "35;1;1M", "0;0;1M", "0;1001;1M", "0;1M", "0;1;1;1M", ";;M", "0;99999999999999999999;1M",
    ])
    func takeNothingElseForAPress(report: String) {
        #expect(keys("\u{1b}[<" + report, expectsMouse: true) == [])
    }

    @Test func takeTwoPressesInTimeOnOneCellForADoublePress() {
        var clicks = Clicks()
        let start = ContinuousClock.now
        func press(_ column: Int, _ milliseconds: Int) -> Mouse.Kind? {
            clicks.mouse([0, column, 1], isRelease: false, at: start + .milliseconds(milliseconds))?.kind
        }
        #expect(press(1, 0) == .press)
        #expect(press(1, 400) == .doublePress)
        #expect(press(1, 500) == .press)
        #expect(press(2, 600) == .press)
        #expect(press(2, 1001) == .press)
        #expect(press(2, 1100) == .doublePress)
    }

    @Test func keepAPasteAsText() {
        var decoder = KeyDecoder()
        var keys: [Key] = []
        let now = ContinuousClock.now
        decoder.take(.named(CTERMINAL_KEY_PASTE_BEGIN), at: now, into: &keys)
        for scalar in "q\u{1b}x\r".unicodeScalars {
            decoder.take(.character(scalar.value), at: now, into: &keys)
        }
        decoder.pause(into: &keys)
        decoder.take(.named(CTERMINAL_KEY_UP), at: now, into: &keys)
        #expect(keys.isEmpty)
        decoder.take(.named(CTERMINAL_KEY_PASTE_END), at: now, into: &keys)
        #expect(keys == [.paste("q\u{1b}x\r")])
    }

    @Test func boundAPaste() throws {
        var decoder = KeyDecoder()
        var keys: [Key] = []
        let now = ContinuousClock.now
        decoder.take(.named(CTERMINAL_KEY_PASTE_BEGIN), at: now, into: &keys)
        for _ in 0...KeyDecoder.pasteLimit { decoder.take(.character(0x61), at: now, into: &keys) }
        decoder.take(.named(CTERMINAL_KEY_PASTE_END), at: now, into: &keys)
        #expect(keys == [.paste(String(repeating: "a", count: KeyDecoder.pasteLimit))])
    }
}
