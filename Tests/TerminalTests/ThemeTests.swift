import Console
import Testing

@Suite("Themes")
struct ThemeTests {
    private static let combinations = Theme.allCases.flatMap { theme in
        ColorDepth.allCases.map { (theme, $0) }
    }

    /// Those that a reader would miss. Good news and charts are left out, since a sign or their shape says
    /// all; and what is of secondary interest, which a white screen and high contrast do not dim.
    private static let telling: [Role] = [
        .header, .title, .strong, .negative, .warning, .selected, .remembered, .key, .field, .production,
        .environmentRed, .environmentYellow, .environmentGreen, .environmentBlue, .environmentMagenta,
        .environmentCyan, .marked, .match,
    ]

    @Test(arguments: combinations) func sayNothingByColorAlone(theme: Theme, depth: ColorDepth) {
        for role in Self.telling {
            #expect(!theme.look(of: role, depth: depth).attributes.isEmpty, "\(role)")
        }
        let plain: Set<Role> = Set(Role.allCases).subtracting(Self.telling)
        #expect(plain == [.normal, .positive, .chart, .dim, .border, .disabled])
    }

    @Test(arguments: combinations) func keepApartByAttributesWhatMeetsInAList(theme: Theme, depth: ColorDepth)
    {
        let together: [Role] = [.normal, .selected, .remembered, .marked, .match, .production]
        let looks = together.map { theme.look(of: $0, depth: depth).attributes.rawValue }
        #expect(Set(looks).count == looks.count)
    }

    @Test(arguments: combinations) func letNothingLookLikeAProductionLedger(theme: Theme, depth: ColorDepth) {
        let production = theme.look(of: .production, depth: depth)
        #expect(production.attributes == [.bold, .reverse])
        for role in Role.allCases where role != .production {
            #expect(theme.look(of: role, depth: depth).attributes != production.attributes, "\(role)")
        }
    }

    @Test(arguments: Theme.allCases) func haveNoColorsWhereThereAreNone(theme: Theme) {
        for role in Role.allCases {
            let look = theme.look(of: role, depth: .none)
            #expect(look.foreground == nil && look.background == nil)
            #expect(look == Look(look.attributes))
        }
    }

    @Test(arguments: combinations) func useNoColorBeyondTheDepth(theme: Theme, depth: ColorDepth) {
        for role in Role.allCases {
            let look = theme.look(of: role, depth: depth)
            for color in [look.foreground, look.background].compactMap({ $0 }) {
                #expect(Int(color) < depth.rawValue, "\(role)")
                // The sixteen are whatever the terminal's owner made of them: where there are more, none is
                // used.
                if depth == .many { #expect(color >= 16, "\(role)") }
            }
        }
    }

    @Test(arguments: ColorDepth.allCases) func leaveMonochromeWithoutColors(depth: ColorDepth) {
        for role in Role.allCases {
            #expect(
                Theme.monochrome.look(of: role, depth: depth) == Theme.monochrome.look(of: role, depth: .none)
            )
        }
    }

    @Test(arguments: ColorDepth.allCases) func dimNothingOnWhiteOrInHighContrast(depth: ColorDepth) {
        for theme in [Theme.light, .highContrast] {
            for role in Role.allCases {
                #expect(!theme.look(of: role, depth: depth).attributes.contains(.dim), "\(theme) \(role)")
            }
        }
    }

    @Test func leaveTheTerminalsOwnBackgroundButForBars() {
        for (theme, depth) in Self.combinations where theme == .standard || theme == .light {
            for role in Role.allCases where theme.look(of: role, depth: depth).background != nil {
                #expect("\(role)".hasPrefix("environment") || role == .production)
            }
        }
    }

    @Test(arguments: [ColorDepth.eight, .sixteen]) func useNoYellowTextOnWhite(depth: ColorDepth) {
        for role in Role.allCases where Theme.light.look(of: role, depth: depth).background == nil {
            #expect(![3, 11, 7, 15].contains(Theme.light.look(of: role, depth: depth).foreground))
        }
    }

    /// WCAG 2.1, success criteria 1.4.3 (4.5 to 1) and 1.4.6 (7 to 1).
    @Test(arguments: [(Theme.standard, 4.5), (.light, 4.5), (.highContrast, 7)])
    func canBeRead(theme: Theme, least: Double) {
        for role in Role.allCases {
            let look = theme.look(of: role, depth: .many)
            let isLight = theme == .light
            let foreground = look.foreground ?? (isLight ? 16 : 231)
            let background = look.background ?? (isLight ? 231 : 16)
            let ratio = Self.contrast(foreground, background)
            #expect(ratio >= least, "\(theme) \(role): \(ratio)")
        }
    }

    @Test func areFoundByTheNamesOfTheSettings() {
        #expect(Theme.allCases.map(\.rawValue) == ["default", "light", "high-contrast", "monochrome"])
    }

    @Test(arguments: [
        (-1, ColorDepth.none), (2, .none), (8, .eight), (15, .eight), (16, .sixteen), (88, .sixteen),
        (256, .many), (1 << 24, .many),
    ])
    func takeTheGreatestDepthThatIsThere(colors: Int, depth: ColorDepth) {
        #expect(ColorDepth(colors: colors) == depth)
    }

    // MARK: Contrast

    private static func contrast(_ one: UInt8, _ other: UInt8) -> Double {
        let (a, b) = (luminance(one), luminance(other))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    /// Relative luminance, as WCAG 2.1 defines it, of a color of xterm's cube or of its greys.
    private static func luminance(_ color: UInt8) -> Double {
        let channels: [Int]
        if color >= 232 {
            channels = Array(repeating: 8 + 10 * (Int(color) - 232), count: 3)
        } else {
            let index = Int(color) - 16
            channels = [index / 36, index / 6 % 6, index % 6].map { $0 == 0 ? 0 : 55 + 40 * $0 }
        }
        let linear = channels.map { value -> Double in
            let share = Double(value) / 255
            return share <= 0.03928 ? share / 12.92 : power((share + 0.055) / 1.055)
        }
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    /// To the power of 2.4: the fifth root of x is found by Newton's method, and x² times its square is it.
    private static func power(_ x: Double) -> Double {
        var root = 1.0
        for _ in 0..<40 { root -= (root * root * root * root * root - x) / (5 * root * root * root * root) }
        return x * x * root * root
    }
}
