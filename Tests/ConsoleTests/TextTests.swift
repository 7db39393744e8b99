import Testing

@testable import Console

@Suite("Text for a terminal")
struct TextTests {
    @Test(arguments: [
        ("abc", 3), ("Zoë", 3), ("e\u{301}", 1), ("日本", 4), ("한국", 4), ("👍", 2), ("👍🏽", 2),
        ("👨‍👩‍👧‍👦", 2), ("❤️", 1), ("🇨🇿", 2), ("1️⃣", 1), ("का", 2), ("ｆｕｌｌ", 8), ("\u{1112}\u{1161}\u{11ab}", 2),
        ("", 0), ("\u{301}", 1), ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
    ])
    func measuresWhatATerminalShows(text: String, columns: Int) {
        #expect(SafeText.columns(text) == columns)
    }

    /// Unicode's tables are not asked for these.
    @Test func whatIsTakenForSimpleIsACharacterOfOneColumn() {
        var count = 0
        for scalar in (0..<0x11_0000).compactMap(Unicode.Scalar.init) {
            guard GlyphBuilder.isSimple(scalar.value) else { continue }
            count += 1
            let properties = scalar.properties
            #expect(![.control, .nonspacingMark, .enclosingMark].contains(properties.generalCategory))
            #expect(properties.generalCategory != .unassigned)
            // The soft hyphen is left out before.
            #expect(properties.generalCategory != .format || scalar.value == 0xad)
            #expect(DisplayWidth.columns(scalar) == 1)
            #expect(scalar.value < 0x2190 || !properties.isEmoji)
        }
        #expect(count == 0x260 + 0xa0)
        #expect(shown("\u{ad}") == "")
    }

    @Test func showsControlCharactersInsteadOfSendingThem() {
        #expect(shown("a\u{1b}[31mb") == "a␛[31mb")
        #expect(shown("a\r\nb\tc\u{7f}\u{9b}") == "a␍␊b␉c␡\u{fffd}")
        #expect(shown("pay \u{202e}evil\u{2066}") == "pay \u{fffd}evil\u{fffd}")
        #expect(shown("\u{feff}\u{200b}x\u{e000}\u{2028}") == "\u{fffd}\u{fffd}x\u{fffd}\u{fffd}")
    }

    @Test func aLineIsEditedWithTheKeysOfEmacs() {
        var line = LineField("pay the rent", limit: 20)
        func press(_ keys: Key...) {
            for key in keys {
                let isEdit = line.edit(key)
                #expect(isEdit)
            }
        }
        press(.alt("b"), .alt("b"))
        #expect(line.cursor == 4)
        press(.alt("d"))
        #expect(line.text == "pay  rent")
        press(.control("e"), .control("y"))
        #expect(line.text == "pay  rentthe")
        press(.control("a"), .alt("f"), .control("k"))
        #expect(line.text == "pay")
        press(.control("y"), .control("y"))
        // No more than it takes.
        #expect(line.text == "pay  rentthe  rentth")
        press(.control("u"))
        #expect(line.isEmpty && line.cursor == 0)
        press(.control("y"), .control("w"))
        #expect(line.text == "pay  rentthe  ")
    }

    @Test func keepsAtMostThreeMarksOnACharacter() {
        let zalgo = "a" + String(repeating: "\u{316}", count: 500)
        #expect(shown(zalgo).unicodeScalars.count == 4)
        #expect(shown(String(zalgo.unicodeScalars.dropFirst())) == " \u{316}\u{316}\u{316}")
    }

    @Test func cutsOffWithAnEllipsisAndNeverInsideAWideCharacter() {
        #expect(SafeText.truncated("abcdef", to: 4) == "abc…")
        #expect(SafeText.truncated("abcd", to: 4) == "abcd")
        #expect(SafeText.truncated("日本語", to: 4) == "日…")
        #expect(SafeText.truncated("日本語", to: 5) == "日本…")
        #expect(SafeText.truncated("日本", to: 4) == "日本")
        #expect(SafeText.truncated("abc", to: 0) == "")
    }

