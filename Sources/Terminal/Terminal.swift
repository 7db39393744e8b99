import CTerminal
import Console
import Glibc

/// The screen and the keyboard. There is one in a process, and it belongs to the main thread: elsewhere the
/// signal of a changed size does not interrupt the wait for a key.
public final class Terminal {
    public struct Options: Sendable {
        /// Whether colors may be used; false for `NO_COLOR` (https://no-color.org) and `--no-color`.
        public var usesColor: Bool
        /// How roles look; ``Terminal/use(theme:)`` changes it.
        public var theme: Theme
        /// The most colors that are used: 0, 8, 16 or 256, others are taken for the next lower one. Nil for
        /// as many as the terminal has.
        public var colors: Int?
        /// How long after Esc a key is waited for that begins with it. Function keys do.
        public var escapeDelay: Duration
        /// At most so often the screen is drawn while much happens.
        public var framesPerSecond: Int

        public init(
            usesColor: Bool = true, theme: Theme = .standard, colors: Int? = nil,
            escapeDelay: Duration = .milliseconds(25), framesPerSecond: Int = 30
        ) {
            self.usesColor = usesColor
            self.theme = theme
            self.colors = colors
            self.escapeDelay = escapeDelay
            self.framesPerSecond = max(framesPerSecond, 1)
        }
    }

    let options: Options
    private let depth: ColorDepth
    private var palette: Palette
    /// Whether the terminal is written to in UTF-8; if not, the console should use its ASCII symbols.
    public let showsUnicode: Bool
    /// What the terminal shows, as far as is known.
    private var shown: Frame?
    var decoder = KeyDecoder()
    /// Whether the program was stopped and continued since the size was last told.
    var hasResumed = false

    private init(options: Options) {
        self.options = options
        showsUnicode = cterminal_is_utf8() != 0
        let colors = options.usesColor ? Int(cterminal_start_colors()) : 0
        depth = ColorDepth(colors: min(colors, options.colors ?? colors))
        palette = Palette(theme: options.theme, depth: depth, conflicts: cterminal_color_conflicts())
    }

    /// Takes the terminal, until ``close()``, the end of ``run(inbox:view:handle:)``, a signal, or a crash
    /// gives it back.
    /// - Throws: ``TerminalError`` when there is none that can be drawn on; nothing has been changed then.
    public static func open(_ options: Options = Options()) throws(TerminalError) -> Terminal {
        let term = try check()
        let delay = Int32(clamping: Int64(options.escapeDelay / .milliseconds(1)))
        switch Int(cterminal_open(delay)) {
        case CTERMINAL_OK: return Terminal(options: options)
        case CTERMINAL_NOT_A_TERMINAL: throw .notATerminal
        case CTERMINAL_UNUSABLE: throw .unusable(term: term)
        default: throw .system("the terminal could not be prepared: \(String(cString: strerror(errno)))")
        }
    }

    /// Looks whether there is a terminal at all, before anything costly is done for it.
    /// - Returns: its kind, as TERM names it.
    /// - Throws: ``TerminalError``, as ``open(_:)`` would.
    @discardableResult
    public static func check() throws(TerminalError) -> String {
        let term = getenv("TERM").map { String(cString: $0) }
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { throw .notATerminal }
        guard let term, !term.isEmpty, term != "dumb" else { throw .unusable(term: term) }
        return term
    }

    /// Gives the terminal back as it was. Does nothing the second time.
    public func close() { cterminal_close() }

    deinit { cterminal_close() }

    /// Draws with another theme from the next frame on.
    public func use(theme: Theme) {
        palette = Palette(theme: theme, depth: depth, conflicts: cterminal_color_conflicts())
        forget()
    }

    /// Asks the terminal for presses and turns of the wheel, as ``Key/mouse(_:)``, or not to. Off at first:
    /// while it is on, terminals select text only with Shift held.
    public func setMouse(_ isOn: Bool) {
        decoder.expectsMouse = isOn
        cterminal_set_mouse(isOn ? 1 : 0)
    }

    /// The most bytes that ``copy(_:)`` takes.
    public static let copyLimit = Clipboard.limit

    /// Gives text to the clipboard of whoever sits at the terminal.
    ///
    /// The terminal does not say whether it took it: many ask their user first, or have to be told in their
    /// settings to allow it; tmux does with `set-clipboard on` or `external`, its default.
    /// - Returns: false if nothing was sent, because the text is longer than ``copyLimit`` or the terminal is of a
    ///   kind that has no clipboard.
    public func copy(_ text: String) -> Bool {
        let term = getenv("TERM").map { String(cString: $0) } ?? ""
        guard text.utf8.count <= Self.copyLimit, Clipboard.isKnown(to: term) else { return false }
        // Inside tmux inside of screen, it is tmux that reads us.
        let isScreen = term.hasPrefix("screen") && getenv("STY") != nil && getenv("TMUX") == nil
        let bytes = Clipboard.sequence(for: text, passesThroughScreen: isScreen).map(CChar.init(bitPattern:))
        return cterminal_send(bytes, Int32(bytes.count)) != 0
    }

