import Ledger

/// A balance over the time of booking: from left to right the moments, the balance as a filled curve.
struct BalanceChart {
    /// In the order of booking, two at least unless fewer were given.
    private let samples: [BalanceSample]
    private let currency: Currency

    /// - Parameter samples: in the order of booking. Nothing is booked on an account while it is being opened, and that
    ///   nothing would press the rest of the curve together: the curve begins with the first balance that is not zero.
    init(samples: [BalanceSample], currency: Currency) {
        let used = samples.drop { $0.units == 0 }
        self.samples = used.count > 1 ? Array(used) : samples
        self.currency = currency
    }

    /// Draws into so many rows, the last of which names the moments.
    func draw(_ canvas: inout Canvas, row: Int, rows: Int) {
        guard let first = samples.first?.bookedAt, let last = samples.last?.bookedAt, rows >= 2 else {
            return
        }
        // The width depends on the labels, and they on what is drawn: the longest balance bounds both.
        let longest = samples.map { SafeText.columns(text($0.units)) }.max() ?? 0
        let margin = longest + 3
        let width = canvas.width - margin - 1
        guard width >= 10 else { return }
        let values = values(columns: width)
        let scale = Self.scale(of: values)
        let levels = Self.levels(values, scale, steps: (rows - 1) * 8)
        for line in 0..<(rows - 1) {
            let floor = (rows - 2 - line) * 8
            let text = levels.map { level -> String in
                let filled = min(max(level - floor, 0), 8)
                return filled == 0 ? " " : canvas.symbols.bars[filled - 1]
            }.joined()
            canvas.put(text, column: margin, row: row + line, style: Style(.chart))
        }
        if rows > 2, scale.lowerBound < scale.upperBound {
            label(scale.upperBound, in: &canvas, margin, row: row)
        }
        label(scale.lowerBound, in: &canvas, margin, row: row + rows - 2)
        let isOneDay = first.date == last.date
        let begin = "booked \(first.date)" + (isOneDay ? " \(first.clock)" : "")
        let end = isOneDay ? last.clock : last.date.description
        canvas.put(begin, column: margin, row: row + rows - 1, style: .dim)
        guard SafeText.columns(begin) + SafeText.columns(end) + 2 <= width else { return }
        canvas.put(
            end, column: margin + width - SafeText.columns(end), row: row + rows - 1, style: .dim)
    }

    private func text(_ units: Int64) -> String { Money(units: units, currency: currency).grouped }

    private func label(_ units: Int64, in canvas: inout Canvas, _ margin: Int, row: Int) {
        canvas.put(text(units).paddedLeft(to: margin - 1), row: row, style: .dim)
    }

    /// The balance at moments that are evenly spread from the first sample to the last. Where nothing was booked, it
    /// stays.
    func values(columns: Int) -> [Int64] {
        guard let first = samples.first, let last = samples.last, columns > 0 else { return [] }
        let time = last.bookedAt.microseconds - first.bookedAt.microseconds
        var index = 0
        return (0..<columns).map { column in
            let share = columns > 1 ? Double(column) / Double(columns - 1) : 1
            // All at one moment: the records themselves are spread over the width.
            let isReached: (Int) -> Bool = { next in
                time > 0
                    ? Double(samples[next].bookedAt.microseconds - first.bookedAt.microseconds)
                        <= share * Double(time)
                    : Double(next) <= share * Double(samples.count - 1)
            }
            while index + 1 < samples.count, isReached(index + 1) { index += 1 }
            return samples[index].units
        }
    }

    /// From the least to the greatest of what is drawn; from zero, or to it, where that is near, so that a curve that
    /// nearly reaches zero is seen to.
    static func scale(of values: [Int64]) -> ClosedRange<Int64> {
        guard let low = values.min(), let high = values.max() else { return 0...0 }
        let near = (Double(high) - Double(low)) / 4
        if low > 0, Double(low) <= near { return 0...high }
        if high < 0, -Double(high) <= near { return low...0 }
        return low...high
    }

    /// For each value the height of the curve, from 1 for the scale's lower end to `steps` for its upper.
    static func levels(_ values: [Int64], _ scale: ClosedRange<Int64>, steps: Int) -> [Int] {
        let span = Double(scale.upperBound) - Double(scale.lowerBound)
        return values.map { value in
            let share = span > 0 ? (Double(value) - Double(scale.lowerBound)) / span : 0
            return 1 + min(Int((share * Double(steps - 1)).rounded()), steps - 1)
        }
    }
}