    @Test func wrapsAtSpacesAndCutsWordsThatAreTooLong() {
        #expect(SafeText.wrapped("one two three", to: 7) == ["one two", "three"])
        #expect(SafeText.wrapped("abcdefgh ij", to: 3) == ["abc", "def", "gh", "ij"])
        #expect(SafeText.wrapped("日本語", to: 1).count == 3)
    }

    @Test(arguments: ["w", "w ", "日", "日 ", "\u{1b}", "e\u{301}", "\u{301}", "👨‍👩‍👧‍👦", " "])
    func ofAMegabyteNoMoreIsShownThanAScreenCouldHold(piece: String) {
        let text = "begin" + String(repeating: piece, count: 1_048_576 / piece.utf8.count)
        let room = SafeText.maximumBytes + 100
        #expect(SafeText.columns(text) <= room)
        // A picture of a control character has three bytes.
        #expect(SafeText.printable(text).utf8.count <= 3 * room)
        #expect(SafeText.printable(text).hasPrefix("begi"))
        #expect(SafeText.truncated(text, to: 2000).utf8.count <= 2000 * 7)
        for columns in [1, 2, 40, 100_000] {
            let lines = SafeText.wrapped(text, to: columns)
            #expect(lines.count <= room)
            #expect(lines.allSatisfy { SafeText.columns($0) <= max(columns, 2) })
        }
    }

    @Test func aTextOfTheLongestKindIsShownWhole() {
        let narrative = String(repeating: "日", count: 1000)
        #expect(SafeText.printable(narrative) == narrative)
        #expect(SafeText.wrapped(narrative, to: 80).joined() == narrative)
    }

    @Test func everyScalarTakesAsManyColumnsInAFrameAsWereMeasured() {
        for value in UInt32(0)..<0x2_0000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(scalar)
            var frame = Frame(size: Size(width: 4, height: 1))
            let used = frame.put(text, at: Position(column: 0, row: 0))
            #expect(used == SafeText.columns(text))
        }
    }

    @Test func aWideCharacterThatIsOverwrittenInHalfLeavesNoHalf() {
        var frame = Frame(size: Size(width: 6, height: 1))
        frame.put("日本", at: Position(column: 0, row: 0))
        frame.put("x", at: Position(column: 1, row: 0))
        #expect(frame.text == " x本")
        frame.put("y", at: Position(column: 2, row: 0))
        #expect(frame.text == " xy")
        let used = frame.put("語", at: Position(column: 5, row: 0))
        #expect(used == 0)
    }

    private func shown(_ text: String) -> String { SafeText.glyphs(text).map(\.text).joined() }
}

@Suite("A line that is typed")
struct LineFieldTests {
    @Test func editsAtTheCursor() {
        var field = LineField("abc", limit: 10)
        for key in [Key.left, .left, .character("X"), .end, .backspace, .home, .delete] {
            let wasTaken = field.edit(key)
            #expect(wasTaken)
        }
        #expect(field.text == "Xb")
        #expect(field.cursor == 0)
    }

    @Test func removesToTheStartAndByWord() {
        var field = LineField("one two three", limit: 40)
        _ = field.edit(.control("w"))
        #expect(field.text == "one two ")
        _ = field.edit(.control("u"))
        #expect(field.isEmpty)
    }

    @Test func takesNoMoreThanItsLimitAndNoControlCharacters() {
        var field = LineField(limit: 5)
        _ = field.edit(.paste("a\tb\u{1b}cdefgh"))
        #expect(field.text == "a bcd")
        let wasTaken = field.edit(.enter)
        #expect(!wasTaken)
    }

    @Test func showsTheCursorWhereverItIs() {
        let field = LineField("0123456789", limit: 20)
        let window = field.window(columns: 5)
        #expect(window.text == "6789")
        #expect(window.cursor == 4)
    }
}
