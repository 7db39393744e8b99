/// What a cell means; the terminal decides how that looks. Nothing is said by style alone: there is always a
/// word or a sign too.
public enum Role: UInt8, Hashable, Sendable, CaseIterable {
    case normal
    /// The line at the top.
    case header
    /// Names of panes and columns.
    case title
    /// Of secondary interest.
    case dim
    case strong
    /// Something went as it should.
    case positive
    /// Something was refused or failed.
    case negative
    case warning
    /// The selected row, or the answer that Enter gives.
    case selected
    /// The selected row of a pane that does not have the keys.
    case remembered
    /// A key in the footer.
    case key
    /// Where text is typed.
    case field
    /// Lines between panes.
    case border
    /// The line at the top of a production ledger.
    case production
    /// The line at the top of a ledger whose environment the settings give a colour.
    case environmentRed, environmentYellow, environmentGreen, environmentBlue, environmentMagenta
    case environmentCyan
    /// A row that is marked for a change of several.
    case marked
    /// Bars and curves.
    case chart
    /// The part of a text that matches a search.
    case match
    /// A command that cannot be given now.
    case disabled
}

/// A role, and what is added to it.
public struct Style: Hashable, Sendable {
    public var role: Role
    public var underlined: Bool

    public init(_ role: Role, underlined: Bool = false) {
        self.role = role
        self.underlined = underlined
    }

    public static let normal = Style(.normal)
    public static let dim = Style(.dim)
    public static let strong = Style(.strong)
    public static let title = Style(.title)
    public static let positive = Style(.positive)
    public static let negative = Style(.negative)
    public static let warning = Style(.warning)
    public static let selected = Style(.selected)
    public static let border = Style(.border)
    public static let field = Style(.field)
    public static let key = Style(.key)
    public static let header = Style(.header)
    public static let production = Style(.production)
    public static let marked = Style(.marked)
    public static let chart = Style(.chart)
    public static let match = Style(.match)
    public static let disabled = Style(.disabled)
}
