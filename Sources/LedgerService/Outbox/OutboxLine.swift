import FoundationEssentials
import Ledger

/// An operation that was sent, or was about to be, and whose outcome nobody has been told.
public struct OutboxEntry: Sendable, Hashable {
    public let operation: Operation
    /// When it was about to be sent, by this machine's clock.
    public let begunAt: Timestamp
    /// From then on nothing of it can reach the books any more: the program has given up, and the server has ended
    /// whatever it was still at.
    public let overAt: Timestamp

    public init(operation: Operation, begunAt: Timestamp, overAt: Timestamp) {
        self.operation = operation
        self.begunAt = begunAt
        self.overAt = overAt
    }
}

/// One line of an outbox: each begins with a checksum of the rest, so that a line which was torn by a crash or damaged
/// on the disk is known for it.
struct OutboxLine: Hashable {
    /// How often the file had been begun anew when it was written.
    let lap: Int64
    let content: Content

    enum Content: Hashable {
        /// Which ledger the lines below it are about.
        case ledger(String)
        case entry(OutboxEntry)
        /// The outcome of this operation has been told.
        case struckOff(Reference)
        /// What was open when this lap began stands in it: no line of an earlier one counts any more.
        case carriedOver
    }

    private struct Stored: Decodable {
        var lap: Int64?
        var ledger: String?
        var begun: Int64?
        var over: Int64?
        var operation: StoredOperation?
        var done: String?
    }

    init(_ content: Content, lap: Int64 = 0) {
        self.content = content
        self.lap = lap
    }

    /// The line with its end.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    func append(to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: Self.checksumDigits))
        bytes.append(contentsOf: Self.separator)
        let body = bytes.count
        var text = JSONText(after: &bytes)
        if lap > 0 { text.add("lap", lap) }
        switch content {
        case .ledger(let name): text.add("ledger", name)
        case .entry(let entry):
            text.add("begun", entry.begunAt.microseconds)
            text.add("over", entry.overAt.microseconds)
            text.add("operation") { StoredOperation.write(entry.operation, to: &$0) }
        case .struckOff(let reference): text.add("done", reference.text)
        case .carriedOver: break
        }
        text.end(into: &bytes)
        let checksum = Self.checksum(bytes[body...])
        for (index, digit) in checksum.enumerated() { bytes[start + index] = digit }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// - Parameter bytes: a line without its end.
    /// - Returns: nil for one that was not written like this.
    init?(bytes: ArraySlice<UInt8>) {
        let body = bytes.dropFirst(Self.checksumDigits + Self.separator.count)
        guard Array(bytes.dropLast(body.count)) == Self.checksum(body) + Self.separator,
            let stored = try? JSONDecoder().decode(Stored.self, from: Data(body)),
            stored.lap.map(Self.laps.contains) != false
        else { return nil }
        lap = stored.lap ?? 0
        if let name = stored.ledger {
            content = .ledger(name)
        } else if let done = stored.done {
            content = .struckOff(Reference(stored: done))
        } else if let begun = stored.begun, let over = stored.over,
            let operation = try? stored.operation?.operation()
        {
            content = .entry(
                OutboxEntry(
                    operation: operation, begunAt: Timestamp(microseconds: begun),
                    overAt: Timestamp(microseconds: over)))
        } else if lap > 0, stored.begun == nil, stored.over == nil, stored.operation == nil {
            content = .carriedOver
        } else {
            return nil
        }
    }

    /// Those that are written; before the first is the file as it was made.
    private static let laps: ClosedRange<Int64> = 1...1 << 53
    private static let checksumDigits = 16
    private static let separator = Array(" ".utf8)

    private static func checksum(_ body: ArraySlice<UInt8>) -> [UInt8] {
        Array(Digest(of: body).abbreviation.utf8)
    }
}

/// What the lines of an outbox come to.
struct OutboxContents {
    private(set) var ledger = ""
    private(set) var entries: [Reference: OutboxEntry] = [:]
    /// Lines that cannot be read. The last one may have been torn by a crash, before anything of it could be committed.
    private(set) var damagedLines = 0
    /// The latest lap of a line.
    private(set) var lap: Int64 = 0
    /// Where the line with the ledger's name ends.
    let front: Int
    /// Where the last line ends that counts; behind it may be what does not.
    private(set) var end: Int

    init(bytes: [UInt8]) {
        let newline = UInt8(ascii: "\n")
        front = (bytes.firstIndex(of: newline) ?? -1) + 1
        end = front
        // What has no end was never synchronised, so that nothing of it was committed.
        let parts = bytes.split(separator: newline, omittingEmptySubsequences: false).dropLast()
        let lines = parts.map { OutboxLine(bytes: $0) }
        lap = lines.lazy.compactMap { $0?.lap }.max() ?? 0
        let counting = lines.lazy.compactMap { $0?.content == .carriedOver ? $0?.lap : nil }.max() ?? 0
        damagedLines = Self.damaged(lines, counting: counting, isLast: lap == 0)
        for (line, part) in zip(lines, parts) {
            // Of a file that was written once only nothing is overwritten, not even what is damaged.
            guard let line else {
                if lap == 0 { end = part.endIndex + 1 }
                continue
            }
            if case .ledger(let name) = line.content { ledger = name }
            guard line.lap >= counting else { continue }
            end = part.endIndex + 1
            switch line.content {
            case .entry(let entry): entries[entry.operation.reference] = entry
            case .struckOff(let reference): entries[reference] = nil
            case .ledger, .carriedOver: break
            }
        }
    }

    /// How many lines are damaged among those that count. Where a lap has come to, what is left of a line that it has begun
    /// to overwrite is not.
    /// - Parameter isLast: whether nothing but zeros was ever behind them.
    private static func damaged(_ lines: [OutboxLine?], counting lap: Int64, isLast: Bool) -> Int {
        var (damaged, unread) = (0, 0)
        var isAmongThem = true
        for line in lines {
            guard let line else {
                unread += 1
                continue
            }
            let counts = line.lap >= lap || isLedger(line)
            if isAmongThem, counts { damaged += unread }
            (isAmongThem, unread) = (counts, 0)
        }
        return isLast ? damaged + unread : damaged
    }

    private static func isLedger(_ line: OutboxLine) -> Bool {
        if case .ledger = line.content { true } else { false }
    }
}
