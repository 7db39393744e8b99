import CTerminal
import Console

/// The looks of a theme as ncurses takes them: attributes, and numbers of color pairs.
struct Palette {
    struct Entry: Hashable {
        var attributes: Int32
        var pair: Int32
    }

    /// By the role's raw value.
    private let entries: [Entry]

    /// Defines the pairs of the theme, in place of those of another.
    /// - Parameters:
    ///   - depth: of what the terminal has, or what may be used of it.
    ///   - conflicts: attributes that the terminal does not show together with a color. They win: a meaning is
    ///     lost without them, and none is lost without a color.
    init(theme: Theme, depth: ColorDepth, conflicts: Int32) {
        var pairs: [Look: Int32] = [:]
        entries = Role.allCases.map { role in
            let look = theme.look(of: role, depth: depth)
            let attributes = Self.flags(look.attributes)
            var colors = look
            colors.attributes = []
            guard colors != Look(), attributes & conflicts == 0 else {
                return Entry(attributes: attributes, pair: 0)
            }
            if let pair = pairs[colors] { return Entry(attributes: attributes, pair: pair) }
            // They count from 1; 0 is the terminal's own.
            let pair = Int32(pairs.count + 1)
            pairs[colors] = pair
            cterminal_define_pair(
                pair, colors.foreground.map(Int32.init) ?? -1, colors.background.map(Int32.init) ?? -1)
            return Entry(attributes: attributes, pair: pair)
        }
        let normal = entries[Int(Role.normal.rawValue)]
        cterminal_set_background(normal.attributes, normal.pair)
    }

    func entry(_ style: Style) -> Entry {
        var entry = entries[Int(style.role.rawValue)]
        if style.underlined { entry.attributes |= Int32(CTERMINAL_UNDERLINE) }
        return entry
    }

    private static func flags(_ attributes: Look.Attributes) -> Int32 {
        var flags = 0
        if attributes.contains(.bold) { flags |= CTERMINAL_BOLD }
        if attributes.contains(.dim) { flags |= CTERMINAL_DIM }
        if attributes.contains(.reverse) { flags |= CTERMINAL_REVERSE }
        if attributes.contains(.underline) { flags |= CTERMINAL_UNDERLINE }
        return Int32(flags)
    }
}
