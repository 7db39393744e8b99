import CTerminal
import Console

/// How each role looks. Colour only ever repeats what bold, dim, reverse or a word says already.
struct Palette {
    /// Attributes and number of the colour pair, by the role's raw value and whether it is underlined.
    struct Look: Hashable {
        var attributes: Int32
        var pair: Int32
    }

    private let looks: [Look]

    /// - Parameter hasColors: whether pairs may be defined and used.
    init(hasColors: Bool) {
        if hasColors {
            for color in Color.allCases { cterminal_define_pair(color.pair, color.rawValue, -1) }
        }
        looks = Role.allCases.map { role in
            let (attributes, color) = Self.look(of: role)
            let value = attributes.reduce(Int32(0)) { $0 | Int32($1.flag) }
            return Look(attributes: value, pair: hasColors ? color?.pair ?? 0 : 0)
        }
    }

    func look(_ style: Style) -> Look {
        var look = looks[Int(style.role.rawValue)]
        if style.underlined { look.attributes |= Int32(CTERMINAL_UNDERLINE) }
        return look
    }

    private enum Color: Int32, CaseIterable {
        case red = 1
        case green = 2
        case yellow = 3
        case cyan = 6

        /// Pairs count from 1; 0 is the terminal's own.
        var pair: Int32 { rawValue }
    }

    private static func look(of role: Role) -> ([Attribute], Color?) {
        switch role {
        case .normal: ([], nil)
        case .header: ([.bold], nil)
        case .title: ([.bold], .cyan)
        case .dim, .border: ([.dim], nil)
        case .strong: ([.bold, .underline], nil)
        case .positive: ([], .green)
        case .negative: ([.bold], .red)
        case .warning: ([.bold], .yellow)
        case .selected: ([.reverse], nil)
        case .remembered: ([.bold], nil)
        case .key: ([.bold], .cyan)
        case .field: ([], nil)
        }
    }
}

private enum Attribute {
    case bold, dim, reverse, underline

    var flag: Int {
        switch self {
        case .bold: CTERMINAL_BOLD
        case .dim: CTERMINAL_DIM
        case .reverse: CTERMINAL_REVERSE
        case .underline: CTERMINAL_UNDERLINE
        }
    }
}
