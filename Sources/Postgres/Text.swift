import Glibc

/// Server text as one line: control characters and line breaks become single spaces, both ends are trimmed.
///
/// Text from outside is hostile: an escape sequence in an error message must not reach a terminal or a log.
func singleLine(_ text: String) -> String {
    var line = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        let isControl =
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            || (0x2028...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
        if !isControl && scalar != " " {
            line.append(scalar)
        } else if !line.isEmpty && line.last != " " {
            line.append(" ")
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
