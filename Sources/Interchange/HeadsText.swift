import Ledger

/// The heads of all chains as a text to be kept elsewhere: a title, the moment, one line an account in the order of
/// their ids (`id number hash code`), their number, and a hash of all lines before.
///
///     bursar heads 1
///     moment 2026-11-25T02:53:45.000000Z
///     0193b2c4-0000-7000-8000-000000000001 41 5f3c… 576
///     accounts 1
///     digest 9a41…
///
/// A code that the ledger's own rules would not have let in, written past them, stands behind a second space with
/// its characters escaped, so that it is one word of one line: see ``HeadsCode``.
public struct HeadsWriter: Sendable {
    private var running = RunningDigest()
    /// How many heads were written.
    public private(set) var count: Int64 = 0

    public init() {}

    /// What comes before the first head.
    public mutating func header(moment: Timestamp) -> [UInt8] {
        hashed("\(HeadsReader.title)\nmoment \(moment.description)\n")
    }

    public mutating func line(_ head: AccountHead) -> [UInt8] {
        count += 1
        return hashed("\(head.account) \(head.seq) \(head.hash) \(HeadsCode.written(head.code))\n")
    }

    /// What comes after the last head, and the hash of all that: it alone, published, vouches for the whole text.
    public mutating func end() -> (bytes: [UInt8], digest: Digest) {
        let bytes = hashed("accounts \(count)\n")
        let digest = running.digest
        return (bytes + Array("digest \(digest)\n".utf8), digest)
    }

    private mutating func hashed(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        running.append(bytes)
        return bytes
    }
}

/// Reads what ``HeadsWriter`` wrote, a line at a time.
///
/// Whether the text is whole is known at its end: read it once to the end before a word of it is believed.
public struct HeadsReader {
    static let title = "bursar heads 1"
    /// A line has an id, a number, a hash and a code of 64 characters at the most, each escaped in 10 bytes.
    static let lineLimit = 1024

    private let lines: LineReader
    private var running = RunningDigest()
    private var last: Identifier?
    private var count: Int64 = 0
    /// When the heads were kept, as the text says.
    public private(set) var moment = ""
    /// The hash at the text's end; nil before the end.
    public private(set) var digest: Digest?

    /// - Throws: ``ImportError`` when it is no such text.
    public init(_ source: any ByteSource) throws(ImportError) {
        lines = LineReader(source, limit: Self.lineLimit)
        guard try nextLine() == Self.title else {
            throw ImportError("this is no file of heads; `bursar verify --heads FILE` writes one")
        }
        let line = try nextLine() ?? ""
        guard line.hasPrefix("moment ") else { throw damaged("it does not say when it was made") }
        moment = visible(String(line.dropFirst(7)), limit: 40)
    }

    /// The next head; nil at the end, which was found whole then.
    /// - Throws: ``ImportError`` where the text was changed or cut.
    public mutating func next() throws(ImportError) -> AccountHead? {
        if digest != nil { return nil }
        guard let line = try nextLine() else { throw damaged("it ends before its end") }
        if line.hasPrefix("accounts ") {
            try readEnd(line)
            return nil
        }
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        guard words.count == 4, let account = Identifier(String(words[0])), let seq = Int64(words[1]),
            seq > 0,
            let hash = Digest(String(words[2]))
        else { throw damaged("a line of it is no head") }
        if let last, account <= last { throw damaged("its lines are not in their order") }
        last = account
        count += 1
        return AccountHead(
            account: account, code: HeadsCode.read(words[3]), seq: seq, hash: hash)
    }

    private mutating func readEnd(_ line: String) throws(ImportError) {
        guard line == "accounts \(count)" else { throw damaged("lines of it are missing") }
        let found = running.digest
        guard let end = try lines.next(), end == "digest \(found)", try lines.next() == nil else {
            throw damaged("its digest is not that of its lines")
        }
        digest = found
    }

    private mutating func nextLine() throws(ImportError) -> String? {
        guard let line = try lines.next() else { return nil }
        running.append(line.utf8)
        running.append(CollectionOfOne(UInt8(ascii: "\n")))
        return line
    }

    private func damaged(_ what: String) -> ImportError {
        ImportError("the file of heads was changed or cut: \(what)", line: lines.count)
    }
}

/// An account's code as the last word of a line.
///
///     576            as it is: no code that the ledger lets in has a space in it
///      a\u{a}b       behind a space: escaped
enum HeadsCode {
    /// The most scalars of a code that the database lets in; an owner may have taken the rule away.
    private static let limit = 64

    static func written(_ code: AccountCode) -> String {
        do throws(Refusal) {
            return try AccountCode(code.text).text
        } catch {
            return " " + code.text.unicodeScalars.prefix(limit).map(escaped).joined()
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        let isPlain = !scalar.isUnsafeToPrint && !scalar.properties.isWhitespace && scalar != "\\"
        return isPlain ? String(scalar) : #"\u{\#(String(scalar.value, radix: 16))}"#
    }

    /// What is no escape stands for itself.
    static func read(_ word: Substring) -> AccountCode {
        guard word.first == " " else { return AccountCode(stored: String(word)) }
        var text = ""
        var rest = word.dropFirst()
        while let start = rest.firstRange(of: #"\u{"#),
            let end = rest[start.upperBound...].firstIndex(of: "}")
        {
            let digits = rest[start.upperBound..<end]
            guard let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) else { break }
            text += rest[..<start.lowerBound]
            text.unicodeScalars.append(scalar)
            rest = rest[rest.index(after: end)...]
        }
        return AccountCode(stored: text + rest)
    }
}

/// Lines of a text, ended by LF, each of a bounded length.
final class LineReader {
    private let source: any ByteSource
    private let limit: Int
    private var chunk = [UInt8](repeating: 0, count: 65_536)
    private var rest: ArraySlice<UInt8> = []
    /// How many lines were read.
    private(set) var count = 0

    init(_ source: any ByteSource, limit: Int) {
        self.source = source
        self.limit = limit
    }

    /// The next line without its end; nil after the last.
    /// - Throws: ``ImportError`` for a line that is too long, has no end or is not UTF-8.
    func next() throws(ImportError) -> String? {
        var line: [UInt8] = []
        while true {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end]
                rest = rest[(end + 1)...]
                count += 1
                guard line.count <= limit, let text = String(validating: line, as: UTF8.self) else {
                    throw ImportError("line \(count) is too long or no text", line: count)
                }
                return text
            }
            line += rest
            if line.count > limit { throw ImportError("line \(count + 1) is too long", line: count + 1) }
            let read = try fill()
            if read == 0 {
                if line.isEmpty { return nil }
                throw ImportError("line \(count + 1) has no end: the file was cut", line: count + 1)
            }
            rest = chunk[..<read]
        }
    }

    private func fill() throws(ImportError) -> Int {
        var failure: ImportError?
        let read = chunk.withUnsafeMutableBytes { buffer in
            do throws(ImportError) {
                return try source.read(into: buffer)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return read
    }
}
