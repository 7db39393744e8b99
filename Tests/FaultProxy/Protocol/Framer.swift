/// Bounds of the proxy, all of them.
enum Limits {
    /// Bytes of a startup packet, as PostgreSQL's own `MAX_STARTUP_PACKET_LENGTH`.
    static let startupBytes = 10_000
    /// Bytes of any other message. The protocol allows 1 GiB; nothing that is tested comes near this.
    static let messageBytes = 64 << 20
    /// Bytes of the messages that are held back until their Execute comes.
    static let heldBytes = 2 * messageBytes
    /// Answers that a session waits for. A server flushes whenever 8 KiB of answers have gathered, so a
    /// client that is not read from at this point still gets its answers, and the queue shrinks.
    static let answersDue = 65_536
    /// Prepared statements whose text is known, and as many portals, for one session.
    static let statements = 4_096
    /// Bytes of a statement's text that rules look at.
    static let statementTextBytes = 65_536
    static let journalEntries = 4_096
    static let journalTextBytes = 80
    static let connections = 4_096
    static let rules = 1_024
}

/// One message within a framer's storage.
struct Frame: Equatable {
    /// The type byte; 0 for the packets that a connection begins with, which have none.
    let type: UInt8
    /// The whole message, header included.
    let range: Range<Int>
    /// The message without type and length.
    var body: Range<Int> { (range.lowerBound + (type == 0 ? 4 : 5))..<range.upperBound }
}

/// Cuts a stream of bytes, which come in pieces of any size, into messages (PostgreSQL manual, "Message
/// Formats").
struct Framer {
    enum Defect: Error, Equatable {
        /// A length that cannot contain itself, or that is above the limit.
        case length(Int)
    }

    /// What has come, from the first message on that was not taken away by `append`.
    private(set) var storage: [UInt8] = []
    private var position = 0
    /// False while the packets without a type are to come.
    var isTyped: Bool

    init(isTyped: Bool) { self.isTyped = isTyped }

    /// Bytes that are not part of a message which was handed out.
    var pending: Int { storage.count - position }

    /// Adds bytes. Frames handed out before refer to nothing any more.
    mutating func append(_ bytes: [UInt8]) {
        if position == storage.count {
            storage = bytes
        } else {
            storage.removeFirst(position)
            storage.append(contentsOf: bytes)
        }
        position = 0
    }

    /// The next whole message, nil when it has not come yet.
    mutating func next() throws(Defect) -> Frame? {
        let header = isTyped ? 5 : 4
        guard pending >= header else { return nil }
        let length = Int(Int32(truncatingIfNeeded: bigEndian(at: position + header - 4)))
        guard length >= 4, length <= (isTyped ? Limits.messageBytes : Limits.startupBytes) else {
            throw .length(length)
        }
        let end = position + header - 4 + length
        guard end <= storage.count else { return nil }
        let frame = Frame(type: isTyped ? storage[position] : 0, range: position..<end)
        position = end
        return frame
    }

    /// Makes `frame`, the last that was handed out, the next one again.
    mutating func putBack(_ frame: Frame) { position = frame.range.lowerBound }

    /// Everything that is left, a message's beginning included.
    mutating func takeRest() -> ArraySlice<UInt8> {
        defer { position = storage.count }
        return storage[position...]
    }

    private func bigEndian(at index: Int) -> UInt32 {
        storage[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
