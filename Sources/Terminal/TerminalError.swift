/// Why there is no screen, in one sentence that says what to do.
public enum TerminalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Input or output is a file or a pipe.
    case notATerminal
    /// The variable TERM names no terminal that the cursor can be moved on.
    case unusable(term: String?)
    case system(String)

    public var description: String {
        switch self {
        case .notATerminal:
            "the console needs a terminal for its input and its output; the commands of `bursar --help` do not"
        case .unusable(nil):
            "the environment variable TERM is not set, so nothing can be drawn; set it, such as "
                + "TERM=xterm-256color, or use the commands of `bursar --help`"
        case .unusable(let term?):
            "nothing can be drawn on a terminal of the kind “\(term.prefix(40))” (TERM); set TERM to what the "
                + "terminal is, such as xterm-256color, or use the commands of `bursar --help`"
        case .system(let message): message
        }
    }
}
