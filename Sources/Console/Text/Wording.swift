import Ledger

/// Numbers and times as screens write them.
enum Wording {
    /// A wait or a latency: `4.1 ms`, `47 ms`, `1.2 s`, `2 min 5 s`.
    static func duration(_ duration: Duration) -> String {
        let microseconds = Int64(clamping: Int128(duration / .microseconds(1)))
        switch microseconds {
        case ..<10_000: return tenths(microseconds / 100) + " ms"
        case ..<1_000_000: return "\(microseconds / 1000) ms"
        case ..<60_000_000: return tenths(microseconds / 100_000) + " s"
        default:
            let seconds = microseconds / 1_000_000
            return "\(seconds / 60) min \(seconds % 60) s"
        }
    }

    private static func tenths(_ value: Int64) -> String { Money.text(value, digits: 1, grouping: false) }

    /// A whole number with its thousands separated.
    static func count(_ value: Int) -> String { Money.text(Int64(value), digits: 0, grouping: true) }

    /// A whole number in four or five columns: `999`, `1.2k`, `12k`, `3.4M`.
    static func shortCount(_ value: Int) -> String {
        let number = Int64(value)
        switch value {
        case ..<1000: return String(value)
        case ..<10_000: return tenths(number / 100) + "k"
        case ..<1_000_000: return "\(number / 1000)k"
        case ..<10_000_000: return tenths(number / 100_000) + "M"
        default: return count(value / 1_000_000) + "M"
        }
    }

    /// How long ago something was, in whole seconds, minutes or hours.
    static func age(of moment: Timestamp, now: Timestamp) -> String {
        let seconds = max(0, now.microseconds - moment.microseconds) / 1_000_000
        switch seconds {
        case 0: return "now"
        case ..<120: return "\(seconds) s ago"
        case ..<7200: return "\(seconds / 60) min ago"
        default: return "\(seconds / 3600) h ago"
        }
    }

    /// A moment: the time if it was today, else the ``day(_:today:columns:)``. UTC.
    static func moment(_ moment: Timestamp, now: Timestamp, columns: Int = 8) -> String {
        if moment.date == now.date { return moment.clock }
        return day(moment.date, today: now.date, columns: columns)
    }

    /// A day: `2019-03-14` where ten columns are free for it; in eight, `Mar 14`, or `Mar 2019` in another year.
    static func day(_ date: CalendarDate, today: CalendarDate, columns: Int = 8) -> String {
        if columns >= 10 { return date.description }
        let parts = date.parts
        return parts.year == today.parts.year
            ? "\(date.monthName) \(parts.day)" : "\(date.monthName) \(parts.year)"
    }

    /// Time of day with milliseconds, such as `14:02:11.201`. UTC.
    static func preciseTime(_ moment: Timestamp) -> String {
        let thousandths = String(moment.timeOfDay / 1000 % 1000)
        return moment.clock + "." + String(repeating: "0", count: 3 - thousandths.count) + thousandths
    }

    /// `1 conflict`, `2 conflicts`.
    static func counted(_ count: Int, _ noun: String) -> String {
        "\(self.count(count)) \(noun)" + (count == 1 ? "" : "s")
    }

    /// From which accounts to which: all of them where there is room, else how many a side has.
    static func route(_ route: AccountRoute, _ symbols: Symbols, columns: Int = .max) -> String {
        let whole = route.text(arrow: symbols.arrow)
        return SafeText.columns(whole) <= columns ? whole : route.shortText(arrow: symbols.arrow)
    }

    static func minimum(_ units: Int64?, _ currency: Currency) -> String {
        units.map { Money(units: $0, currency: currency).grouped } ?? "none"
    }

    /// A sentence that begins one: messages of the ledger begin in lower case.
    static func sentence(_ message: String) -> String {
        let text = message.prefix(1).uppercased() + message.dropFirst()
        return text.last.map(".!?".contains) == true ? text : text + "."
    }
}
