import Testing

@testable import Terminal

@Suite("Clipboard")
struct ClipboardTests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func encodesAsTheStandardDoes(text: String, code: String) {
        #expect(String(decoding: Clipboard.base64(Array(text.utf8)), as: UTF8.self) == code)
    }

    @Test func encodesEveryByte() {
        let code = String(decoding: Clipboard.base64([0xfb, 0xff, 0xbf, 0x00, 0xff]), as: UTF8.self)
        #expect(code == "+/+/AP8=")
    }

    @Test func keepsWithinWhatTerminalsTake() {
        let text = String(repeating: "x", count: Clipboard.limit)
        #expect(Clipboard.sequence(for: text, passesThroughScreen: false).count <= 100_000)
    }

    @Test func wrapsItInPiecesForScreen() throws {
        let text = String(repeating: "ž", count: 500)
        let plain = Clipboard.sequence(for: text, passesThroughScreen: false)
        let wrapped = String(
            decoding: Clipboard.sequence(for: text, passesThroughScreen: true), as: UTF8.self)
        let pieces = wrapped.split(separator: "\u{1b}\\")
        #expect(pieces.count == 6)
        #expect(pieces.allSatisfy { $0.hasPrefix("\u{1b}P") && $0.utf8.count <= 242 })
        #expect(pieces.map { $0.dropFirst(2) }.joined() == String(decoding: plain, as: UTF8.self))
    }
}
