/// Takes bytes one by one and makes rows of them (RFC 4180). It knows nothing of chunks and files, so that the
/// same bytes give the same rows however they arrive.
struct CSVRowBuilder {
    /// What is kept of one row at the most; a row that goes beyond is read to its end and is defective.
    struct Bounds {
        var fieldBytes = 65_536
        var rowBytes = 1_048_576
        var fields = 512
    }

    /// What the end of the file means for the row that was being read.
    enum End: Hashable {
        case row
        case nothing
        case openQuote(FilePlace)
    }

    private enum State { case fieldStart, unquoted, quoted, afterQuote }

    private(set) var row = CSVRow()
    /// The place of the next byte.
    private(set) var place: FilePlace
    private let bounds: Bounds
    private var state = State.fieldStart
    private var utf8 = UTF8Check()
    /// Where the character begins whose bytes are coming in.
    private var characterPlace = FilePlace()
    private var lastWasCR = false
    private var fieldPlace: FilePlace
    private var fieldStart = 0
    private var isFieldQuoted = false
    /// Whether the row has gone beyond its bounds, so that no more of it is kept.
    private var isFull = false

    /// - Parameter offset: bytes of the file that were skipped, such as a byte order mark.
    init(bounds: Bounds = Bounds(), offset: Int = 0) {
        self.bounds = bounds
        place = FilePlace(offset: offset)
        fieldPlace = place
        row.reset(at: place)
    }

    /// Forgets the row that was given out. To be called before the first byte of the next.
    mutating func beginRow() {
        row.reset(at: place)
        isFull = false
        beginField()
    }

    /// - Returns: whether the row is complete. A line with nothing on it is no row.
    mutating func take(_ byte: UInt8) -> Bool {
        let here = place
        let endsPair = lastWasCR && byte == UInt8(ascii: "\n")
        check(byte, here)
        advance(over: byte, endsPair: endsPair)
        switch (state, byte) {
        case (.quoted, UInt8(ascii: "\"")): state = .afterQuote
        case (.quoted, _): keep(byte)
        case (.afterQuote, UInt8(ascii: "\"")):
            // A doubled quote stands for one.
            keep(byte)
            state = .quoted
        case (.fieldStart, UInt8(ascii: "\"")):
            state = .quoted
            isFieldQuoted = true
        case (_, UInt8(ascii: ",")): endField()
        case (_, UInt8(ascii: "\n")) where endsPair:
            // The CR before it has ended the row.
            beginRow()
        case (_, UInt8(ascii: "\n")), (_, UInt8(ascii: "\r")): return endRow(at: here)
        default:
            if state == .afterQuote { row.note(.textAfterQuote(here, opened: fieldPlace)) }
            if byte == UInt8(ascii: "\"") { row.note(.strayQuote(here)) }
            state = .unquoted
            keep(byte)
        }
        return false
    }

    /// Takes the bytes at the beginning that are plain text of a field that has begun: nearly all bytes of most
    /// files, which then need not be looked at one by one by ``take(_:)``.
    /// - Returns: how many were taken; 0 where the next byte needs ``take(_:)``.
    mutating func takeText(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        guard state == .unquoted || state == .quoted, utf8.awaited == 0, !isFull else { return 0 }
        let room = min(
            bounds.fieldBytes - (row.bytes.count - fieldStart), bounds.rowBytes - row.bytes.count, bytes.count
        )
        var count = 0
        while count < room, Self.isText(bytes[count]) { count += 1 }
        if count == 0 { return 0 }
        row.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[..<count]))
        place.offset += count
        place.column += count
        lastWasCR = false
        return count
    }

    private static func isText(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: ",")
    }

    /// No more bytes will come.
    mutating func finish() -> End {
        if utf8.finish() { row.note(.invalidUTF8(characterPlace)) }
        if state == .quoted { return .openQuote(fieldPlace) }
        return endRow(at: place) ? .row : .nothing
    }

    private mutating func check(_ byte: UInt8, _ here: FilePlace) {
        if byte == 0 { row.note(.nul(here)) }
        if byte < 0x80, utf8.awaited == 0 { return }
        var step = utf8.step(byte)
        if step == .cutShort {
            row.note(.invalidUTF8(characterPlace))
            step = utf8.step(byte)
        }
        if step == .invalid { row.note(.invalidUTF8(here)) }
        if step == .begins { characterPlace = here }
    }

    private mutating func advance(over byte: UInt8, endsPair: Bool) {
        place.offset += 1
        lastWasCR = byte == UInt8(ascii: "\r")
        if lastWasCR || (byte == UInt8(ascii: "\n") && !endsPair) {
            place.line += 1
            place.column = 1
        } else if !endsPair, byte & 0xc0 != 0x80 {
            // The further bytes of a character are no columns of their own.
            place.column += 1
        }
    }

    private mutating func keep(_ byte: UInt8) {
        if isFull { return }
        if row.bytes.count - fieldStart >= bounds.fieldBytes || row.bytes.count >= bounds.rowBytes {
            isFull = true
            row.note(.fieldTooLong(fieldPlace))
        } else {
            row.bytes.append(byte)
        }
    }

    private mutating func beginField() {
        state = .fieldStart
        isFieldQuoted = false
        fieldPlace = place
        fieldStart = row.bytes.count
    }

    private mutating func endField() {
        if row.fields.count < bounds.fields {
            row.fields.append(
                CSVRow.Field(
                    start: fieldStart, end: row.bytes.count, place: fieldPlace, isQuoted: isFieldQuoted))
        } else {
            row.note(.tooManyFields(fieldPlace))
        }
        beginField()
    }

    private mutating func endRow(at end: FilePlace) -> Bool {
        endField()
        row.end = end
        if row.isBlank {
            beginRow()
            return false
        }
        return true
    }
}
