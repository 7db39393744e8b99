/// Reads the rows of a CSV file one by one, in memory that does not grow with the file.
struct CSVReader {
    private let source: any ByteSource
    private var builder: CSVRowBuilder
    private var chunk: [UInt8]
    private var position = 0
    private var filled = 0
    private var isAtEnd = false

    /// - Throws: ``ImportError`` when the source cannot be read, or begins as UTF-16 does.
    init(
        _ source: any ByteSource, bounds: CSVRowBuilder.Bounds = .init(), chunkSize: Int = 65_536
    ) throws(ImportError) {
        self.source = source
        chunk = [UInt8](repeating: 0, count: max(chunkSize, 4))
        builder = CSVRowBuilder(bounds: bounds)
        // A byte order mark has to be seen in one piece.
        while filled < 4, try fill() {}
        if chunk[..<filled].starts(with: [0xef, 0xbb, 0xbf]) {
            position = 3
            builder = CSVRowBuilder(bounds: bounds, offset: 3)
        }
        if filled >= 2, (chunk[0], chunk[1]) == (0xff, 0xfe) || (chunk[0], chunk[1]) == (0xfe, 0xff) {
            throw ImportError(
                "the file is in UTF-16; convert it to UTF-8 first: iconv -f utf-16 -t utf8",
                line: 1, column: 1)
        }
    }

    /// The row that ``next()`` read last.
    var row: CSVRow { builder.row }

    /// Bytes that have been looked at.
    var bytesRead: Int { builder.place.offset }

    /// Reads the next row.
    /// - Returns: false when there is none.
    /// - Throws: ``ImportError`` when the source cannot be read, or ends within quotes.
    mutating func next() throws(ImportError) -> Bool {
        if isAtEnd { return false }
        builder.beginRow()
        while true {
            if takeChunk() { return true }
            (position, filled) = (0, 0)
            if try !fill() { return try finish() }
        }
    }

    /// Takes bytes of the chunk up to the end of a row, or all.
    /// - Returns: whether the row is complete.
    private mutating func takeChunk() -> Bool {
        // The chunk is held here as well, so that the rest of the reader may change while its bytes are looked at.
        let chunk = chunk
        return chunk.withUnsafeBufferPointer { bytes in
            while position < filled {
                position += 1
                if builder.take(bytes[position - 1]) { return true }
                position += builder.takeText(UnsafeBufferPointer(rebasing: bytes[position..<filled]))
            }
            return false
        }
    }

    private mutating func finish() throws(ImportError) -> Bool {
        isAtEnd = true
        switch builder.finish() {
        case .row: return true
        case .nothing: return false
        case .openQuote(let place):
            throw ImportError(
                "the quote that opens at line \(place.line), column \(place.column) is never closed, so "
                    + "everything after it was read as one field; close it, or double it if it is part of "
                    + "the text, and import the file again",
                line: place.line, column: place.column)
        }
    }

    /// Puts more bytes behind those that are there.
    /// - Returns: false at the end.
    private mutating func fill() throws(ImportError) -> Bool {
        let (source, start) = (source, filled)
        let count = try chunk.withUnsafeMutableBufferPointer { bytes throws(ImportError) -> Int in
            let rest = UnsafeMutableBufferPointer(rebasing: bytes[start...])
            return try source.read(into: UnsafeMutableRawBufferPointer(rest))
        }
        filled += count
        return count > 0
    }
}
