/// A place in a file.
struct FilePlace: Hashable, Sendable {
    /// From 1. A line ends with LF, CR LF or CR, also within quotes.
    var line = 1
    /// From 1, in Unicode scalars.
    var column = 1
    /// Bytes before it, from the beginning of the file.
    var offset = 0
}

/// One row of a CSV file: the bytes of its fields, without quotes, one after the other. One buffer is used for
/// all rows.
struct CSVRow {
    struct Field: Hashable {
        /// Where the field's bytes begin and end in ``CSVRow/bytes``.
        var start: Int
        var end: Int
        /// Where the field begins in the file, its quote included.
        var place: FilePlace
        var isQuoted: Bool
    }

    /// What makes a row unusable, though it is clear where it ends.
    enum Defect: Hashable {
        case invalidUTF8(FilePlace)
        case nul(FilePlace)
        /// A quote within a field that does not begin with one.
        case strayQuote(FilePlace)
        /// Something other than a comma or a line's end after the closing quote of a field.
        case textAfterQuote(FilePlace, opened: FilePlace)
        case fieldTooLong(FilePlace)
        case tooManyFields(FilePlace)
    }

    var bytes: [UInt8] = []
    var fields: [Field] = []
    /// The first thing wrong with the row.
    var defect: Defect?
    /// Where the row begins, and where it ends.
    var start = FilePlace()
    var end = FilePlace()

    /// The field's text. Invalid UTF-8 is a defect, so that it is never asked for.
    func text(_ index: Int) -> String {
        String(decoding: bytes[fields[index].start..<fields[index].end], as: UTF8.self)
    }

    func isEmpty(_ index: Int) -> Bool { fields[index].start == fields[index].end }

    /// Whether nothing at all stands in the row.
    var isBlank: Bool {
        fields.count == 1 && isEmpty(0) && !fields[0].isQuoted && defect == nil
    }

    mutating func reset(at place: FilePlace) {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        defect = nil
        start = place
        end = place
    }

    mutating func note(_ defect: @autoclosure () -> Defect) {
        if self.defect == nil { self.defect = defect() }
    }
}
