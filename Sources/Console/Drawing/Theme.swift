/// How many colors a terminal has, as far as it makes a difference.
public enum ColorDepth: Int, Hashable, Sendable, CaseIterable {
    case none = 0
    /// Those that every terminal's owner chooses.
    case eight = 8
    case sixteen = 16
    /// Those of xterm: beside the sixteen, 240 that are the same everywhere.
    case many = 256

    /// - Parameter colors: any number; the depth is the greatest that needs no more.
    public init(colors: Int) {
        self = Self.allCases.last { $0.rawValue <= colors } ?? .none
    }
}

/// What a terminal is asked for: attributes, and the numbers of colors, nil for the terminal's own.
public struct Look: Hashable, Sendable {
    public struct Attributes: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let bold = Attributes(rawValue: 1)
        public static let dim = Attributes(rawValue: 2)
        /// Foreground and background change places.
        public static let reverse = Attributes(rawValue: 4)
        public static let underline = Attributes(rawValue: 8)
    }

    public var attributes: Attributes
    public var foreground: UInt8?
    public var background: UInt8?

    public init(_ attributes: Attributes = [], _ foreground: UInt8? = nil, on background: UInt8? = nil) {
        self.attributes = attributes
        self.foreground = foreground
        self.background = background
    }
}

/// How roles look. Its raw value is the name in the settings.
///
/// Color only ever repeats what attributes, signs and words say already: without colors a theme has the same
/// attributes, but for the bars of the environments, which leave the reverse bar to a production ledger
/// alone.
public enum Theme: String, CaseIterable, Sendable {
    /// For a dark background.
    case standard = "default"
    /// For a light background: no yellow on it, and grey instead of dim.
    case light
    /// White on black whatever the terminal's own colors are, and nothing dim.
    case highContrast = "high-contrast"
    /// Attributes alone.
    case monochrome

    public func look(of role: Role, depth: ColorDepth) -> Look {
        let attributes = attributes(of: role, hasColor: depth != .none && self != .monochrome)
        var look =
            switch self {
            case .monochrome: Look()
            case .standard: standard(role, depth)
            case .light: light(role, depth)
            case .highContrast: highContrast(role, depth)
            }
        if depth == .none { look = Look() }
        look.attributes = attributes
        return look
    }

    private func attributes(of role: Role, hasColor: Bool) -> Look.Attributes {
        switch role {
        // Good news is the usual case, and a sign or a word stands with it.
        case .normal, .positive, .chart: []
        case .header, .title, .key, .negative, .warning, .remembered: .bold
        case .strong, .match: [.bold, .underline]
        case .field, .marked: .underline
        case .selected: .reverse
        case .production: [.bold, .reverse]
        case .environmentRed, .environmentYellow, .environmentGreen, .environmentBlue,
            .environmentMagenta, .environmentCyan:
            hasColor ? .reverse : .bold
        // Dim text vanishes on some white screens, and is hard to read on any.
        case .dim, .border, .disabled: self == .light || self == .highContrast ? [] : .dim
        }
    }

    // MARK: Colors

    /// A color in each depth: the sixteen are the terminal's own, those of 256 are chosen to be read.
    private struct Shade {
        let eight: UInt8
        let sixteen: UInt8
        let many: UInt8

        init(_ eight: UInt8, _ sixteen: UInt8? = nil, many: UInt8) {
            self.eight = eight
            self.sixteen = sixteen ?? eight
            self.many = many
        }

        func number(_ depth: ColorDepth) -> UInt8 {
            switch depth {
            case .none, .eight: eight
            case .sixteen: sixteen
            case .many: many
            }
        }
    }

    private static let black = Shade(0, many: 16)
    private static let white = Shade(7, 15, many: 231)

    private func standard(_ role: Role, _ depth: ColorDepth) -> Look {
        let shade: Shade? =
            switch role {
            case .title, .key, .chart: Shade(6, many: 80)
            case .positive: Shade(2, many: 114)
            case .negative: Shade(1, many: 203)
            case .warning, .marked: Shade(3, many: 221)
            case .match: Shade(5, many: 213)
            default: nil
            }
        return bar(role, depth) ?? Look([], shade?.number(depth))
    }

    private func light(_ role: Role, _ depth: ColorDepth) -> Look {
        let shade: Shade? =
            switch role {
            case .title, .key, .chart, .marked: Shade(4, many: 25)
            case .positive: Shade(2, many: 22)
            case .negative: Shade(1, many: 124)
            case .warning, .match: Shade(5, many: 90)
            // With eight colors there is no grey.
            case .dim, .border, .disabled: depth == .eight ? nil : Shade(8, many: 240)
            default: nil
            }
        return bar(role, depth) ?? Look([], shade?.number(depth))
    }

    private func highContrast(_ role: Role, _ depth: ColorDepth) -> Look {
        if let bar = bar(role, depth) { return bar }
        var (foreground, background) = (Self.white, Self.black)
        switch role {
        case .title, .key, .chart: foreground = Shade(6, 14, many: 51)
        case .positive: foreground = Shade(2, 10, many: 46)
        case .warning, .marked: foreground = Shade(3, 11, many: 226)
        case .match: (foreground, background) = (Self.black, Shade(3, 11, many: 226))
        case .negative: background = Shade(1, many: 88)
        default: break
        }
        return Look([], foreground.number(depth), on: background.number(depth))
    }

    /// The header of an environment. It is drawn in reverse, so its bar has the color of the foreground.
    private func bar(_ role: Role, _ depth: ColorDepth) -> Look? {
        let (shade, text): (Shade, Shade)
        switch role {
        case .production, .environmentRed: (shade, text) = (Shade(1, many: 124), Self.white)
        case .environmentYellow: (shade, text) = (Shade(3, many: 220), Self.black)
        case .environmentGreen: (shade, text) = (Shade(2, many: 114), Self.black)
        case .environmentBlue: (shade, text) = (Shade(4, many: 24), Self.white)
        case .environmentMagenta: (shade, text) = (Shade(5, many: 90), Self.white)
        case .environmentCyan: (shade, text) = (Shade(6, many: 80), Self.black)
        default: return nil
        }
        return Look([], shade.number(depth), on: text.number(depth))
    }
}
