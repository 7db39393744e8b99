/// Text for the clipboard of whoever sits at the terminal, over any connection: xterm's control sequence OSC
/// 52.
enum Clipboard {
    /// The most bytes of text: xterm and tmux take sequences of up to 100,000 bytes.
    static let limit = 74_994

    /// What GNU screen takes in one piece; it has 768 bytes for it.
    private static let pieceLength = 240

    /// Whether a terminal of a kind could know the sequence. Consoles and the terminals of hardware print it.
    static func isKnown(to term: String) -> Bool {
        !["linux", "vt", "ansi", "pcansi", "cons", "sun", "wsvt", "hurd", "mach"].contains {
            term.hasPrefix($0)
        }
    }

    /// - Parameter passesThroughScreen: wraps it for GNU screen, which hands on what stands in a device control
    ///   string, but does not know the sequence.
    static func sequence(for text: String, passesThroughScreen: Bool) -> [UInt8] {
        let bytes = Array("\u{1b}]52;c;".utf8) + base64(Array(text.utf8)) + [0x07]
        guard passesThroughScreen else { return bytes }
        return stride(from: 0, to: bytes.count, by: pieceLength).flatMap { start in
            Array("\u{1b}P".utf8) + bytes[start..<min(start + pieceLength, bytes.count)]
                + Array("\u{1b}\\".utf8)
        }
    }

    /// RFC 4648, section 4.
    static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for index in 0..<4 {
                // So many characters say the group's bytes; the rest is filled up.
                result.append(
                    index <= group.count ? alphabet[bits >> (18 - 6 * index) & 0x3f] : UInt8(ascii: "="))
            }
        }
        return result
    }
}
