import Ledger

/// The line in which a list's filter is typed; what is listed follows each key.
struct FilterField: Sendable, Hashable {
    var field = LineField(limit: 200)
    var isTyping = false

    init(_ text: String = "") { field.set(text) }

    var text: String { field.text }
    var isEmpty: Bool { field.isEmpty }

    /// The filter as far as it is typed: a last term that is not understood yet is left out of it.
    func read<Filter: TermFilter>(as _: Filter.Type) -> Filter { Filter(text, isTyping: isTyping) }

    /// What is not understood, or missing in the term that is being typed; nil when nothing is, or nobody types.
    func hint<Filter: TermFilter>(as _: Filter.Type) -> String? {
        isTyping ? Filter(text).problem?.message : nil
    }

    mutating func clear() {
        field.set("")
        isTyping = false
    }
}

extension Canvas {
    /// Writes a title with the filter behind it, and what there is to say of the list at the right edge.
    /// - Parameter hint: about the term that is being typed; it stands in the place of the note, as far as the filter
    ///   leaves room for it.
    mutating func put(
        title: String, filter: FilterField?, note: String, hint: String? = nil, style: Style,
        from start: Int = 0
    ) {
        put(title, column: start, row: 0, style: style)
        var note = note
        if let hint, let filter {
            let used = start + SafeText.columns(title) + SafeText.columns(filter.text) + 7
            note = SafeText.truncated(hint, to: max(width - used, 0), ellipsis: symbols.ellipsis)
        }
        let noteColumns = SafeText.columns(note)
        if let filter, filter.isTyping || !filter.isEmpty {
            let column = start + SafeText.columns(title) + 4
            let room = max(width - column - noteColumns - 2, 4)
            put("/", column: column - 2, row: 0, style: .key)
            let window = filter.field.window(columns: room)
            put(window.text, column: column, row: 0, columns: room, style: .field)
            if filter.isTyping { placeCursor(column: column + window.cursor, row: 0) }
        }
        if start + SafeText.columns(title) + noteColumns + 2 <= width { putRight(note, row: 0, style: .dim) }
    }
}

extension Canvas {
    /// Writes in the place of rows why there are none: what of the filter is not understood, or else the text.
    /// - Parameter isKnown: whether there are none for sure; while they are looked for nothing is wrong yet.
    mutating func put(emptyList text: String, isKnown: Bool, filter: some TermFilter, row: Int) {
        let why = filter.whyEmpty.map(Wording.sentence)
        let said = filter.problem == nil ? [text, isKnown ? why : nil] : [why]
        let lines = TextLine.paragraph(
            said.compactMap { $0 }.joined(separator: " "),
            filter.problem == nil ? .dim : Style(.warning), columns: width)
        put(lines: lines, from: row, rows: height - row)
    }
}
