import Ledger

/// A balance over time: days from left to right, the balance as a filled curve.
struct BalanceChart {
    private let samples: [BalanceSample]
    private let currency: Currency

    /// - Parameter samples: in the order of their records.
    init(samples: [BalanceSample], currency: Currency) {
        // Value dates may go back a little; the curve goes by days.
        self.samples = samples.sorted { ($0.day, $0.seq) < ($1.day, $1.seq) }
        self.currency = currency
    }

    /// Draws into so many rows, the last of which names the days.
    func draw(_ canvas: inout Canvas, row: Int, rows: Int) {
        guard let first = samples.first, let last = samples.last, rows >= 2 else { return }
        let low = samples.map(\.units).min() ?? 0
        let high = samples.map(\.units).max() ?? 0
        let labels = (
            top: Money(units: high, currency: currency).grouped,
            bottom: Money(units: low, currency: currency).grouped
        )
        let margin = max(SafeText.columns(labels.top), SafeText.columns(labels.bottom)) + 3
        let width = canvas.width - margin - 1
        guard width >= 10 else { return }
        let levels = levels(columns: width, steps: (rows - 1) * 8, low: low, high: high)
        for line in 0..<(rows - 1) {
            let floor = (rows - 2 - line) * 8
            let text = levels.map { level -> String in
                let filled = min(max(level - floor, 0), 8)
                return filled == 0 ? " " : canvas.symbols.bars[filled - 1]
            }.joined()
            canvas.put(text, column: margin, row: row + line, style: Style(.chart))
        }
        canvas.put(labels.top.paddedLeft(to: margin - 1), row: row, style: .dim)
        if rows > 2 { canvas.put(labels.bottom.paddedLeft(to: margin - 1), row: row + rows - 2, style: .dim) }
        canvas.put(first.day.description, column: margin, row: row + rows - 1, style: .dim)
        canvas.put(
            last.day.description, column: margin + max(width - 10, 12), row: row + rows - 1, style: .dim)
    }

    /// For each column the height of the curve, from 1 for the lowest to `steps` for the highest. Where nothing was
    /// booked, the balance stays.
    func levels(columns: Int, steps: Int, low: Int64, high: Int64) -> [Int] {
        guard let first = samples.first, let last = samples.last, columns > 0 else { return [] }
        let days = Double(last.day.daysSince1970 - first.day.daysSince1970)
        let span = Double(high) - Double(low)
        var index = 0
        return (0..<columns).map { column in
            let share = columns > 1 ? Double(column) / Double(columns - 1) : 1
            // All on one day: the records themselves are spread over the width.
            let isReached: (Int) -> Bool = { next in
                days > 0
                    ? Double(samples[next].day.daysSince1970 - first.day.daysSince1970) <= share * days
                    : Double(next) <= share * Double(samples.count - 1)
            }
            while index + 1 < samples.count, isReached(index + 1) { index += 1 }
            let value = Double(samples[index].units) - Double(low)
            return span > 0 ? 1 + min(Int((value / span * Double(steps - 1)).rounded()), steps - 1) : 1
        }
    }
}
