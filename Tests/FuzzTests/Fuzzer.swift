import Glibc
import TestSupport
import Testing

/// Feeds a parser with spoilt samples for a fixed time.
///
/// Each input follows from a number of its own, the first of them the seed: `BURSAR_FUZZ_SEED=N` gives the input with
/// the number N first, and so a failure again. `BURSAR_FUZZ_SECONDS=60` is a longer search, for each parser.
struct Fuzzer {
    let name: String
    /// What the parser reads, good and bad.
    let samples: [[UInt8]]
    /// Pieces that mean something to it.
    let pieces: [[UInt8]]
    /// No input is longer.
    var limit = 1 << 14

    static let seconds = number("BURSAR_FUZZ_SECONDS").map { Double($0) } ?? 1
    static let seed = number("BURSAR_FUZZ_SEED") ?? 1

    init(_ name: String, samples: [String], pieces: [String]) {
        self.init(name, samples: samples.map { Array($0.utf8) }, pieces: pieces)
    }

    init(_ name: String, samples: [[UInt8]], pieces: [String]) {
        self.name = name
        self.samples = samples
        self.pieces = pieces.map { Array($0.utf8) } + Self.nasty
    }

    /// Gives inputs to `body` until the time is up or something of an input was recorded as an issue.
    ///
    /// What ends the whole process leaves the number of its input behind in a file, since nothing else can tell.
    func run(_ body: (_ input: [UInt8], _ random: inout SplitMix64) throws -> Void) throws {
        let witness = "/tmp/bursar-fuzz-\(getpid())-\(name)"
        let file = open(witness, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer {
            close(file)
            unlink(witness)
        }
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .seconds(Self.seconds))
        var number = Self.seed
        // Some at the least, however loaded the machine is.
        while number < Self.seed + 100 || clock.now < end {
            var digits = Array("\(number)\n".utf8)
            pwrite(file, &digits, digits.count, 0)
            var random = SplitMix64(seed: number &* 0x2545_f491_4f6c_dd1d)
            let input = input(&random)
            try body(input, &random)
            number += 1
        }
        print("fuzz: \(name): \(number - Self.seed) executions from seed \(Self.seed)")
    }

    /// How a failed expectation names its input.
    static func trace(_ input: [UInt8]) -> Comment {
        "\(input.count) bytes: \(String(reflecting: String(decoding: input.prefix(2000), as: UTF8.self)))"
    }

    // MARK: Inputs

    private func input(_ random: inout SplitMix64) -> [UInt8] {
        var bytes = samples[random.index(samples.count)]
        for _ in 0..<random.index(7) { spoil(&bytes, &random) }
        if bytes.count > limit { bytes.removeSubrange(limit...) }
        return bytes
    }

    private func spoil(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let place = random.index(bytes.count + 1)
        let end = min(bytes.count, place + 1 + random.index(1 << random.index(8)))
        switch random.index(10) {
        case 0: if place < bytes.count { bytes[place] ^= 1 << UInt8(random.index(8)) }
        case 1: if place < bytes.count { bytes[place] = UInt8(truncatingIfNeeded: random.next()) }
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: Array(bytes[place..<end]), at: random.index(bytes.count + 1))
        case 4:
            // What nests, or grows, shows at a number of repetitions.
            let piece = pieces[random.index(pieces.count)]
            let times = min(1 << random.index(14), limit / max(piece.count, 1))
            bytes.insert(contentsOf: repeatElement(piece, count: times).joined(), at: place)
        case 5:
            let other = samples[random.index(samples.count)]
            let start = random.index(other.count + 1)
            bytes.replaceSubrange(place..., with: other[start...])
        default: bytes.insert(contentsOf: pieces[random.index(pieces.count)], at: place)
        }
    }

    /// What steers terminals, reverses lines, ends texts or is no text.
    private static let nasty: [[UInt8]] =
        [
            "\0", "\t", "\n", "\r\n", "\r", "\u{1b}", "\u{1b}[31m", "\u{1b}]0;x\u{7}", "\u{7f}", "\u{85}",
            "\u{9b}", "\u{ad}", "\u{200b}", "\u{200d}", "\u{200e}", "\u{2028}", "\u{202e}", "\u{2066}",
            "\u{feff}", "\u{e000}", "\u{e0041}", "\u{10ffff}", "e\u{301}", "\u{301}", "日", "👨‍👩‍👧", "🇨🇿", "١",
            "\"", "'", "\\", ",", ";", "=", "0", "9", "-", ".", " ", "9223372036854775807",
            "-9223372036854775808", "18446744073709551616", "1e400", "NaN",
        ].map { Array($0.utf8) } + [
            [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80],
        ]

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }
}

/// Whether nothing in the text acts on a terminal, begins another line or cannot be seen.
func isClean(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
        case .format: scalar.value == 0x200c || scalar.value == 0x200d
        default: true
        }
    }
}
