/// What came from the keyboard, decoded.
public enum Key: Hashable, Sendable {
    /// A character that was typed, with its marks.
    case character(Character)
    /// A letter with Ctrl, in lower case.
    case control(Character)
    /// Text that was pasted in one piece. It is text, never commands.
    case paste(String)
    case enter, tab, backTab, escape
    case backspace, delete
    case up, down, left, right
    case home, end, pageUp, pageDown
    case function(Int)

    static let space = Key.character(" ")
}
