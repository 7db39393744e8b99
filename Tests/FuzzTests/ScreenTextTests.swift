import CTerminal
import Ledger
import LedgerService
import TestSupport
import Testing

@testable import Console
@testable import Terminal

/// What comes from the keyboard, and what goes to the screen.
@Suite struct ScreenTextTests {
    /// Nothing but clean text comes out, in the columns that were measured, however it is cut.
    @Test func textsForTheScreen() throws {
        let fuzzer = Fuzzer(
            "screen text",
            samples: [
                "", "Anna Novotná", "日本支店 トーキョー", "Family 👨‍👩‍👧‍👦 & Söhne", "\u{1b}[31m\u{202e}x", "a\u{301}b",
            ],
            pieces: ["🏽", "\u{fe0f}", "\u{20e3}", "🏴", "\u{1100}\u{1161}", "か\u{3099}", "ａ"])
        try fuzzer.run { input, random in
            let text = String(decoding: input, as: UTF8.self)
            let shown = SafeText.printable(text)
            let columns = SafeText.columns(text)
            #expect(isClean(shown), Fuzzer.trace(input))
            // Signs take more bytes than what they stand for, so that a long text may be cut off once more.
            if shown.utf8.count <= SafeText.maximumBytes {
                #expect(SafeText.printable(shown) == shown, Fuzzer.trace(input))
                #expect(SafeText.columns(shown) == columns, Fuzzer.trace(input))
            }
            #expect(columns <= SafeText.maximumBytes + 1, Fuzzer.trace(input))
            let width = 1 + random.index(40)
            let cut = SafeText.truncated(text, to: width)
            #expect(isClean(cut) && SafeText.columns(cut) <= width, Fuzzer.trace(input))
            #expect(columns > width || cut == shown, Fuzzer.trace(input))
            let lines = SafeText.wrapped(text, to: width)
            #expect(
                lines.allSatisfy { isClean($0) && SafeText.columns($0) <= max(width, 2) }, Fuzzer.trace(input)
            )
            #expect(Self.withoutSpaces(lines.joined()) == Self.withoutSpaces(shown), Fuzzer.trace(input))
            var frame = Frame(size: Size(width: width, height: 1))
            frame.put(text, at: Position(column: 0, row: 0))
            #expect(isClean(frame.text), Fuzzer.trace(input))
            #expect(frame.row(0).reduce(0) { $0 + SafeText.columns($1.text) } == width, Fuzzer.trace(input))
        }
    }

    private static func withoutSpaces(_ text: String) -> [UInt8] { text.utf8.filter { $0 != 0x20 } }

    /// The same keys however they arrive, no key that is a control character, a paste of bounded length, and a line
    /// that is typed with them holds clean text alone.
    @Test func keySequences() throws {
        let fuzzer = Fuzzer(
            "keys",
            samples: [
                "abc", "\u{1b}[A\u{1b}OP\u{1b}[15~", "\u{1b}[200~pasted\u{1b}[201~x",
                "\u{1b}[<0;10;5M\u{1b}[<0;10;5m",
                "\u{1b}[M !!", "\u{1b}\u{1b}x", "\u{1b}[[A", "\u{1b}[1;5A", "\u{1b}O",
            ],
            pieces: [
                "\u{1b}[", "\u{1b}O", "\u{1b}[<", "\u{1b}[M", "\u{1b}[200~", "\u{1b}[201~", "M", "m", "~",
                "99999999999999999999;", "65;", "\u{1b}[200;", "[",
            ])
        let now = ContinuousClock.now
        try fuzzer.run { input, random in
            var decoder = KeyDecoder()
            decoder.expectsMouse = random.index(2) == 0
            var keys: [Key] = []
            var scalars = 0
            for scalar in String(decoding: input, as: UTF8.self).unicodeScalars {
                scalars += 1
                decoder.take(.character(scalar.value), at: now, into: &keys)
                if random.index(50) == 0 { decoder.take(Self.named(&random), at: now, into: &keys) }
                if random.index(50) == 0 { decoder.pause(into: &keys) }
                // What ncurses hands on when bytes are no text.
                if random.index(200) == 0 {
                    decoder.take(.character(UInt32(truncatingIfNeeded: random.next())), at: now, into: &keys)
                }
            }
            decoder.pause(into: &keys)
            #expect(!decoder.isWaiting, Fuzzer.trace(input))
            #expect(keys.count <= 3 * scalars + 3, Fuzzer.trace(input))
            var line = LineField(limit: 100)
            for key in keys {
                if case .paste(let text) = key {
                    #expect(text.unicodeScalars.count <= KeyDecoder.pasteLimit, Fuzzer.trace(input))
                }
                if case .character(let character) = key {
                    #expect(!character.unicodeScalars.contains { $0.properties.generalCategory == .control })
                }
                _ = line.edit(key)
            }
            #expect(!line.text.unicodeScalars.contains { $0.properties.generalCategory == .control })
            #expect(line.characters.count <= 100, Fuzzer.trace(input))
            Self.expectTyping(&decoder, now, input)
        }
    }

    /// Whatever came before, what is typed after the end of a paste is typed.
    private static func expectTyping(
        _ decoder: inout KeyDecoder, _ now: ContinuousClock.Instant, _ input: [UInt8]
    ) {
        var keys: [Key] = []
        decoder.take(.named(CTERMINAL_KEY_PASTE_END), at: now, into: &keys)
        decoder.pause(into: &keys)
        keys = []
        decoder.take(.character(0x78), at: now, into: &keys)
        #expect(keys == [.character("x")], Fuzzer.trace(input))
    }

    private static func named(_ random: inout SplitMix64) -> KeyDecoder.Input {
        let keys = [
            CTERMINAL_KEY_UP, CTERMINAL_KEY_PASTE_BEGIN, CTERMINAL_KEY_PASTE_END, CTERMINAL_KEY_MOUSE,
            CTERMINAL_KEY_MOUSE_OLD, CTERMINAL_KEY_FUNCTION + 5, -1, .max,
        ]
        return .named(keys[random.index(keys.count)])
    }

    /// The case of a letter makes no difference, and a filter of plain words finds what has them.
    @Test func attemptFilters() throws {
        let fuzzer = Fuzzer(
            "attempt filters",
            samples: [
                "", "deposit 576", "outcome:running account:576 conflicts>2",
                "conflicts>99999999999999999999",
                "conflicts>-9223372036854775808", "outcome:", "account:",
            ], pieces: ["outcome:", "account:", "conflicts>", "posted", "576", "İ", "ß"])
        let operation = try Operation(
            reference: Reference("ref-1"),
            action: .deposit(account: AccountCode("576"), amount: DecimalAmount("12.50")), actor: "Anna")
        let group = OperationAttempts(OperationSummary(operation), at: Timestamp(microseconds: 0))
        try fuzzer.run { input, _ in
            let text = String(decoding: input, as: UTF8.self)
            let isFound = AttemptFilter(text).matches(group)
            #expect(AttemptFilter(text.lowercased()).matches(group) == isFound, Fuzzer.trace(input))
            if AttemptFilter(text).isEmpty { #expect(isFound, Fuzzer.trace(input)) }
            // Only so many terms are looked at.
            if FilterTerm.split(text).count <= FilterTerm.maximum - 3 {
                #expect(
                    AttemptFilter("deposit 576 anna " + text).matches(group) == isFound, Fuzzer.trace(input))
            }
        }
    }
}
