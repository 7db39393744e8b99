/// The signs of the screen, in two sets: one for terminals that show Unicode, one for those that do not.
public struct Symbols: Hashable, Sendable {
    let horizontal: String
    let pointer: String
    let good: String
    let bad: String
    let unknown: String
    let arrow: String
    let dot: String
    let held: String
    let ellipsis: String
    let running: String
    let again: String
    let mark: String
    /// The order of a list.
    let ascending: String
    let descending: String
    let up: String
    let down: String
    let left: String
    let right: String
    /// Around what can be changed by keys to the left and right.
    let previous: String
    let next: String
    /// From low to high.
    let bars: [String]

    public static let unicode = Symbols(
        horizontal: "─", pointer: "▸", good: "✓", bad: "✗", unknown: "?", arrow: "→", dot: "·", held: "⏸",
        ellipsis: "…", running: "◌", again: "↻", mark: "●",
        ascending: "↑", descending: "↓", up: "↑", down: "↓", left: "←", right: "→", previous: "←", next: "→",
        bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"])

    public static let ascii = Symbols(
        horizontal: "-", pointer: ">", good: "+", bad: "x", unknown: "?", arrow: "->", dot: "|", held: "H",
        ellipsis: "~", running: "o", again: "@", mark: "*",
        ascending: "^", descending: "v", up: "Up", down: "Down", left: "Left",
        right: "Right", previous: "<", next: ">",
        bars: ["_", ".", ":", "-", "=", "+", "*", "#"])

    /// A row of bars, one for each value, from the least to the greatest. Empty for no values.
    func sparkline(_ values: [Int64], columns: Int) -> String {
        let shown = values.suffix(max(columns, 0))
        guard let low = shown.min(), let high = shown.max() else { return "" }
        // Differences of 64-bit values fit into a Double's range, and its precision is plenty for eight steps.
        let span = Double(high) - Double(low)
        return shown.map { value in
            let share = span > 0 ? (Double(value) - Double(low)) / span : 0
            return bars[min(Int(share * Double(bars.count)), bars.count - 1)]
        }.joined()
    }
}
