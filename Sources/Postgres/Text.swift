import Glibc

/// Server text as one line: control characters and line breaks become single spaces, both ends are trimmed.
///
/// Text from outside is hostile: an escape sequence in an error message must not reach a terminal or a log, and
/// what is longer than `limit` scalars ends there with an ellipsis.
func singleLine(_ text: String, limit: Int = 4_096) -> String {
    var line = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
        if count == limit {
            line.append("…")
            break
        }
        let isControl =
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            || (0x2028...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
        if !isControl && scalar != " " {
            line.append(scalar)
            count += 1
        } else if !line.isEmpty && line.last != " " {
            line.append(" ")
            count += 1
        }
    }
    if line.last == " " { line.removeLast() }
    return String(line)
}

/// Takes secrets out of text that leaves this module.
struct Redactor: Sendable {
    private let secrets: [String]

    init(_ secrets: [String]) {
        self.secrets = secrets.filter { !$0.isEmpty }
    }

    /// Server text without secrets, as one line. In this order: a line that was cut could end in half a secret.
    func line(_ text: String) -> String { singleLine(redact(text)) }

    func redact(_ text: String) -> String {
        var text = text
        for secret in secrets {
            text = replace(secret, in: text)
        }
        return text
    }

    private func replace(_ secret: String, in text: String) -> String {
        let haystack = Array(text.utf8)
        let needle = Array(secret.utf8)
        guard haystack.count >= needle.count else { return text }
        var result: [UInt8] = []
        var found = false
        var index = 0
        while index < haystack.count {
            if haystack[index...].starts(with: needle) {
                found = true
                result.append(contentsOf: "***".utf8)
                index += needle.count
            } else {
                result.append(haystack[index])
                index += 1
            }
        }
        guard found else { return text }
        // With the letters of a very short secret blotted out, the gaps would spell it: say nothing instead.
        return needle.count < 4 ? "(message withheld)" : String(decoding: result, as: UTF8.self)
    }
}