    public var size: Size { Size(width: Int(cterminal_columns()), height: Int(cterminal_rows())) }

    // MARK: Drawing

    /// Shows a frame: only what is different from the last one is written.
    ///
    /// A frame of another size than the terminal's is cut off, or leaves the rest as it is.
    public func draw(_ frame: Frame) {
        let size = self.size
        let before = shown?.size == frame.size ? shown : nil
        for row in 0..<min(frame.size.height, size.height) {
            draw(row: row, of: frame, before: before, columns: min(frame.size.width, size.width))
        }
        shown = frame
        if let cursor = frame.cursor, cursor.column < size.width, cursor.row < size.height {
            cterminal_place_cursor(Int32(cursor.row), Int32(cursor.column))
        } else {
            cterminal_hide_cursor()
        }
        cterminal_flush()
    }

    /// Forgets what is shown, so that the next frame is drawn from nothing.
    func forget() {
        shown = nil
        cterminal_forget()
    }

    private func draw(row: Int, of frame: Frame, before: Frame?, columns: Int) {
        let cells = frame.row(row)
        let old = before?.row(row)
        var column = 0
        while column < columns {
            let cell = cells[cells.startIndex + column]
            if let old, old[old.startIndex + column] == cell {
                column += 1
                continue
            }
            let end = endOfRun(from: column, in: cells, old: old, columns: columns)
            write(cells, from: column, to: end, row: row)
            column = end
        }
    }

    /// How far the cells are different from what is shown and of one style.
    private func endOfRun(
        from start: Int, in cells: ArraySlice<Cell>, old: ArraySlice<Cell>?, columns: Int
    ) -> Int {
        let style = cells[cells.startIndex + start].style
        var end = start + 1
        while end < columns {
            let cell = cells[cells.startIndex + end]
            if cell.style != style { break }
            if let old, old[old.startIndex + end] == cell, !cell.text.isEmpty { break }
            end += 1
        }
        return end
    }

    private func write(_ cells: ArraySlice<Cell>, from start: Int, to end: Int, row: Int) {
        guard start < end else { return }
        let look = palette.entry(cells[cells.startIndex + start].style)
        var ascii: [CChar] = []
        ascii.reserveCapacity(end - start)
        var asciiStart = start
        func flush() {
            guard !ascii.isEmpty else { return }
            cterminal_put_ascii(
                Int32(row), Int32(asciiStart), ascii, Int32(ascii.count), look.attributes, look.pair)
            ascii.removeAll(keepingCapacity: true)
        }
        for column in start..<end {
            let text = cells[cells.startIndex + column].text
            var bytes = text.utf8.makeIterator()
            if let byte = bytes.next(), byte < 0x80, bytes.next() == nil {
                if ascii.isEmpty { asciiStart = column }
                ascii.append(CChar(bitPattern: byte))
                continue
            }
            flush()
            // The second half of a wide character is written with the first.
            if text.isEmpty { continue }
            let isWide = column + 1 < end && cells[cells.startIndex + column + 1].text.isEmpty
            write(text, isWide: isWide, row: row, column: column, look: look)
        }
        flush()
    }

    private func write(_ text: String, isWide: Bool, row: Int, column: Int, look: Palette.Entry) {
        let columns: Int32 = isWide ? 2 : 1
        if showsUnicode || Self.asciiForms[text] == nil {
            let scalars = text.unicodeScalars.map(\.value)
            let isShown = cterminal_put_cell(
                Int32(row), Int32(column), scalars, Int32(scalars.count), columns, look.attributes, look.pair)
            if isShown != 0 { return }
        }
        let form = Self.asciiForms[text] ?? String(repeating: "?", count: Int(columns))
        cterminal_put_ascii(
            Int32(row), Int32(column), form, Int32(form.utf8.count), look.attributes, look.pair)
    }

    /// For a terminal that is not written to in UTF-8: what stands in sentences, and the lines.
    private static let asciiForms = [
        "“": "\"", "”": "\"", "„": "\"", "’": "'", "‘": "'", "…": "~", "→": ">", "←": "<", "·": "-", "–": "-",
        "—": "-", "─": "-", "│": "|", "−": "-", "\u{a0}": " ", "\u{202f}": " ",
    ]
}
