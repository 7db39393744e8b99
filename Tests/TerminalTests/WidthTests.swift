import CTerminal
import Glibc
import Testing

@testable import Console

/// What the console takes a character's width to be has to be what the C library takes it to be, since
/// ncurses counts columns by it. Where they differ, the terminal shows `?`.
@Suite("Widths")
struct WidthTests {
    @Test func agreeWithTheCLibrary() throws {
        try #require(setlocale(LC_CTYPE, "C.UTF-8") != nil)
        var differences: [String] = []
        var compared = 0
        for value in UInt32(0xa0)...0x3ffff {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let glyphs = SafeText.glyphs(String(scalar))
            // Only what is drawn as itself: the rest is replaced, or joins the character before it.
            guard glyphs.count == 1, let glyph = glyphs.first, glyph.text == String(scalar) else { continue }
            compared += 1
            let width = Int(cterminal_measure(value))
            // A character that is newer than the C library is none to it; a vowel of Ahom it takes for a
            // mark.
            if width >= 0, value != 0x1171e, width != glyph.columns {
                differences.append(String(value, radix: 16) + " \(width)≠\(glyph.columns)")
            }
        }
        #expect(compared > 100_000)
        #expect(
            differences.isEmpty, "\(differences.count): \(differences.prefix(60).joined(separator: ", "))")
    }
}
