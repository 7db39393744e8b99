/// The line in which a list's filter is typed; what is listed follows each key.
struct FilterField: Sendable, Hashable {
    var field = LineField(limit: 200)
    var isTyping = false

    init(_ text: String = "") { field.set(text) }

    var text: String { field.text }
    var isEmpty: Bool { field.isEmpty }

    mutating func clear() {
        field.set("")
        isTyping = false
    }
}

extension Canvas {
    /// Writes a title with the filter behind it, and what there is to say of the list at the right edge.
    mutating func put(
        title: String, filter: FilterField?, note: String, style: Style, from start: Int = 0
    ) {
        put(title, column: start, row: 0, style: style)
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
