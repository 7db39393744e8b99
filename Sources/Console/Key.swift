/// What came from the keyboard or the mouse, decoded.
public enum Key: Hashable, Sendable {
    /// A character that was typed, with its marks.
    case character(Character)
    /// A letter with Ctrl, in lower case.
    case control(Character)
    /// A character with Alt.
    case alt(Character)
    /// Text that was pasted in one piece. It is text, never commands.
    case paste(String)
    case enter, tab, backTab, escape
    case backspace, delete
    case up, down, left, right
    case home, end, pageUp, pageDown
    case function(Int)
    case mouse(Mouse)

    static let space = Key.character(" ")
}

/// What was done with the mouse, and where on the screen.
public struct Mouse: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case press, doublePress, wheelUp, wheelDown
    }

    public let kind: Kind
    public let column: Int
    public let row: Int

    public init(_ kind: Kind, column: Int, row: Int) {
        self.kind = kind
        self.column = column
        self.row = row
    }
}
