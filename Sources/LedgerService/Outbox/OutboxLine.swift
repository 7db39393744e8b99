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
enum OutboxLine: Hashable {
    /// Which ledger the lines below it are about.
    case ledger(String)
    case entry(OutboxEntry)
    /// The outcome of this operation has been told.
    case struckOff(Reference)

    private struct Stored: Decodable {
        var ledger: String?
        var begun: Int64?
        var over: Int64?
        var operation: StoredOperation?
        var done: String?
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
        switch self {
        case .ledger(let name): text.add("ledger", name)
        case .entry(let entry):
            text.add("begun", entry.begunAt.microseconds)
            text.add("over", entry.overAt.microseconds)
            text.add("operation") { StoredOperation.write(entry.operation, to: &$0) }
        case .struckOff(let reference): text.add("done", reference.text)
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
            let stored = try? JSONDecoder().decode(Stored.self, from: Data(body))
        else { return nil }
        if let name = stored.ledger {
            self = .ledger(name)
        } else if let done = stored.done {
            self = .struckOff(Reference(stored: done))
        } else if let begun = stored.begun, let over = stored.over,
            let operation = try? stored.operation?.operation()
        {
            self = .entry(
                OutboxEntry(
                    operation: operation, begunAt: Timestamp(microseconds: begun),
                    overAt: Timestamp(microseconds: over)))
        } else {
            return nil
        }
    }

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

    init(bytes: [UInt8]) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // What has no end was never synchronised, so that nothing of it was committed.
        lines.removeLast()
        for line in lines {
            switch OutboxLine(bytes: line) {
            case .ledger(let name): ledger = name
            case .entry(let entry): entries[entry.operation.reference] = entry
            case .struckOff(let reference): entries[reference] = nil
            case nil: damagedLines += 1
            }
        }
    }
}
